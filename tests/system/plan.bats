#!/usr/bin/env bats
# What is planned: times, what waits, and in which order.

bats_require_minimum_version 1.5.0
load helpers

setup() { world_begin; }
teardown() { world_end; }

# What is a matter of days is not begun in a day's last minutes.
before_midnight() {
  until [ "$(date -u +%H%M)" -lt 2357 ]; do sleep 5; done
}

planned() { # planned FILTER [OPTION]...
  local filter=$1
  shift
  keyturn plan --json "$@" | jq -r "$filter"
}

@test "plan shows the next rotation of each key within its days, soonest first" {
  world_start
  run keyturn plan
  [ "$status" = 0 ]
  has 'Nothing is planned within 30 days' "$output"
  key_add sandbox/later "$(dashboard_make later sandbox)" --every 20d
  key_add sandbox/sooner "$(dashboard_make sooner sandbox)" --every 10d
  key_add sandbox/never "$(dashboard_make never sandbox)"
  [ "$(planned '[.plan[].key] | join(" ")')" = 'sandbox/sooner sandbox/later' ]
  [ "$(planned '[.plan[].key] | join(" ")' --days 19)" = sandbox/sooner ]
  [ "$(planned '.plan | length' --days 9)" = 0 ]
  [ "$(planned '.plan | length' --environment live)" = 0 ]
  [ "$(planned '.plan[0] | .at' )" = "$(key_field sandbox/sooner .rotate_at)" ]
  run keyturn plan
  has 'its period ends' "$output"
  [[ $output =~ now\ \|\.{19,20}1\.{19,20}1\.{19,20}\| ]]
}

@test "plan puts what waits for a person first, with the reason and without a time" {
  world_start
  key_add sandbox/first "$(dashboard_make first sandbox)" --every 1d
  key_add sandbox/waits "$(dashboard_make waits sandbox)" --every 20d
  run keyturn rotate sandbox/waits
  [ "$status" = 6 ]
  [ "$(planned '.plan[0] | "\(.key) \(.what) \(.at)"')" = 'sandbox/waits waits for you null' ]
  has 'the new key is not here yet' "$(planned '.plan[0].why')"
  [ "$(planned '.plan[1].key')" = sandbox/first ]
  [ "$(planned '.plan | length')" = 2 ]
}

@test "plan refuses days out of its limits" {
  world_start
  for days in 0 3651 x; do
    run keyturn plan --days "$days"
    [ "$status" = 2 ]
  done
  planned . --days 1
  planned . --days 3650
}

@test "a window holds a rotation back, and plan and show say so; one that does not parse is refused" {
  world_start
  # A window of today that is over, or is yet to come.
  hour=$(date -u +%H)
  if [ "$((10#$hour))" -lt 12 ]; then times=20:00-21:00; else times=02:00-03:00; fi
  key_add sandbox/calm "$(dashboard_make calm sandbox)" --every 1h --window "$times UTC"
  [ "$(planned '.plan | map(select(.key == "sandbox/calm"))[0].why')" = 'its period ends; it waits for its window' ]
  [[ $(key_field sandbox/calm .rotate_at) == *T${times:0:3}* ]]
  [ "$(key_field sandbox/calm .rotate_hold)" = window ]
  run keyturn show sandbox/calm
  has "rotations open only $times UTC" "$output"
  run keyturn set sandbox/calm --window 'Tue..Thu 9-16 Europe/Berlin'
  [ "$status" = 1 ]
  has '"9-16" are not the times of a window' "$output"
  has 'Tue..Thu 09:00-16:00 Europe/Berlin' "$output"
  run keyturn set sandbox/calm --window 'Tue..Thu 09:00-16:00 Europe/Atlantis'
  [ "$status" = 1 ]
  has 'no time zone "Europe/Atlantis"' "$output"
  run keyturn set sandbox/calm --window none
  [ "$status" = 0 ]
  [ "$(key_field sandbox/calm .window)" = null ]
  [ "$(key_field sandbox/calm .rotate_hold)" = null ]
}

@test "an expiry is given by a person, shown, and comes into the plan" {
  world_start
  before_midnight
  key_add sandbox/ends "$(dashboard_make ends sandbox)" --expires "$(date -u -d '+10 days' +%F)"
  expires=$(date -u -d "$(date -u -d '+10 days' +%F)" +%FT%T.000Z)
  [ "$(key_field sandbox/ends .expires_at)" = "$expires" ]
  [ "$(key_field sandbox/ends '.versions[0].expires_at')" = "$expires" ]
  [ "$(planned '[.plan[] | "\(.what): \(.why)"] | join("; ")')" = 'rotates: it expires; expires: its provider ends it then' ]
  run keyturn list
  [[ $output =~ 'expires in '(9|10)d ]] # midnight of that day is so far away, by the hour of this one
  run keyturn show sandbox/ends
  has "expires $(date -d "$expires" '+%F %H:%M')" "$output"
  run keyturn status
  has 'sandbox/ends  version 1 expires' "$output"
  run keyturn set sandbox/ends --expires 2027-13-01
  [ "$status" = 2 ]
  has '"2027-13-01" is not a date' "$output"
  keyturn set sandbox/ends --expires never
  [ "$(key_field sandbox/ends .expires_at)" = null ]
  [ "$(planned '.plan | length')" = 0 ]

  run keyturn rotate sandbox/ends
  [ "$status" = 6 ]
  printf %s "$(dashboard_make ends-2 sandbox)" | keyturn stage sandbox/ends --stdin --expires 2099-01-02
  [ "$(key_field sandbox/ends '.versions[] | select(.version == 2).expires_at')" = 2099-01-02T00:00:00.000Z ]
}

@test "one in use that is found dead is replaced when its policy says so" {
  world_start
  key_add sandbox/told "$(dashboard_make told sandbox)"
  key_add sandbox/healed "$(dashboard_make healed sandbox)" --on-dead rotate
  [ "$(key_field sandbox/told .rotate_dead)" = false ]
  run keyturn set sandbox/told --on-dead perhaps
  [ "$status" = 2 ]
  for name in told healed; do
    dashboard_revoke "$name"
    keyturn probe sandbox/$name || true
  done
  wait_for 10 test_state sandbox/healed '.rotation.state' staging
  wait_for 10 test_state sandbox/told .alarm true
  [ "$(key_field sandbox/told .rotation)" = null ]
}

test_state() { [ "$(key_field "$1" "$2")" = "$3" ]; }

@test "two keys that are kept apart are planned on two days, and plan says why" {
  world_start
  before_midnight
  key_add sandbox/left "$(dashboard_make left sandbox)" --every 10d
  key_add sandbox/right "$(dashboard_make right sandbox)" --every 10d --not-with sandbox/left
  [ "$(key_field sandbox/left .not_with)" = sandbox/right ]
  [ "$(planned '[.plan[].at[0:10]] | unique | length')" = 2 ]
  has 'kept apart' "$(planned '.plan[1].why')"
  run keyturn show sandbox/left
  has 'not on the same day as sandbox/right' "$output"
  keyturn set sandbox/left --not-with none
  [ "$(key_field sandbox/right .not_with)" = null ]
}

@test "plan says which old key waits to be revoked, and when one that settles dies" {
  world_start
  key_add sandbox/old "$(dashboard_make old sandbox)" --grace 0
  key_add sandbox/calm "$(dashboard_make calm sandbox)" --grace 3h
  for name in old calm; do
    run keyturn rotate sandbox/$name
    printf %s "$(dashboard_make "$name-2" sandbox)" | keyturn stage sandbox/$name --stdin --no-wait
  done
  wait_for 10 plan_has sandbox/old 'waits for you'
  wait_for 10 plan_has sandbox/calm 'old key dies'
  has 'version 1 is to die: waits for you: revoke' "$(planned '.plan[] | select(.key == "sandbox/old").why')"
  [ "$(planned '[.plan[] | select(.key == "sandbox/old")] | length')" = 1 ]
  dashboard_revoke old
  wait_for 30 plan_lacks sandbox/old
}

plan_has() { [ "$(planned "[.plan[] | select(.key == \"$1\").what] | join(\" \")")" = "$2" ]; }
plan_lacks() { [ "$(planned "[.plan[] | select(.key == \"$1\")] | length")" = 0 ]; }

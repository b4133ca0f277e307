#!/usr/bin/env bats
# The main job, from the first key to the proved death of the one it replaced.
load helpers

setup() { world_begin; }
teardown() { world_end; }

place_holds() { # place_holds SECRET
  file_is "$WORLD/places/amps.env" "AMPS_KEY=$1"
}

# A live key with a place that holds it; its secret is in OLD.
begin_reporting() { # begin_reporting [OPTION]...
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --deliver-file "$WORLD/places/amps.env:env:AMPS_KEY" "$@"
  wait_for 10 place_holds "$OLD"
}

# An entry's number in the simulator's journal.
first_use() { # first_use NAME: the first successful request with that key
  journal "[.[] | select(.port == \"api\" and .key_name == \"$1\" and .status == 200)][0].sequence"
}
revoked_at() { # revoked_at NAME
  journal "[.[] | select(.key_name == \"$1\" and .effect == \"revoked\")][0].sequence"
}

@test "S1: a key is rotated from end to end, and the old one dies last" {
  world_start
  begin_reporting --title Reporting --every 30d --grace 1s
  key_add sandbox/ci "$(dashboard_make ci-1 sandbox)"

  run keyturn rotate live/reporting
  [ "$status" = 6 ]
  has 'named reporting-2' "$output"
  new=$(dashboard_make reporting-2 live)
  run keyturn stage live/reporting --stdin <<<"$new"
  [ "$status" = 0 ]
  lacks "$new" "$output"
  place_holds "$new"
  key_is live/reporting .current.version 2

  wait_for 10 rotation_is live/reporting retiring
  wait_for 10 key_is live/reporting .state waiting
  [ "$(dashboard GET '/keys?name=reporting-1' | jq -r '.[0].state')" = active ]
  dashboard_revoke reporting-1
  wait_for 10 rotation_is live/reporting done
  version_is live/reporting 1 dead
  [ "$(key_field live/reporting '.versions[] | select(.version == 1) | .proof.verdict')" = dead ]
  [ "$(key_field live/reporting '.versions[] | select(.version == 1) | .proof.times')" -ge 2 ]

  # Proved at least twice before the old one was revoked.
  proofs=$(journal "[.[] | select(.port == \"api\" and .key_name == \"reporting-2\" and .status == 200
    and .sequence < $(revoked_at reporting-1))] | length")
  [ "$proofs" -ge 2 ]
  [ "$(first_use reporting-2)" -lt "$(revoked_at reporting-1)" ]
  key_is sandbox/ci .current.version 1

  run keyturn audit --verify
  [ "$status" = 0 ]
  run keyturn history live/reporting
  [ "$status" = 0 ]
  has retiring "$output"
  run keyturn get live/reporting
  [ "$output" = "$new" ]
}

@test "R01: what is due opens by itself, and status and rotations say what waits for whom, since when, and what to do" {
  world_start
  key_add live/reporting "$(dashboard_make reporting-1 live)" --every 1s
  wait_for 20 rotation_is live/reporting staging
  run keyturn status
  has 'Waits for you:' "$output"
  [[ $output =~ live/reporting\ \ rotation\ 2,\ (now|[0-9]+s):\ In\ the\ Amps\ dashboard,\ API\ Keys,\ make\ a\ live\ key\ named\ reporting-2 ]]
  has 'keyturn stage live/reporting' "$output"
  run keyturn rotations
  [[ $output =~ live/reporting\ +2\ +staging\ +(now|[0-9]+s)\ +schedule\ +waits\ for\ you:\ keyturn\ stage\ live/reporting ]]
  run keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)"
  [ "$status" = 0 ]
  key_is live/reporting .current.version 2
}

@test "S1: nothing is revoked while the grace runs" {
  world_start
  begin_reporting --grace 3h
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)"
  sleep 1.5
  rotation_is live/reporting settling
  version_is live/reporting 1 retiring
  # In its place among the others, though what is left of the grace was asked for after them.
  key_add live/zebra "$(dashboard_make zebra-1 live)"
  run keyturn list
  has 'live/reporting' "${lines[1]}"
  has 'settling, 3h left' "${lines[1]}"
  has 'live/zebra' "${lines[2]}"
  # There is nothing that a person would have to answer for, so there is nothing to go on with.
  run keyturn go-on live/reporting --yes
  [ "$status" = 1 ]
  has settling "$output"
  version_is live/reporting 1 retiring
}

@test "S1: a new key that dies in the grace keeps the old one alive" {
  world_start
  begin_reporting --grace 1s --receipts yes
  keyturn get live/reporting --as app >/dev/null
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)"
  dashboard_revoke reporting-2
  keyturn get live/reporting --as app >/dev/null # the old one is waited for no longer
  wait_for 20 rotation_is live/reporting attention
  version_is live/reporting 1 retiring
  key_field live/reporting '.rotations | max_by(.rotation) | .detail' | grep -q 'new'
  run keyturn go-on live/reporting --yes
  [ "$status" = 1 ]
  keyturn rollback live/reporting --yes
  wait_for 10 rotation_is live/reporting failed
  place_holds "$OLD"
  key_is live/reporting .current.version 1
}

# It waits for its revocation, and that may be days: it is open all the while.
@test "S10: a rotation that retires the old key is open and counted after a start, and others open when it has ended" {
  world_start
  begin_reporting --grace 0s
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --no-wait --stdin <<<"$(dashboard_make reporting-2 live)"
  wait_for 20 rotation_is live/reporting retiring
  agent_stop
  agent_start
  vault_unlock
  [ "$(keyturn rotations --json | jq -r '.rotations[].state')" = retiring ]
  dashboard_revoke reporting-1
  wait_for 20 rotation_is live/reporting done
  keyturn rotate live/reporting --no-wait
  rotation_is live/reporting staging
}

@test "R17: a rollback puts the old key back, and the new one dies" {
  world_start
  begin_reporting --grace 1h
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)"
  run keyturn rollback live/reporting --yes
  [ "$status" = 0 ]
  wait_for 10 rotation_is live/reporting failed
  place_holds "$OLD"
  key_is live/reporting .current.version 1
  version_is live/reporting 2 condemned
  dashboard_revoke reporting-2
  wait_for 10 version_is live/reporting 2 dead
}

@test "R12: a delivery that fails puts everything back" {
  world_start
  begin_reporting
  keyturn deliver live/reporting add \
    '{"kind":"program","class":"live","command":["/bin/false"],"timeout":"5s"}'
  sleep 0.5
  keyturn rotate live/reporting || true
  run keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)"
  [ "$status" != 0 ]
  wait_for 20 rotation_ended live/reporting
  place_holds "$OLD"
  key_is live/reporting .current.version 1
}

rotation_ended() {
  rotation_is "$1" failed || rotation_is "$1" attention
}

@test "S2: an answer that proves nothing moves nothing" {
  world_start
  begin_reporting
  keyturn rotate live/reporting || true
  for kind in status_500 status_502_html waf_403 html_200 redirect rate_429 rate_401 unauthorized empty_200 garbage_json; do
    fault "{\"match\":{\"path\":\"/battery*\"},\"kind\":\"$kind\",\"times\":1}"
  done
  fault '{"match":{"path":"/battery*"},"kind":"status_500","times":-1}' # to the end, however long this takes
  keyturn stage live/reporting --stdin --no-wait <<<"$(dashboard_make reporting-2 live)"
  sleep 1
  rotation_is live/reporting proving
  place_holds "$OLD"
  dashboard DELETE /faults
  wait_for 30 rotation_is live/reporting settling
}

@test "R10: a new key that cannot be used is given up" {
  world_start
  begin_reporting
  keyturn rotate live/reporting || true
  new=$(dashboard POST /keys '{"name":"reporting-2","environment":"live"}')
  dashboard POST "/keys/$(jq -r .id <<<"$new")/set" '{"live_access":false}'
  run keyturn stage live/reporting --stdin <<<"$(jq -r .key <<<"$new")"
  [ "$status" != 0 ]
  wait_for 15 rotation_is live/reporting failed
  place_holds "$OLD"
  key_is live/reporting .current.version 1
}

@test "S4: an emergency is accepted, waits for the person, survives a crash, and ends with proof of death" {
  world_start
  begin_reporting
  asks revoke live/reporting --yes --reason 'pasted into a chat'
  [ "$status" = 6 ]
  version_is live/reporting 1 condemned
  agent_kill
  agent_start
  vault_unlock
  version_is live/reporting 1 condemned
  dashboard_revoke reporting-1
  wait_for 20 version_is live/reporting 1 dead
  run keyturn incidents
  has 'pasted into a chat' "$output"
  has '1 of 1' "$output" || has dead "$output"
}

@test "S4: a probe that is told nothing does not end a revocation" {
  world_start
  begin_reporting
  fault '{"match":{"path":"/battery*"},"kind":"waf_403","times":-1}'
  run keyturn revoke live/reporting --yes --timeout 1s
  dashboard_revoke reporting-1
  sleep 1.5
  version_is live/reporting 1 condemned
  dashboard DELETE /faults
  wait_for 20 version_is live/reporting 1 dead
}

@test "identify finds the key in a pasted text" {
  world_start
  begin_reporting
  run keyturn identify <<<"curl -H 'x-api-key: $OLD' https://api.amps.ai/battery"
  [ "$status" = 0 ]
  has 'live/reporting' "$output"
  lacks "$OLD" "$output"
}

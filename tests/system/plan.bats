#!/usr/bin/env bats
# What is planned: times, what waits, and in which order.

bats_require_minimum_version 1.5.0
load helpers

setup() { world_begin; }
teardown() { world_end; }

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

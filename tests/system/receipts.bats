#!/usr/bin/env bats
# Who reads a key from the agent, and revocations that wait for them.
load helpers

setup() { world_begin; }
teardown() { world_end; }

begin() { # begin [OPTION]...: a key in use by two consumers
  world_start
  key_add live/reporting "$(dashboard_make reporting-1 live)" --grace 1s "$@"
  keyturn get live/reporting --as nightly >/dev/null
  keyturn get live/reporting --as app >/dev/null
}

rotate_it() {
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)" || true
}

read_by() { # read_by NAME: the version that it read last
  key_field live/reporting ".consumers[] | select(.consumer | startswith(\"$1@\")) | .version"
}

old_is() { version_is live/reporting 1 "$1"; }

@test "S1: the old key lives until all who read it have read the new one" {
  begin --receipts yes
  rotate_it
  keyturn get live/reporting --as app >/dev/null
  sleep 2.5
  rotation_is live/reporting settling
  old_is retiring
  [ "$(read_by app)" = 2 ]
  [ "$(read_by nightly)" = 1 ]
  run keyturn show live/reporting
  has 'not yet' "$output"
  has 'nightly@' "$output"
  run keyturn plan
  has 'asks you' "$output"
  has 'waits until who read version 1 has read version 2: nightly@' "$output"

  # What is waited for survives the agent's death.
  agent_kill
  agent_start
  vault_unlock
  sleep 0.5
  old_is retiring

  # Whoever names a version does not follow the key.
  keyturn get live/reporting --as nightly --version 2 >/dev/null
  sleep 0.5
  old_is retiring
  keyturn get live/reporting --as nightly >/dev/null
  wait_for 10 rotation_is live/reporting retiring
  old_is condemned
  run keyturn show live/reporting
  lacks 'waits until' "$output"
}

@test "a consumer that reads no more is forgotten, and nothing waits for it" {
  begin --receipts yes
  rotate_it
  keyturn get live/reporting --as app >/dev/null
  sleep 1.5
  old_is retiring
  name=$(keyturn consumers live/reporting --json | jq -r '.[] | select(.version == 1) | .consumer')
  run keyturn consumers live/reporting forget "nobody@here"
  [ "$status" = 3 ]
  run keyturn consumers live/reporting forget "$name"
  [ "$status" = 0 ]
  wait_for 10 rotation_is live/reporting retiring
  run keyturn history live/reporting
  has consumer.forget "$output"
}

@test "S1: without the policy no reader is waited for" {
  begin
  rotate_it
  wait_for 10 rotation_is live/reporting retiring
  [ "$(read_by nightly)" = 1 ]
}

@test "an emergency waits for no reader" {
  begin --receipts yes --grace 24h
  keyturn revoke live/reporting --replace --yes --timeout 2s || true
  keyturn stage live/reporting --stdin --no-wait <<<"$(dashboard_make reporting-2 live)"
  wait_for 10 old_is condemned
}

@test "a reader without a name is its account; a bad name is refused" {
  world_start
  key_add live/reporting "$(dashboard_make reporting-1 live)"
  keyturn get live/reporting >/dev/null
  run keyturn consumers live/reporting --json
  [ "$(jq -r '.[0].consumer' <<<"$output")" = "$(id -un)" ]
  run keyturn get live/reporting --as 'night ly'
  [ "$status" = 2 ]
  run keyturn consumers live/reporting
  [ "$status" = 0 ]
  has 'version 1' "$output"
}

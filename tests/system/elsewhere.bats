#!/usr/bin/env bats
# What went wrong in other tools, one test each: none of it happens here.
load helpers

setup() { world_begin; }
teardown() { world_end; }

alive_at_provider() { # the names of the keys of live/k1 that live there
  dashboard GET /keys | jq -r '[.[] | select(.state == "active" and (.name | startswith("k1-"))) | .name] | sort | join(" ")'
}

current_label() { # the name at the provider of the current version
  key_field live/k1 '.current.version as $n | .versions[] | select(.version == $n) | .label'
}

# Nothing lives at the provider but the key that is in use.
only_current_lives() {
  [ "$(alive_at_provider)" = "$(current_label)" ]
}

rotated_to() { # rotated_to VERSION: that is current, and its rotation is done
  key_is live/k1 .current.version "$1" && rotation_is live/k1 done
}

agent_reborn() { # killed, started, unlocked
  agent_kill
  agent_start
  vault_unlock >/dev/null
}

@test "elsewhere 1: a revoke that fails is not forgotten, the key does not live for ever" {
  api_start
  made 1
  fault '{"match":{"method":"DELETE"},"kind":"status_500","times":-1}'
  run keyturn revoke live/k1 --yes --timeout 200ms
  [ "$status" != 0 ]
  agent_reborn
  dashboard DELETE /faults >/dev/null
  wait_for 30 version_is live/k1 1 dead
  [ "$(alive_at_provider)" = '' ]
}

@test "elsewhere 2: a key that was made, and could not be written down, is found and killed" {
  api_start
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"delay","delay_ms":3000,"times":1}'
  keyturn add live/k1 --provider amps-api --no-secret >/dev/null
  made_there() { [ "$(journal '[.[] | select(.port == "api" and .effect == "made")] | length')" = 1 ]; }
  wait_for 10 made_there
  agent_reborn
  has_current() { [ "$(key_field live/k1 .current.version)" != null ]; }
  wait_for 30 has_current
  wait_for 30 only_current_lives
}

@test "elsewhere 3: a revoke that fails does not fail the rotation, and no new key lives unseen" {
  api_start
  made 1 --grace 0s
  fault '{"match":{"method":"DELETE"},"kind":"status_500","times":-1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 20 rotation_is live/k1 retiring
  key_is live/k1 .current.version 2
  failed() { [ "$(journal '[.[] | select(.method == "DELETE" and .fault == "status_500")] | length')" -ge 2 ]; }
  wait_for 20 failed
  dashboard DELETE /faults >/dev/null
  wait_for 30 rotated_to 2
  only_current_lives
}

@test "elsewhere 4: a create whose answer was lost is not repeated blindly" {
  api_start
  made 1 --grace 0s
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_after","times":1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  ends() { rotation_is live/k1 done; }
  wait_for 40 ends
  wait_for 30 only_current_lives
  # It was asked for by its label before anything was made again.
  order=$(journal '[.[] | select(.port == "api" and (.target | startswith("/keys"))) |
    if .method == "GET" then "look" elif .effect == "made" then "make" else empty end] | join(" ")')
  [[ $order == 'make make '*look*' make'* ]]
  # The old key lived until the one in use was proved.
  [ "$(journal "[.[] | select(.effect == \"revoked\" and .key_name == \"k1-1\")][0].sequence >
    [.[] | select(.key_name == \"$(current_label)\" and .status == 200)][0].sequence")" = true ]
}

@test "elsewhere 5: a new key that is not seen for some seconds is waited for" {
  api_start
  dashboard POST /settings '{"birth_lag_ms":1200}' >/dev/null
  made 1 --grace 0s
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 30 rotated_to 2
  only_current_lives
}

@test "elsewhere 6: a key that somebody deleted upstream is dead, and its revocation ends" {
  api_start
  made 1
  dashboard_revoke k1-1
  run keyturn revoke live/k1 --yes --timeout 5m
  [ "$status" = 0 ]
  version_is live/k1 1 dead
}

@test "elsewhere 7: a firewall's page and a reset are not death, a login page is not life" {
  api_start
  made 1 --grace 0s
  fault '[{"match":{"path":"/battery*"},"kind":"waf_403","times":2},{"match":{"path":"/battery*"},"kind":"reset_before","times":2},
    {"match":{"path":"/battery*"},"kind":"html_200","times":-1}]'
  run keyturn revoke live/k1 --yes --timeout 3s
  [ "$status" != 0 ]
  version_is live/k1 1 condemned
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 10 rotation_is live/k1 proving
  sleep 1
  rotation_is live/k1 proving
  dashboard DELETE /faults
  wait_for 30 version_is live/k1 1 dead
  wait_for 30 rotated_to 2
}

@test "elsewhere 8: a consumer that still has the old value keeps it alive" {
  api_start
  made 1 --grace 0s --receipts yes
  keyturn get live/k1 --as nightly >/dev/null
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 20 rotation_is live/k1 settling
  sleep 1
  [ "$(alive_at_provider)" = 'k1-1 k1-2' ]
  keyturn get live/k1 --as nightly >/dev/null
  wait_for 20 rotated_to 2
  only_current_lives
}

@test "elsewhere 9: a deploy hook that fails is in the exit status, and somebody is told" {
  api_start
  made 1 --grace 0s
  keyturn deliver live/k1 add '{"kind":"program","class":"live","command":["/bin/false"],"timeout":"5s"}' >/dev/null
  run keyturn rotate live/k1 --wait
  [ "$status" = 1 ] || [ "$status" = 6 ]
  key_is live/k1 .current.version 1
  run keyturn show live/k1
  has /bin/false "$output"
}

@test "elsewhere 10: a log whose newest entries were cut off is found" {
  api_start
  made 1
  agent_stop
  sed -i '$d' "$AUDIT"
  agent_start
  run vault_unlock
  [ "$status" != 0 ]
  has audit "$output"
}

@test "elsewhere 11: a rotation that was left pending does not block the next" {
  world_start
  key_add live/k1 "$(dashboard_make k1-1 live)" --grace 0s >/dev/null
  keyturn rotate live/k1 >/dev/null || true
  agent_reborn
  rotation_is live/k1 staging
  keyturn cancel live/k1 --yes >/dev/null
  run keyturn rotate live/k1
  [ "$status" = 6 ]
  label=$(key_field live/k1 '.rotations | max_by(.opened_at) | .label')
  keyturn stage live/k1 --stdin <<<"$(dashboard_make "$label" live)" >/dev/null || true
  wait_for 10 rotation_is live/k1 retiring
  dashboard_revoke k1-1
  wait_for 20 rotation_is live/k1 done
}

# At every system call of one put: tests/unit/delivery/test_crash.c. Here the whole agent dies.
@test "elsewhere 12: a file is never empty or half, whenever the agent dies" {
  api_start
  made 1 --grace 0s --deliver-file "$WORLD/places/k1:raw"
  wait_for 10 test -s "$WORLD/places/k1"
  (
    while [ ! -e "$WORLD/enough" ]; do
      content=$(cat "$WORLD/places/k1")
      [[ $content =~ ^(amps_)?sk_live_[A-Za-z0-9_-]{20,}$ ]] || printf '<%s>\n' "$content" >>"$WORLD/torn"
    done
  ) 3>&- &
  reader=$!
  for pause in 0.02 0.06 0.1 0.15; do
    keyturn rotate live/k1 --no-wait >/dev/null 2>&1 || true
    sleep "$pause"
    agent_reborn
  done
  wait_for 40 rotation_is live/k1 done
  wait_for 30 only_current_lives
  touch "$WORLD/enough"
  wait "$reader"
  [ ! -e "$WORLD/torn" ]
  keyturn get live/k1 | cmp - "$WORLD/places/k1"
}

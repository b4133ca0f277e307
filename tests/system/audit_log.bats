#!/usr/bin/env bats
# The audit log as a whole: unlocking looks at its end, and what is before that at its leisure.

bats_require_minimum_version 1.5.0
load helpers

setup() { world_begin; }
teardown() { world_end; }

problem() { api GET /v1/health && jq -r .audit_problem <<<"$ANSWER"; }
problem_is() { [ "$(problem)" = "$1" ]; }

@test "S9: a line that was edited early in a long log is an alarm soon after unlocking, which does not wait for it" {
  mkdir "$WORLD/told"
  printf '#!/bin/sh\ncat >>"%s/told/all"\n' "$WORLD" >"$WORLD/pager"
  chmod 0700 "$WORLD/pager"
  printf 'notify:\n  - {name: pager, program: ["%s"], about: [alarm]}\n' "$WORLD/pager" >"$WORLD/config.yaml"
  chmod 0600 "$WORLD/config.yaml"
  sim_start
  agent_start --config "$WORLD/config.yaml"
  vault_make >/dev/null
  key_add sandbox/ci "$(dashboard_make ci sandbox)"
  curl -sf --unix-socket "$KEYTURN_SOCKET" "http://localhost/v1/keys/sandbox/ci/secret?[1-6000]" -o /dev/null
  [ "$(stat -c %s "$AUDIT")" -gt $((1300 * 1000)) ]
  run keyturn audit --verify
  [ "$status" = 0 ]

  # Whole, it is no alarm, and the check is done when nothing more is open of it.
  keyturn lock
  vault_unlock
  problem_is null
  run keyturn status
  has 'Nothing waits for you' "$output"

  keyturn lock
  cp "$AUDIT" "$WORLD/kept"
  sed -i '2s/"what":"key.add"/"what":"key.bad"/' "$AUDIT"
  ! cmp -s "$AUDIT" "$WORLD/kept"
  vault_unlock
  wait_for 20 problem_is "the audit log $AUDIT was edited at sequence 2"
  run keyturn status
  has 'Alarm:' "$output"
  has "the audit log $AUDIT was edited at sequence 2. Look: keyturn audit --verify" "$output"
  run keyturn audit --verify
  [ "$status" = 1 ]
  has 'was edited at sequence 2' "$output"
  wait_for 10 test -s "$WORLD/told/all"
  has 'was edited at sequence 2' "$(jq -r .summary "$WORLD/told/all")"
  # The keys are still there for an emergency.
  keyturn get sandbox/ci >/dev/null

  # What stood there put back, with what was added since: the next check finds it whole.
  keyturn lock
  { head -n 2 "$WORLD/kept"; tail -n +3 "$AUDIT"; } >"$WORLD/mended"
  cat "$WORLD/mended" >"$AUDIT"
  vault_unlock
  wait_for 20 problem_is null
}

#!/usr/bin/env bats
# A program as a provider: the shipped example lives its whole life, and one that misbehaves proves nothing.

load helpers

TOKENS=

setup() {
  world_begin
  TOKENS=$WORLD/tokens.json
  sed -e "s|/usr/share/doc/keyturn/examples|$REPOSITORY/packaging/examples|" -e 's/limits: {/limits: {watch: 100ms, /' \
    "$REPOSITORY/packaging/examples/token-file.yaml" >"$WORLD/providers/token-file.yaml"
  printf 'settings:\n  - {name: tokens, value: %s}\n' "$TOKENS" >"$WORLD/providers/token-file.settings"
}
teardown() { world_end; }

world_go() {
  agent_start
  vault_make >/dev/null
}

tokens() { # tokens FILTER
  jq -r "$1" "$TOKENS"
}

# The definition with the action's program replaced by a script of this text.
misbehave() { # misbehave ACTION SCRIPT [TIME THAT IT HAS]
  printf '#!/bin/sh\n%s\n' "$2" >"$WORLD/bad"
  chmod +x "$WORLD/bad"
  sed -i -E "s|^  $1: .*|  $1: {program: {command: [$WORLD/bad], timeout: ${3:-2m}}}|" "$WORLD/providers/token-file.yaml"
}

@test "the example is a good definition" {
  run keyturn provider check "$WORLD/providers/token-file.yaml"
  [ "$status" = 0 ]
  has 'Good: no mistakes' "$output"
  has 'a program: ' "$output"
}

@test "S1 S3 S4: a program issues, is probed, disables, revokes and finds; no secret is in its file" {
  world_go
  keyturn add live/service --provider token-file --no-secret --grace 0s --deliver-file "$WORLD/places/service" >/dev/null
  wait_for 20 key_is live/service .current.version 1
  wait_for 10 test -s "$WORLD/places/service"
  first=$(<"$WORLD/places/service")
  [ "$(tokens '.[].name')" = service-1 ]
  lacks "$first" "$(cat "$TOKENS")"
  keyturn rotate live/service --wait
  version_is live/service 1 dead
  [ "$(tokens '.[].name')" = service-2 ]
  keyturn revoke live/service --yes --timeout 5m
  [ "$(tokens length)" = 0 ]
  lacks "$first" "$(cat "$AGENT_LOG" "$AUDIT")"
}

@test "S3: a program that dies after it made the key: the key is found by its label, revoked and made anew" {
  misbehave issue "[ -e $WORLD/once ] && exec $REPOSITORY/packaging/examples/token-file issue $TOKENS
    : >$WORLD/once; $REPOSITORY/packaging/examples/token-file issue $TOKENS >/dev/null; exit 1"
  world_go
  keyturn add live/service --provider token-file --no-secret >/dev/null
  wait_for 30 key_is live/service .current.version 2
  one_token() { [ "$(tokens '[.[].name] | join(" ")')" = service-2 ]; }
  wait_for 20 one_token
}

@test "S2: a program that takes too long is killed with its children, and proves nothing" {
  misbehave probe "sleep 300 & echo \$! >$WORLD/child; echo '{\"verdict\":\"dead\"}'; wait" 1s
  world_go
  keyturn add live/service --provider token-file --no-secret >/dev/null
  wait_for 20 test -s "$WORLD/child"
  child=$(<"$WORLD/child")
  child_is_gone() { ! kill -0 "$child" 2>/dev/null; }
  wait_for 20 child_is_gone
  key_is live/service '.rotations[0].state' proving
  [ "$(tokens length)" = 1 ]
}

@test "S2: what is no JSON, has no verdict, or ends with a status proves nothing" {
  world_go
  keyturn add live/service --provider token-file --no-secret --probe-every 0s >/dev/null
  wait_for 20 key_is live/service .current.version 1
  agent_stop
  for script in 'echo dead' 'echo "{}"' 'echo "{\"verdict\":\"done\"}"' 'echo "{\"verdict\":\"dead\"}"; exit 3'; do
    misbehave probe "$script"
    agent_start
    vault_unlock >/dev/null
    before=$(grep -c '"what":"key.probe"' "$AUDIT" || true)
    api POST /v1/keys/live/service/probe
    more() { [ "$(grep -c '"what":"key.probe"' "$AUDIT")" -gt "$before" ]; }
    wait_for 20 more
    [ "$(grep '"what":"key.probe"' "$AUDIT" | tail -n 1 | jq -r .verdict)" = unknown ]
    agent_stop
  done
}

@test "S6: the program's arguments and environment hold no secret; it runs without a shell" {
  misbehave probe "tr '\\0' '\\n' </proc/\$\$/environ >$WORLD/environ; tr '\\0' '\\n' </proc/\$\$/cmdline >$WORLD/cmdline; exec $REPOSITORY/packaging/examples/token-file probe $TOKENS"
  world_go
  keyturn add 'live/service' --provider token-file --no-secret --deliver-file "$WORLD/places/service" >/dev/null
  wait_for 20 test -s "$WORLD/places/service"
  lacks "$(<"$WORLD/places/service")" "$(cat "$WORLD/environ" "$WORLD/cmdline")"
  lacks "$WORLD/home" "$(cat "$WORLD/environ")"
}

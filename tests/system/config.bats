#!/usr/bin/env bats
# The configuration: what the agent takes is what the schema describes.

load helpers

setup() { world_begin; }
teardown() { world_end; }

@test "the agent and schema/config.schema.json take and refuse the same configurations" {
  python3 "$REPOSITORY/tests/system/check_config.py" "$KEYTURND" "$WORLD"
}

@test "schema/provider.schema.json takes every shipped definition and refuses every mistake" {
  python3 "$REPOSITORY/tests/unit/provider/check_schema.py"
}

@test "S6: a configuration that others may write to is refused" {
  printf 'log: info\n' >"$WORLD/config.yaml"
  chmod 0644 "$WORLD/config.yaml"
  "$KEYTURND" --config "$WORLD/config.yaml" --check-config
  chmod 0646 "$WORLD/config.yaml"
  run "$KEYTURND" --config "$WORLD/config.yaml" --check-config
  [ "$status" = 2 ]
  has "$WORLD/config.yaml" "$output"
}

@test "a configuration that was named must be there; the usual one need not" {
  run "$KEYTURND" --config "$WORLD/none.yaml" --check-config
  [ "$status" = 2 ]
  has "$WORLD/none.yaml" "$output"
  "$KEYTURND" --check-config
}

@test "the command line wins over the configuration" {
  printf 'store: %s/other.db\nsocket: %s/other.sock\n' "$WORLD" "$WORLD" >"$WORLD/config.yaml"
  "$KEYTURND" --config "$WORLD/config.yaml" --store "$STORE" --socket "$KEYTURN_SOCKET" >>"$AGENT_LOG" 2>&1 3>&- &
  AGENT_PID=$!
  wait_for 20 agent_answers
  api GET /v1/health
  has "\"$STORE\"" "$ANSWER"
  [ ! -e "$WORLD/other.sock" ]
}

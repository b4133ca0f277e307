#!/usr/bin/env bats
# S5: what must not go together is refused, and nothing is stored.
load helpers

setup() {
  world_begin
  world_start
}
teardown() { world_end; }

stores_nothing() {
  [ "$(keyturn list --json | jq '.keys | length')" = 0 ]
}

@test "S5: a live key is refused in a sandbox place" {
  secret=$(dashboard_make app live)
  run key_add sandbox/ci "$secret"
  [ "$status" = 1 ]
  has 'that is a live key' "$output"
  has live/ci "$output"
  lacks "$secret" "$output"
  stores_nothing
}

@test "S5: a sandbox key is refused in a live place" {
  run key_add live/app "$(dashboard_make app sandbox)"
  [ "$status" = 1 ]
  has 'sandbox key' "$output"
  stores_nothing
}

@test "S5: --unchecked does not let a live key into a sandbox place" {
  run key_add sandbox/ci "$(dashboard_make app live)" --unchecked
  [ "$status" = 1 ]
  stores_nothing
}

@test "a key that is held already is refused by the name of its holder" {
  secret=$(dashboard_make app live)
  key_add live/app "$secret"
  run key_add live/other "$secret"
  [ "$status" = 1 ]
  has 'live/app version 1' "$output"
  lacks "$secret" "$output"
  [ "$(keyturn list --json | jq '.keys | length')" = 1 ]
}

@test "a name is given once in an environment" {
  key_add live/app "$(dashboard_make app live)"
  run key_add live/app "$(dashboard_make app-2 live)"
  [ "$status" = 1 ]
  has live/app "$output"
}

@test "an unknown shape is refused, and taken with --unchecked" {
  run key_add live/app 'not-an-amps-key'
  [ "$status" = 1 ]
  has --unchecked "$output"
  stores_nothing
  run key_add live/app 'not-an-amps-key' --unchecked
  key_is live/app '.versions[0].unchecked' true
}

@test "S5: a place of the wrong class is refused when it is configured" {
  key_add live/app "$(dashboard_make app live)"
  run keyturn deliver live/app add "{\"kind\":\"file\",\"class\":\"test\",\"path\":\"$WORLD/places/a\",\"format\":\"raw\"}"
  [ "$status" = 1 ]
  has 'test place' "$output"
  [ ! -e "$WORLD/places/a" ]
}

@test "S5: a staged key of another environment is refused, and the rotation still waits" {
  key_add live/app "$(dashboard_make app live)"
  run keyturn rotate live/app
  run keyturn stage live/app --stdin <<<"$(dashboard_make app-2 sandbox)"
  [ "$status" = 1 ]
  rotation_is live/app staging
  version_is live/app 1 current
}

@test "a second rotation of a key is refused" {
  key_add live/app "$(dashboard_make app live)"
  run keyturn rotate live/app
  [ "$status" = 6 ]
  api POST /v1/keys/live/app/rotations
  [ "$API_STATUS" = 409 ]
}

@test "a key that is alive cannot be forgotten" {
  key_add live/app "$(dashboard_make app live)"
  run keyturn remove live/app --yes
  [ "$status" = 1 ]
  has 'not dead' "$output"
}

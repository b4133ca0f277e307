#!/usr/bin/env bats
# Design, section 11: each limit from both sides, and by its name in the error.
load helpers

setup() {
  world_begin
  world_start
}
teardown() { world_end; }

x() { # x COUNT: so many letters
  printf 'x%.0s' $(seq "$1")
}

add() { # add NAME FIELDS: a key without a secret
  api POST /v1/keys "{\"environment\":\"live\",\"name\":\"$1\",\"provider\":\"amps\"${2:+,$2}}"
}

refused() { # refused WORD: and says which limit
  [ "$API_STATUS" = 400 ] || [ "$API_STATUS" = 413 ]
  has "$1" "$ANSWER"
}

@test "a name has 1 to 64 of letters, digits, dot, underscore, hyphen, and begins with a letter or digit" {
  for name in a "$(x 64)" 0 A.b_c-9; do
    add "$name"
    [ "$API_STATUS" = 201 ]
  done
  for name in '' "$(x 65)" .a -a _a 'a b' 'a/b' 'ä'; do
    add "$name"
    refused name
  done
}

@test "a title has at most 200 bytes" {
  add a "\"title\":\"$(x 200)\""
  [ "$API_STATUS" = 201 ]
  add b "\"title\":\"$(x 201)\""
  refused title
  # Bytes, not letters.
  add c "\"title\":\"$(printf 'ä%.0s' $(seq 100))\""
  [ "$API_STATUS" = 201 ]
  add d "\"title\":\"$(printf 'ä%.0s' $(seq 101))\""
  refused title
}

@test "a secret has 1 byte to 64 KiB" {
  run key_add live/one "$(x 1)" --unchecked
  key_is live/one .current.version 1
  run key_add live/most "$(x 65536)" --unchecked
  key_is live/most .current.version 1
  [ "$(keyturn get live/most | wc -c)" -ge 65536 ]
  run key_add live/more "$(x 65537)" --unchecked
  [ "$status" != 0 ]
  has 65536 "$output"
  run key_add live/none '' --unchecked
  [ "$status" != 0 ]
  has empty "$output"
}

labels() { # labels COUNT
  jq -cn "[range($1) | {key: \"l\\(.)\", value: \"v\"}] | from_entries"
}

@test "a key has at most 64 labels" {
  add a "\"labels\":$(labels 64)"
  [ "$API_STATUS" = 201 ]
  add b "\"labels\":$(labels 65)"
  refused label
}

@test "a label's name has at most 63 bytes, its value 255" {
  add a "\"labels\":{\"$(x 63)\":\"$(x 255)\"}"
  [ "$API_STATUS" = 201 ]
  add b "\"labels\":{\"$(x 64)\":\"v\"}"
  refused label
  add c "\"labels\":{\"n\":\"$(x 256)\"}"
  refused label
}

@test "a provider's answer of 1 MiB is read, one byte more proves nothing" {
  key_add live/app "$(dashboard_make app live)"
  answer_of() {
    fault "{\"match\":{\"path\":\"/battery*\"},\"kind\":\"padded\",\"bytes\":$1,\"times\":-1}"
  }
  answer_of 1048577
  api POST /v1/keys/live/app/rotations
  dashboard_make app-2 live | keyturn stage live/app --stdin --no-wait
  wait_for 10 key_is live/app .rotations[0].evidence.verdict unknown
  key_is live/app .rotations[0].evidence.detail 'the answer is larger than 1048576 bytes'
  rotation_is live/app proving
  dashboard DELETE /faults
  answer_of 1048576
  wait_for 15 rotation_is live/app settling
}

@test "a provider's answer without an end proves nothing" {
  secret=$(dashboard_make app live)
  fault '{"match":{"path":"/battery*"},"kind":"huge_body","times":1}'
  run key_add live/app "$secret"
  key_is live/app '.proof.verdict // "none"' none || key_is live/app .proof.verdict unknown
  keyturn probe live/app || true
  wait_for 10 key_is live/app .proof.verdict alive
}

@test "a page of a list has 1 to 1,000 rows" {
  for limit in 1 1000; do
    api GET "/v1/keys?limit=$limit"
    [ "$API_STATUS" = 200 ]
  done
  for limit in 0 1001 x -1; do
    api GET "/v1/keys?limit=$limit"
    [ "$API_STATUS" = 400 ]
    has limit "$ANSWER"
  done
}

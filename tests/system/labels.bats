#!/usr/bin/env bats
# Keys that were asked for and whose making had no known end: none of them lives for ever (S3).
load helpers

setup() { world_begin; }
teardown() { world_end; }

alive_at_provider() { # the names of the keys of live/k1 that live there
  dashboard GET /keys | jq -r '[.[] | select(.state == "active" and (.name | startswith("k1-"))) | .name] | sort | join(" ")'
}

lives() { # lives NAMES: these live at the provider, and no others
  [ "$(alive_at_provider)" = "$1" ]
}

labels() { # labels FILTER: jq over the array of labels
  api GET /v1/labels
  jq -r ".labels | $1" <<<"$ANSWER"
}

labels_are() { [ "$(labels 'map(.label) | join(" ")')" = "$1" ]; }

# The create of live/k1's next version is lost, nothing is found so far, and the rotation is given up.
lose_a_create() {
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_before","times":1}'
  fault '{"match":{"method":"GET","path":"/keys"},"kind":"status_502_html","times":-1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  looked() { [ "$(journal '[.[] | select(.method == "GET" and (.target | startswith("/keys?name=k1-2")))] | length')" != 0 ]; }
  wait_for 10 looked
  keyturn cancel live/k1 --yes >/dev/null
  labels_are k1-2
}

@test "S3: a create that lands after its rotation was given up is found, and killed" {
  api_start
  made 1
  lose_a_create
  dashboard DELETE /faults >/dev/null
  dashboard_make k1-2 live >/dev/null
  wait_for 30 lives k1-1
  wait_for 20 version_is live/k1 2 dead
  labels_are ''
  [ "$(key_field live/k1 .current.version)" = 1 ]
  grep -q '"label.found"' "$AUDIT"
}

@test "S3: a create that lands after its rotation is done is found, also by an agent that was killed" {
  api_start
  made 1 --grace 0s
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_before","times":1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 30 rotation_is live/k1 done
  wait_for 10 lives k1-3
  labels_are k1-2
  agent_kill
  dashboard_make k1-2 live >/dev/null
  agent_start
  vault_unlock >/dev/null
  keyturn reconcile >/dev/null
  wait_for 30 lives k1-3
  wait_for 20 version_is live/k1 2 dead
  [ "$(key_field live/k1 .current.version)" = 3 ]
}

@test "S2: a page that is no answer ends no search" {
  api_start
  made 1
  lose_a_create
  unproved() { [ "$(labels '.[0].failures')" -ge 2 ]; }
  wait_for 20 unproved
  [ "$(labels '.[0].looks')" = 0 ]
  lives k1-1
  labels_are k1-2
}

@test "S3: where the API cannot be asked, status names the label until a person has looked" {
  api_start
  made 1
  agent_stop
  sed -i -e '/^  find:/,/^  probe:/{/^  probe:/!d}' "$WORLD/providers/amps-api.yaml"
  agent_start
  vault_unlock >/dev/null
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_after","times":1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 10 rotation_is live/k1 attention
  keyturn cancel live/k1 --yes >/dev/null
  wait_for 10 labels_are k1-2
  run keyturn status
  has 'k1-2 at amps-api' "$output"
  keyturn revoke live/k1 --yes --timeout 5m >/dev/null
  run keyturn remove live/k1 --yes
  [ "$status" = 1 ]
  has 'keyturn reconcile --forget live/k1-2' "$output"
  dashboard_revoke k1-2
  run keyturn reconcile --forget live/k1-3
  [ "$status" = 3 ]
  keyturn reconcile --forget live/k1-2
  labels_are ''
  keyturn remove live/k1 --yes >/dev/null
}

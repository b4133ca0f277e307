#!/usr/bin/env bats
# What providers list, held against the store (S2, S3).
load helpers

setup() { world_begin; }
teardown() { world_end; }

# api_start, with pages of two and times that a test sets.
listing_start() { # listing_start PROPAGATION [AGENT'S OPTION]...
  local propagation=$1
  shift
  api_start
  agent_stop
  sed -i -e "s|^  propagation:.*|  propagation: $propagation|" -e 's|limit=100&offset|limit=2\&offset|' "$WORLD/providers/amps-api.yaml"
  agent_start "$@"
  vault_unlock >/dev/null
}

alive_at_provider() {
  dashboard GET /keys | jq -r '[.[] | select(.state == "active") | .name] | sort | join(" ")'
}

lives() { [ "$(alive_at_provider)" = "$1" ]; }

reconciled() { # reconciled FILTER: of the latest one, whose JSON is in $output
  jq -r "$1" <<<"$output"
}

give_up_a_create() { # of live/k1's next version; nothing was made
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_before","times":1}'
  keyturn rotate live/k1 --no-wait >/dev/null || true
  wait_for 10 rotation_is live/k1 staging
  tried() { [ "$(journal '[.[] | select(.method == "POST" and .target == "/keys" and .fault != null)] | length')" != 0 ]; }
  wait_for 10 tried
  sleep 0.3
  keyturn cancel live/k1 --yes >/dev/null
}

@test "S3: a listed key that came late is condemned, one that only looks like ours is not touched" {
  listing_start 1h
  made 3
  give_up_a_create
  dashboard_make k1-2 live >/dev/null # it lands
  dashboard_make k1-9 live >/dev/null # a number that was never given out
  dashboard_make k2-1 live >/dev/null # the label of a version whose id is known
  dashboard_make another live >/dev/null
  all='another k1-1 k1-2 k1-9 k2-1 k2-1 k3-1'
  lives "$all"

  run keyturn reconcile --dry-run --json
  [ "$status" = 0 ]
  [ "$(reconciled '.places[0] | "\(.listed) \(.ours) \(.condemned) \(.foreign) \(.missing)"')" = '7 3 1 3 0' ]
  [ "$(reconciled '.findings | map("\(.found) \(.key) \(.label)") | join(" ")')" = 'late live/k1 k1-2' ]
  lives "$all"

  run keyturn reconcile amps-api
  [ "$status" = 0 ]
  has 'live/k1: k1-2 came after it was given up' "$output"
  wait_for 20 lives 'another k1-1 k1-9 k2-1 k2-1 k3-1'
  wait_for 20 version_is live/k1 2 dead
  run keyturn reconcile --json
  [ "$(reconciled '.places[0] | "\(.listed) \(.ours) \(.condemned) \(.foreign)"')" = '6 3 0 3' ]
  grep -q '"reconcile"' "$AUDIT"
}

@test "S3: two listed keys of one label are nobody's to kill, a person must look" {
  listing_start 1h
  made 1
  give_up_a_create
  dashboard_make k1-2 live >/dev/null
  dashboard_make k1-2 live >/dev/null
  run keyturn reconcile
  [ "$status" = 6 ]
  has "k1-2 is at the provider, and may be another's" "$output"
  lives 'k1-1 k1-2 k1-2'
}

@test "an alarm is raised where a key that is held alive is not listed, and ends when it is" {
  listing_start 50ms
  made 2
  sleep 0.2
  run keyturn reconcile --json
  [ "$status" = 0 ]
  [ "$(reconciled .places[0].missing)" = 0 ]
  # The list without k2-1, and whole as far as it tells.
  id=$(dashboard GET /keys | jq -r '.[] | select(.name == "k1-1") | .id')
  fault "$(jq -n --arg id "$id" '{match: {method: "GET", path: "/keys"}, kind: "answer", times: 2, content_type: "application/json",
    body: ({items: [{id: $id, name: "k1-1"}], pagination: {hasMore: false}} | tojson)}')"
  run keyturn reconcile --dry-run
  [ "$status" = 6 ]
  key_is live/k2 .missing false
  run keyturn reconcile
  [ "$status" = 6 ]
  has 'live/k2: version 1, k2-1 is held alive, and its provider does not list it' "$output"
  key_is live/k2 .missing true
  key_is live/k1 .missing false
  run keyturn status
  has 'live/k2  is not among the keys that its provider lists' "$output"
  run keyturn reconcile
  [ "$status" = 0 ]
  key_is live/k2 .missing false
  lives 'k1-1 k2-1'
}

@test "S2: half a list, a page of somebody else or no answer proves nothing" {
  listing_start 50ms
  made 3
  sleep 0.2
  for kind in truncated html_200 waf_403 status_500 reset_before garbage_json; do
    # The second page of two.
    fault "{\"match\":{\"method\":\"GET\",\"path\":\"/keys\"},\"kind\":\"$kind\",\"skip\":1,\"times\":3}"
    run keyturn reconcile --json
    echo "$kind: $output"
    [ "$status" = 1 ]
    json=${output%%$'\n'*}
    [ "$(jq -r '.places[0].state' <<<"$json")" = unknown ]
    [ "$(jq -r '.findings | length' <<<"$json")" = 0 ]
    dashboard DELETE /faults >/dev/null
  done
  lives 'k1-1 k2-1 k3-1'
  key_is live/k3 .missing false
}

@test "it is done by itself as often as the configuration says" {
  printf 'reconcile_every: 300ms\n' >"$WORLD/keyturn.yaml"
  listing_start 50ms --config "$WORLD/keyturn.yaml"
  made 1
  by_itself() { [ "$(jq -c 'select(.what == "reconcile" and .who == "schedule")' "$AUDIT" | wc -l)" -ge 2 ]; }
  wait_for 20 by_itself
  run keyturn reconcile nobody
  [ "$status" = 3 ]
  run keyturn reconcile admin
  [ "$status" = 1 ]
  has 'cannot list' "$output"
}

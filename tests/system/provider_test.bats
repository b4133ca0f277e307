#!/usr/bin/env bats
# keyturn provider test: a key is made, proved, killed and proved dead at the real API (here: the
# simulator of all providers), and what was asked and answered is shown without a secret.

load helpers
load provider_world

setup() { providers_begin; }
teardown() { world_end; }

tested() { # tested NAME [OPTION]...: OUTPUT and STATUS
  STATUS=0
  OUTPUT=$(keyturn provider test "$@" --environment live --yes 2>&1) || STATUS=$?
}

# The secrets that the simulator made and was asked with are in nothing that anybody sees (S6).
nothing_leaks() { # nothing_leaks PROVIDER
  local secret
  cat "$AGENT_LOG" "$AUDIT" >"$WORLD/said"
  printf '%s' "$OUTPUT" >>"$WORLD/said"
  lacks "$(sim GET "/admin?provider=$1")" "$(cat "$WORLD/said")"
  for secret in $(sim GET "/secrets?provider=$1" | jq -r '.[]'); do
    lacks "$secret" "$(cat "$WORLD/said")"
  done
}

@test "S3 S4 S6: a key is made, proved alive, killed and proved dead; each answer is shown, no secret is" {
  for name in openai aws-iam twilio npm elasticsearch vault; do
    credential_add "$name"
    tested "$name"
    [ "$STATUS" = 0 ] || { echo "$OUTPUT"; return 1; }
    has "$name: made, proved alive, killed and proved dead." "$OUTPUT"
    has 'alive after' "$OUTPUT"
    has 'dead after' "$OUTPUT"
    has 'never matched: issue, request 1, rule' "$OUTPUT"
    [ "$(held "$name")" = '[0,0]' ]
    nothing_leaks "$name"
  done
  [ "$(keyturn list --json | jq '[.keys[] | select(.key | contains("provider-test"))] | length')" = 0 ]
}

@test "requests are shown with the names of secrets in their place, answers with what rules compare" {
  credential_add openai
  credential_add cloudflare
  tested openai
  has "→ POST $PROVIDERS_SIM_URL/openai/v1/organization/projects/proj_abc/service_accounts" "$OUTPUT"
  has 'Authorization: Bearer [credential]' "$OUTPUT"
  has 'Authorization: Bearer [secret]' "$OUTPUT"
  has '{"name":"provider-test-openai-' "$OUTPUT"
  has 'at /object = organization.project.service_account' "$OUTPUT"
  has 'taken secret = [secret]' "$OUTPUT"
  has 'taken id = user-' "$OUTPUT"
  has '= done, by rule 1: made' "$OUTPUT"
  has 'taken code = invalid_api_key' "$OUTPUT"
  has '= dead, by rule 2: OpenAI does not know the key' "$OUTPUT"
  # Its birth takes two seconds.
  tested cloudflare --json
  [ "$STATUS" = 0 ]
  [ "$(jq -c '[.alive, .dead, .birth_lag_ms >= 200]' <<<"$OUTPUT")" = '[true,true,true]' ]
  [ "$(jq '[.trace.entries[] | select(.action == "probe" and .step.verdict == "dead")] | length >= 3' <<<"$OUTPUT")" = true ]
}

@test "where a person makes the key he is told how and asked for it, and the API kills it" {
  sim_made github by-hand >"$WORLD/key"
  tested github --stdin <"$WORLD/key"
  [ "$STATUS" = 0 ] || { echo "$OUTPUT"; return 1; }
  has 'generate a token named provider-test-github-' "$OUTPUT"
  has '{"credentials":["[secret]"]}' "$OUTPUT"
  [ "$(held github)" = '[0,0]' ]
  nothing_leaks github
}

@test "where a person kills the key he is told so, and the dead answer is proved after it" {
  sim_made sentry by-hand >"$WORLD/key"
  (
    wait_for 20 revocation_of sentry
    sim POST '/kill?provider=sentry&name=by-hand'
  ) 3>&- &
  local person=$!
  tested sentry --stdin <"$WORLD/key"
  wait "$person"
  [ "$STATUS" = 0 ] || { echo "$OUTPUT"; return 1; }
  has 'revoke the token named provider-test-sentry-' "$OUTPUT"
  has '= dead, by rule 2' "$OUTPUT"
}

revocation_of() {
  keyturn revocations --json | jq -e --arg name "provider-test-$1" '.revocations[] | select(.key | contains($name))'
}

@test "what the API refuses is said, and nothing is left" {
  credential_add sendgrid
  sim POST /faults '[{"kind":"answer","match":{"path":"/sendgrid/v3/api_keys"},"status":403,"content_type":"application/json","body":"{\"errors\":[{\"message\":\"no\"}]}"}]'
  tested sendgrid
  [ "$STATUS" = 1 ]
  has '= refused, by rule 3' "$OUTPUT"
  has 'no key was proved alive' "$OUTPUT"
  [ "$(held sendgrid)" = '[0,0]' ]
  [ "$(keyturn list --json | jq '[.keys[] | select(.key | contains("provider-test"))] | length')" = 0 ]
  tested none
  [ "$STATUS" = 3 ]
}

@test "S3: a test that dies in the middle leaves a key that the agent holds and can kill" {
  credential_add linode
  sim POST /faults '[{"kind":"status_500","match":{"path":"/linode/v4/profile"},"times":-1}]' # not proved until it has died
  "$KEYTURN" provider test linode --environment live --yes >"$WORLD/out" 2>&1 3>&- &
  local tester=$!
  wait_for 10 held_one linode
  kill -KILL "$tester"
  wait "$tester" || true
  sim DELETE /faults
  name=$(keyturn list --json | jq -r '.keys[] | select(.key | contains("provider-test")) | .key')
  wait_for 20 key_is "$name" .current.version 1
  keyturn revoke "$name" --yes --timeout 5m
  [ "$(held linode)" = '[0,0]' ]
}

held_one() {
  [ "$(held "$1")" = '[1,1]' ]
}

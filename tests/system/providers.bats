#!/usr/bin/env bats
# Every shipped definition against its provider's documented answers (tests/sim/providers): a key is
# made, proved, delivered, replaced and killed, to its proof of death. All lives go on at once.

load helpers
load provider_world

setup_file() {
  providers_begin
  local name jobs=()
  for name in $PROVIDERS_BY_API; do
    life "$name" life_by_api "$name" &
    jobs+=($!)
  done
  for name in $PROVIDERS_HALF; do
    life "$name" life_by_hand "$name" api &
    jobs+=($!)
  done
  for name in $PROVIDERS_BY_PERSON; do
    life "$name" life_by_hand "$name" person &
    jobs+=($!)
  done
  wait "${jobs[@]}" || true
  sim GET /journal >"$WORLD/requests"
  export WORLD KEYTURN KEYTURND HOME KEYTURN_SOCKET PROVIDERS_SIM_URL AGENT_PID SIM_PID STORE AUDIT AGENT_LOG
}

teardown_file() { world_end; }

life() { # life NAME COMMAND...: its words in life.NAME; life.NAME.good when all of it held
  (
    set -e
    "${@:2}"
    : >"$WORLD/life.$1.good"
  ) >"$WORLD/life.$1" 2>&1 3>&-
}

lived() { # lived NAME
  [ -e "$WORLD/life.$1.good" ] || {
    cat "$WORLD/life.$1"
    return 1
  }
}

asked() { # asked FILTER: requests that the simulator saw
  jq "[.[] | select($1)] | length" "$WORLD/requests"
}

@test "S1 S3 S4: keys of every provider whose API makes them live their whole life" {
  for name in $PROVIDERS_BY_API; do lived "$name"; done
}

@test "S1 S3 S4: keys that a person makes and the API kills live their whole life" {
  for name in $PROVIDERS_HALF; do lived "$name"; done
}

@test "S1 S4: keys that a person makes and kills live their whole life" {
  for name in $PROVIDERS_BY_PERSON; do lived "$name"; done
}

@test "every definition is shipped with a table that the simulator answers by" {
  for file in "$REPOSITORY"/packaging/providers/*.yaml; do
    name=$(basename "$file" .yaml)
    [ "$name" = amps ] || [ -e "$REPOSITORY/tests/sim/providers/tables/$name.json" ]
  done
}

@test "SendGrid: 403 is a key that is alive, and no other answer was ever given" {
  lived sendgrid
  [ "$(asked '.port == "sendgrid" and (.target | endswith("/v3/scopes")) and .status == 200')" = 0 ]
  [ "$(asked '.port == "sendgrid" and (.target | endswith("/v3/scopes")) and .status == 403')" -ge 4 ]
}

@test "Datadog: 403 is dead, and a birth that takes its time is waited for" {
  lived datadog
  [ "$(asked '.port == "datadog" and .status == 403')" -ge 4 ]
}

@test "Anthropic and AWS: a key is disabled first, and deleted after the watch; an emergency deletes at once" {
  lived anthropic
  lived aws-iam
  for name in anthropic aws-iam; do
    [ "$(jq -r --arg name "$name" '[.[] | select(.port == $name and .effect and .effect != "made") | .effect][:3] | join(" ")' \
      "$WORLD/requests")" = 'disabled killed killed' ]
  done
}

@test "OpenAI: each version has a service account of its own name" {
  lived openai
  [ "$(jq -r '[.[] | select(.port == "openai" and .effect == "made") | .key_name] | join(" ")' "$WORLD/requests")" = \
    'openai-robot-1 openai-robot-2 openai-robot-3' ]
}

@test "GitLab: rotate, which kills the old token at once, is never asked for" {
  lived gitlab
  [ "$(asked '.port == "gitlab" and (.target | endswith("/rotate"))')" = 0 ]
  [ "$(asked '.port == "gitlab" and .method == "DELETE" and .credential == "key"')" -ge 2 ]
}

@test "GitHub: a token is reported without any credential" {
  lived github
  [ "$(asked '.port == "github" and .method == "POST" and .credential == "none" and .status == 202')" -ge 2 ]
}

@test "AWS: two keys at most; the third is refused, and nothing is lost by it" {
  lived aws-iam
  sim_made aws-iam one >/dev/null
  sim_made aws-iam two >/dev/null
  run keyturn rotate live/aws-iam-robot
  [ "$status" = 1 ]
  has 'the user has two keys already' "$output"
  [ "$(sim GET '/count?provider=aws-iam' | jq .held)" = 2 ]
  sim POST '/kill?provider=aws-iam'
  keyturn rotate live/aws-iam-robot --wait
  keyturn probe live/aws-iam-robot
}

@test "S2: AWS: an answer in XML, and a signature that does not match, prove nothing" {
  sim POST /faults '[{"kind":"answer","match":{"path":"/aws-iam/sts/"},"status":200,"content_type":"text/xml","body":"<GetCallerIdentityResponse/>","times":1}]'
  probe_says live/aws-iam-robot unknown
  sim POST /faults '[{"kind":"answer","match":{"path":"/aws-iam/sts/"},"status":403,"content_type":"application/json","body":"{\"Error\":{\"Code\":\"SignatureDoesNotMatch\"}}","times":1}]'
  probe_says live/aws-iam-robot unknown
  probe_says live/aws-iam-robot alive
}

@test "Twilio: a standard key cannot make keys; the rotation fails and says whose credential it is" {
  lived twilio
  sim POST /faults '[{"kind":"answer","match":{"path":"/twilio/v1/Keys"},"status":403,"content_type":"application/json","body":"{\"code\":20403}","times":1}]'
  run keyturn rotate live/twilio-robot
  [ "$status" = 1 ]
  has 'it is no main key' "$output"
}

@test "S2: SendGrid, Cloudflare: a page of a firewall is neither dead nor alive" {
  for name in sendgrid cloudflare; do
    keyturn rotate "live/$name-robot" --wait >/dev/null
    wait_for 10 keyturn probe "live/$name-robot"
    for kind in waf_403 html_200; do
      sim POST /faults "[{\"kind\":\"$kind\",\"match\":{\"path\":\"/$name*\"},\"times\":1}]"
      probe_says "live/$name-robot" unknown
    done
  done
}

@test "S6: no secret of any provider is in the log, the audit log or what was said" {
  cat "$AGENT_LOG" "$AUDIT" "$WORLD"/life.* >"$WORLD/said"
  for name in $PROVIDERS_BY_API; do
    lacks "$(cat "$WORLD/places/$name.first")" "$(cat "$WORLD/said")"
    lacks "$(sim GET "/admin?provider=$name")" "$(cat "$WORLD/said")"
  done
}

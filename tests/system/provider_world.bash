# The simulator of all providers whose answers stand in tables (tests/sim/providers), the shipped
# definitions pointed at it, and the credentials that their actions need. Loaded beside helpers.
#
# After providers_begin, which begins the world, too:
#   PROVIDERS_SIM_URL    the simulator; each provider is below /NAME
#   sim METHOD PATH [BODY]   what a test asks the simulator itself: /make?provider=P&name=N ...

# Those whose API makes keys, those where a person makes and the API kills, those where a person does both.
PROVIDERS_BY_API='openai sendgrid cloudflare twilio aws-iam npm grafana elasticsearch fastly linode vault'
PROVIDERS_HALF='anthropic gitlab github'
PROVIDERS_BY_PERSON='datadog supabase sentry pagerduty digitalocean'

sim() { # sim METHOD PATH [BODY]
  curl -sS -X "$1" --data-binary "${3-}" "$PROVIDERS_SIM_URL/_$2"
}

sim_made() { # sim_made PROVIDER NAME: a person makes a key in the console; prints its secret
  sim POST "/make?provider=$1&name=$2" | jq -r .secret
}

providers_sim_start() { # providers_sim_start TABLE...
  "$(binary providers-sim)" --ready-file "$WORLD/providers.ready" --journal "$WORLD/providers.journal" "$@" \
    >"$WORLD/providers.log" 2>&1 3>&- &
  SIM_PID=$!
  wait_for 10 test -s "$WORLD/providers.ready"
  PROVIDERS_SIM_URL=http://127.0.0.1:$(jq .port "$WORLD/providers.ready")
}

# A shipped definition as it is, but for where it asks and how long it waits.
provider_point() { # provider_point NAME
  local path=$1
  [ "$1" != aws-iam ] || path=aws-iam/iam
  sed -E -e "s|(base_url: )\"https://[^\"]*\"|\1\"$PROVIDERS_SIM_URL/$path\"|" \
    -e '/^limits:/{s/, (settle_interval|propagation|usage_lag|watch|horizon): [0-9a-z]+//g
      s/\}/, settle_interval: 50ms, propagation: 20s, watch: 100ms, usage_lag: 0s}/}' \
    "$REPOSITORY/packaging/providers/$1.yaml" >"$WORLD/providers/$1.yaml"
}

setting() { # setting PROVIDER NAME VALUE
  local file=$WORLD/providers/$1.settings
  [ -e "$file" ] || printf 'settings:\n' >"$file"
  printf -- '  - {name: %s, value: "%s"}\n' "$2" "$3" >>"$file"
}

providers_settings() {
  local url=$PROVIDERS_SIM_URL
  setting openai project proj_abc
  setting cloudflare account acc1
  setting cloudflare permission_group group1
  setting datadog site "$url/datadog"
  setting twilio account AC1
  setting twilio main_sid "$(jq -r .admin_user "$REPOSITORY/tests/sim/providers/tables/twilio.json")"
  setting twilio api "$url/twilio"
  setting aws-iam user robot
  setting aws-iam sts "$url/aws-iam/sts"
  setting gitlab server "$url/gitlab"
  setting npm registry "$url/npm"
  setting npm user robot
  setting grafana server "$url/grafana"
  setting grafana service_account 7
  setting elasticsearch server "$url/elasticsearch"
  setting supabase project_api "$url/supabase"
  setting vault server "$url/vault"
  setting vault policy robots
}

# A person's provider for the credentials: nothing is asked about them.
admin_provider() {
  cat >"$WORLD/providers/admin.yaml" <<YAML
name: admin
environments:
  - {name: live, class: live, base_url: "$PROVIDERS_SIM_URL", key_pattern: '^.*$'}
actions:
  issue: {manual: {instructions: "Make {{label}}"}}
  revoke: {manual: {instructions: "Revoke {{label}}"}}
  probe: {requests: [{method: GET, url: "{{base_url}}/_/count?provider=openai", rules: [{status: 200, verdict: alive}]}]}
YAML
}

credential_add() { # credential_add PROVIDER: the key that its actions name
  local name
  name=$(sed -nE 's/^ *credential: (live\/.*)$/\1/p' "$WORLD/providers/$1.yaml" | head -n 1)
  [ -z "$name" ] || sim GET "/admin?provider=$1" |
    keyturn add "$name" --provider admin --stdin --probe-every 0s >/dev/null
}

providers_begin() {
  local name
  world_begin
  providers_sim_start "$REPOSITORY"/tests/sim/providers/tables/*.json
  for name in $PROVIDERS_BY_API $PROVIDERS_HALF $PROVIDERS_BY_PERSON; do
    provider_point "$name"
  done
  providers_settings
  admin_provider
  agent_start
  vault_make >/dev/null
}

# --- Lives --------------------------------------------------------------------------------------

held() { # held PROVIDER: how many keys its account holds, and how many work
  sim GET "/count?provider=$1" | jq -c '[.held, .working]'
}

open_revocation() { # open_revocation KEY: its id
  keyturn revocations --json | jq -r --arg key "$1" \
    '[.revocations[] | select(.key == $key and .ended_at == null)][0].id // empty'
}

life_by_api() { # life_by_api PROVIDER: made, delivered, replaced, killed; every step is the API's
  local key=live/$1-robot file=$WORLD/places/$1
  credential_add "$1"
  keyturn add "$key" --provider "$1" --no-secret --grace 0s --deliver-file "$file" >/dev/null
  wait_for 30 key_is "$key" .current.version 1
  wait_for 10 test -s "$file"
  keyturn get "$key" | cmp - "$file"
  cp "$file" "$file.first"
  keyturn rotate "$key" --wait
  version_is "$key" 1 dead
  version_is "$key" 2 current
  keyturn get "$key" | cmp - "$file"
  ! cmp -s "$file" "$file.first"
  [ "$(held "$1")" = '[1,1]' ]
  keyturn revoke "$key" --yes --timeout 5m
  version_is "$key" 2 dead
  [ "$(held "$1")" = '[0,0]' ]
  # One that somebody deleted at the provider dies, too.
  keyturn rotate "$key" --wait
  sim POST "/kill?provider=$1"
  keyturn revoke "$key" --yes --timeout 5m
  version_is "$key" 3 dead
}

# A person makes; who kills is PERSON or the API.
life_by_hand() { # life_by_hand PROVIDER api|person
  local key=live/$1-robot file=$WORLD/places/$1 id
  credential_add "$1"
  # Status 1: it was asked before it was born.
  sim_made "$1" "$1-robot-1" | keyturn add "$key" --provider "$1" --stdin --grace 0s --deliver-file "$file" || [ $? = 1 ]
  wait_for 10 keyturn probe "$key"
  keyturn rotate "$key" --no-wait
  # Status 6: it waits for the person who revokes.
  sim_made "$1" "$1-robot-2" | keyturn stage "$key" --stdin || [ $? = 6 ]
  wait_for 20 key_is "$key" .current.version 2
  keyturn get "$key" | cmp - "$file"
  [ "$2" = api ] || person_kills "$1" "$key" 1
  wait_for 20 version_is "$key" 1 dead
  [ "$(held "$1")" = '[1,1]' ]
  if [ "$2" = api ]; then
    keyturn revoke "$key" --yes --timeout 5m
  else
    keyturn revoke "$key" --yes --no-wait
    person_kills "$1" "$key" 2
  fi
  wait_for 20 version_is "$key" 2 dead
  [ "$(held "$1")" = '[0,0]' ]
}

person_kills() { # person_kills PROVIDER KEY VERSION: as told, then he asks to look until it shows
  wait_for 20 revocation_waits "$2"
  sim POST "/kill?provider=$1&name=$1-robot-$3"
  wait_for 20 looks_dead "$2" "$3"
}

revocation_waits() {
  [ -n "$(open_revocation "$1")" ]
}

looks_dead() { # looks_dead KEY VERSION
  local id
  ! version_is "$1" "$2" dead || return 0
  id=$(open_revocation "$1")
  curl -sS -X POST --unix-socket "$KEYTURN_SOCKET" "http://localhost/v1/revocations/$id/look"
  sleep 0.3
  version_is "$1" "$2" dead
}

probes() { # probes KEY: the verdicts of the audit log, oldest first
  jq -r --arg key "$1" 'select(.what == "key.probe" and .key == $key) | .verdict' "$AUDIT"
}

probe_says() { # probe_says KEY VERDICT: of a probe now
  local before
  before=$(probes "$1" | wc -l)
  curl -sS -X POST --unix-socket "$KEYTURN_SOCKET" "http://localhost/v1/keys/$1/probe"
  wait_for 10 probes_passed "$1" "$before"
  [ "$(probes "$1" | tail -n 1)" = "$2" ]
}

probes_passed() {
  [ "$(probes "$1" | wc -l)" -gt "$2" ]
}

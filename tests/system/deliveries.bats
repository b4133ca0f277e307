#!/usr/bin/env bats
# Sinks and units: where a key goes besides files and programs, against services that answer as documented.
load helpers

CREDENTIAL=sink-credential-5f1c90d2

setup() {
  world_begin
  SINKS_PID=
}
teardown() {
  [ -z "$SINKS_PID" ] || end_process "$SINKS_PID" TERM
  world_end
}

sinks_start() {
  python3 "$REPOSITORY/tests/system/sinks.py" "$WORLD/sinks.ready" "$WORLD/sinks.json" \
    >"$WORLD/sinks.log" 2>&1 3>&- &
  SINKS_PID=$!
  wait_for 10 test -s "$WORLD/sinks.ready"
  SINKS=http://127.0.0.1:$(<"$WORLD/sinks.ready")
}

# A provider whose keys are of any shape: the sinks' credential.
credential_add() {
  sed -e 's/^name: .*/name: anything/' -e "s|key_pattern: .*|key_pattern: '^.+\$'|" \
    "$WORLD/providers/amps.yaml" >"$WORLD/providers/anything.yaml"
}

begin() {
  sim_start
  credential_add
  sinks_start
  agent_start
  vault_make >/dev/null
  printf '%s' "$CREDENTIAL" | keyturn add live/sink --provider anything --stdin --unchecked >/dev/null || true
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --grace 1s >/dev/null
}

sink() { # sink NAME SETTINGS [MORE]
  printf '{"kind":"sink","class":"live","sink":"%s","settings":%s,"credential":"live/sink"%s}' "$1" "$2" "${3-}"
}

held() { # held FILTER
  jq -r ".held$1" "$WORLD/sinks.json"
}
held_is() { # held_is FILTER VALUE
  [ "$(held "$1")" = "$2" ]
}

all_hold() { # all_hold VERSION: every place of live/reporting, and that is recorded
  [ "$(key_field live/reporting '[.deliveries[].holds_version] | unique | join(" ")')" = "$1" ]
}

delivery_says() { # delivery_says NUMBER PART
  has "$2" "$(key_field live/reporting ".deliveries[] | select(.delivery == $1) | .detail")"
}

replace_key() {
  keyturn rotate live/reporting || true
  NEW=$(dashboard_make reporting-2 live)
  keyturn stage live/reporting --stdin <<<"$NEW"
}

definitions() {
  VAULT=$(sink vault-kv "{\"address\":\"$SINKS\",\"path\":\"app/amps\",\"field\":\"amps\"}")
  KUBERNETES=$(sink kubernetes-secret "{\"server\":\"$SINKS\",\"secret_name\":\"amps\",\"field\":\"key\"}")
  GITHUB=$(sink github-actions \
    "{\"api\":\"$SINKS\",\"owner\":\"octo\",\"repository\":\"app\",\"secret_name\":\"AMPS_KEY\"}")
  GITLAB=$(sink gitlab-variable "{\"address\":\"$SINKS\",\"project\":\"group/app\",\"variable\":\"AMPS_KEY\"}")
  AWS=$(sink aws-secrets-manager "{\"endpoint\":\"$SINKS\",\"region\":\"eu-central-1\",
    \"access_key_id\":\"AKIAIOSFODNN7EXAMPLE\",\"secret_id\":\"app/amps\"}")
}

@test "S1: five sinks get the new key before the old one is revoked, and each is proved" {
  begin
  definitions
  for definition in "$VAULT" "$KUBERNETES" "$GITHUB" "$GITLAB" "$AWS"; do
    keyturn deliver live/reporting add "$definition"
  done
  wait_for 15 all_hold 1
  held_is '.aws["app/amps"][0]' "$OLD"
  held_is '.github["octo/app/AMPS_KEY"]' "$OLD"
  replace_key
  held_is '.vault["app/amps"][-1].amps' "$NEW"
  [ "$(held '.kubernetes["default/amps"].key' | base64 -d)" = "$NEW" ]
  held_is '.github["octo/app/AMPS_KEY"]' "$NEW"
  held_is '.gitlab["group/app/AMPS_KEY@*"].value' "$NEW"
  held_is '.gitlab["group/app/AMPS_KEY@*"].masked' true
  held_is '.aws["app/amps"][-1]' "$NEW"
  delivery_says 1 'put, status 200'
  delivery_says 2 'read back'
  delivery_says 5 'put, status 200'
  lacks "$CREDENTIAL" "$(jq -c .seen "$WORLD/sinks.json")$(cat "$AGENT_LOG" "$AUDIT")"
  lacks "$NEW" "$(jq -c .seen "$WORLD/sinks.json")$(cat "$AGENT_LOG" "$AUDIT")"
}

@test "R12 R13: a sink that refuses undoes the sinks before it, which get the old key back" {
  begin
  definitions
  for definition in "$VAULT" "$GITHUB" "$GITLAB"; do
    keyturn deliver live/reporting add "$definition"
  done
  wait_for 15 all_hold 1
  held_is '.gitlab["group/app/AMPS_KEY@*"].value' "$OLD"
  curl -fsS "$SINKS/faults" -d '{"path":"POST /api/v4","status":404,"times":1}'
  keyturn rotate live/reporting || true
  NEW=$(dashboard_make reporting-2 live)
  run keyturn stage live/reporting --stdin <<<"$NEW"
  wait_for 20 held_is '.vault["app/amps"][-1].amps' "$OLD"
  wait_for 20 held_is '.github["octo/app/AMPS_KEY"]' "$OLD"
  key_is live/reporting .current.version 1
}

@test "R12: a sink whose credential is no good fails for good and says so" {
  begin
  definitions
  printf 'wrong-%s' "$CREDENTIAL" | keyturn add live/wrong --provider anything --stdin --unchecked >/dev/null || true
  keyturn deliver live/reporting add "${VAULT/live\/sink/live\/wrong}"
  wait_for 15 delivery_says 1 'credential is refused'
}

@test "a sink's definition is refused when it is configured: settings, credential, name" {
  begin
  definitions
  run keyturn deliver live/reporting add "$(sink vault-kv "{\"address\":\"http://vault.example\",\"path\":\"a\"}")"
  [ "$status" != 0 ]
  has 'settings.address' "$output"
  run keyturn deliver live/reporting add "$(sink vault-kv "{\"address\":\"$SINKS\"}")"
  has 'settings.path' "$output"
  run keyturn deliver live/reporting add "$(sink vault-kv "{\"address\":\"$SINKS\",\"path\":\"a\",\"pth\":\"b\"}")"
  has 'settings.pth' "$output"
  run keyturn deliver live/reporting add "$(sink vaults '{}')"
  has 'no definition of a sink' "$output"
  run keyturn deliver live/reporting add "${VAULT/,\"credential\":\"live\/sink\"/}"
  has 'credential' "$output"
  run keyturn deliver live/reporting add "${VAULT/\"live\",\"sink\"/\"test\",\"sink\"}"
  has 'declared a test place' "$output"
  key_is live/reporting '.deliveries | length' 0
}

own_sink() { # own_sink NAME: the shipped Vault sink under another name, in a folder of ours
  mkdir -p -m 0755 "$WORLD/sinks.d"
  rm -f "$WORLD"/sinks.d/*
  sed "s/^name: .*/name: $1/" "$REPOSITORY/packaging/deliveries/vault-kv.yaml" >"$WORLD/sinks.d/$1.yaml"
  chmod 0644 "$WORLD/sinks.d/$1.yaml"
}

agent_restart() { # agent_restart [OPTION]...
  agent_stop
  agent_start "$@"
  vault_unlock >/dev/null
}

@test "a delivery whose sink is defined no more is shown with what to do, and removed; an emergency names it" {
  begin
  own_sink own-kv
  agent_restart --deliveries "$WORLD/sinks.d"
  keyturn deliver live/reporting add "$(sink own-kv "{\"address\":\"$SINKS\",\"path\":\"app/amps\"}")"
  wait_for 15 delivery_says 1 'put, status 200'
  agent_restart
  key_is live/reporting '.deliveries[0].kind' sink
  key_is live/reporting '.deliveries[0].class' live
  key_is live/reporting '.deliveries[0].target' "$SINKS/v1/secret/data/app/amps#value"
  has 'no definition of a sink "own-kv"' "$(key_field live/reporting '.deliveries[0].problem')"
  run keyturn show live/reporting
  [ "$status" = 0 ]
  has 'delivery 1: it cannot be put: sink: there is no definition of a sink "own-kv"' "$output"
  has 'remove the delivery' "$output"
  run keyturn deliver live/reporting list
  [ "$status" = 0 ]
  has 'delivery 1: it cannot be put: sink: there is no definition of a sink "own-kv"' "$output"
  run keyturn revoke live/reporting --dry-run
  [ "$status" = 0 ]
  has "$SINKS/v1/secret/data/app/amps#value" "$output"
  # A rotation does not go on without it (S1), and says why. Nothing was put there, so nothing is to be put back.
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)" || true
  wait_for 20 rotation_is live/reporting failed
  key_is live/reporting .current.version 1
  lacks 'may hold' "$(key_field live/reporting '.rotations')"
  has 'no definition of a sink' "$(cat "$AUDIT")"
  keyturn deliver live/reporting remove 1
  key_is live/reporting '.deliveries | length' 0
}

@test "S5: a place whose sink is defined no more still counts as used, under another name of the sink, too" {
  begin
  key_add sandbox/ci "$(dashboard_make ci-1 sandbox)" >/dev/null
  own_sink own-kv
  agent_restart --deliveries "$WORLD/sinks.d"
  settings="{\"address\":\"$SINKS\",\"path\":\"app/amps\"}"
  keyturn deliver live/reporting add "$(sink own-kv "$settings")"
  own_sink renamed-kv
  agent_restart --deliveries "$WORLD/sinks.d"
  place=$(sink renamed-kv "$settings")
  run keyturn deliver sandbox/ci add "${place/\"class\":\"live\"/\"class\":\"test\"}"
  [ "$status" = 1 ]
  has 'is a place of live/reporting' "$output"
  place=$(sink renamed-kv "${settings/amps/other}")
  keyturn deliver sandbox/ci add "${place/\"class\":\"live\"/\"class\":\"test\"}"
}

@test "a file is raw, env with a variable, or json, as typed" {
  world_start
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --deliver-file "$WORLD/places/raw" --deliver-file "$WORLD/places/env:env:AMPS_KEY" \
    --deliver-file "$WORLD/places/json:json" >/dev/null
  wait_for 10 all_hold 1
  delivery_says 3 written
  file_is "$WORLD/places/raw" "$OLD"
  file_is "$WORLD/places/env" "AMPS_KEY=$OLD"
  [ "$(jq -r .secret "$WORLD/places/json")" = "$OLD" ]
  for place in a:env b:json:NAME c:raw:NAME d:yaml :raw; do
    run keyturn deliver live/reporting add "$WORLD/$place"
    [ "$status" != 0 ]
  done
  run keyturn deliver live/reporting add "$WORLD/places/x:json:NAME"
  [ "$status" = 2 ]
  has 'PATH:env:VARIABLE' "$output"
}

@test "a unit is reloaded after the file it reads, by systemctl without a shell and without the secret" {
  world_start
  cat >"$WORLD/systemctl" <<END
#!/bin/sh
printf '%s|' "\$@" "\$(cat)" "\$(cat "$WORLD/places/amps.key")" >>"$WORLD/called"
[ ! -e "$WORLD/broken" ] || {
  echo 'Failed to reload-or-restart reporting.service: Access denied' >&2
  echo "See system logs and 'systemctl status reporting.service' for details." >&2
  exit 4
}
END
  chmod 0755 "$WORLD/systemctl"
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --grace 1s >/dev/null
  keyturn deliver live/reporting add "$WORLD/places/amps.key"
  wait_for 10 file_is "$WORLD/places/amps.key" "$OLD"
  keyturn deliver live/reporting add '{"kind":"systemd","class":"live","unit":"reporting.service",
    "systemctl":["'"$WORLD/systemctl"'","--user"]}'
  wait_for 10 delivery_says 2 reloaded
  line='--user|--no-ask-password|reload-or-restart|--|reporting.service||'
  file_is "$WORLD/called" "$line$OLD|"

  # What cannot be reloaded fails the rotation; the file gets the old key back, and then the unit is told.
  touch "$WORLD/broken"
  : >"$WORLD/called"
  keyturn rotate live/reporting || true
  NEW=$(dashboard_make reporting-2 live)
  keyturn stage live/reporting --stdin <<<"$NEW" || true
  wait_for 20 file_is "$WORLD/places/amps.key" "$OLD"
  wait_for 20 file_is "$WORLD/called" "$line$NEW|$line$OLD|"
  has 'exit 4: Failed to reload-or-restart reporting.service: Access denied' "$(cat "$AGENT_LOG")"
  key_is live/reporting .current.version 1
}

@test "S5: a file and a sink that a key of the other class uses are refused, as written otherwise, too" {
  begin
  definitions
  key_add sandbox/ci "$(dashboard_make ci-1 sandbox)" >/dev/null
  keyturn deliver live/reporting add "$WORLD/places/amps.key"
  keyturn deliver live/reporting add "$VAULT"
  run keyturn deliver sandbox/ci add "$WORLD/places/amps.key:env:AMPS_KEY"
  [ "$status" = 1 ]
  has 'is a place of live/reporting, and live and test keys never share one. Name another place' "$output"
  run keyturn deliver sandbox/ci add "${VAULT/\"live\",\"sink\"/\"test\",\"sink\"}"
  [ "$status" = 1 ]
  has 'is a place of live/reporting' "$output"
  keyturn deliver sandbox/ci add "$WORLD/places/other.key"
  keyturn deliver live/reporting remove 1
  keyturn deliver sandbox/ci add "$WORLD/places/amps.key"
}

# refused_place KEY PLACE HOLDER NUMBER: it is held by that delivery of HOLDER
refused_place() {
  run keyturn deliver "$1" add "$2"
  [ "$status" = 1 ]
  has "is a place of $3 already" "$output"
  has "keyturn deliver $3 remove $4" "$output"
}

@test "a place that a key of the same class holds, or the key itself, is refused by name, and free when that one goes" {
  begin
  definitions
  other=$(dashboard_make nightly-1 live)
  key_add live/nightly "$other" --deliver-file "$WORLD/places/nightly" >/dev/null
  keyturn deliver live/reporting add "$WORLD/places/amps.key"
  keyturn deliver live/reporting add "$VAULT"
  refused_place live/nightly "$WORLD/places/amps.key:env:AMPS_KEY" live/reporting 1
  refused_place live/nightly "${VAULT/live\/sink/live\/nightly}" live/reporting 2
  refused_place live/reporting "$WORLD/places/amps.key:json" live/reporting 1
  keyturn deliver live/nightly add "${VAULT/\"amps\"\}/\"other\"\}}" # another field of the same path
  run key_add live/third "$(dashboard_make third-1 live)" --deliver-file "$WORLD/places/nightly:json"
  [ "$status" = 1 ]
  has 'is a place of live/nightly already' "$output"
  run key_add live/third "$(dashboard_make third-2 live)" --deliver-file "$WORLD/places/a" --deliver-file "$WORLD/places/a:json"
  [ "$status" = 1 ]
  has 'is a place of live/third already' "$output"
  run keyturn show live/third
  [ "$status" = 3 ]
  wait_for 10 file_is "$WORLD/places/amps.key" "$OLD"
  wait_for 10 file_is "$WORLD/places/nightly" "$other"

  keyturn deliver live/reporting remove 1
  keyturn deliver live/nightly add "$WORLD/places/amps.key"
  wait_for 10 file_is "$WORLD/places/amps.key" "$other"
  dashboard_revoke nightly-1
  keyturn revoke live/nightly --yes
  keyturn remove live/nightly --yes
  keyturn deliver live/reporting add "$WORLD/places/amps.key"
  wait_for 10 file_is "$WORLD/places/amps.key" "$OLD"
}

@test "a place is the same by no other way to it: a path with // or .. is refused, a symlink on it is not followed" {
  world_start
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --deliver-file "$WORLD/places/a" >/dev/null
  wait_for 10 file_is "$WORLD/places/a" "$OLD"
  key_add live/other "$(dashboard_make other-1 live)" >/dev/null
  for path in places//a places/../places/a places/./a; do
    run keyturn deliver live/other add "$WORLD/$path"
    [ "$status" = 1 ]
    has 'expected an absolute path of a file, without' "$output"
  done
  ln -s places "$WORLD/linked"
  ln -s a "$WORLD/places/b"
  keyturn deliver live/other add "$WORLD/linked/other"
  keyturn deliver live/other add "$WORLD/places/b"
  wait_for 10 key_is live/other '[.deliveries[].detail | test("symlink: write the path it leads to")] | all' true
  file_is "$WORLD/places/a" "$OLD"
}

@test "R13: places are put back in reverse order, programs after what they read" {
  begin
  definitions
  keyturn deliver live/reporting add "$VAULT"
  keyturn deliver live/reporting add "$KUBERNETES"
  keyturn deliver live/reporting add \
    '{"kind":"program","class":"live","command":["sh","-c","echo program >>'"$WORLD/order"'"]}'
  keyturn deliver live/reporting add "$GITLAB"
  wait_for 15 all_hold 1
  held_is '.gitlab["group/app/AMPS_KEY@*"].value' "$OLD"
  curl -fsS "$SINKS/faults" -d '{"path":"POST /api/v4","status":404,"times":1}'
  before=$(jq '.seen | length' "$WORLD/sinks.json")
  : >"$WORLD/order"
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)" || true
  wait_for 20 rotation_is live/reporting failed
  run jq -r ".seen[$before:][] | select(test(\"POST /v1|PATCH|POST /api/v4\")) | .[0:9]" "$WORLD/sinks.json"
  [ "$(tr '\n' ' ' <<<"$output")" = 'POST /v1/ PATCH /ap POST /api POST /api PATCH /ap POST /v1/ ' ]
  [ "$(wc -l <"$WORLD/order")" = 2 ]
}

@test "R14: one place that cannot be put back does not keep the others; it is named with what each holds" {
  begin
  definitions
  keyturn deliver live/reporting add "$KUBERNETES"
  keyturn deliver live/reporting add "$VAULT"
  keyturn deliver live/reporting add "$GITLAB"
  wait_for 15 all_hold 1
  held_is '.gitlab["group/app/AMPS_KEY@*"].value' "$OLD"
  keyturn deliver live/reporting add \
    '{"kind":"program","class":"live","command":["sh","-c","test ! -e '"$WORLD/once"' || exit 4"]}'
  wait_for 10 all_hold 1
  touch "$WORLD/once"
  # The new key is put to all but the last, which takes neither.
  keyturn rotate live/reporting || true
  NEW=$(dashboard_make reporting-2 live)
  keyturn stage live/reporting --stdin <<<"$NEW" || true
  wait_for 20 rotation_is live/reporting attention
  held_is '.vault["app/amps"][-1].amps' "$OLD"
  held_is '.gitlab["group/app/AMPS_KEY@*"].value' "$OLD"
  [ "$(held '.kubernetes["default/amps"].key' | base64 -d)" = "$OLD" ]
  detail=$(key_field live/reporting '.rotations | max_by(.rotation) | .detail')
  has 'delivery 4 cannot be put back (exit 4' "$detail"
  has 'delivery 1 holds version 1' "$detail"
  version_is live/reporting 2 staged
  rm "$WORLD/once"
  keyturn retry live/reporting || true
  wait_for 20 rotation_is live/reporting failed
}

@test "R11 R12: deliveries that say at_once are put at the same time, others in their order" {
  world_start
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --grace 1s >/dev/null
  # Each of the two waits until the other holds the same: in order, neither would end.
  for place in 1 2; do
    keyturn deliver live/reporting add '{"kind":"program","class":"live","at_once":true,"timeout":"5m","command":
      ["sh","-c","cat >'"$WORLD/put.$place"'; while ! cmp -s '"$WORLD/put.1 $WORLD/put.2"'; do sleep 0.05; done"]}'
  done
  wait_for 20 all_hold 1
  keyturn deliver live/reporting add '{"kind":"program","class":"live","command":
    ["sh","-c","cmp '"$WORLD/put.1"' -"]}'
  wait_for 20 all_hold 1
  delivery_says 3 'exit 0'
  keyturn rotate live/reporting || true
  NEW=$(dashboard_make reporting-2 live)
  keyturn stage live/reporting --stdin <<<"$NEW"
  wait_for 20 key_is live/reporting .current.version 2
  file_is "$WORLD/put.2" "$NEW"
  all_hold 2
}

@test "R12 R13: of deliveries put at once, one that fails undoes those that were put; what comes after gets nothing" {
  world_start
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --grace 1s >/dev/null
  keyturn deliver live/reporting add '{"kind":"file","class":"live","at_once":true,"path":"'"$WORLD/places/first"'"}'
  wait_for 10 file_is "$WORLD/places/first" "$OLD"
  # The second takes only the old key, and the new one not before the third holds it.
  printf '%s' "$OLD" >"$WORLD/old"
  keyturn deliver live/reporting add '{"kind":"program","class":"live","at_once":true,"timeout":"5m","command":
    ["sh","-c","cat >'"$WORLD/second"'; cmp -s '"$WORLD/second $WORLD/old"' && exit; until cmp -s '"$WORLD/second \
$WORLD/places/third"'; do sleep 0.05; done; exit 4"]}'
  keyturn deliver live/reporting add '{"kind":"file","class":"live","at_once":true,"path":"'"$WORLD/places/third"'"}'
  keyturn deliver live/reporting add '{"kind":"program","class":"live","command":["sh","-c","cat >>'"$WORLD/after"'"]}'
  wait_for 10 all_hold 1
  file_is "$WORLD/places/third" "$OLD"
  : >"$WORLD/after"
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)" || true
  wait_for 20 rotation_is live/reporting failed
  file_is "$WORLD/places/first" "$OLD"
  file_is "$WORLD/places/third" "$OLD"
  file_is "$WORLD/second" "$OLD"
  [[ "$(<"$WORLD/after")" =~ ^("$OLD")*$ ]]
  key_is live/reporting .current.version 1
  all_hold 1
}

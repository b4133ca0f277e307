# The agent's HTTP API with curl, every answer held to schema/openapi.yaml.
bats_require_minimum_version 1.5.0
load helpers

setup() {
  world_begin
  ASKED=0
  MORE=()
  mkdir "$WORLD/asked"
}
teardown() { world_end; }

# ask METHOD PATH [BODY]: the answer in ANSWER, its status in STATUS. MORE may hold options for
# curl, for the next question alone.
ask() {
  local name
  ASKED=$((ASKED + 1))
  name=$WORLD/asked/$(printf '%04d' $ASKED)
  local method=(-X "$1")
  [ "$1" != HEAD ] || method=(-I)
  printf '%s %s' "$1" "$2" >"$name.asked"
  printf '%s' "${3-}" >"$WORLD/sent"
  : >"$name.body"
  STATUS=$(curl -sS --unix-socket "$KEYTURN_SOCKET" "${method[@]}" -D "$name.head" -o "$name.body" \
    -w '%{http_code}' ${3+-H 'Content-Type: application/json' --data-binary @"$WORLD/sent"} \
    "${MORE[@]}" "http://localhost$2")
  MORE=()
  [ "$1" != HEAD ] || : >"$name.body"
  ANSWER=$(tr -d '\0' <"$name.body")
  HEAD=$(<"$name.head")
}

is() { # is STATUS [FILTER VALUE]...
  local wanted=$1
  shift
  [ "$STATUS" = "$wanted" ] || {
    echo "$STATUS, not $wanted: $ANSWER" >&2
    return 1
  }
  while [ $# -gt 0 ]; do
    [ "$(jq -r "$1" <<<"$ANSWER")" = "$2" ] || {
      echo "$1 is not $2: $ANSWER" >&2
      return 1
    }
    shift 2
  done
}

answers_hold() {
  python3 "$BATS_TEST_DIRNAME/check_openapi.py" "$REPOSITORY/schema/openapi.yaml" "$WORLD/asked" "$@"
}

get_until() { # get_until PATH FILTER VALUE
  local until=$((SECONDS + 120))
  while ask GET "$1" && [ "$(jq -r "$2" <<<"$ANSWER")" != "$3" ]; do
    [ $SECONDS -lt $until ] || {
      echo "$1: $2 never was $3: $ANSWER" >&2
      return 1
    }
    sleep 0.1
  done
}

# proved_until PATH STATE: of a rotation whose proof has a second, which a busy machine may not give it; a person
# tries again then.
proved_until() {
  local until=$((SECONDS + 120))
  while ask GET "$1" && [ "$(jq -r .state <<<"$ANSWER")" != "$2" ]; do
    [ "$(jq -r .state <<<"$ANSWER")" != attention ] || ask POST "$1/retry"
    [ $SECONDS -lt $until ] || {
      echo "$1 never was $2: $ANSWER" >&2
      return 1
    }
    sleep 0.1
  done
}

vault_init() {
  ask POST /v1/vault/init "{\"slot\":{\"kind\":\"passphrase\",\"passphrase\":\"$PASSPHRASE\"},\"low_cost\":true}"
  is 201 .state unlocked
}

key_post() { # key_post NAME SECRET [MORE MEMBERS]: a sandbox key
  ask POST /v1/keys "{\"environment\":\"sandbox\",\"name\":\"$1\",\"provider\":\"amps\",\"secret\":\"$2\"${3+,$3}}"
}

@test "every operation answers as the description says" {
  sim_start
  sed -i 's|^limits:|limits:\n  proving_deadline: 1s|' "$WORLD/providers/amps.yaml"
  agent_start
  local first second key=/v1/keys/sandbox/ci
  first=$(dashboard_make ci-1 sandbox)

  ask GET /v1/health; is 200 .status absent
  ask GET /v1/vault; is 200 .state absent '.slots | length' 0
  ask GET /v1/keys; is 404 .code not_found
  vault_init
  ask GET /v1/vault; is 200 '.slots[0].kind' passphrase
  (umask 077; printf 'key material of a file, long enough' >"$WORLD/key")
  ask POST /v1/vault/slots "{\"kind\":\"key-file\",\"key_file\":\"$WORLD/key\",\"low_cost\":true}"; is 201 .slot 2
  ask GET /v1/environments; is 200 '.environments | map(.name) | sort | join(" ")' 'live sandbox'
  ask GET /v1/providers; is 200 '.providers[0].name' amps
  ask GET /v1/providers/amps; is 200 .actions.issue manual .limits.settle 2 .limits.settle_interval_s 0.1

  key_post ci "$first" '"labels":{"tier":"2","\"q\\":"é"},"every_s":2592000,"grace_s":0.2,"title":"CI \"x\"",
    "trace":true,"deliveries":[{"kind":"file","class":"test","path":"'"$WORLD"'/places/ci.env","format":"env","variable":"AMPS_KEY"}]'
  is 201 .key sandbox/ci .labels.tier 2 '.labels["\"q\\"]' é .title 'CI "x"' .grace_s 0.2 .class test
  get_until "$key" .proof.verdict alive
  is 200 '.versions | length' 1 '.deliveries[0].kind' file .state current
  ask GET /v1/keys; is 200 '.keys | length' 1 .next null
  ask GET '/v1/keys?limit=all'; is 200 '.keys[0].key' sandbox/ci .next null
  ask PATCH "$key" '{"owner":"energy-team","every_s":null}'; is 200 .owner energy-team .every_s null .title 'CI "x"'
  ask POST "$key/probe"; is 202 .key sandbox/ci
  ask GET "$key/secret"; is 200 .secret "$first" .version 1
  MORE=(-H 'Accept: application/octet-stream'); ask GET "$key/secret"; is 200
  [ "$ANSWER" = "$first" ]; has 'Keyturn-Version: 1' "$HEAD"; has 'no-store' "$HEAD"
  ask GET "$key/trace"; is 200 .entries[0].action probe .entries[0].step.verdict alive .dropped 0
  ask GET "$key/deliveries"; is 200 '.deliveries[0].delivery' 1
  ask POST "$key/deliveries" '{"kind":"file","class":"test","path":"'"$WORLD"'/places/ci.raw","format":"raw"}'
  is 201 .delivery 2
  ask DELETE "$key/deliveries/2"; is 204
  ask POST /v1/identify "{\"fingerprints\":[\"$(printf '%s' "$first" | b2sum -l 256 | cut -d' ' -f1)\",
    \"$(printf other | b2sum -l 256 | cut -d' ' -f1)\"]}"
  is 200 '.matches | length' 1 '.matches[0].key' sandbox/ci '.matches[0].state' current

  ask POST "$key/rotations"; is 201 .state staging .waits_for_person true '.instructions.text != ""' true
  local rotation=/v1/rotations/$(jq -r .id <<<"$ANSWER") label
  label=$(jq -r .label <<<"$ANSWER")
  ask GET /v1/rotations; is 200 '.rotations | length' 1
  ask GET '/v1/rotations?state=ended'; is 200 '.rotations | length' 0
  ask GET "$rotation"; is 200 .old_version 1 .new_version null
  second=$(dashboard_make "$label" sandbox)
  ask POST "$rotation/stage" "{\"secret\":\"$second\"}"; is 200 .new_version 2
  proved_until "$rotation" retiring
  is 200 '.deliveries[0].put' true '.revocation != null' true
  local revocation=/v1/revocations/$(jq -r .revocation <<<"$ANSWER")
  ask GET /v1/revocations; is 200 '.revocations[0].version' 1
  ask GET "$revocation"; is 200 .state waiting .incident null '.instructions.text != ""' true
  dashboard_revoke ci-1
  ask POST "$revocation/look"; is 202
  get_until "$rotation" .state done
  get_until "$revocation" .state dead
  is 200 .evidence.verdict dead .evidence.status 401

  ask POST "$key/rotations"; is 201
  rotation=/v1/rotations/$(jq -r .id <<<"$ANSWER")
  ask POST "$rotation/go-on"; is 409 .code state
  ask POST "$rotation/cancel"; is 200 .state failed
  ask PATCH "$key" '{"grace_s":3600}'; is 200
  ask POST "$key/rotations"; is 201
  rotation=/v1/rotations/$(jq -r .id <<<"$ANSWER")
  fault '{"match":{"path":"/battery"},"kind":"status_500","times":-1}'
  ask POST "$rotation/stage" "{\"secret\":\"$(dashboard_make ci-4 sandbox)\"}"; is 200
  get_until "$rotation" .state attention
  is 200 .resume_state proving
  dashboard DELETE /faults
  ask POST "$rotation/retry"; is 200 .state proving
  proved_until "$rotation" settling
  ask POST "$rotation/rollback"; is 200
  get_until "$rotation" .state failed

  ask POST /v1/revocations/plan '{"select":{"environment":"sandbox"},"replace":true}'
  is 200 '.keys[0].key' sandbox/ci '.keys[0].revoke' person
  ask POST /v1/revocations/plan '{"select":{}}'; is 400
  ask POST /v1/revocations/plan '{"select":{"all":true},"targets":[]}'; is 400
  ask POST /v1/revocations '{"targets":[{"key":"sandbox/ci"}],"reason":"pasted in a chat"}'
  is 201 .incident 1 .reason 'pasted in a chat'
  ask GET /v1/incidents; is 200 '.incidents[0].incident' 1
  ask GET /v1/notices; is 200 .notices "[]"
  ask GET /v1/labels; is 200 .labels "[]"
  ask POST "/v1/labels/00000000000000000000000000000000/look"; is 404
  ask DELETE "/v1/labels/00000000000000000000000000000000"; is 404
  dashboard POST /keys/revoke "{\"key\":\"$second\"}"
  dashboard_revoke ci-4
  get_until /v1/incidents/1 '.ended_at != null' true
  get_until /v1/revocations '.revocations | length' 0
  ask GET /v1/rotations
  [ "$(jq -r '.rotations | length' <<<"$ANSWER")" = 0 ] ||
    ask POST "/v1/rotations/$(jq -r '.rotations[0].id' <<<"$ANSWER")/cancel"
  ask DELETE "$key/consumers"; is 400
  ask DELETE "$key/consumers?consumer=$(id -un)"; is 204
  ask DELETE "$key"; is 204
  ask GET "$key"; is 404

  ask GET '/v1/audit?limit=3'; is 200 '.audit | length' 3 .next 3
  ask GET '/v1/audit?limit=1000&after=3'; is 200 '.audit[0].seq' 4
  ask POST /v1/audit/verify; is 200 '.entries > 20' true
  ask GET /metrics; is 200; has 'keyturn_vault_unlocked 1' "$ANSWER"
  ask POST /v1/vault/lock; is 204
  ask GET /v1/keys; is 423 .code locked
  ask POST /v1/vault/unlock "{\"kind\":\"key-file\",\"key_file\":\"$WORLD/key\"}"; is 200 .state unlocked
  ask DELETE /v1/vault/slots/2; is 204
  ask HEAD /v1/vault; is 200

  run --separate-stderr answers_hold --unasked
  echo "$stderr" >&2
  [ "$status" = 0 ]
  # Readers hold a rotation up for a week before a person may answer for them; labels and listing have a test of their own.
  [ "$output" = $'labelForget\nlabelLook\nreconcile\nreconciliation\nrotationGoOn' ]
}

@test "labels that are looked for are answered as the description says" {
  api_start
  made 1
  fault '{"match":{"method":"POST","path":"/keys"},"kind":"reset_before","times":1}'
  fault '{"match":{"method":"GET","path":"/keys"},"kind":"status_502_html","times":-1}'
  ask POST /v1/keys/live/k1/rotations; is 201
  rotation=/v1/rotations/$(jq -r .id <<<"$ANSWER")
  created() { [ "$(journal '[.[] | select(.method == "POST" and .target == "/keys")] | length')" = 2 ]; }
  wait_for 10 created
  ask POST "$rotation/cancel"; is 200
  get_until /v1/labels '.labels[0].label' k1-2
  is 200 '.labels[0].key' live/k1
  label=/v1/labels/$(jq -r '.labels[0].id' <<<"$ANSWER")
  ask POST "$label/look"; is 202 .label k1-2
  ask DELETE "$label"; is 204
  ask GET /v1/labels; is 200 .labels '[]'
  dashboard DELETE /faults >/dev/null
  dashboard_make k1-2 live >/dev/null
  ask POST /v1/reconciliation '{"provider":"amps-api","dry_run":true}'; is 202 .dry_run true
  get_until /v1/reconciliation .state 'done'
  is 200 '.places[0].state' compared '.findings[0].found' late .dry_run true
  ask POST /v1/reconciliation '{"provider":"nobody"}'; is 404
  ask POST /v1/reconciliation '{"provider":"admin"}'; is 409
  answers_hold
}

@test "lists go by page to the end, and the stream holds the same" {
  sim_start
  agent_start
  vault_init
  local i cursor= page=0 all=
  for i in 1 2 3 4 5 6 7; do
    key_post "k$i" "$(dashboard_make "k$i" sandbox)"; is 201
  done
  while :; do
    ask GET "/v1/keys?limit=3${cursor:+&cursor=$cursor}"; is 200
    page=$((page + 1))
    all+=" $(jq -r '[.keys[].name] | join(" ")' <<<"$ANSWER")"
    cursor=$(jq -r '.next // empty' <<<"$ANSWER")
    [ -n "$cursor" ] || break
  done
  [ $page = 3 ]
  [ "$(tr ' ' '\n' <<<"$all" | sort | xargs)" = 'k1 k2 k3 k4 k5 k6 k7' ]
  ask GET '/v1/keys?limit=all'
  is 200 '[.keys[].name] | sort | join(" ")' 'k1 k2 k3 k4 k5 k6 k7'
  ask GET '/v1/keys?limit=all&environment=live'; is 200 '.keys | length' 0
  ask GET '/v1/keys?limit=2&fields=rotation.id,proof.verdict,current.since'; is 200 '.keys[0]."rotation.id"' null
  ask GET '/v1/keys?limit=all&form=rows&fields=key,rotation.state'; is 200 '.keys[0] | length' 2
  ask GET '/v1/keys?form=rows'; is 400 .code invalid
  ask GET '/v1/keys?limit=1000&provider=amps'; is 200 '.keys | length' 7
  for i in 0 1001 x -1 ''; do
    ask GET "/v1/keys?limit=$i"; is 400 .code invalid
  done
  ask GET '/v1/keys?cursor=xyz'; is 400 .code invalid
  ask GET '/v1/rotations?state=maybe'; is 400 .code invalid
  answers_hold
}

@test "a secret that is not UTF-8 comes as bytes alone" {
  sim_start
  agent_start
  vault_init
  ask POST /v1/vault/slots '{"kind":"key-file","key_file":"relative"}'; is 400 .code invalid
  key_post tab '"a\tb\\cé"'; is 400 # the quotes end the string too soon
  key_post tab 'a\tb\\cé-and-so-on' '"unchecked":true'; is 201
  ask GET /v1/keys/sandbox/tab/secret; is 200 .secret $'a\tb\\cé-and-so-on'
  MORE=(-H 'Accept: application/octet-stream'); ask GET /v1/keys/sandbox/tab/secret
  [ "$ANSWER" = $'a\tb\\cé-and-so-on' ]
  answers_hold
}

@test "bad requests get a problem that names what is wrong" {
  agent_start
  vault_init
  ask GET /v1/nothing; is 404 .code not_found
  ask GET '/v1/keys/sandbox/..%2f..'; is 404
  ask GET /v1/keys/sandbox/-x; is 404
  ask GET /v1/rotations/0123; is 404
  ask PUT /v1/keys; is 405 .code invalid; has 'Allow: GET, HEAD, POST' "$HEAD"
  ask DELETE /v1/health; is 405; has 'Allow: GET, HEAD' "$HEAD"
  ask POST /v1/keys; is 400; has 'body' "$ANSWER"
  ask POST /v1/vault/lock '{}'; is 400
  MORE=(-H 'Content-Type: text/plain' --data-binary x); ask POST /v1/keys; is 415 .code format
  ask POST /v1/keys '{"name":"x",'; is 400; has 'line 1, column 12' "$ANSWER"
  ask POST /v1/keys $'{\n "name" 1}'; is 400; has 'line 2' "$ANSWER"
  ask POST /v1/keys '{"name":"a","name":"b"}'; is 400; has 'twice' "$ANSWER"
  ask POST /v1/keys $'{"name":"\xff"}'; is 400; has 'UTF-8' "$ANSWER"
  ask POST /v1/keys '{"name":"a\u0000b"}'; is 400; has 'NUL' "$ANSWER"
  ask POST /v1/keys "$(printf '[%.0s' {1..5000})"; is 400; has 'within each other' "$ANSWER"
  ask POST /v1/keys '[]'; is 400; has 'object' "$ANSWER"
  ask POST /v1/keys '{"nmae":"x"}'; is 400; has 'nmae' "$ANSWER"
  ask POST /v1/keys '{"environment":"live","name":7,"provider":"amps"}'; is 400; has 'name is not a string' "$ANSWER"
  ask POST /v1/keys '{"environment":"live","name":"x"}'; is 400; has 'provider is missing' "$ANSWER"
  ask POST /v1/vault/init '{"slot":{"kind":"passphrase","passphras":"x"}}'; is 400; has 'slot.passphras' "$ANSWER"
  ask POST /v1/vault/init '{"slot":{"kind":"passphrase","key_file":"/x"}}'; is 400
  ask POST /v1/revocations '{"targets":[]}'; is 400 .code invalid
  ask POST /v1/revocations '{"targets":[{"key":"live"}]}'; is 400
  ask POST /v1/identify '{"fingerprints":["00"]}'; is 400
  ask POST /v1/vault/unlock '{"kind":"passphrase","passphrase":"wrong"}'; is 403 .code wrong_key
  answers_hold
}

@test "S6 a secret in a body that is refused is not in the answer or the log" {
  agent_start
  vault_init
  ask POST /v1/keys '{"secret":"sk_test_HIDDENHIDDENHIDDEN'; is 400; lacks HIDDEN "$ANSWER"
  ask POST /v1/keys '{"secret":sk_test_HIDDENHIDDENHIDDEN}'; is 400; lacks HIDDEN "$ANSWER"
  ask POST /v1/keys '{"secret":"a","secret":"sk_test_HIDDENHIDDENHIDDEN"}'; is 400; lacks HIDDEN "$ANSWER"
  ask POST /v1/keys '{"environment":"sandbox","name":"x","provider":"nobody","secret":"sk_test_HIDDENHIDDENHIDDEN"}'
  is 400; lacks HIDDEN "$ANSWER"
  lacks HIDDEN "$(<"$AGENT_LOG")"
  answers_hold
}

@test "a body of 1 MiB is read, one byte more is 413, and the connection of a refused one goes on" {
  agent_start
  head -c 1048576 /dev/zero | tr '\0' ' ' >"$WORLD/large"
  MORE=(-H 'Content-Type: application/json' --data-binary @"$WORLD/large"); ask POST /v1/keys
  is 400; has 'not JSON' "$ANSWER"
  printf ' ' >>"$WORLD/large"
  MORE=(-H 'Content-Type: application/json' --data-binary @"$WORLD/large"); ask POST /v1/keys
  is 413 .code limit
  MORE=(-H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' --data-binary x); ask POST /v1/keys
  is 411 .code invalid
  answers_hold
  run curl -sS --unix-socket "$KEYTURN_SOCKET" -w '%{http_code} %{num_connects}\n' -o /dev/null -o /dev/null \
    -H 'Content-Type: text/plain' -d x http://localhost/v1/keys http://localhost/v1/keys
  [ "${lines[0]}" = '415 1' ]; [ "${lines[1]}" = '415 0' ]
}

raw() { # raw BYTES [LAST TIMES]: what comes back until the agent hangs up, or LAST has come so often
  printf '%b' "$1" | python3 -c '
import socket, sys
path, last, times = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
s = socket.socket(socket.AF_UNIX)
s.connect(path)
s.settimeout(120)
come = b""
try:
    s.sendall(sys.stdin.buffer.read())
except ConnectionError:
    pass  # it may answer and hang up before it has all
try:
    while not (last and come.count(last) >= times) and (part := s.recv(65536)):
        come += part
except ConnectionError:
    pass
sys.stdout.buffer.write(come)' "$KEYTURN_SOCKET" "${2-}" "${3-0}"
}

@test "what is not HTTP, endless or pipelined does no harm" {
  agent_start
  [ -z "$(raw 'SSH-2.0-OpenSSH_9.2\r\n\r\n')" ] # no request line, so no answer: it hangs up
  has '431' "$(raw "GET /v1/health HTTP/1.1\r\nHost: x\r\nX: $(head -c 40000 /dev/zero | tr '\0' a)\r\n\r\n")"
  has '414' "$(raw "GET /$(head -c 40000 /dev/zero | tr '\0' a) HTTP/1.1\r\nHost: x\r\n\r\n")"
  raw 'GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: banana\r\n\r\n' >/dev/null
  local twice='GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n'
  [ "$(raw "$twice$twice$twice" '"status":"absent"' 3 | grep -c '"status":"absent"')" = 3 ]
  head -c 100000 /dev/urandom | tr -d '\0' >"$WORLD/noise"
  curl -sS --unix-socket "$KEYTURN_SOCKET" -T "$WORLD/noise" http://localhost/v1/keys >/dev/null || true
  ask GET /v1/health; is 200
  answers_hold
}

@test "requests that come a byte at a time give way to who asks when they hold every connection; idle ones, too" {
  agent_start
  python3 - "$KEYTURN_SOCKET" "$WORLD/holding" 3>&- <<'PYTHON' &
import pathlib
import socket
import sys
import time

HEAD = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"
KINDS = [HEAD + b"X: ",
         b"POST /v1/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{",
         HEAD + b"\r\n"]
crowd = []
for number in range(256):
    one = socket.socket(socket.AF_UNIX)
    one.connect(sys.argv[1])
    one.sendall(KINDS[number % 3])
    crowd.append(one)
pathlib.Path(sys.argv[2]).touch()
while True:
    time.sleep(0.3)
    for number, one in enumerate(crowd):
        try:
            number % 3 == 2 or one.sendall(b" ")
        except OSError:
            pass
PYTHON
  local holder=$! status
  wait_for 20 test -e "$WORLD/holding"
  status=$(curl -sS -m 120 --unix-socket "$KEYTURN_SOCKET" -o /dev/null -w '%{http_code}' http://localhost/v1/health) || true
  end_process "$holder" TERM
  [ "$status" = 200 ]
  has 'sent no whole request' "$(<"$AGENT_LOG")"
}

@test "reads go on while a request waits for the engine" {
  sim_start
  sed -i 's|timeout: 20s|timeout: 5m|' "$WORLD/providers/amps.yaml"
  agent_start
  vault_init
  fault '{"match":{"path":"/battery*"},"kind":"timeout","times":-1}'
  key_post ci "$(dashboard_make ci sandbox)"; is 201
  asked() { [ "$(journal '[.[] | select(.fault == "timeout")] | length')" != 0 ]; }
  wait_for 10 asked
  curl -sS --unix-socket "$KEYTURN_SOCKET" -X POST http://localhost/v1/vault/lock 3>&- &
  local locker=$! i
  sleep 0.2
  for i in 1 2 3 4 5; do
    ask GET /v1/keys/sandbox/ci/secret; is 200
  done
  kill -0 $locker # it still waits for the probe, which ends with the provider
  end_process "$SIM_PID" KILL
  wait $locker
  ask GET /v1/keys; is 423
  answers_hold
}

@test "another user may ask for the health and nothing else" {
  [ "$(id -u)" = 0 ] || skip 'needs root to become somebody else'
  agent_start
  chmod 0755 "$WORLD"
  chmod 0666 "$KEYTURN_SOCKET"
  as_nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups \
      curl -sS --unix-socket "$KEYTURN_SOCKET" -w '%{http_code}' "$@"
  }
  has 200 "$(as_nobody http://localhost/v1/health)"
  has 'may not list' "$(as_nobody http://localhost/v1/keys)"
  has '"code":"denied"' "$(as_nobody http://localhost/v1/keys/live/x/secret)"
  has 'may not read live/x' "$(as_nobody http://localhost/v1/keys/live/x/secret)"
  has 403 "$(as_nobody -X POST http://localhost/v1/vault/lock)"
  has 404 "$(as_nobody http://localhost/v1/nothing)"
}

@test "the socket: taken, not a socket, a symlink, too long, left behind" {
  agent_start
  [ "$(stat -c %a "$KEYTURN_SOCKET")" = 600 ]
  STORE=$WORLD/other.db agent_refuses; has 'listens on' "$OUTPUT"
  agent_kill
  [ -S "$KEYTURN_SOCKET" ]
  agent_start # in the place of the one that was left behind
  agent_stop
  rm -f "$KEYTURN_SOCKET"
  : >"$KEYTURN_SOCKET"
  agent_refuses; has 'no socket' "$OUTPUT"
  rm "$KEYTURN_SOCKET"
  ln -s "$WORLD/elsewhere" "$KEYTURN_SOCKET"
  agent_refuses; has 'symbolic link' "$OUTPUT"
  KEYTURN_SOCKET=$WORLD/$(head -c 120 /dev/zero | tr '\0' s) agent_refuses; has '107 bytes' "$OUTPUT"
}

@test "S4: 256 connections that ask at the same moment have their answers, and those beyond the limit after them" {
  agent_start
  python3 "$REPOSITORY/tests/system/crowd.py" "$KEYTURN_SOCKET" 256 15
  python3 "$REPOSITORY/tests/system/crowd.py" "$KEYTURN_SOCKET" 400 5
  keyturn status
}

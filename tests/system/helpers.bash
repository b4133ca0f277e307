# What every system test needs: a folder of its own, an Amps simulator, an agent with a fresh
# vault, and the command line against them. Each test ends only what it started.
#
#   setup()    { world_begin; }
#   teardown() { world_end; }
#
# KEYTURN_BIN is the build folder. After world_begin:
#   WORLD           the folder; everything is below it
#   keyturn ...     the command line, against the agent of this world
#   api METHOD PATH [BODY]   the agent's answer in ANSWER, its status in API_STATUS
#   dashboard METHOD PATH [BODY]   what a person would click
# A secret is passed on standard input by printf, which is a builtin: it is in no argument.

: "${KEYTURN_BIN:?KEYTURN_BIN is the build folder}"
REPOSITORY=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
PASSPHRASE='seven quiet otters'

binary() { # binary NAME: its path below the build folder
  find "$KEYTURN_BIN" -type f -name "$1" -perm -u+x -print -quit
}

world_begin() {
  WORLD=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-system.XXXXXX")
  KEYTURND=$(binary keyturnd)
  KEYTURN=$(binary keyturn)
  AMPS_SIM=$(binary amps-sim)
  export HOME=$WORLD/home XDG_RUNTIME_DIR=$WORLD/run KEYTURN_SOCKET=$WORLD/agent.sock NO_COLOR=1
  unset XDG_DATA_HOME XDG_CONFIG_HOME DISPLAY
  STORE=$WORLD/store/vault.db
  AUDIT=$WORLD/store/audit.jsonl
  AGENT_LOG=$WORLD/agent.log
  AGENT_PID=
  SIM_PID=
  mkdir -m 0700 "$HOME" "$XDG_RUNTIME_DIR" "$WORLD/store" "$WORLD/providers" "$WORLD/places"
}

world_end() {
  agent_stop
  sim_stop
  [ -z "${WORLD:-}" ] || rm -rf "$WORLD"
}

# --- Waiting ----------------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until it succeeds. So long is plenty where nothing else runs; a busy machine has six
# times as long. Only what fails waits to the end.
wait_for() {
  local until=$((SECONDS + 6 * $1))
  shift
  while ! "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $until ]; then
      echo "waited in vain for: $*" >&2
      return 1
    fi
    sleep 0.05
  done
}

end_process() { # end_process PID SIGNAL: and wait; killed when it does not end
  local tries
  kill "-$2" "$1" 2>/dev/null || true
  for tries in {1..1200}; do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.05
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# --- The simulator ----------------------------------------------------------------------------

sim_start() { # sim_start [OPTION]...
  rm -f "$WORLD/sim.ready"
  "$AMPS_SIM" --ready-file "$WORLD/sim.ready" --journal "$WORLD/journal" "$@" \
    >"$WORLD/sim.log" 2>&1 3>&- &
  SIM_PID=$!
  wait_for 10 test -s "$WORLD/sim.ready"
  SIM_API=http://127.0.0.1:$(jq .api_port "$WORLD/sim.ready")
  SIM_DASHBOARD=http://127.0.0.1:$(jq .dashboard_port "$WORLD/sim.ready")
  provider_write
}

sim_stop() {
  [ -z "${SIM_PID:-}" ] || end_process "$SIM_PID" TERM
  SIM_PID=
}

# A provider that only keeps keys.
inventory_write() { # inventory_write BASE_URL [NAME]
  sed -E -e "s|@BASE_URL@|$1|" -e "s|^name: .*|name: ${2:-inventory}|" \
    "$REPOSITORY/tests/sim/inventory.yaml" >"$WORLD/providers/${2:-inventory}.yaml"
}

# The shipped definition, pointed at the simulator, with short times.
provider_write() {
  sed -E -e "s|https://api\.amps\.ai|$SIM_API|" \
    -e 's|^( *settle_interval:).*|\1 100ms|' -e 's|^( *propagation:).*|\1 1s|' \
    "$REPOSITORY/packaging/providers/amps.yaml" >"$WORLD/providers/amps.yaml"
}

dashboard() { # dashboard METHOD PATH [BODY]
  local body=${3-}
  printf '%s' "$body" | curl -sS -X "$1" --data-binary @- -H 'Content-Type: application/json' "$SIM_DASHBOARD$2"
}

dashboard_make() { # dashboard_make NAME ENVIRONMENT: prints the new key, as the dashboard shows it once
  dashboard POST /keys "{\"name\":\"$1\",\"environment\":\"$2\"}" | jq -r .key
}

dashboard_revoke() { # dashboard_revoke NAME
  dashboard POST /keys/revoke "{\"name\":\"$1\"}" >/dev/null
}

fault() { # fault JSON: arm it
  dashboard POST /faults "$1" >/dev/null
}

journal() { # journal FILTER: jq over the array of entries
  dashboard GET /journal | jq -r "$1"
}

# --- The agent --------------------------------------------------------------------------------

agent_start() { # agent_start [OPTION]...: and wait until it listens
  "$KEYTURND" --store "$STORE" --socket "$KEYTURN_SOCKET" \
    --providers "$WORLD/providers" "$@" >>"$AGENT_LOG" 2>&1 3>&- &
  AGENT_PID=$!
  wait_for 20 agent_answers_or_ended
  kill -0 "$AGENT_PID" || {
    tail -n 5 "$AGENT_LOG" >&2
    return 1
  }
}

agent_answers() {
  curl -fsS --unix-socket "$KEYTURN_SOCKET" http://localhost/v1/health
}

agent_answers_or_ended() {
  agent_answers || ! kill -0 "$AGENT_PID" 2>/dev/null
}

agent_stop() {
  [ -z "${AGENT_PID:-}" ] || end_process "$AGENT_PID" TERM
  AGENT_PID=
}

agent_kill() {
  [ -z "${AGENT_PID:-}" ] || end_process "$AGENT_PID" KILL
  AGENT_PID=
}

# agent_refuses [OPTION]...: it must not start; what it says is in OUTPUT, its status in STATUS.
agent_refuses() {
  STATUS=0
  OUTPUT=$(timeout 120 "$KEYTURND" --store "$STORE" --socket "$KEYTURN_SOCKET" \
    --providers "$WORLD/providers" "$@" 2>&1 3>&-) || STATUS=$?
  [ "$STATUS" != 0 ] && [ "$STATUS" != 124 ]
}

api() { # api METHOD PATH [BODY]
  printf '%s' "${3-}" >"$WORLD/request"
  : >"$WORLD/answer"
  API_STATUS=$(curl -sS --unix-socket "$KEYTURN_SOCKET" -X "$1" -o "$WORLD/answer" -w '%{http_code}' \
    -H 'Content-Type: application/json' ${3+--data-binary @"$WORLD/request"} "http://localhost$2") || true
  ANSWER=$(<"$WORLD/answer")
  rm -f "$WORLD/request" "$WORLD/answer"
}

# --- The command line -------------------------------------------------------------------------

keyturn() {
  command "$KEYTURN" "$@" 3>&-
}

# asks ARGUMENT...: keyturn, left as soon as it says that it waits for the person. As run does: output, status.
asks() {
  command "$KEYTURN" "$@" >"$WORLD/asks" 2>&1 </dev/null 3>&- &
  local pid=$!
  wait_for 10 asked_or_ended "$pid"
  # A background job of a shell ignores SIGINT; SIGTERM is answered alike.
  kill -TERM "$pid" 2>/dev/null || true
  status=0
  wait "$pid" || status=$?
  output=$(<"$WORLD/asks")
}

asked_or_ended() {
  grep -q 'waiting for you' "$WORLD/asks" || ! kill -0 "$1" 2>/dev/null
}

# typed PROMPT TEXT COMMAND...: the command at a terminal, where TEXT is typed once PROMPT is there. Prints what
# the terminal shows.
typed() {
  local prompt=$1 text=$2 code=0
  shift 2
  : >"$WORLD/terminal"
  rm -f "$WORLD/left"
  # What is typed ends after the command, which would take its end for an answer, and then at once, since script
  # waits for it.
  script -qefc "$* ; code=\$?; : >'$WORLD/left'; exit \$code" "$WORLD/terminal" >/dev/null 3>&- < <(
    exec 3>&-
    wait_for 10 grep -qF -- "$prompt" "$WORLD/terminal"
    printf '%s\n' "$text"
    wait_for 20 test -e "$WORLD/left"
  ) || code=$?
  cat "$WORLD/terminal"
  return $code
}

vault_make() { # a new vault with PASSPHRASE, cheap to open
  printf '%s' "$PASSPHRASE" | keyturn init --low-cost --stdin
}

vault_unlock() {
  printf '%s' "$PASSPHRASE" | keyturn unlock --stdin
}

world_start() { # simulator, agent and vault at once
  sim_start "$@"
  agent_start
  vault_make >/dev/null
}

key_add() { # key_add KEY SECRET [OPTION]...
  local key=$1 secret=$2
  shift 2
  printf '%s' "$secret" | keyturn add "$key" --provider amps --stdin "$@"
}

key_field() { # key_field KEY FILTER: jq over the key's document
  keyturn show "$1" --json | jq -r "$2"
}

key_is() { # key_is KEY FILTER VALUE
  [ "$(key_field "$1" "$2")" = "$3" ]
}

version_state() { # version_state KEY NUMBER
  key_field "$1" ".versions[] | select(.version == $2) | .state"
}

version_is() { # version_is KEY NUMBER STATE
  [ "$(version_state "$1" "$2")" = "$3" ]
}

rotation_is() { # rotation_is KEY STATE: its newest rotation
  key_is "$1" '.rotations | max_by(.rotation) | .state' "$2"
}

file_is() { # file_is PATH CONTENT
  [ "$(cat "$1")" = "$2" ]
}

# --- Claims -----------------------------------------------------------------------------------

has() { # has PART WHOLE
  [[ $2 == *"$1"* ]] || {
    printf 'expected: %s\nin:       %s\n' "$1" "$2" >&2
    return 1
  }
}

lacks() { # lacks PART WHOLE
  [[ $2 != *"$1"* ]] || {
    printf 'not expected: %s\nin:           %s\n' "$1" "$2" >&2
    return 1
  }
}

# --- A provider whose API makes keys ------------------------------------------------------------

# amps-api: the simulator with its key API; admin: a person's provider for the credential of its actions.
api_start() { # api_start [SIMULATOR'S OPTION]...
  sim_start --key-api "$@"
  sed -E -e "s|@BASE_URL@|$SIM_API|" -e '/^  disable:/,/^  revoke:/{/^  revoke:/!d}' \
    "$REPOSITORY/tests/sim/amps/amps-api.yaml" >"$WORLD/providers/amps-api.yaml"
  cat >"$WORLD/providers/admin.yaml" <<YAML
name: admin
title: Administrators
environments:
  - {name: live, class: live, base_url: "$SIM_API", key_pattern: '^.*$'}
actions:
  issue: {manual: {instructions: "Make {{label}}"}}
  revoke: {manual: {instructions: "Revoke {{label}} in the console"}}
  probe: {requests: [{method: GET, url: "{{base_url}}/nothing", rules: [{status: 200, verdict: alive}]}]}
YAML
  agent_start
  vault_make >/dev/null
  dashboard GET /admin-key | jq -r .key |
    keyturn add live/amps-admin --provider admin --stdin --probe-every 0s >/dev/null || true
}

# Keys that the provider makes itself: live/k1 to live/kN.
made() { # made COUNT [OPTION]...
  local i count=$1
  shift
  for ((i = 1; i <= count; i++)); do
    keyturn add "live/k$i" --provider amps-api --no-secret "$@" >/dev/null
  done
  for ((i = 1; i <= count; i++)); do
    wait_for 20 key_is "live/k$i" .current.version 1
  done
}

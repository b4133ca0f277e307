#!/bin/bash
# Measures the speed and memory of the agent and the command line, and in the same
# run what the machine could do. README.md says how to read it.
#
#   tests/bench/run.sh [--quick]
#
# --quick has a tenth of the keys and short runs, to see that everything works.
# The table is also in build/bench.json.
set -euo pipefail
shopt -s inherit_errexit # a step that fails inside $(…) ends the bench, too
cd "$(dirname "$0")/../.."

keys=100000 listed=10000 rotated=4000 rotated_some=2000 rotated_few=500 seconds=3 rounds=3 spawns=400 killed=1000 scanned=512
if [ "${1:-}" = --quick ]; then
  keys=10000 listed=1000 rotated=200 rotated_some=200 rotated_few=50 seconds=1 rounds=1 spawns=50 killed=200 scanned=64
fi

at_onces='1 16 64 256 1000' # rotations in parallel

build=$PWD/${KEYTURN_BUILD_DIR:-build}/bench
json=${build%/*}/bench.json
mkdir -p "$build"
echo 'Building with -O2 ...' >&2
{ cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
  ninja -C "$build" bench; } >"$build/log" 2>&1 || {
  tail -n 30 "$build/log" >&2
  exit 1
}
keyturn=$build/cli/keyturn keyturnd=$build/agent/keyturnd sim=$build/tests/sim/amps-sim tools=$build/tests/bench

world=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-bench.XXXXXX")
socket=$world/agent.sock
passphrase='seven quiet otters'
agent_pid='' sim_pid='' hello_pid=''
end_process() { # end_process PID: or none
  [ -n "$1" ] || return 0
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
finish() {
  set +e # also after a failure everything is ended
  end_process "$agent_pid"
  end_process "$sim_pid"
  end_process "$hello_pid"
  rm -rf "$world"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { echo "$*" >&2; }
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
repeat() { # repeat COMMAND...: the median of the rounds' first words
  for _ in $(seq $rounds); do "$@" | cut -d' ' -f1; done | median
}
less() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f", a - b}'; }
until_there() { # until_there TEST FILE
  for _ in $(seq 200); do
    test "$1" "$2" && return
    sleep 0.05
  done
  say "waited in vain for $2"
  cat "$world"/*.log >&2
  exit 1
}

# --- Results: name | value | unit | what to reach | limit's name | limit | factor ----------------------
# The ratio is the value over factor times the limit.
results=$world/results
result() {
  [ -n "$2" ] || {
    say "nothing was measured: $1"
    exit 1
  }
  echo "$1|$2|$3|$4|${5:-}|${6:-}|${7:-1}" >>"$results"
  say "  $1: $2 $3"
}

# --- The simulator and the agent ------------------------------------------------------------------------
sim_start() {
  rm -f "$world/sim.ready"
  "$sim" --ready-file "$world/sim.ready" --no-journal --key-api >/dev/null 2>"$world/sim.log" &
  sim_pid=$!
  until_there -s "$world/sim.ready"
  api=http://127.0.0.1:$(sim_port api_port)
}
sim_port() { sed -E "s/.*\"$1\": ?([0-9]+).*/\1/" "$world/sim.ready"; }
dashboard() { # dashboard METHOD PATH [BODY]
  exec 3<>"/dev/tcp/127.0.0.1/$(sim_port dashboard_port)"
  printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
    "$1" "$2" $((${#3} + 0)) "$3" >&3
  cat <&3
  exec 3>&-
}
secret_of() { sed -nE 's/.*"key": ?"([^"]+)".*/\1/p'; }

# A rotation of the bench is four requests: issue, probe, revoke, probe.
definitions() {
  mkdir -p "$world/providers"
  sed -E -e "s|@BASE_URL@|$api|" -e 's/^( *settle_interval:).*/\1 0s/' -e '/^  disable:/,/^  revoke:/{/^  revoke:/!d}' \
    tests/sim/amps/amps-api.yaml >"$world/providers/amps-api.yaml"
  for at_once in $at_onces; do
    sed -E -e "s/^name: .*/name: amps-$at_once/" -e "s/^( *parallel:).*/\1 $at_once/" \
      "$world/providers/amps-api.yaml" >"$world/providers/amps-$at_once.yaml"
  done
  # Each key is proved when it is added, and asked for no more: one that is not proved is tried each minute, and
  # 100,000 of those would be at work while something else is measured.
  sed "s|@BASE_URL@|$api|" tests/sim/inventory.yaml >"$world/providers/inventory.yaml"
  # The credential of the others. The simulator's admin key cannot die, so its death is two answers of refusal.
  cat >"$world/providers/credential.yaml" <<YAML
name: credential
title: What makes and revokes the others
environments:
  - {name: live, class: live, base_url: "$api", key_pattern: '^sk_.*$'}
limits: {settle: 1, settle_interval: 0s}
actions:
  issue: {manual: {instructions: "Make {{label}}"}}
  revoke: {requests: [{method: GET, url: "{{base_url}}/battery?limit=1", rules: [{status: 401, verdict: done}]}]}
  probe: {requests: [{method: GET, url: "{{base_url}}/battery?limit=1", rules: [{status: 401, verdict: dead}]}]}
YAML
  echo "parallel: 1000" >"$world/keyturn.yaml" # by itself it is 256
}

agent_run() { # agent_run NAME: on the vault of that name
  rm -f "$socket"
  HOME=$world XDG_CONFIG_HOME=$world "$keyturnd" --config "$world/keyturn.yaml" --store "$world/store-$1/vault.db" \
    --socket "$socket" --providers "$world/providers" >>"$world/$1.log" 2>&1 &
  agent_pid=$!
  until_there -S "$socket"
}
agent_start() { # agent_start NAME: with a fresh vault, so a name is used once
  [ ! -e "$world/store-$1" ] || {
    say "there is a vault of the name $1 already"
    exit 1
  }
  agent_run "$1"
  printf '{"slot":{"kind":"passphrase","passphrase":"%s"}}' "$passphrase" |
    "$tools/call" "$socket" POST /v1/vault/init with >/dev/null
}
agent_stop() {
  end_process "$agent_pid"
  agent_pid=
}
memory() { sed -nE "s/^$1:[[:space:]]*([0-9]+) kB/\1/p" "/proc/$agent_pid/status" | awk '{printf "%.1f", $1 / 1024}'; }
unlock() {
  "$tools/call" "$socket" POST /v1/vault/lock >/dev/null
  printf '{"kind":"passphrase","passphrase":"%s"}' "$passphrase" | "$tools/call" "$socket" POST /v1/vault/unlock with
}
hello_start() {
  mkfifo "$world/hello.end"
  "$tools/limit_hello" "$world/hello.sock" <"$world/hello.end" &
  hello_pid=$!
  exec 8>"$world/hello.end"
  until_there -S "$world/hello.sock"
}

# shellcheck source=tests/bench/emergency_rows.sh
. tests/bench/emergency_rows.sh

# --- The machine ----------------------------------------------------------------------------------------
say 'The machine:'
sim_start
definitions
hello_start
fsyncs=$(repeat "$tools/limit_fsync" "$world" "$seconds")
for _ in $(seq $rounds); do
  rm -f "$world"/commits.db*
  "$tools/limit_commits" "$world" "$seconds"
done >"$world/commits"
commits=$(median <"$world/commits")
# The key goes by a file, never by an argument.
made=$(dashboard POST /keys '{"name":"bench","environment":"live"}' | secret_of)
printf 'x-api-key: %s\n' "$made" >"$world/header"
requests=$(repeat "$tools/limit_requests" "$api/battery?limit=1" 64 "$seconds" "$world/header")
argon2id=$(repeat "$tools/limit_argon2id")
result 'fsyncs' "$fsyncs" '/s' ''
result 'SQLite commits' "$commits" '/s' ''
result 'libcurl multi, 64 in parallel' "$requests" '/s' ''
result 'Argon2id of a slot' "$argon2id" 'ms' ''

# --- Rotations ------------------------------------------------------------------------------------------
credential_add() { # what the other keys are made and revoked with
  local secret
  secret=$(dashboard GET /admin-key '' | secret_of)
  printf '{"environment":"live","name":"amps-admin","provider":"credential","unchecked":true,"secret":"%s"}' "$secret" |
    "$tools/call" "$socket" POST /v1/keys with >/dev/null
}
rotations() { # rotations AT_ONCE COUNT: the keys' first rotations make them
  local limit done_a_second rested
  limit=$(repeat "$tools/limit_requests" "$api/battery?limit=1" "$1" "$seconds" "$world/header")
  agent_start "rotations-$1"
  credential_add
  "$tools/add_keys" "$socket" "amps-$1" r 0 "$2" live/amps-admin >/dev/null
  done_a_second=$(repeat "$tools/rotate_keys" "$socket" r "$2")
  sleep 3
  rested=$(memory VmRSS)
  agent_stop
  result "rotations, $1 in parallel" "$done_a_second" '/s' "${3:-}" \
    "a quarter of libcurl multi, $1 in parallel" "$limit" 0.25
  result "agent's memory, resident, three seconds later" "$rested" 'MiB' ''
}
say 'Rotations:'
for at_once in $at_onces; do
  case $at_once in
  1) rotations 1 $rotated_few 500 ;;
  16) rotations 16 $rotated_some ;;
  64) rotations 64 $rotated '4000, ratio 0.35' ;;
  *) rotations "$at_once" $rotated ;;
  esac
done

say 'Emergencies:'
emergency_rows $killed "$requests"
scan_rows $scanned

# --- A vault that grows ---------------------------------------------------------------------------------
say "$listed keys:"
agent_start vault
"$tools/add_keys" "$socket" inventory k 0 $listed >/dev/null
bare=$("$tools/spawn_time" $spawns "$tools/bare_client" "$socket" /v1/keys/live/k000001/secret)
get=$("$tools/spawn_time" $spawns "$keyturn" get live/k000001 --socket "$socket")
result 'bare socket client, whole process' "$bare" 'ms' ''
result 'keyturn get, whole process' "$get" 'ms' '1.5, ratio 3' 'bare socket client' "$bare"
list=$("$tools/spawn_time" 21 "$keyturn" list --socket "$socket")
result "keyturn list, $listed keys" "$list" 'ms' '12' \
  'bare socket client' "$bare"

for _ in $(seq $rounds); do # in turn, so that a slow minute hits both
  "$tools/get_load" "$world/hello.sock" 16 "$seconds" /v1/keys/live/k%/secret 1000 >>"$world/hello"
  "$tools/get_load" "$socket" 16 "$seconds" /v1/keys/live/k%/secret 1000 >>"$world/reads"
done
hello=$(median <"$world/hello")
reads=$(median <"$world/reads")
result 'hello-world, 16 connections' "$hello" '/s' ''
result 'reads of a secret, 16 connections' "$reads" '/s' '40000, ratio 0.45' 'hello-world' "$hello"

say "$keys keys:"
started=$SECONDS
"$tools/add_keys" "$socket" inventory k $listed $keys >"$world/adds"
result 'keys added, 64 connections' "$(cat "$world/adds")" '/s' '' 'SQLite commits' "$commits"
say "  ($((SECONDS - started)) s)"
list=$("$tools/spawn_time" 7 "$keyturn" list --json --socket "$socket")
result "keyturn list --json, $keys keys" "$list" 'ms' '120' 'bare socket client' "$bare"
agent_stop
agent_run vault
opened=$(repeat unlock)
result "unlocking $keys keys" "$opened" 'ms' '' 'Argon2id' "$argon2id"
result 'unlocking, without Argon2id' "$(less "$opened" "$argon2id")" 'ms' '150'
"$keyturn" list --json --socket "$socket" >/dev/null
"$tools/get_load" "$socket" 16 1 /v1/keys/live/k%/secret $keys >/dev/null
result "agent's memory, resident, $keys keys" "$(memory VmRSS)" 'MiB' '20'
result "agent's memory, the most it had (Argon2id)" "$(memory VmHWM)" 'MiB' ''
agent_stop

# --- The table ------------------------------------------------------------------------------------------
awk -F'|' '
  BEGIN { printf "\n%-44s %12s %-4s %-18s %7s  %s\n", "figure", "value", "unit", "to reach", "ratio", "of the machine'"'"'s limit" }
  { ratio = $6 != "" && $6 * $7 > 0 ? sprintf("%.2f", $2 / ($6 * $7)) : ""
    printf "%-44s %12s %-4s %-18s %7s  %s\n", $1, $2, $3, $4, ratio, $5 }' "$results"
awk -F'|' '
  BEGIN { print "[" }
  { ratio = $6 != "" && $6 * $7 > 0 ? sprintf("%.4f", $2 / ($6 * $7)) : "null"
    printf "%s{\"figure\":\"%s\",\"value\":%s,\"unit\":\"%s\",\"to_reach\":\"%s\",\"limit\":\"%s\",\"ratio\":%s}",
      (NR > 1 ? ",\n" : ""), $1, $2, $3, $4, $5, ratio }
  END { print "\n]" }' "$results" >"$json"
echo
echo "Also in ${json#"$PWD"/}."

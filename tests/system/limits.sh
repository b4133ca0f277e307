#!/bin/bash
# The two limits of the design, section 11, that take minutes to reach: 1,000,000 keys in a store and
# 10,000 open rotations, each from both sides and over a restart, with what they take of time, memory and disk.
#
#   KEYTURN_BIN=BUILD tests/system/limits.sh [KEYS ROTATIONS]
#
# Takes as long as 1,000,000 keys are added and proved (365 a second on a busy machine), and 2 GB in TMPDIR.
# With KEYS and ROTATIONS below the limits it only shows that it works: nothing is refused then.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/system/helpers.bash
. tests/system/helpers.bash
keys=${1:-1000000} rotations=${2:-10000}

passed=0 failed=0
claim() { # claim TEXT COMMAND...
  if "${@:2}"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}
figure() { printf '%-58s %12s %s\n' "$@"; }
milliseconds() { # milliseconds COMMAND...: how long it takes
  local began=$EPOCHREALTIME
  "$@" >/dev/null
  awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.0f", (b - a) * 1000}'
}
memory() { awk -v name="$1:" '$1 == name {printf "%.1f", $2 / 1024}' "/proc/$AGENT_PID/status"; }
disk() { du -cBM --apparent-size "$@" | tail -n 1 | cut -dM -f1; }

# Each key is proved when it is added, and asked for no more.
definition() {
  cat >"$WORLD/providers/inventory.yaml" <<YAML
name: inventory
title: Keys that are only kept
environments:
  - {name: live, class: live, base_url: "$SIM_API", key_pattern: '^sk_.*$'}
actions:
  issue: {manual: {instructions: "Make {{label}}"}}
  revoke: {manual: {instructions: "Revoke {{label}}"}}
  probe: {requests: [{method: GET, url: "{{base_url}}/", rules: [{status_class: 4xx, verdict: alive}]}]}
YAML
}

post_key() { # post_key NAME: without a secret, so that it can be removed; its status in API_STATUS
  api POST /v1/keys "{\"environment\":\"live\",\"name\":\"$1\",\"provider\":\"inventory\"}"
}
forget() { # forget NAME: its rotation waits for a secret
  keyturn cancel "live/$1" --yes >/dev/null
  keyturn remove "live/$1" --yes &>/dev/null
}
is() { # is STATUS [WORDS]: the last answer
  [ "$API_STATUS" = "$1" ] && { [ $# = 1 ] || has "$2" "$ANSWER"; }
}
count_keys() { keyturn list --names | wc -l; }
holds() { [ "$(count_keys)" = "$1" ]; }

open_rotations() { # open_rotations FROM TO: how many of them were accepted
  seq -f '%06.0f' "$1" "$2" |
    sed -E 's|.*|url = "http://localhost/v1/keys/live/k&/rotations"\noutput = /dev/null|' >"$WORLD/urls"
  curl -sS --unix-socket "$KEYTURN_SOCKET" -X POST -K "$WORLD/urls" -w '%{http_code}\n' | grep -c '^201$'
}
ask_rotation() { api POST "/v1/keys/live/$(printf 'k%06d' "$1")/rotations"; }
cancel_one() {
  local rotation
  rotation=$(key_field live/k000000 '.rotation.id')
  api POST "/v1/rotations/$rotation/cancel"
}

finish() {
  set +e
  world_end
}
trap finish EXIT
trap 'exit 130' INT TERM

world_begin
sim_start --no-journal
definition
agent_start
vault_make >/dev/null

echo "$keys keys:"
began=$SECONDS
claim "keys below the limit are added" "$(binary add_keys)" "$KEYTURN_SOCKET" inventory k 0 $((keys - 1)) >/dev/null
figure 'keys added, 64 connections' $(((keys - 1) / (SECONDS - began + 1))) '/s'
post_key "$(printf 'k%06d' $((keys - 1)))"
claim 'the last key that fits is added' is 201
full=$((keys == 1000000))
refused() { # refused WORDS: one more is
  if [ $full = 1 ]; then is 400 "$1"; else is 201; fi
}
post_key one-more
claim 'one more is refused, by the name of the limit' refused '1000000 keys'
[ $full = 1 ] || forget one-more
claim 'all of them are there' holds "$keys"
figure 'keyturn list --names' "$(milliseconds count_keys)" ms
figure "agent's memory, resident" "$(memory VmRSS)" MiB
agent_stop
figure 'store' "$(disk "$STORE"*)" MiB
figure 'audit log' "$(disk "$AUDIT")" MiB

agent_start
figure 'unlocking' "$(milliseconds vault_unlock)" ms
post_key one-more
claim 'one more is refused after a restart, too' refused '1000000 keys'
[ $full = 1 ] || forget one-more
forget "$(printf 'k%06d' $((keys - 1)))"
post_key one-less
claim 'where one was removed there is room for one' is 201
keyturn cancel live/one-less --yes >/dev/null
figure 'keyturn audit --verify' "$(milliseconds keyturn audit --verify)" ms

echo "$rotations open rotations:"
began=$EPOCHREALTIME
claim 'rotations up to the limit are opened' [ "$(open_rotations 0 $((rotations - 1)))" = "$rotations" ]
figure 'rotations opened, one after another' "$(awk -v a="$began" -v b="$EPOCHREALTIME" -v n="$rotations" 'BEGIN {printf "%.0f", n / (b - a)}')" '/s'
full=$((rotations == 10000))
ask_rotation "$rotations"
claim 'one more is refused, by the name of the limit' refused '10000 rotations are open'
figure 'keyturn rotations' "$(milliseconds keyturn rotations)" ms
agent_stop
agent_start
figure 'unlocking' "$(milliseconds vault_unlock)" ms
ask_rotation $((rotations + 1))
claim 'one more is refused after a restart, too' refused '10000 rotations are open'
cancel_one
claim 'one is cancelled' is 200
ask_rotation $((rotations + 2))
claim 'where one has ended there is room for one' is 201
ask_rotation $((rotations + 3))
claim 'and for no more' refused '10000 rotations are open'
figure "agent's memory, resident" "$(memory VmRSS)" MiB
figure "agent's memory, the most it had" "$(memory VmHWM)" MiB

echo "$passed passed, $failed failed"
[ $failed = 0 ]

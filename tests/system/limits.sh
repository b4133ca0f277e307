#!/bin/bash
# The two limits of the design, section 11, that take minutes to reach: 1,000,000 keys in a store and
# 10,000 open rotations, each from both sides and over a restart, with what they take of time, memory and disk.
#
#   KEYTURN_BIN=BUILD tests/system/limits.sh [KEYS [ROTATIONS]]
#
# Takes as long as 1,000,000 keys are added and proved (365 to 1,300 a second, as busy as the machine is), and 2 GB
# in TMPDIR. Each limit is its own: with fewer keys, `limits.sh 11000` reaches that of open rotations within a minute.
# Below a limit the checks are the same, and only nothing is refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/system/helpers.bash
. tests/system/helpers.bash
most_keys=1000000 most_rotations=10000
keys=${1:-$most_keys} rotations=${2:-$most_rotations}
if [ "$keys" -gt $most_keys ] || [ "$rotations" -gt $most_rotations ] || [ "$keys" -lt $((rotations + 10)) ]; then
  echo "usage: limits.sh [KEYS [ROTATIONS]]: up to $most_keys keys, $most_rotations rotations, and ten keys more" >&2
  exit 2
fi

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

post_key() { # post_key NAME: without a secret, so that it can be removed; its status in API_STATUS
  api POST /v1/keys "{\"environment\":\"live\",\"name\":\"$1\",\"provider\":\"inventory\"}"
}
forget() { # forget NAME: its rotation waits for a secret
  keyturn cancel "live/$1" --yes >/dev/null
  keyturn remove "live/$1" --yes &>/dev/null
}
is() { # is STATUS [WORDS]: the last answer
  if [ "$API_STATUS" = "$1" ] && has "${2-}" "$ANSWER"; then return; fi
  echo "answered: $API_STATUS $ANSWER" >&2
  return 1
}
refused() { # refused WORDS: one more is, when the limit is reached
  if [ $full = 1 ]; then is 400 "$1"; else is 201; fi
}
count_keys() { keyturn list --names | wc -l; }
holds() { [ "$(count_keys)" = "$1" ]; }

# The keys are added in ten parts, so that it shows whether one takes longer the more there are.
fill() { # fill COUNT
  local part from=0 to began agent
  for part in {1..10}; do
    to=$(($1 * part / 10)) began=$EPOCHREALTIME agent=$(cpu_ms)
    "$(binary add_keys)" "$KEYTURN_SOCKET" inventory k $from $to >/dev/null || return 1
    figure "keys added, to $to of them, 64 connections" "$(rate $((to - from)) "$began")" '/s'
    figure "  processor of the agent, for a key" $((($(cpu_ms) - agent) * 1000 / (to - from))) us
    from=$to
  done
}
cpu_ms() { awk -v ticks="$(getconf CLK_TCK)" '{printf "%.0f", ($14 + $15) * 1000 / ticks}' "/proc/$AGENT_PID/stat"; }
rate() { # rate COUNT SINCE
  awk -v n="$1" -v a="$2" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.0f", n / (b - a)}'
}

open_rotations() { # open_rotations FROM TO: each of them is accepted
  seq -f '%06.0f' "$1" "$2" |
    sed -E 's|.*|url = "http://localhost/v1/keys/live/k&/rotations"\noutput = /dev/null|' >"$WORLD/urls"
  curl -sS --unix-socket "$KEYTURN_SOCKET" -X POST -K "$WORLD/urls" -w '%{http_code}\n' >"$WORLD/statuses"
  [ "$(grep -c '^201$' "$WORLD/statuses")" = $(($2 - $1 + 1)) ] || {
    echo "answered (how often, what): $(sort "$WORLD/statuses" | uniq -c | tr -s ' \n' ' ')" >&2
    return 1
  }
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
inventory_write "$SIM_API"
agent_start
vault_make >/dev/null

echo "$keys keys:"
claim 'keys below the limit are added' fill $((keys - 1))
there=$(count_keys)
# What was not filled is one failure, and not one of each check that would need a full store.
full=$((there == most_keys - 1))
post_key last
claim 'the last key that fits is added' is 201
post_key one-more
claim 'one more is refused, by the name of the limit' refused "$most_keys keys"
[ "$API_STATUS" != 201 ] || forget one-more
claim 'all of them are there' holds $((there + 1))
figure 'keyturn list --names' "$(milliseconds count_keys)" ms
figure 'keyturn list --json' "$(milliseconds keyturn list --json)" ms
figure 'keyturn get' "$(milliseconds keyturn get live/k000001)" ms
figure "agent's memory, resident" "$(memory VmRSS)" MiB
agent_stop
figure 'store' "$(disk "$STORE"*)" MiB
figure 'audit log' "$(disk "$AUDIT")" MiB

agent_start
figure 'unlocking' "$(milliseconds vault_unlock)" ms
figure 'keyturn get' "$(milliseconds keyturn get live/k000001)" ms
figure "agent's memory, resident" "$(memory VmRSS)" MiB
post_key one-more
claim 'one more is refused after a restart, too' refused "$most_keys keys"
[ "$API_STATUS" != 201 ] || forget one-more
forget last
post_key one-less
claim 'where one was removed there is room for one' is 201
keyturn cancel live/one-less --yes >/dev/null
figure 'keyturn audit --verify' "$(milliseconds keyturn audit --verify)" ms

echo "$rotations open rotations:"
full=$((rotations == most_rotations))
began=$EPOCHREALTIME
claim 'rotations up to the limit are opened' open_rotations 0 $((rotations - 1))
figure 'rotations opened, one after another' "$(rate "$rotations" "$began")" '/s'
ask_rotation "$rotations"
claim 'one more is refused, by the name of the limit' refused "$most_rotations rotations are open"
figure 'keyturn rotations' "$(milliseconds keyturn rotations)" ms
agent_stop
agent_start
figure 'unlocking' "$(milliseconds vault_unlock)" ms
ask_rotation $((rotations + 1))
claim 'one more is refused after a restart, too' refused "$most_rotations rotations are open"
cancel_one
claim 'one is cancelled' is 200
ask_rotation $((rotations + 2))
claim 'where one has ended there is room for one' is 201
ask_rotation $((rotations + 3))
claim 'and for no more' refused "$most_rotations rotations are open"
figure "agent's memory, resident" "$(memory VmRSS)" MiB
figure "agent's memory, the most it had" "$(memory VmHWM)" MiB

echo "$passed passed, $failed failed"
[ $failed = 0 ]

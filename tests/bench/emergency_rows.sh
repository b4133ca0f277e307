# shellcheck shell=bash disable=SC2154,SC2317
# Rows of emergencies, for run.sh, which brings the simulator, the agent and result: the time from revoke to the
# last proof, and the speed of scan.

# --- From revoke --all to the last proof ------------------------------------------------------------------
# A death is two requests, revoke and probe, of which the provider's limits allow so many at once: with the
# first limit that is the provider's rate, with the second the speed of the machine.
milliseconds() { date +%s%3N; }

revoke_all() { # revoke_all PROVIDER COUNT: sets took, in milliseconds, when all are proved dead
  local started ended
  agent_start "emergency-$1"
  credential_add
  "$tools/add_keys" "$socket" "$1" e 0 "$2" live/amps-admin >/dev/null
  "$tools/rotate_keys" "$socket" e "$2" >/dev/null # their first ones are made, and replaced once
  started=$(milliseconds)
  "$keyturn" revoke --all --yes --socket "$socket" >"$world/revoked" || {
    say "revoke --all ended with $?: $(tail -n 1 "$world/revoked")"
    exit 1
  }
  ended=$(milliseconds)
  grep -q "^$(($2 + 1)) of $(($2 + 1)) dead" "$world/revoked" || { # with their credential
    say "revoke --all says: $(tail -n 1 "$world/revoked")"
    exit 1
  }
  agent_stop
  took=$((ended - started))
}

emergency_rows() { # emergency_rows COUNT REQUESTS_A_SECOND
  local rate=400 took=''
  sed -E -e 's/^name: .*/name: amps-rate/' -e "s/^( *parallel:.*)/\1\n  per_second: $rate/" \
    "$world/providers/amps-api.yaml" >"$world/providers/amps-rate.yaml"
  revoke_all amps-api "$1"
  result "revoke --all, $1 keys, to the last proof" "$took" 'ms' '' 'two requests a key of libcurl multi' \
    "$(awk -v n="$1" -v r="$2" 'BEGIN {printf "%.0f", 2000 * n / r}')"
  revoke_all amps-rate "$1"
  result "the same, provider allows $rate requests/s" "$took" 'ms' '' "what the provider's limit allows" \
    "$((2000 * $1 / rate))"
  rm "$world/providers/amps-rate.yaml"
}

# --- Scan ------------------------------------------------------------------------------------------------------
scan_tree() { # scan_tree MEGABYTES: text of words, in files of 64 KiB
  mkdir -p "$world/tree"
  awk 'BEGIN {srand(7); for (i = 0; i < 12000; i++) printf "%s%s", substr("configurationservicekeylivetestpath", 1 + int(rand() * 20), 3 + int(rand() * 9)), (i % 11 == 0 ? "\n" : " ")}' >"$world/page"
  truncate -s 65536 "$world/page"
  for ((i = 0; i < $1 * 16; i++)); do cp "$world/page" "$world/tree/$i.txt"; done
}

scan_rows() { # scan_rows MEGABYTES
  local mb plain tool='grep -rF'
  scan_tree "$1"
  agent_start scan
  search() { grep -rqF 'sk_live_is_not_there' "$world/tree" || true; }
  if command -v rg >/dev/null; then
    tool=ripgrep
    search() { rg -qF 'sk_live_is_not_there' "$world/tree" || true; }
  fi
  speed() { # speed COMMAND...: MB/s, the median
    for _ in $(seq "$rounds") 1 2; do
      local started ended
      started=$(milliseconds)
      "$@" >/dev/null 2>"$world/speed.log" || {
        cat "$world/speed.log" >&2
        return 1
      }
      ended=$(milliseconds)
      awk -v ms=$((ended - started)) -v size="$(du -sb "$world/tree" | cut -f1)" \
        'BEGIN {printf "%.0f\n", size / 1000 / (ms > 0 ? ms : 1)}'
    done | median
  }
  plain=$(speed search)
  mb=$(speed "$keyturn" scan "$world/tree" --no-ignore --socket "$socket")
  agent_stop
  rm -rf "$world/tree"
  result "$tool for one string" "$plain" 'MB/s' ''
  result 'keyturn scan, files in the cache' "$mb" 'MB/s' '' "$tool for one string" "$plain"
}

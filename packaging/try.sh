#!/bin/bash
# Shows the main job of Keyturn against a simulated Amps API, on a throw-away vault.
# Installs what is missing (as root or with sudo), builds, and leaves nothing behind but build/.
set -eu
umask 022
cd "$(dirname "$0")/.."
root=$PWD

packaging/deps.sh build || {
  echo 'Going on with what is there.' >&2
}
command -v cmake >/dev/null && command -v ninja >/dev/null || {
  echo 'cmake and ninja are needed to build; install the packages named above.' >&2
  exit 1
}

build=${KEYTURN_BUILD_DIR:-build}/try
mkdir -p "$build"
printf 'Building (the first time takes a minute) ... '
# Installed below build/, because a definition that others may write to is refused, and a tree
# from an archive or a checkout with another umask may have such.
if ! { cmake -S . -B "$build" -G Ninja -DBUILD_TESTING=OFF -DKEYTURN_SIMULATOR=ON &&
  ninja -C "$build" && cmake --install "$build" --prefix "$build/installed"; } >"$build/log" 2>&1; then
  echo 'failed:'
  tail -n 20 "$build/log"
  exit 1
fi
echo 'done.'

bin=$build/installed/bin
keyturn=$root/$bin/keyturn
home=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-try.XXXXXX")
pids=
finish() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  for pid in $pids; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$home"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# run COMMAND: show it as typed, then do it; a status other than 0 is shown, too.
run() {
  printf '$ %s\n' "$1"
  local status=0
  eval "$1" || status=$?
  [ $status = 0 ] || printf '(exit status %d)\n' $status
}

# --- The simulator: an API port, and the dashboard where a person makes and revokes keys -----------
"$root/$build/tests/sim/amps-sim" --ready-file "$home/ports" --death-lag-ms 800 >/dev/null 2>"$home/sim.log" &
pids="$pids $!"
for _ in $(seq 100); do [ -s "$home/ports" ] && break; sleep 0.05; done
[ -s "$home/ports" ] || { echo 'The simulator did not start:'; cat "$home/sim.log"; exit 1; }
port() { sed -E "s/.*\"$1\": ?([0-9]+).*/\1/" "$home/ports"; }
api=http://127.0.0.1:$(port api_port)
dashboard=http://127.0.0.1:$(port dashboard_port)

# dashboard METHOD-PATH BODY: what a person would click
dashboard() {
  exec 3<>"/dev/tcp/127.0.0.1/$(port dashboard_port)"
  printf 'POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
    "$1" "${#2}" "$2" >&3
  cat <&3
  exec 3>&-
}
make_key() { # make_key NAME ENVIRONMENT: prints the key, as the dashboard shows it once
  dashboard /keys "{\"name\":\"$1\",\"environment\":\"$2\"}" | sed -nE 's/.*"key": ?"([^"]+)".*/\1/p'
}
revoke_at_dashboard() { dashboard /keys/revoke "{\"name\":\"$1\"}" >/dev/null; }

# --- The agent -----------------------------------------------------------------------------------
mkdir "$home/providers"
sed -E -e "s|https://api\.amps\.ai|$api|" -e 's|^( *settle_interval:).*|\1 300ms|' -e 's|^( *propagation:).*|\1 2s|' \
  packaging/providers/amps.yaml >"$home/providers/amps.yaml"
export KEYTURN_SOCKET=$home/agent.sock
XDG_CONFIG_HOME=$home "$root/$bin/keyturnd" --store "$home/vault.db" --socket "$KEYTURN_SOCKET" \
  --providers "$home/providers" --log-file "$home/agent.log" &
pids="$pids $!"
for _ in $(seq 100); do [ -S "$KEYTURN_SOCKET" ] && break; sleep 0.05; done
[ -S "$KEYTURN_SOCKET" ] || { echo 'The agent did not start:'; cat "$home/agent.log"; exit 1; }
keyturn() { "$keyturn" "$@"; }
head -c 32 /dev/urandom >"$home/vault.key"
chmod 600 "$home/vault.key"

cat <<EOF

Keyturn keeps API keys in an encrypted vault, replaces them without downtime and kills them when
they leak. Here it works against a simulated Amps API:
  API        $api
  dashboard  $dashboard   (where a person makes and revokes keys; open it if you like)
EOF

say '1. A vault. Here a key file opens it; by default you are asked for a passphrase.'
run "keyturn init --key-file $home/vault.key"

say '2. Two keys, made in the dashboard, go in. Each is proved against the API at once.'
run "make_key ci-1 sandbox | keyturn add sandbox/ci --provider amps --title 'CI' --stdin"
file=$home/amps.env
run "make_key reporting-1 live | keyturn add live/reporting --provider amps --title 'Reporting' --every 30d --grace 1s --deliver-file $file:env:AMPS_KEY --stdin"

say '   A live key never gets into a test place.'
run "make_key wrong live | keyturn add sandbox/wrong --provider amps --stdin"

say '3. The inventory, and the file that the application reads.'
run "keyturn list"
for _ in $(seq 50); do [ -s "$file" ] && break; sleep 0.1; done
run "sed -E 's/(sk_[a-z]+_).*(.{4}.)/\1…\2/' $file"

say '4. Rotation: the provider has no API for keys, so a person makes the new one.'
run "keyturn rotate live/reporting"

say '   The person hands it in. It is proved, delivered and made current; the old one lives on for its grace.'
run "make_key reporting-2 live | keyturn stage live/reporting --stdin --no-wait"
for _ in $(seq 100); do keyturn show live/reporting --json | grep -q '"state": *"waiting"' && break; sleep 0.1; done
run "sed -E 's/(sk_[a-z]+_).*(.{4}.)/\1…\2/' $file"

say '   Now the old key is to be revoked in the dashboard. Keyturn waits, and says so.'
run "keyturn status"
say '   The person revokes it; Keyturn sees its death by itself, and asks twice.'
run "revoke_at_dashboard reporting-1"
for _ in $(seq 150); do keyturn show live/reporting --json | grep -q '"state": *"retiring"\|"state": *"condemned"' || break; sleep 0.1; done
run "keyturn show live/reporting"

say '5. Emergency: the sandbox key leaked. The intent is durable before the command goes on.'
(sleep 2; revoke_at_dashboard ci-1) &
run "keyturn revoke sandbox/ci --reason 'pasted into a chat' --yes --timeout 20s"

say '6. Who did what.'
run "keyturn audit --key live/reporting | tail -n 12"
run "keyturn audit --verify"

cat <<EOF

That was it; all of it is gone again. For your own first key:

  $bin/keyturn init
  $bin/keyturn add live/production-app --provider amps --title "Production App" --every 30d
  $bin/keyturn list
  $bin/keyturn get live/production-app
  $bin/keyturn rotate live/production-app
EOF

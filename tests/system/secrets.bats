#!/usr/bin/env bats
# S6, S7: after a whole life of keys, every place where a secret or a name could be left is searched.
load helpers

setup() { world_begin; }
teardown() { world_end; }

# A rotation to its end, an emergency and a refusal. Every secret that was there is in SECRETS. The names are so long
# that sealed bytes do not spell them by chance: those of four letters do, once in some thousand runs.
live_a_life() {
  local key=quicksilver/watchword
  sim_start
  sed 's/^name: .*/name: thunderbolt/' "$WORLD/providers/amps.yaml" >"$WORLD/providers/thunderbolt.yaml"
  rm "$WORLD/providers/amps.yaml"
  printf 'environments:\n  - {name: quicksilver, class: live}\n' >"$WORLD/config.yaml"
  chmod 0600 "$WORLD/config.yaml"
  agent_start --config "$WORLD/config.yaml"
  vault_make >/dev/null
  SECRETS=("$PASSPHRASE")
  local one two wrong
  one=$(dashboard_make watchword-1 live)
  two=$(dashboard_make watchword-2 live)
  wrong=$(dashboard_make misplaced live)
  SECRETS+=("$one" "$two" "$wrong")
  key_add "$key" "$one" --provider thunderbolt --title 'Zanzibar ferry' --owner quartermaster --label hometown=Antananarivo \
    --grace 1s --deliver-file "$WORLD/places/amps.env:env:AMPS_KEY"
  key_add sandbox/misplaced "$wrong" --provider thunderbolt && return 1
  keyturn rotate "$key" || true
  keyturn stage "$key" --stdin <<<"$two"
  wait_for 10 rotation_is "$key" retiring
  dashboard_revoke watchword-1
  wait_for 15 rotation_is "$key" done
  [ "$(keyturn get "$key")" = "$two" ]
  keyturn identify <<<"found: $two" >/dev/null
  keyturn revoke "$key" --yes --reason leaked --timeout 1s || true
  dashboard_revoke watchword-2
  wait_for 15 version_is "$key" 2 dead
}

# no_secret_in FILE...: none of SECRETS, as it is, in hexadecimal or in Base64.
no_secret_in() {
  local file secret form
  for file in "$@"; do
    [ -e "$file" ] || continue
    for secret in "${SECRETS[@]}"; do
      for form in "$secret" "$(printf '%s' "$secret" | xxd -p 2>/dev/null | tr -d '\n' || true)" \
        "$(printf '%s' "$secret" | base64 -w 0)"; do
        [ -n "$form" ] || continue
        if grep -aqF -e "$form" "$file"; then
          echo "a secret is in $file" >&2
          return 1
        fi
      done
    done
  done
}

@test "S6: no secret in the store, its journal, the audit log, the log, the simulator's journal" {
  live_a_life
  no_secret_in "$STORE" "$STORE-wal" "$STORE-shm" "$AUDIT" "$AGENT_LOG" "$WORLD/journal" "$WORLD/sim.log"
  agent_stop
  no_secret_in "$STORE" "$STORE-wal" "$AUDIT" "$AGENT_LOG"
}

@test "S6: no secret in the agent's arguments and environment, or in temporary files" {
  live_a_life
  no_secret_in "/proc/$AGENT_PID/cmdline" "/proc/$AGENT_PID/environ"
  # What a test of this world wrote by itself is not meant.
  while IFS= read -r file; do
    no_secret_in "$file"
  done < <(find "$WORLD" -type f ! -path "$WORLD/places/amps.env" ! -name sim.ready)
  [ -z "$(find "$WORLD/places" -type f ! -name amps.env)" ]
}

@test "S6: the delivered file is closed to others, from its first moment" {
  world_start
  key_add live/app "$(dashboard_make app live)" --deliver-file "$WORLD/places/amps.env:env:AMPS_KEY"
  wait_for 10 test -s "$WORLD/places/amps.env"
  [ "$(($(stat -c %a "$WORLD/places/amps.env") % 10))" = 0 ]
}

@test "S6: the agent leaves no core" {
  live_a_life
  grep -q '^Max core file size *0 *0 ' "/proc/$AGENT_PID/limits"
  # Not dumpable: its files in /proc belong to root, and only root may trace it.
  [ "$(stat -c %U "/proc/$AGENT_PID/environ")" = root ]
  cd "$WORLD"
  mkdir cores
  cd cores
  kill -ABRT "$AGENT_PID"
  wait "$AGENT_PID" || true
  AGENT_PID=
  [ -z "$(ls)" ]
  [ -z "$(find "$WORLD" -name 'core*' -type f)" ]
}

@test "S6: another user can neither read the agent's memory nor talk to it" {
  [ "$(id -u)" = 0 ] || skip 'needs root to become another user'
  world_start
  chmod 755 "$WORLD"
  run setpriv --reuid 65534 --regid 65534 --clear-groups -- cat "/proc/$AGENT_PID/environ"
  [ "$status" != 0 ]
  run setpriv --reuid 65534 --regid 65534 --clear-groups -- \
    curl -sS --unix-socket "$KEYTURN_SOCKET" http://localhost/v1/keys
  lacks '"keys"' "$output"
}

@test "S7: the store and its journal tell no name, environment, label, title, owner or provider" {
  live_a_life
  # Killed, it leaves its journal behind; an agent that ends well would have emptied it.
  agent_kill
  [ -s "$STORE-wal" ]
  for word in watchword quicksilver sandbox thunderbolt Zanzibar quartermaster Antananarivo hometown AMPS_KEY sk_live_ \
    places misplaced; do
    for file in "$STORE" "$STORE-wal"; do
      if [ -e "$file" ] && grep -aqF "$word" "$file"; then
        echo "$word is in $file" >&2
        return 1
      fi
    done
  done
}

@test "S9: every read and every change is in the audit log" {
  live_a_life
  entries=$(cat "$AUDIT")
  for what in vault.init key.add delivery.put rotation.step key.read incident.open revocation.step; do
    has "\"$what\"" "$entries"
  done
  has uid "$entries"
  run keyturn audit --verify
  [ "$status" = 0 ]
}

#!/usr/bin/env bats
# What a rotation looks at before it retires a key, where its provider tells: whether it is still used.
load helpers

setup() {
  world_begin
  SHELF=$WORLD/shelf
  mkdir -p "$SHELF/keys"
}
teardown() { world_end; }

# A provider that is a program over a folder: a key is a file in keys/, named by its label; what stands in
# ACTION.says is answered instead.
shelf_start() { # shelf_start [LINE OF THE DEFINITION]...
  cat >"$SHELF/shelf" <<'SH'
#!/bin/sh
# shelf ACTION FOLDER
cd "$2" || exit 1
input=$(cat)
value() { printf %s "$input" | sed -nE "s/.*\"$1\":\"([^\"]*)\".*/\1/p"; }
label=$(value label)
echo "$1 $label" >>log
if [ -e "$1.says" ]; then
  cat "$1.says"
  exit
fi
case $1 in
issue)
  echo "shelf_live_$label-0123456789" >"keys/$label"
  printf '{"verdict":"done","secret":"%s","id":"%s"}' "$(cat "keys/$label")" "$label"
  ;;
probe)
  if grep -qxF -- "$(value secret)" keys/* 2>/dev/null; then printf '{"verdict":"alive"}'; else printf '{"verdict":"dead"}'; fi
  ;;
revoke)
  rm -f "keys/$label"
  printf '{"verdict":"done"}'
  ;;
esac
SH
  chmod 0700 "$SHELF/shelf"
  {
    printf '%s\n' 'name: shelf' "$@" 'environments:' \
      "  - {name: live, class: live, base_url: 'http://127.0.0.1:1', key_pattern: '^shelf_live_.+\$'}" \
      'limits: {settle: 2, settle_interval: 50ms, propagation: 200ms, usage_lag: 0s, watch: 1h, keys: 2}' 'actions:'
    for action in issue probe revoke usage; do
      printf '  %s: {program: {command: ["%s", "%s", "%s"]}}\n' "$action" "$SHELF/shelf" "$action" "$SHELF"
    done
  } >"$WORLD/providers/shelf.yaml"
  agent_start
  vault_make >/dev/null
}

@test "R15: a key that is still used is not revoked, and who asks is told when it was used last" {
  shelf_start
  printf '{"verdict":"found","last_used_at":"%s","last_used_by":"batch"}' "$(date -u -d '+1 hour' +%FT%TZ)" \
    >"$SHELF/usage.says"
  keyturn add live/k --provider shelf --no-secret --grace 0s >/dev/null
  wait_for 10 key_is live/k .current.version 1
  keyturn rotate live/k --no-wait || true
  wait_for 10 key_is live/k '.rotations | max_by(.rotation) | .usage.last_used_by' batch
  rotation_is live/k settling
  version_is live/k 1 retiring
  for command in 'show live/k' rotations; do
    run keyturn $command
    has 'waits until version 1 is used no more: version 1 was used last 2' "$output"
  done
  run keyturn plan
  has 'asks you' "$output"
  has 'waits until version 1' "$output"
  [ -e "$SHELF/keys/k-1" ]

  # What is waited for survives the agent's death.
  agent_kill
  agent_start
  vault_unlock
  rotation_is live/k settling
  ! grep -q '^revoke' "$SHELF/log"
}

@test "R75: a provider that kills the old key is asked to only when the policy says so" {
  shelf_start 'overlap: none'
  echo shelf_live_k-1-0123456789 >"$SHELF/keys/k-1"
  printf '%s' shelf_live_k-1-0123456789 | keyturn add live/k --provider shelf --stdin >/dev/null
  run keyturn rotate live/k --no-wait
  run keyturn rotations
  has 'keyturn stage live/k' "$output"
  run keyturn show live/k
  has 'set --without-overlap yes does' "$output"
  ! grep -q '^issue' "$SHELF/log"

  # In the file of the inventory, too.
  keyturn export >"$WORLD/inventory.yaml"
  lacks without_overlap "$(<"$WORLD/inventory.yaml")"
  sed -i 's/^\( *\)provider: shelf/&\n\1without_overlap: yes/' "$WORLD/inventory.yaml"
  keyturn apply "$WORLD/inventory.yaml" --yes
  run keyturn export
  has 'without_overlap: true' "$output"
  wait_for 10 grep -q '^issue' "$SHELF/log"
  # A day's grace is none of a key that died with the answer.
  wait_for 20 rotation_is live/k done
  version_is live/k 1 dead
}

#!/usr/bin/env bats
# S8, S9, S10: whatever was done to the files is found and named when the vault is opened.
load helpers

setup() { world_begin; }
teardown() {
  agent_stop
  ! mountpoint -q "$WORLD/store" || umount "$WORLD/store"
  world_end
}

# Two keys, and a store without a journal beside it; the agent has ended.
begin_store() {
  world_start
  key_add live/first "$(dashboard_make first live)"
  key_add live/second "$(dashboard_make second live)"
  agent_stop
  sqlite3 "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
}

edit() { # edit SQL
  sqlite3 "$STORE" "PRAGMA foreign_keys=OFF; $1"
}

# The agent either does not start, or it does not open the vault; what was said is in SAID.
opening_fails() {
  SAID=
  "$KEYTURND" --store "$STORE" --socket "$KEYTURN_SOCKET" --providers "$WORLD/providers" >"$WORLD/said" 2>&1 3>&- &
  AGENT_PID=$!
  wait_for 20 agent_answers_or_ended
  if kill -0 "$AGENT_PID" 2>/dev/null; then
    run vault_unlock
    SAID=$output
    [ "$status" != 0 ] || return 1
    agent_stop
  else
    SAID=$(cat "$WORLD/said")
    AGENT_PID=
  fi
}

opening_works() {
  agent_start
  vault_unlock
  [ "$(keyturn list --json | jq '.keys | length')" = 2 ]
  agent_stop
}

@test "S10: a store is opened again as it was" {
  begin_store
  opening_works
}

@test "S8: what is no store is refused and left as it is" {
  sim_start
  echo 'no store' >"$STORE"
  chmod 600 "$STORE"
  agent_refuses
  has "$STORE" "$OUTPUT"
  [ "$(cat "$STORE")" = 'no store' ]
}

@test "S8: another program's database is refused" {
  sim_start
  sqlite3 "$STORE" 'CREATE TABLE t(a)'
  chmod 600 "$STORE"
  agent_refuses
  has "$STORE" "$OUTPUT"
}

@test "S8: a store of a newer version is refused, and says so" {
  begin_store
  sqlite3 "$STORE" 'PRAGMA user_version=999'
  agent_refuses
  has newer "$OUTPUT"
}

@test "a store of an older format is brought up, with a copy of it kept, and holds what it held" {
  begin_store
  now=$(sqlite3 "$STORE" 'PRAGMA user_version')
  cp "$STORE" "$WORLD/newest"
  older() { # older FORMAT SQL: a store that lacks what came after that format
    cp "$WORLD/newest" "$STORE"
    sqlite3 "$STORE" "$2; PRAGMA user_version=$1"
    agent_start
    vault_unlock
    [ "$(keyturn list --names | tr '\n' ' ')" = 'live/first live/second ' ]
    agent_stop
    [ "$(sqlite3 "$STORE" 'PRAGMA user_version')" = "$now" ]
    [ "$(sqlite3 "$STORE.before-$now" 'PRAGMA user_version')" = "$1" ]
    rm "$STORE.before-$now"
  }
  older 2 'DROP TABLE label'
  older 1 'DROP TABLE label; DROP TABLE notice'
}

@test "S8: a store that was cut short is refused" {
  begin_store
  size=$(stat -c %s "$STORE")
  for part in 2 4 8; do
    cp "$STORE" "$WORLD/kept"
    truncate -s $((size * (part - 1) / part / 4096 * 4096 + 100)) "$STORE"
    opening_fails
    mv "$WORLD/kept" "$STORE"
  done
  opening_works
}

inventory() { # what the store means, in one line; what is wrong with it, otherwise
  keyturn list --json | jq -cS '[.keys[] | {key, version: .current.version, mask: .current.mask}] | sort'
}

# Every row is looked at a second after unlocking. Whoever reads later than that is told that the vault is locked.
locked_for_it() {
  grep -q 'the vault is locked' <<<"$output" && grep -q 'locked until somebody has looked' "$WORLD/said"
}

# A store that opens may mean what it meant, or name the row that is wrong when it is read.
meaning_is() { # meaning_is MEANING
  run inventory
  [ "$output" = "$1" ] || has 'changed or swapped' "$output" || has damaged "$output" || locked_for_it
}

@test "S8: a flipped bit in any page is found, or changes no meaning" {
  begin_store
  pages=$(($(stat -c %s "$STORE") / 4096))
  cp "$STORE" "$WORLD/kept"
  agent_start
  vault_unlock
  meaning=$(inventory)
  agent_stop
  for ((page = 0; page < pages; page++)); do
    cp "$WORLD/kept" "$STORE"
    flip_bit "$STORE" $((page * 4096 + 4090 - page * 37 % 1200))
    if ! opening_fails; then
      meaning_is "$meaning"
      agent_stop
    fi
  done
}

flip_bit() { # flip_bit FILE OFFSET
  python3 - "$1" "$2" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 0x10]))
PYTHON
}

@test "S8: a row that was deleted or repeated is found, in every table" {
  world_start
  key_add live/first "$(dashboard_make first live)" --deliver-file "$WORLD/places/first" >/dev/null
  key_add live/second "$(dashboard_make second live)" >/dev/null
  keyturn rotate live/second >/dev/null || true
  keyturn revoke live/first --yes --reason leaked --no-wait >/dev/null
  wait_for 10 test -s "$WORLD/places/first"
  agent_stop
  sqlite3 "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  cp "$STORE" "$WORLD/kept"
  for table in key version delivery rotation revocation incident slot; do
    [ "$(sqlite3 "$STORE" "SELECT count(*) > 0 FROM $table")" = 1 ]
    edit "DELETE FROM $table WHERE rowid = (SELECT max(rowid) FROM $table)"
    opening_fails
    cp "$WORLD/kept" "$STORE"
    [ "$table" != slot ] || continue
    # Repeated under an id of its own: what must be given once is left out.
    edit "INSERT INTO $table SELECT randomblob(16), parent, NULL, revision, due_at_ms, meta, secret FROM $table LIMIT 1"
    opening_fails
    cp "$WORLD/kept" "$STORE"
  done
  agent_start
  vault_unlock
}

vault_is() { # vault_is STATE
  api GET /v1/health
  [ "$(jq -r .status <<<"$ANSWER")" = "$1" ]
}

# A job that is never due is never done and never read, and no digest of seals shows it.
@test "S8: a due time that was edited is found a second after unlocking at the latest, and the vault is locked" {
  world_start
  key_add live/first "$(dashboard_make first live)" >/dev/null
  key_add live/second "$(dashboard_make second live)" >/dev/null
  keyturn rotate live/second >/dev/null || true
  keyturn revoke live/first --yes --reason leaked --no-wait >/dev/null
  agent_stop
  sqlite3 "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  cp -r "$WORLD/store" "$WORLD/kept"
  for table in key rotation revocation; do
    for due in NULL 4102444800000; do
      [ "$(sqlite3 "$STORE" "SELECT count(*) > 0 FROM $table WHERE due_at_ms > 0")" = 1 ]
      edit "UPDATE $table SET due_at_ms = $due WHERE due_at_ms > 0"
      agent_start
      run vault_unlock
      wait_for 20 vault_is locked # at once, where unlocking has read the row
      agent_stop
      has "of table $table" "$output$(cat "$WORLD/agent.log")"
      : >"$WORLD/agent.log"
      cp "$WORLD/kept/"* "$WORLD/store/" # the agent may have gone on for a second
    done
  done
  agent_start
  vault_unlock
  sleep 2
  vault_is unlocked
}

@test "S8: two rows whose contents were swapped are found" {
  begin_store
  for place in key.meta version.meta version.secret; do
    cp "$STORE" "$WORLD/kept"
    table=${place%.*}
    column=${place#*.}
    edit "CREATE TEMP TABLE old AS SELECT rowid AS r, $column AS c FROM $table;
      UPDATE $table SET $column = (SELECT c FROM old WHERE r <> $table.rowid ORDER BY r LIMIT 1)"
    found_or_unreadable
    cp "$WORLD/kept" "$STORE"
  done
}

# Found when the vault is opened, or when the row is read.
found_or_unreadable() {
  if ! opening_fails; then
    run keyturn get live/first
    [ "$status" != 0 ]
    has 'changed or swapped' "$output" || locked_for_it
    agent_stop
  fi
}

@test "S8: an older row that was put back is found" {
  begin_store
  cp "$STORE" "$WORLD/older"
  agent_start
  vault_unlock
  keyturn set live/first --title 'Another title'
  agent_stop
  sqlite3 "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  table=key
  edit "ATTACH '$WORLD/older' AS older;
    DELETE FROM main.$table WHERE id IN (SELECT m.id FROM main.$table m JOIN older.$table o ON m.id = o.id WHERE m.revision <> o.revision);
    INSERT INTO main.$table SELECT * FROM older.$table WHERE id NOT IN (SELECT id FROM main.$table)"
  opening_fails
}

@test "S8: an older whole file is found by its generation, and opened only by name" {
  begin_store
  cp "$STORE" "$WORLD/older"
  agent_start
  vault_unlock
  keyturn set live/first --title 'Another title'
  agent_stop
  rm -f "$STORE"-wal "$STORE"-shm
  cp "$WORLD/older" "$STORE"
  opening_fails
  has older "$SAID"
  generation=$(sed -nE 's/.*accept generation ([0-9]+).*/\1/p' <<<"$SAID")
  agent_start
  printf '%s' "$PASSPHRASE" | keyturn unlock --stdin --accept-restore "$generation"
  [ "$(keyturn list --json | jq '.keys | length')" = 2 ]
}

@test "S9: an edited, cut or missing audit log is found" {
  begin_store
  cp "$AUDIT" "$WORLD/kept"
  lines=$(wc -l <"$AUDIT")
  for damage in "2d" "$((lines))d" "2s/uid/gid/" "1,2d"; do
    cp "$WORLD/kept" "$AUDIT"
    sed -i "$damage" "$AUDIT"
    audit_is_bad || {
      echo "not found: sed $damage"
      false
    }
  done
  cp "$WORLD/kept" "$AUDIT"
  head -c -20 "$WORLD/kept" >"$AUDIT"
  audit_is_bad
  rm "$AUDIT"
  audit_is_bad
  cp "$WORLD/kept" "$AUDIT"
  opening_works
}

# Found when the vault is opened, or when the log is verified.
audit_is_bad() {
  local bad=1
  if opening_fails; then return 0; fi
  run keyturn audit --verify
  [ "$status" = 0 ] || bad=0
  agent_stop
  return $bad
}

@test "S10: a disk that is full takes nothing half, and goes on when it has room" {
  [ "$(id -u)" = 0 ] || skip 'needs root to mount a small disk'
  mount -t tmpfs -o size=1m tmpfs "$WORLD/store" || skip 'no tmpfs can be mounted here'
  full_disk
}

full_disk() {
  world_start
  key_add live/first "$(dashboard_make first live)"
  dd if=/dev/zero of="$WORLD/store/filler" bs=4096 2>/dev/null || true
  api POST /v1/keys "{\"environment\":\"live\",\"name\":\"second\",\"provider\":\"amps\",\"title\":\"$(printf 'x%.0s' {1..150})\",\"secret\":\"$(dashboard_make second live)\"}"
  for n in {1..40}; do
    [ "$API_STATUS" = 507 ] && break
    api PATCH /v1/keys/live/first "{\"title\":\"$n\"}"
  done
  [ "$API_STATUS" = 507 ]
  has full "$ANSWER"
  rm "$WORLD/store/filler"
  wait_for 15 keyturn set live/first --title 'There is room'
  key_is live/first .title 'There is room'
  agent_stop
  agent_start
  vault_unlock
  key_is live/first .title 'There is room'
  keyturn audit --verify
}

@test "S10: a disk that is read-only is named, and the store on it stays as it was" {
  [ "$(id -u)" = 0 ] || skip 'needs root to mount a small disk'
  mount -t tmpfs -o size=8m tmpfs "$WORLD/store" || skip 'no tmpfs can be mounted here'
  begin_store
  sum=$(sha256sum "$STORE" "$AUDIT")
  mount -o remount,ro "$WORLD/store"
  run "$KEYTURND" --store "$STORE" --socket "$KEYTURN_SOCKET" --providers "$WORLD/providers"
  [ "$status" = 1 ]
  has "$WORLD/store/vault.db.lock: Read-only file system" "$output"
  mount -o remount,rw "$WORLD/store"
  [ "$(sha256sum "$STORE" "$AUDIT")" = "$sum" ]
  opening_works
}

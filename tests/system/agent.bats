#!/usr/bin/env bats
# The agent as a process: who may open it, who may run beside it, and how it ends.
load helpers

setup() { world_begin; }
teardown() { world_end; }

@test "each state has its exit status: absent, locked, not found, usage, waiting, not reachable" {
  sim_start
  agent_start
  run keyturn list
  [ "$status" = 3 ]
  has 'there is no vault' "$output"
  vault_make
  run keyturn show live/none
  [ "$status" = 3 ]
  run keyturn rotate
  [ "$status" = 2 ]
  key_add live/app "$(dashboard_make app live)"
  run keyturn rotate live/app
  [ "$status" = 6 ]
  keyturn lock
  run keyturn get live/app
  [ "$status" = 5 ]
  has 'keyturn unlock' "$output"
  agent_stop
  run keyturn list --no-start
  [ "$status" = 7 ]
}

@test "a wrong passphrase is refused, recorded, and the right one opens" {
  world_start
  # Each wrong one makes the next wait longer, for everybody: a second after the third. On a busy machine the next
  # may come later than that, and opens; then it is tried again.
  status=0
  for round in {1..20}; do
    [ "$status" = 0 ] || break
    keyturn lock
    for _ in 1 2 3; do
      run keyturn unlock --stdin <<<'no such otters'
      [ "$status" = 4 ]
      lacks 'no such otters' "$output"
    done
    run vault_unlock
  done
  [ "$status" = 1 ]
  has 'wrong tries' "$output"
  run keyturn list
  [ "$status" = 5 ]
  wait_for 20 vault_unlock
  run keyturn list
  [ "$status" = 0 ]
  lacks 'no such otters' "$(cat "$AUDIT" "$AGENT_LOG")"
}

work_of_unlock() { # work_of_unlock PASSPHRASE: the agent's processor time, in ticks; what it said is in output
  local before after
  before=$(awk '{ print $14 + $15 }' "/proc/$AGENT_PID/stat")
  run keyturn unlock --stdin <<<"$1"
  after=$(awk '{ print $14 + $15 }' "/proc/$AGENT_PID/stat")
  [ "$status" = 4 ]
  WORK=$((after - before))
}

@test "a wrong passphrase and a damaged slot take the same work and say the same, wherever the slot is damaged" {
  sim_start
  agent_start
  printf '%s' "$PASSPHRASE" | keyturn init --stdin # at the cost of a real one
  keyturn lock
  work_of_unlock 'no such otters'
  local wrong=$WORK said=$output length at
  agent_stop
  sqlite3 "$STORE" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  cp "$STORE" "$WORLD/kept"
  length=$(sqlite3 "$STORE" 'SELECT length(blob) FROM slot')
  for at in 1 5 $((length - 3)); do # its form, its kind, what it wraps
    cp "$WORLD/kept" "$STORE"
    sqlite3 "$STORE" "UPDATE slot SET blob = CAST(substr(blob, 1, $at - 1) || x'5a' || substr(blob, $at + 1) AS BLOB)"
    agent_start
    work_of_unlock "$PASSPHRASE"
    [ "$output" = "$said" ]
    [ "$WORK" -gt $((wrong / 3)) ]
    agent_stop
  done
}

@test "the vault is locked after a restart, and what it held is there after unlocking" {
  world_start
  secret=$(dashboard_make app live)
  key_add live/app "$secret"
  agent_stop
  agent_start
  run keyturn get live/app
  [ "$status" = 5 ]
  vault_unlock
  [ "$(keyturn get live/app)" = "$secret" ]
}

@test "a second agent on the same store is refused, and the first goes on" {
  world_start
  agent_refuses --socket "$WORLD/second.sock"
  has "$STORE" "$OUTPUT"
  run keyturn list
  [ "$status" = 0 ]
}

@test "a second agent on the same socket is refused, and the first goes on" {
  world_start
  agent_refuses --store "$WORLD/second.db"
  has "$KEYTURN_SOCKET" "$OUTPUT"
  run keyturn list
  [ "$status" = 0 ]
}

@test "a socket left behind by a crash does not hinder the next agent" {
  world_start
  agent_kill
  [ -S "$KEYTURN_SOCKET" ]
  agent_start
  vault_unlock
}

@test "a socket path that is too long is refused by name" {
  local long
  long=$WORLD/$(printf 'x%.0s' {1..120})
  agent_refuses --socket "$long"
  has socket "$OUTPUT"
}

@test "a file or a link where the socket should be is refused and left as it is" {
  echo keep >"$WORLD/taken"
  agent_refuses --socket "$WORLD/taken"
  [ "$(cat "$WORLD/taken")" = keep ]
  ln -s "$WORLD/elsewhere" "$WORLD/link"
  agent_refuses --socket "$WORLD/link"
  [ -L "$WORLD/link" ]
  [ ! -e "$WORLD/elsewhere" ]
}

@test "the agent ends by itself when it is told to, with status 0" {
  world_start
  kill -TERM "$AGENT_PID"
  wait "$AGENT_PID"
  AGENT_PID=
}

@test "a socket does not stay behind an agent that ends well" {
  world_start
  [ -S "$KEYTURN_SOCKET" ]
  agent_stop
  [ ! -e "$KEYTURN_SOCKET" ]
}

@test "S6: the store, the log and the socket are closed to others" {
  world_start
  [ "$(stat -c %a "$STORE")" = 600 ]
  [ "$(stat -c %a "$AUDIT")" = 600 ]
  case "$(stat -c %a "$KEYTURN_SOCKET")" in 600 | 660) ;; *) false ;; esac
}

@test "a definition with a mistake is refused with its file, line and field" {
  sim_start
  sed -i 's/settle: 2/settle: many/' "$WORLD/providers/amps.yaml"
  agent_refuses
  has amps.yaml "$OUTPUT"
  has settle "$OUTPUT"
  [[ $OUTPUT =~ amps.yaml:[0-9]+ ]]
}

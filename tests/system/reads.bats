#!/usr/bin/env bats
# Many readers at once, and what is left of their reads when the agent dies.
load helpers

setup() { world_begin; }
teardown() {
  [ -z "${CROWD_PID:-}" ] || end_process "$CROWD_PID" TERM
  world_end
}

crowd_start() { # crowd_start KEY...: eight connections; returns once some hundred answers have come
  rm -f "$WORLD/crowd" # or the last one's word would do
  python3 "$REPOSITORY/tests/system/readers.py" --first 300 "$KEYTURN_SOCKET" 8 "$@" \
    >"$WORLD/counts" 2>"$WORLD/crowd" 3>&- &
  CROWD_PID=$!
  wait_for 20 grep -q reading "$WORLD/crowd"
}

lines_of() { # lines_of KEY: its reads in the log
  grep -c "\"what\":\"key.read\",\"key\":\"$1\"" "$AUDIT"
}

@test "S9: the agent is killed amid its readers: every answer that came has its line, and the chain holds" {
  world_start
  key_add live/app "$(dashboard_make app live)"
  key_add live/other "$(dashboard_make other live)"
  for _ in 1 2 3; do
    before_app=$(lines_of live/app || true)
    before_other=$(lines_of live/other || true)
    crowd_start live/app live/other
    agent_kill
    wait "$CROWD_PID"
    CROWD_PID=
    agent_start
    vault_unlock
    for key in app other; do
      answers=$(sed -n "s|^live/$key ||p" "$WORLD/counts")
      before=before_$key
      lines=$(($(lines_of "live/$key") - ${!before}))
      [ "$answers" -gt 0 ]
      [ "$lines" -ge "$answers" ]
      [ "$lines" -le $((answers + 8)) ] # at most one under way on each connection
    done
    api POST /v1/audit/verify
    [ "$API_STATUS" = 200 ]
  done
}

@test "a key that is rotated amid its readers: who asks afterwards gets the new one" {
  world_start
  key_add live/app "$(dashboard_make app-1 live)" --grace 1h
  crowd_start live/app
  keyturn rotate live/app || true
  next=$(dashboard_make app-2 live)
  printf '%s' "$next" | keyturn stage live/app --stdin || true
  wait_for 20 version_is live/app 2 current
  [ "$(keyturn get live/app)" = "$next" ]
  agent_kill
  wait "$CROWD_PID"
  CROWD_PID=
}

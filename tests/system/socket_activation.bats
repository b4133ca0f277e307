#!/usr/bin/env bats
# The agent takes a listening socket from systemd: descriptor 3, sd_listen_fds(3).

load helpers

setup() { world_begin; }
teardown() { world_end; }

# activated PID_OF OPTION...: the agent, with a socket at $WORLD/given.sock as descriptor 3;
# LISTEN_PID is the agent's own ("self") or another's.
activated() {
  local whose=$1
  shift
  python3 - "$whose" "$WORLD/given.sock" "$KEYTURND" --store "$STORE" \
    --providers "$WORLD/providers" "$@" >>"$AGENT_LOG" 2>&1 3>&- <<'PYTHON' &
import os
import socket
import sys

whose, path, program = sys.argv[1:4]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
open(path + ".listens", "w").close()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"] = str(os.getpid() if whose == "self" else os.getppid())
os.environ["LISTEN_FDS"] = "1"
os.execv(program, [program, *sys.argv[4:]])
PYTHON
  AGENT_PID=$!
}

@test "socket activation: the agent answers on the socket it is given, and makes none itself" {
  activated self --socket "$WORLD/own.sock"
  KEYTURN_SOCKET=$WORLD/given.sock
  wait_for 20 agent_answers
  vault_make
  keyturn status
  [ ! -e "$WORLD/own.sock" ]
  has "listens on $WORLD/given.sock," "$(cat "$AGENT_LOG")"
}

@test "socket activation: who asks first, and so starts the agent, finds the vault open when it needs nobody to open it" {
  openssl rand -hex 32 >"$WORLD/vault.key"
  chmod 0600 "$WORLD/vault.key"
  sim_start
  agent_start
  keyturn init --key-file "$WORLD/vault.key" >/dev/null
  key_add live/a "$(dashboard_make a-1 live)" >/dev/null
  agent_stop
  activated self --key-file "$WORLD/vault.key"
  KEYTURN_SOCKET=$WORLD/given.sock
  wait_for 10 test -e "$KEYTURN_SOCKET.listens"
  api GET /v1/keys/live/a # waits in the socket's queue, as at a boot
  [ "$API_STATUS" = 200 ]
}

@test "socket activation: the given socket stays for the next agent" {
  activated self
  KEYTURN_SOCKET=$WORLD/given.sock
  wait_for 20 agent_answers
  agent_stop
  [ -S "$WORLD/given.sock" ]
}

@test "socket activation: a socket meant for another process is left alone" {
  activated other --socket "$WORLD/own.sock"
  KEYTURN_SOCKET=$WORLD/own.sock
  wait_for 20 agent_answers
  api GET /v1/health
  [ "$API_STATUS" = 200 ]
}

@test "socket activation: a descriptor that is no listening Unix stream socket is refused" {
  local kind
  for kind in file connected datagram internet; do
    run python3 - "$kind" "$KEYTURND" --store "$STORE" --providers "$WORLD/providers" 3>&- <<'PYTHON'
import os
import socket
import sys

kind, program = sys.argv[1:3]
if kind == "file":
    descriptor = os.open("/dev/null", os.O_RDONLY)
elif kind == "connected":
    mine, theirs = socket.socketpair(socket.AF_UNIX)
    descriptor = mine.fileno()
else:
    listener = socket.socket(*(socket.AF_UNIX, socket.SOCK_DGRAM) if kind == "datagram" else (socket.AF_INET,))
    if kind == "internet":
        listener.bind(("127.0.0.1", 0))
        listener.listen()
    descriptor = listener.fileno()
os.dup2(descriptor, 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "1"
os.execv(program, [program, *sys.argv[3:]])
PYTHON
    [ "$status" = 1 ]
    has 'descriptor 3 (LISTEN_FDS) is not a listening Unix stream socket' "$output"
  done
}

@test "S6: the agent passes nothing of the activation on to what it starts" {
  activated self
  KEYTURN_SOCKET=$WORLD/given.sock
  wait_for 20 agent_answers
  vault_make
  printf '#!/bin/sh\nenv >%s/seen\nls -l /proc/self/fd >>%s/seen\n' "$WORLD" "$WORLD" >"$WORLD/places/look"
  chmod 0755 "$WORLD/places/look"
  sim_start
  agent_stop
  rm "$WORLD/given.sock"
  activated self
  wait_for 20 agent_answers
  vault_unlock
  key_add live/a "$(dashboard_make a-1 live)" --deliver "{\"kind\":\"program\",\"class\":\"live\",\"command\":[\"$WORLD/places/look\"]}"
  wait_for 10 test -s "$WORLD/seen"
  lacks LISTEN_ "$(cat "$WORLD/seen")"
  lacks socket: "$(cat "$WORLD/seen")"
}

#!/usr/bin/env bats
# The command line by itself: help, usage, exit statuses, completions, and agents that misbehave.

bats_require_minimum_version 1.5.0
load helpers

setup() {
  world_begin
  FAKE_PID=
}

teardown() {
  [ -z "$FAKE_PID" ] || end_process "$FAKE_PID" TERM
  world_end
}

commands() {
  keyturn help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'
}

fake() { # fake ANSWER, with printf's escapes
  # shellcheck disable=SC2059
  printf "$1" >"$WORLD/answer"
  python3 "$BATS_TEST_DIRNAME/fake_agent.py" "$KEYTURN_SOCKET" "$WORLD/answer" >"$WORLD/fake.log" 2>&1 3>&- &
  FAKE_PID=$!
  wait_for 10 test -S "$KEYTURN_SOCKET"
}

# runs STATUS ARGUMENT...: with what it says in output
runs() {
  local expected=$1
  shift
  run keyturn "$@" </dev/null
  [ "$status" = "$expected" ] || {
    echo "status $status, not $expected: keyturn $*: $output" >&2
    return 1
  }
}

@test "every command's help shows its usage and an example of itself" {
  for command in $(commands); do
    runs 0 "$command" --help
    has "Usage: keyturn $command" "$output"
    has "$ " "$output"
    has "keyturn $command" "${output##*Example}"
    help=$output
    runs 0 help "$command"
    [ "$output" = "$help" ]
  done
}

@test "usage errors end with status 2 and the nearest suggestion" {
  runs 2
  runs 2 lsit
  has 'Did you mean list?' "$output"
  runs 2 list --jsno
  has 'Did you mean --json?' "$output"
  runs 2 get
  has 'Usage: keyturn get KEY' "$output"
  runs 2 get live
  has 'environment/name' "$output"
  runs 2 get live/x --version 0
  runs 2 add live/x
  has '--provider' "$output"
  runs 2 set live/x
  runs 2 set live/x --every soon
  runs 2 revoke live/x --timeout soon
  runs 2 incident three
  runs 2 completion tcsh
  runs 2 help lsit
}

@test "without an agent on a named socket the status is 7 and none is started" {
  runs 7 list
  has "no agent listens on $KEYTURN_SOCKET" "$output"
  runs 7 lock
  [ ! -e "$KEYTURN_SOCKET" ]
}

@test "a socket's path that is too long is said to be" {
  runs 7 list --socket "/$(printf 'x%.0s' {1..108})"
  has 'too long' "$output"
}

@test "version needs no agent" {
  runs 0 version
  has 'keyturn ' "$output"
}

@test "what is no agent, or half of one, ends with status 7 and says what came" {
  local answers=('' 'SSH-2.0-OpenSSH_9.2\r\n' 'HTTP/1.1 200 OK\r\nContent-Len'
    'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"status":'
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab')
  for answer in "${answers[@]}"; do
    fake "$answer"
    for command in 'list' 'list --json' 'get live/x' status; do
      # shellcheck disable=SC2086
      runs 7 $command
      has 'keyturn: ' "$output"
    done
    end_process "$FAKE_PID" TERM
    rm -f "$KEYTURN_SOCKET"
  done
}

@test "a server that is not ours is told from the agent" {
  fake 'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>'
  runs 1 list
  has 'HTTP status 502' "$output"
  runs 1 get live/x
  has 'HTTP status 502' "$output"
}

@test "an answer that is not JSON is refused, not shown" {
  fake 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  runs 1 status
  has 'not JSON' "$output"
  runs 1 list
}

# fake_list BODY: an answer that is whole as HTTP has it
fake_list() {
  fake "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: $(printf "$1" | wc -c)\r\n\r\n$1"
}

@test "a list that ends before its end is refused, not shown in part" {
  local bodies=('{"keys":[\n' '{"keys":[\n["live/a"],\n' '{"keys":[\n["live/a"],\n["live/b"]\n' '{"keys":[\n["live/a"]\n],"next":"00"}'
    '{"keys":[{"key":"live/a"}],"next":null}' '{"keys":[\n["live/a",1]\n],"next":null}' '{"keys":[\n{"key":"live/a"}\n],"next":null}')
  for body in "${bodies[@]}"; do
    fake_list "$body"
    run --separate-stderr keyturn list --names
    [ "$status" != 0 ]
    [ "$output" = '' ]
    has 'list' "$stderr"
    end_process "$FAKE_PID" TERM
    rm -f "$KEYTURN_SOCKET"
  done
  fake_list '{"keys":[\n["live/b"],\n["live/\\u001b[31m"],\n["live/a"]\n],"next":null}'
  runs 0 list --names
  [ "$output" = $'live/?[31m\nlive/a\nlive/b' ]
}

@test "a secret that is longer than any may be is not printed in part" {
  fake "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n$(printf 'x%.0s' {1..70000})"
  run --separate-stderr keyturn get live/x
  [ "$status" != 0 ]
  [ -z "$output" ]
}

@test "half a secret is not printed" {
  fake 'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nsk_live_half'
  run --separate-stderr keyturn get live/x
  [ "$status" = 7 ]
  [ -z "$output" ]
}

@test "each code of a problem has its exit status" {
  local rows='locked:5 denied:4 wrong_key:4 not_found:3 invalid:1 state:1 tampered:1 network:1 busy:1'
  for row in $rows; do
    body="{\"code\":\"${row%:*}\",\"detail\":\"it says so\"}"
    fake "HTTP/1.1 400 No\r\nContent-Type: application/problem+json\r\nContent-Length: ${#body}\r\n\r\n$body"
    runs "${row#*:}" get live/x
    has 'it says so' "$output"
    runs "${row#*:}" list --json
    end_process "$FAKE_PID" TERM
    rm -f "$KEYTURN_SOCKET"
  done
}

@test "S6: text of others cannot move the terminal's cursor" {
  body='{"code":"invalid","detail":"a\\u001b[31mb"}' # printf makes the two backslashes one
  fake "HTTP/1.1 400 No\r\nContent-Length: $((${#body} - 1))\r\n\r\n$body"
  runs 1 get live/x
  has 'a?[31mb' "$output"
}

@test "output that does not arrive is a failure" {
  [ -c /dev/full ] || skip 'no /dev/full'
  run bash -c '"$0" help >/dev/full' "$KEYTURN"
  [ "$status" = 1 ]
  for command in 'get live/x' 'list --json'; do # at once, and in a piece
    for head in 'Content-Length: 3\r\n\r\n' 'Transfer-Encoding: chunked\r\n\r\n3\r\n'; do
      fake "HTTP/1.1 200 OK\r\n${head}abc\r\n0\r\n\r\n"
      run bash -c '"$0" $1 >/dev/full' "$KEYTURN" "$command"
      [ "$status" = 1 ]; has 'cannot write to standard output' "$output"
      end_process "$FAKE_PID" TERM
      rm -f "$KEYTURN_SOCKET"
    done
  done
}

@test "the shipped completions are those the program writes, and bash takes them" {
  diff <(keyturn completion bash) "$REPOSITORY/packaging/completions/keyturn.bash"
  diff <(keyturn completion zsh) "$REPOSITORY/packaging/completions/_keyturn"
  diff <(keyturn completion fish) "$REPOSITORY/packaging/completions/keyturn.fish"
  # shellcheck source=/dev/null
  run bash -c 'source "$0"; COMP_WORDS=(keyturn rota); COMP_CWORD=1; _keyturn; echo "${COMPREPLY[@]}"' \
    "$REPOSITORY/packaging/completions/keyturn.bash"
  [ "$output" = 'rotate rotations' ]
}

@test "the manual has every command and every option" {
  manual=$(mandoc -T ascii "$REPOSITORY/packaging/man/keyturn.1" | col -b)
  [ -z "$(mandoc -T lint "$REPOSITORY/packaging/man/keyturn.1")" ]
  for command in $(commands); do
    has "     $command" "$manual"
    for option in $(keyturn help "$command" | sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
      has "$option" "$manual"
    done
  done
}

# --- With an agent --------------------------------------------------------------------------------

@test "S6: a prompt shows nothing of what is typed" {
  command -v script >/dev/null || skip 'no script(1)'
  world_start
  export PASSPHRASE KEYTURN
  keyturn lock
  run typed 'Passphrase: ' "$PASSPHRASE" "$KEYTURN unlock"
  [ "$status" = 0 ]
  has 'Passphrase: ' "$output"
  has 'The vault is open.' "$output"
  lacks "$PASSPHRASE" "$output"
}

@test "a question without anybody to answer it is refused, and --yes answers it" {
  world_start
  key_add live/x "$(dashboard_make x live)"
  runs 2 revoke live/x
  has '--yes' "$output"
  version_is live/x 1 current
  asks revoke live/x --yes
  [ "$status" = 6 ]
  has 'waiting for you' "$output"
  dashboard_revoke x
  wait_for 20 version_is live/x 1 dead
}

@test "a name typed wrong revokes nothing" {
  command -v script >/dev/null || skip 'no script(1)'
  world_start
  key_add live/x "$(dashboard_make x live)"
  run typed 'Type live/x' live/y "$KEYTURN revoke live/x"
  has 'nothing was done' "$output"
  version_is live/x 1 current
}

@test "where no agent runs for the user one is started, and only one" {
  unset KEYTURN_SOCKET
  socket=$XDG_RUNTIME_DIR/keyturn/agent.sock
  runs 7 list --no-start
  runs 0 status
  has 'There is no vault yet' "$output"
  pid=$(curl -fsS --unix-socket "$socket" http://localhost/v1/health | jq .pid)
  runs 0 status
  [ "$(curl -fsS --unix-socket "$socket" http://localhost/v1/health | jq .pid)" = "$pid" ]
  end_process "$pid" TERM
}

@test "lists are one JSON document, and tables are plain off a terminal" {
  world_start
  key_add sandbox/ci "$(dashboard_make ci sandbox)"
  [ "$(keyturn list --json | jq -r '.keys[0].key')" = sandbox/ci ]
  for command in rotations plan revocations incidents providers status slots 'audit' 'show sandbox/ci' \
    'deliver sandbox/ci list' 'history sandbox/ci'; do
    # shellcheck disable=SC2086
    keyturn $command --json | jq -e . >/dev/null
  done
  [ "$(keyturn list --names)" = sandbox/ci ]
  unset NO_COLOR
  lacks $'\e' "$(TERM=xterm keyturn list)"
}

@test "a table fits its terminal and colours what needs a person" {
  command -v script >/dev/null || skip 'no script(1)'
  world_start
  key_add sandbox/a-key-with-quite-a-long-name "$(dashboard_make ci sandbox)"
  run keyturn rotate sandbox/a-key-with-quite-a-long-name
  [ "$status" = 6 ]
  unset NO_COLOR
  run script -qec "stty cols 60; TERM=xterm $KEYTURN list" /dev/null </dev/null
  has $'\e[' "$output"
  has 'sand' "$output"
  has '…' "$output"
  while IFS= read -r line; do
    plain=$(sed 's/\x1b\[[0-9;]*m//g; s/\r//g' <<<"$line")
    [ "$(LC_ALL=C.UTF-8 wc -m <<<"$plain")" -le 61 ]
  done <<<"$output"
  NO_COLOR=1 run script -qec "stty cols 60; TERM=xterm $KEYTURN list" /dev/null </dev/null
  lacks $'\e[' "$output"
}

@test "identify finds a key in a text and tells the agent nothing of the text" {
  world_start
  secret=$(dashboard_make ci sandbox)
  key_add sandbox/ci "$secret"
  run keyturn identify < <(printf 'first line\ncurl -H "x-api-key: %s" x\n' "$secret")
  has 'line 2: ' "$output"
  has 'sandbox/ci, version 1, current' "$output"
  lacks "$secret" "$output"
  run keyturn identify < <(printf 'nothing of ours: sk_live_0000000000000000\n')
  [ "$output" = 'None of our keys is in it.' ]
}

@test "^C ends the looking, not the revocation" {
  world_start
  key_add live/x "$(dashboard_make x live)"
  asks revoke live/x --yes
  [ "$status" = 6 ]
  has 'the agent goes on' "$output"
  dashboard_revoke x
  wait_for 20 version_is live/x 1 dead
}

@test "a key whose provider proves nothing says why, until it does" {
  world_start
  fault '{"match":{"path":"/battery"},"kind":"status_500","times":-1}'
  keyturn add live/app --provider amps --stdin <<<"$(dashboard_make app-1 live)"
  unproved() {
    run keyturn probe live/app
    [ "$status" = 1 ] && [[ $output == *'  not proved yet: 500 '* ]]
  }
  wait_for 60 unproved
  has 'live/app was proved neither alive nor dead' "$output"
  run keyturn show live/app
  has 'no clear answer: 500 ' "$output"
  has '; asked again in ' "$output"
  run keyturn status
  has 'No clear answer:' "$output"
  has '  live/app  version 1: 500 ' "$output"
  dashboard DELETE /faults >/dev/null
  wait_for 60 keyturn probe live/app
  key_is live/app .doubt null
  run keyturn status
  lacks 'No clear answer' "$output"
}

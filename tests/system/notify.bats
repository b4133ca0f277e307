#!/usr/bin/env bats
# People are told: by a program, a webhook and mail, all of them real ones on the loopback interface.

bats_require_minimum_version 1.5.0
load helpers

setup() {
  world_begin
  PEOPLE=$WORLD/people
  mkdir "$PEOPLE"
  touch "$PEOPLE/posts" "$PEOPLE/mails" "$PEOPLE/runs" "$PEOPLE/hanging" "$PEOPLE/logins"
  python3 "$REPOSITORY/tests/system/people.py" "$PEOPLE" 2>"$PEOPLE/log" 3>&- &
  PEOPLE_PID=$!
  wait_for 10 test -s "$PEOPLE/ports"
  read -r HTTP_PORT SMTP_PORT SMTPS_PORT <"$PEOPLE/ports"
  printf '#!/bin/sh\ncat >>"%s/runs"\n' "$PEOPLE" >"$WORLD/pager"
  chmod 0700 "$WORLD/pager"
}

teardown() {
  world_end
  [ -z "${PEOPLE_PID:-}" ] || end_process "$PEOPLE_PID" TERM
}

world_with() { # world_with REMIND CHANNELS: the agent with these channels
  printf 'remind: %s\n%s\nnotify:\n%s\n' "$1" "${MORE:-}" "$2" >"$WORLD/config.yaml"
  chmod 0600 "$WORLD/config.yaml"
  sim_start
  agent_start --config "$WORLD/config.yaml"
  vault_make >/dev/null
}

program() { printf '  - {name: pager, program: ["%s"]%s}\n' "$WORLD/pager" "$1"; }
webhook() { printf '  - {name: hook, webhook: "http://127.0.0.1:%s/keys"%s}\n' "$HTTP_PORT" "$1"; }
mail() {
  printf '  - {name: mail, mail: "smtp://127.0.0.1:%s", from: keyturn@example.org, to: [ana@example.org, ben@example.org]%s}\n' \
    "$SMTP_PORT" "$1"
}

told() { jq -r "$2" "$PEOPLE/$1"; }
lines() { [ "$(wc -l <"$PEOPLE/$1")" "$2" "$3" ]; }
audited() { grep -c "\"what\":\"$1\"" "$AUDIT"; }

@test "a person's step is told over every channel, with what to do and without a secret, and comes back until it is done" {
  world_with 1s "$(program; webhook; mail ', clear: true')"
  old=$(dashboard_make reporting sandbox)
  key_add sandbox/reporting "$old"
  run keyturn rotate sandbox/reporting
  [ "$status" = 6 ]
  wait_for 10 lines posts -ge 1
  wait_for 10 lines mails -ge 1
  wait_for 10 lines runs -ge 1
  [ "$(told posts '.body | "\(.about) \(.key) \(.version)"' | head -n 1)" = 'waits sandbox/reporting 2' ]
  has 'reporting-2' "$(told posts .body.summary | head -n 1)"
  has 'reporting-2' "$(told posts .body.instructions | head -n 1)"
  api GET /v1/rotations
  [ "$(told posts '.body | {text: .instructions, link} | tojson' | head -n 1)" = "$(jq '.rotations[0].instructions | tojson' -r <<<"$ANSWER")" ]
  [ "$(told runs .about | head -n 1)" = waits ]
  [ "$(told mails '.from + " " + (.to | join(" "))' | head -n 1)" = 'keyturn@example.org ana@example.org ben@example.org' ]
  head -n 1 "$PEOPLE/mails" | jq -r .data >"$WORLD/mail"
  grep -q '^Subject: \[keyturn\] sandbox/reporting: waits for a new key' "$WORLD/mail"
  grep -q '^To: <ana@example.org>, <ben@example.org>' "$WORLD/mail"
  grep -q 'What to do:' "$WORLD/mail"
  grep -q 'keyturn show sandbox/reporting' "$WORLD/mail"

  # Each is as the schema says, and each is told once.
  cat "$PEOPLE/runs" >"$WORLD/all"
  jq -c .body "$PEOPLE/posts" >>"$WORLD/all"
  python3 - "$REPOSITORY/schema/notice.schema.json" "$WORLD/all" <<'PY'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
for line in open(sys.argv[2]):
    jsonschema.validate(json.loads(line), schema)
PY
  # It comes back.
  wait_for 10 lines posts -ge 3
  [ "$(told posts .body.id | sort | uniq -d | wc -l)" = 0 ]

  new=$(dashboard_make reporting-2 sandbox)
  printf %s "$new" | keyturn stage sandbox/reporting --stdin --no-wait
  wait_for 10 key_is sandbox/reporting .waits_for_person false
  wait_for 10 no_notices # one that was on its way has come
  before=$(wc -l <"$PEOPLE/posts")
  sleep 2
  lines posts -eq "$before"
  for secret in "$old" "$new"; do
    ! grep -qF -- "$secret" "$PEOPLE/posts" "$PEOPLE/mails" "$PEOPLE/runs" "$AUDIT" "$AGENT_LOG"
  done
  [ "$(audited notice.sent)" -ge 3 ]
  [ "$(audited notice.failed)" = 0 ]
  kill -0 "$PEOPLE_PID"
}

@test "one that cannot be sent is shown, audited, kept over a crash and sent later, once" {
  world_with 1s "$(webhook ', about: [incident]'; mail ', clear: true, about: [incident]')"
  key_add sandbox/leaky "$(dashboard_make leaky sandbox)"
  touch "$PEOPLE/down"
  keyturn revoke sandbox/leaky --yes --reason 'pasted in a ticket' --no-wait
  wait_for 10 grep -q '"what":"notice.failed"' "$AUDIT"
  wait_for 10 status_says 'hook  incident incident: the server answered 500'
  wait_for 10 status_says 'mail  incident incident'
  api GET /v1/notices
  [ "$API_STATUS" = 200 ]
  [ "$(jq -r '[.notices[] | .channel] | sort | join(" ")' <<<"$ANSWER")" = 'hook mail' ]
  lines posts -eq 0
  lines mails -eq 0

  end_process "$AGENT_PID" KILL
  rm "$PEOPLE/down"
  agent_start --config "$WORLD/config.yaml"
  vault_unlock
  wait_for 20 lines posts -eq 1
  wait_for 20 lines mails -eq 1
  has 'pasted in a ticket' "$(told posts .body.summary)"
  [ "$(told posts .body.incident)" = 1 ]
  wait_for 10 no_notices
  sleep 1.5
  lines posts -eq 1
  lines mails -eq 1
}

status_says() { keyturn status | grep -qF -- "$1"; }
no_notices() { [ "$(keyturn status --json | jq '.notices | length')" = 0 ]; }

@test "an alarm is told; a channel that is not to hear of it does not" {
  world_with 1h "$(webhook ', about: [alarm]'; program ', about: [incident]')"
  key_add sandbox/used "$(dashboard_make used sandbox)"
  dashboard_revoke used
  keyturn probe sandbox/used || true
  wait_for 10 lines posts -eq 1
  [ "$(told posts '.body | "\(.about) \(.key) \(.version)"')" = 'alarm sandbox/used 1' ]
  has 'version 1, in use, is dead' "$(told posts .body.summary)"
  lines runs -eq 0
}

@test "a webhook's token comes from the vault, and no mail leaves without TLS unless told to" {
  world_with 1s "$(webhook ', about: [waits], credential: sandbox/token'; mail ', about: [waits]')"
  token=$(dashboard_make token sandbox)
  key_add sandbox/token "$token"
  key_add sandbox/reporting "$(dashboard_make reporting sandbox)"
  run keyturn rotate sandbox/reporting
  wait_for 10 lines posts -ge 1
  [ "$(told posts '.headers.authorization' | head -n 1)" = "Bearer $token" ]
  ! grep -qF -- "$token" "$AUDIT" "$AGENT_LOG"
  wait_for 10 grep -q '"what":"notice.failed".*by mail' "$AUDIT"
  lines mails -eq 0
}

@test "a channel that hangs holds up neither an emergency nor the agent" {
  printf '#!/bin/sh\nexec sleep 60\n' >"$WORLD/pager"
  world_with 1s "$(program)"
  for name in one two three; do
    key_add sandbox/$name "$(dashboard_make $name sandbox)"
    run keyturn rotate sandbox/$name
    [ "$status" = 6 ]
  done
  keyturn revoke sandbox/one --yes --reason leak --no-wait
  dashboard_revoke one
  api GET /v1/revocations
  id=$(jq -r '.revocations[0].id' <<<"$ANSWER")
  api POST "/v1/revocations/$id/look"
  wait_for 10 version_is sandbox/one 1 dead
}

version_is() { [ "$(key_field "$1" ".versions[] | select(.version == $2).state")" = "$3" ]; }

@test "locking does not wait for a channel that hangs; what was on its way is sent when the vault is open again" {
  touch "$PEOPLE/hang"
  printf '#!/bin/sh\ncat >"%s/message"\necho $$ >"%s/pid.new"; mv "%s/pid.new" "%s/pid"\nwhile [ -e "%s/hang" ]; do sleep 0.05; done\ncat "%s/message" >>"%s/runs"\n' \
    "$WORLD" "$WORLD" "$WORLD" "$WORLD" "$PEOPLE" "$WORLD" "$PEOPLE" >"$WORLD/pager"
  world_with 1h "$(program ', about: [incident], timeout: 5m'; webhook ', about: [incident], timeout: 5m'
    mail ', clear: true, about: [incident], timeout: 5m')"
  key_add sandbox/leaky "$(dashboard_make leaky sandbox)"
  keyturn revoke sandbox/leaky --yes --reason 'pasted in a ticket' --no-wait
  wait_for 10 test -s "$WORLD/pid"
  wait_for 10 lines hanging -ge 2
  keyturn lock
  # None of them has ended, so it was not they that were waited for.
  kill -0 "$(cat "$WORLD/pid")"
  lines posts -eq 0
  lines mails -eq 0
  api GET /v1/vault
  [ "$(jq -r .state <<<"$ANSWER")" = locked ]
  rm "$PEOPLE/hang"
  wait_for 10 lines runs -eq 1
  keyturn lock # once more, with an outcome that nobody can record now
  vault_unlock
  wait_for 10 lines posts -eq 1
  wait_for 10 lines mails -eq 1
  wait_for 10 notices_gone
  [ "$(audited notice.failed)" = 0 ]
  [ "$(audited notice.sent)" = 3 ]
}

@test "stopping the agent does not wait for a channel that hangs; what was on its way is sent after the next start, once" {
  touch "$PEOPLE/hang"
  printf '#!/bin/sh\n[ ! -e "%s/hang" ] || { trap "" TERM; echo $$ >"%s/pid.new"; mv "%s/pid.new" "%s/pid"; while [ -e "%s/hang" ]; do sleep 1; done; }\ncat >>"%s/runs"\n' \
    "$PEOPLE" "$WORLD" "$WORLD" "$WORLD" "$PEOPLE" "$PEOPLE" >"$WORLD/pager"
  world_with 1h "$(program ', about: [incident], timeout: 5m'; webhook ', about: [incident], timeout: 5m'
    mail ', clear: true, about: [incident], timeout: 5m')"
  for name in one two; do # the second waits for the only thread that programs have
    key_add sandbox/$name "$(dashboard_make $name sandbox)"
    keyturn revoke sandbox/$name --yes --reason 'pasted in a ticket' --no-wait
  done
  wait_for 10 test -s "$WORLD/pid"
  wait_for 10 lines hanging -ge 3
  kill -TERM "$AGENT_PID"
  wait_for 20 agent_is_gone # and not five minutes
  wait "$AGENT_PID"
  AGENT_PID=
  run kill -0 "$(<"$WORLD/pid")"
  [ "$status" != 0 ]
  rm "$PEOPLE/hang"
  agent_start --config "$WORLD/config.yaml"
  vault_unlock
  for what in posts mails runs; do
    wait_for 20 lines $what -eq 2
  done
  wait_for 10 notices_gone
  [ "$(audited notice.failed)" = 0 ]
  [ "$(audited notice.sent)" = 6 ]
}

agent_is_gone() { ! kill -0 "$AGENT_PID"; }

certificate() { # certificate NAME: the mail server's, signed by itself
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=DNS:$1" -keyout "$WORLD/tls.key" -out "$WORLD/tls.crt" 2>/dev/null
  cat "$WORLD/tls.crt" "$WORLD/tls.key" >"$PEOPLE/tls.pem"
}
mail_with_account() { # mail_with_account NAME URL
  printf '  - {name: %s, mail: "%s", from: keyturn@example.org, to: [ana@example.org], user: keyturn, credential: sandbox/mail, about: [incident]}\n' \
    "$1" "$2"
}
mail_world() { # mail_world CHANNELS: the vault has the password of the mail account
  local MORE="ca_file: $WORLD/tls.crt"
  world_with 1h "$1"
  password=$(dashboard_make mail sandbox)
  key_add sandbox/mail "$password"
  key_add sandbox/leaky "$(dashboard_make leaky sandbox)"
  printf 'keyturn\n%s\n' "$password" >"$PEOPLE/account"
}
password_stands_nowhere() {
  local encoded
  encoded=$(printf '\0keyturn\0%s' "$password" | base64 -w 0)
  ! grep -qF -e "$password" -e "$encoded" "$AUDIT" "$AGENT_LOG" "$PEOPLE/mails" "$PEOPLE/log"
}

@test "S6: mail logs in with the vault's password, over STARTTLS and over TLS, and the password stands nowhere" {
  certificate localhost
  mail_world "$(mail_with_account start "smtp://localhost:$SMTP_PORT"
    mail_with_account whole "smtps://localhost:$SMTPS_PORT")"
  keyturn revoke sandbox/leaky --yes --reason 'pasted in a ticket' --no-wait
  wait_for 10 lines mails -eq 2
  [ "$(told mails .secure | sort -u)" = true ]
  [ "$(told logins '"\(.user) \(.right) \(.secure)"' | sort -u)" = 'keyturn true true' ]
  wait_for 10 notices_gone
  password_stands_nowhere

  # The account's password was changed: that is said, and nothing of the old one.
  printf 'keyturn\nanother\n' >"$PEOPLE/account"
  keyturn revoke --all --yes --reason 'all of it' --no-wait
  wait_for 10 lines logins -ge 4
  wait_for 10 status_says 'start  incident incident: '
  wait_for 10 status_says 'whole  incident incident: '
  lines mails -eq 2
  keyturn status --json >"$WORLD/status"
  ! grep -qF "$password" "$WORLD/status"
  password_stands_nowhere
}

@test "a mail server with a wrong certificate gets neither the password nor the mail" {
  certificate elsewhere.example
  mail_world "$(mail_with_account start "smtp://localhost:$SMTP_PORT"
    mail_with_account whole "smtps://localhost:$SMTPS_PORT")"
  keyturn revoke sandbox/leaky --yes --reason 'pasted in a ticket' --no-wait
  wait_for 10 status_says 'start  incident incident: '
  wait_for 10 status_says 'whole  incident incident: '
  has 'certificate' "$(keyturn status)"
  # The right name, and signed by nobody known: the certificate is a new one.
  certificate localhost
  cp "$WORLD/tls.crt" "$WORLD/right.crt"
  certificate localhost
  cp "$WORLD/right.crt" "$WORLD/tls.crt"
  failed=$(audited notice.failed)
  keyturn revoke --all --yes --reason 'all of it' --no-wait
  wait_for 10 more_failed "$((failed + 2))"
  lines logins -eq 0
  lines mails -eq 0
  password_stands_nowhere
}

more_failed() { [ "$(audited notice.failed)" -ge "$1" ]; }
notices_gone() { api GET /v1/notices && [ "$(jq '.notices | length' <<<"$ANSWER")" = 0 ]; }

#!/usr/bin/env bats
# The emergency at a provider whose API makes and revokes keys, and at one where a person does.
load helpers

setup() { world_begin; }
teardown() { world_end; }

# live/r0 and so on, made by the provider, over eight connections at once.
many_keys() { # many_keys COUNT
  seq 0 $(($1 - 1)) | awk -v socket="$KEYTURN_SOCKET" '{
    if (NR > 1) print "next"
    printf "unix-socket = \"%s\"\nurl = \"http://localhost/v1/keys\"\noutput = \"/dev/null\"\n", socket
    printf "header = \"Content-Type: application/json\"\n"
    printf "data = \"{\\\"environment\\\":\\\"live\\\",\\\"name\\\":\\\"r%d\\\",\\\"provider\\\":\\\"amps-api\\\"}\"\n", $1
  }' | curl --no-progress-meter --fail --parallel --parallel-max 8 --config -
}

incident() { # incident FILTER: jq over the newest incident
  api GET "/v1/incidents/${NUMBER:-1}"
  jq -r "$1" <<<"$ANSWER"
}

says() { # says PART COMMAND...: keyturn's output holds it
  local part=$1
  shift
  keyturn "$@" 2>&1 | grep -qF -- "$part"
}

@test "S4: all keys die in one incident, the credential that revokes them after them" {
  api_start
  made 5
  dashboard POST /settings '{"death_lag_ms":700}' >/dev/null
  asks revoke --all --yes --reason 'laptop stolen'
  # The credential's own death waits for a person; it was not begun while the others lived.
  [ "$status" = 6 ]
  has 'incident 1  “laptop stolen”' "$output"
  all_dead() { [ "$(incident .dead)" = 5 ]; }
  wait_for 20 all_dead
  waits() { [ "$(incident '.revocations[] | select(.key == "live/amps-admin") | .state')" = waiting ]; }
  wait_for 20 waits
  first=$(incident '.revocations[] | select(.key == "live/amps-admin") | .since')
  last=$(incident '[.revocations[] | select(.key != "live/amps-admin") | .ended_at] | max')
  [[ $first > $last || $first == "$last" ]]
  run keyturn incident show 1
  [ "$status" = 0 ]
  has '5 of 6 dead' "$output"
  has 'live/amps-admin version 1: waiting for you: Revoke amps-admin-1 in the console' "$output"
}

@test "a selection is a label, a provider, an environment, and all of them together" {
  api_start
  made 2 --label team=energy
  keyturn add live/other --provider amps-api --no-secret --label team=web >/dev/null
  key_add sandbox/ci "$(dashboard_make ci-1 sandbox)" >/dev/null
  wait_for 10 key_is live/other .current.version 1

  planned() { keyturn revoke "$@" --dry-run --json | jq -r '[.keys[].key] | sort | join(" ")'; }
  [ "$(planned --label team=energy)" = 'live/k1 live/k2' ]
  [ "$(planned --label team)" = 'live/k1 live/k2 live/other' ]
  [ "$(planned --provider amps)" = sandbox/ci ]
  [ "$(planned --environment sandbox)" = sandbox/ci ]
  [ "$(planned --environment live --label team=web --provider amps-api)" = live/other ]
  [ "$(planned --all)" = 'live/amps-admin live/k1 live/k2 live/other sandbox/ci' ]
  run keyturn revoke --label team=nobody --yes
  [ "$status" = 3 ]
  run keyturn revoke live/k1 --all
  [ "$status" = 2 ]
  run keyturn revoke
  [ "$status" = 2 ]
  # Nothing was done by any of these.
  run keyturn incident list
  has 'No incidents' "$output"

  run keyturn revoke --label team=energy --yes --json
  [ "$status" = 0 ]
  [ "$(jq -r '"\(.count) \(.dead) \([.revocations[].evidence.verdict] | unique | join(" "))"' <<<"$output")" = '2 2 dead' ]
  version_is live/other 1 current
}

@test "a dry run names what dies, what holds it and who can do it; without --yes nothing is killed unasked" {
  api_start
  made 1 --deliver-file "$WORLD/places/k1:raw"
  key_add live/hand "$(dashboard_make hand-1 live)" >/dev/null
  wait_for 10 test -s "$WORLD/places/k1"
  run keyturn revoke --environment live --dry-run
  [ "$status" = 0 ]
  has "file $WORLD/places/k1" "$output"
  [[ $output =~ live/k1\ .*by\ its\ API ]]
  [[ $output =~ live/hand\ .*by\ a\ person ]]
  lacks "$(cat "$WORLD/places/k1")" "$output"
  run keyturn revoke --environment live </dev/null
  [ "$status" = 2 ]
  run typed 'to go on' 2 "$KEYTURN revoke --provider amps-api"
  has 'Type 1 to go on' "$output"
  has 'nothing was done' "$output"
  version_is live/k1 1 current
}

@test "what is to die is named with the consumers and deliveries that use it now: in the dry run, its JSON and the question" {
  world_start
  key_add live/reporting "$(dashboard_make reporting-1 live)" --grace 1h \
    --deliver-file "$WORLD/places/a:raw" --deliver-file "$WORLD/places/b:raw" >/dev/null
  wait_for 10 test -s "$WORLD/places/b"
  for reader in nightly app old; do keyturn get live/reporting --as $reader >/dev/null; done
  keyturn rotate live/reporting || true
  keyturn stage live/reporting --stdin <<<"$(dashboard_make reporting-2 live)" || true
  wait_for 10 key_is live/reporting .current.version 2
  for reader in nightly app; do keyturn get live/reporting --as $reader >/dev/null; done

  run keyturn revoke live/reporting --dry-run
  [ "$status" = 0 ]
  [[ $output =~ nightly@[a-z0-9:()]+,\ app@[a-z0-9:()]+,\ file\ $WORLD/places/a ]]
  lacks 'old@' "$output"
  run keyturn revoke live/reporting --version 1 --dry-run
  has 'old@' "$output"
  lacks 'nightly@' "$output"
  lacks "file $WORLD" "$output"
  run keyturn revoke --all --dry-run --json
  [ "$(jq -r '[.keys[0].consumers[] | "\(.consumer | sub("@.*"; "")) \(.version)"] | sort | join(", ")' <<<"$output")" = \
    'app 2, nightly 2, old 1' ]

  asked() { typed 'to go on' no "$KEYTURN revoke $*"; }
  run asked live/reporting
  has 'This kills the key that 2 consumers and 2 deliveries use now: live/reporting version 2 (sk_live_' "$output"
  has 'Type live/reporting to go on' "$output"
  run asked live/reporting --version 1
  has 'This kills the key that 1 consumer uses now: live/reporting version 1' "$output"
  run asked --all --replace
  has 'This kills 2 versions of 1 key, which 3 consumers and 2 deliveries use now.' "$output"
  has 'Each delivery gets the new key first.' "$output"
  version_is live/reporting 2 current
}

@test "S1: with --replace the new key is in its place before the old one dies, and no grace is waited for" {
  api_start
  made 1 --grace 24h --deliver-file "$WORLD/places/k:raw"
  keyturn add live/k2 --provider amps-api --no-secret --grace 24h >/dev/null
  wait_for 20 key_is live/k2 .current.version 1
  old=$(cat "$WORLD/places/k")
  run keyturn revoke --provider amps-api --replace --yes --reason 'in a public log'
  echo "$output"
  [ "$status" = 0 ]
  has 'replaced by version 2' "$output"
  has '2 of 2 dead' "$output"
  version_is live/k1 1 dead
  version_is live/k1 2 current
  [ "$(cat "$WORLD/places/k")" != "$old" ]
  # Proved before the old one was revoked.
  new=$(journal '[.[] | select(.key_name == "k1-2" and .status == 200 and .method == "GET")][0].sequence')
  gone=$(journal '[.[] | select(.key_name == "k1-1" and .method == "DELETE")][0].sequence')
  [ "$new" -lt "$gone" ]
  [ "$(incident '.ended_at != null')" = true ]
}

@test "S1: what cannot be replaced lives on, is named, and dies when it is asked for without" {
  api_start
  made 1
  dashboard POST /settings '{"max_keys":1}' >/dev/null
  run keyturn revoke live/k1 --replace --yes
  [ "$status" = 1 ]
  has 'not replaced, and alive' "$output"
  has 'kill it without a new one: keyturn revoke live/k1 --version 1' "$output"
  version_is live/k1 1 current
  run keyturn revoke live/k1 --yes
  [ "$status" = 0 ]
  version_is live/k1 1 dead
  # The first incident has nothing left that it could wait for.
  [ "$(incident '"\(.count) \(.ended_at != null)"')" = '0 true' ]
}

@test "S4: a key that another incident was killing goes over, and both incidents end" {
  world_start
  key_add live/hand "$(dashboard_make hand-1 live)" >/dev/null
  asks revoke live/hand --yes
  [ "$status" = 6 ]
  asks revoke --all --yes
  [ "$status" = 6 ]
  has 'incident 2' "$output"
  dashboard_revoke hand-1
  NUMBER=2
  ended() { [ "$(incident '.ended_at != null')" = true ]; }
  wait_for 20 ended
  [ "$(incident '"\(.count) \(.dead)"')" = '1 1' ]
  NUMBER=1
  ended
  [ "$(incident .count)" = 0 ]
}

@test "a leaked text is killed as a whole, and its secrets do not reach the agent by it" {
  api_start
  made 3
  one=$(keyturn get live/k1) two=$(keyturn get live/k2)
  printf 'x %s\nexport KEY="%s"\nsk_live_not_ours_at_all\n' "$one" "$two" >"$WORLD/log"
  run keyturn revoke --leaked --dry-run --json <"$WORLD/log"
  [ "$(jq -r '[.keys[].key] | sort | join(" ")' <<<"$output")" = 'live/k1 live/k2' ]
  # The leak sanitizer cannot look at a process that is traced.
  run strace -E ASAN_OPTIONS=detect_leaks=0 -f -e trace=sendto,sendmsg,write,writev -s 1048576 \
    -o "$WORLD/trace" \
    "$KEYTURN" revoke --leaked --yes --fd 5 5<"$WORLD/log"
  [ "$status" = 0 ]
  has 'line 1: ' "$output"
  has '2 of 2 dead' "$output"
  grep -q fingerprints "$WORLD/trace"
  ! grep -qF "$one" "$WORLD/trace"
  ! grep -qF "${two:8}" "$WORLD/trace"
  version_is live/k3 1 current
  run keyturn revoke --leaked --yes <<<'nothing of ours'
  [ "$status" = 3 ]
  run keyturn revoke --leaked --yes <"$WORLD/log"
  [ "$status" = 0 ]
  has 'dead already' "$output"
}

@test "S4: a thousand keys in one incident, all of them after a kill of the agent, too" {
  api_start
  many_keys 1000
  all_there() { [ "$(keyturn list --json --environment live | jq '[.keys[] | select(.current)] | length')" = 1001 ]; }
  wait_for 60 all_there
  run keyturn revoke --provider amps-api --yes --no-wait --json
  [ "$status" = 0 ]
  [ "$(jq -r '"\(.count) \(.revocations | length)"' <<<"$output")" = '1000 1000' ]
  agent_kill
  agent_start
  vault_unlock >/dev/null
  ended() { [ "$(incident '.ended_at != null')" = true ]; }
  wait_for 120 ended
  [ "$(incident .dead)" = 1000 ]
  [ "$(incident '[.revocations[].evidence.verdict] | unique | join(" ")')" = dead ]
}

@test "while the API proves nothing, who looks is told why and when it is asked again" {
  world_start
  key_add live/reporting "$(dashboard_make reporting-1 live)"
  fault '{"match":{"path":"/battery"},"kind":"status_500","times":-1}'
  keyturn revoke live/reporting --reason leaked --yes --timeout 5m >"$WORLD/revoke" &
  revoking=$!
  wait_for 60 grep -q 'live/reporting  1  no clear answer: 500 ' "$WORLD/revoke"
  wait_for 60 says ' times; asked again in ' status
  says 'no clear answer: 500 ' status
  says '; no clear answer: 500 ' revocations
  says '; no clear answer: 500 ' incident show 1
  says '  no clear answer: 500 ' show live/reporting
  dashboard DELETE /faults >/dev/null
  dashboard_revoke reporting-1
  wait "$revoking"
  [ "$(grep -c 'no clear answer' "$WORLD/revoke")" = 1 ]
  says 'Nothing waits for you.' status
}

@test "while a provider fails to make or revoke keys, who looks is told why" {
  api_start
  made 2
  fault '[{"match":{"method":"POST","path":"/keys*"},"kind":"status_500","times":-1},
    {"match":{"method":"DELETE","path":"/keys*"},"kind":"status_500","times":-1}]'
  keyturn rotate live/k1 --no-wait >/dev/null
  keyturn revoke live/k2 --reason leaked --yes --timeout 1s >/dev/null || true
  asked_twice() {
    [ "$(key_field live/k1 '.rotations[0].doubt.times >= 2')" = true ] &&
      [ "$(key_field live/k2 '.revocations[0].doubt.times >= 2')" = true ]
  }
  wait_for 60 asked_twice
  run keyturn status
  [ "$(grep -c '      no clear answer: 500 ' <<<"$output")" = 2 ]
  run keyturn rotations
  has ' no clear answer: 500 ' "$output"
  run keyturn incident show 1
  has 'live/k2 version 1: revoking; no clear answer: 500 ' "$output"
  dashboard DELETE /faults >/dev/null
  wait_for 60 version_is live/k2 1 dead
  wait_for 60 rotation_is live/k1 settling
  run keyturn status
  lacks 'no clear answer' "$output"
}

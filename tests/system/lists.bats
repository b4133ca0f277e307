#!/usr/bin/env bats
# Lists longer than a page that is read at once: whole, in order, filtered, refused when a row was edited.
load helpers
bats_require_minimum_version 1.5.0

setup() { world_begin; }
teardown() { world_end; }

# An agent with the keys live/k0 to live/k(COUNT - 1), every tenth of another provider.
shelf() { # shelf COUNT
  inventory_write http://127.0.0.1:9 shelf # where nobody answers
  inventory_write http://127.0.0.1:9 other
  agent_start
  vault_make >/dev/null
  [ "$1" = 0 ] || add_many 0 $(($1 - 1))
}

add_many() { # add_many FROM TO
  seq "$1" "$2" | awk -v socket="$KEYTURN_SOCKET" '{
    if (NR > 1) print "next"
    printf "unix-socket = \"%s\"\nurl = \"http://localhost/v1/keys\"\noutput = \"/dev/null\"\n", socket
    printf "header = \"Content-Type: application/json\"\n"
    printf "data = \"{\\\"environment\\\":\\\"live\\\",\\\"name\\\":\\\"k%d\\\",\\\"provider\\\":\\\"%s\\\",", $1, $1 % 10 ? "shelf" : "other"
    printf "\\\"title\\\":\\\"“%d”\\\",\\\"unchecked\\\":true,\\\"secret\\\":\\\"sk_number_%d\\\"}\"\n", $1, $1
  }' | curl --no-progress-meter --fail --parallel --parallel-max 8 --config - 3>&-
}

# What jq's FILTER says of the list, which keyturn printed as one document.
listed() { # listed FILTER [OPTION]...
  local filter=$1
  shift
  keyturn list --json "$@" | jq -r "$filter"
}

@test "a list of many pages has each key once, while keys come and change" {
  shelf 700
  [ "$(listed '[.keys[].name] | unique | length')" = 700 ]
  [ "$(listed '.keys | length')" = 700 ]
  [ "$(listed '.keys | length' --provider other)" = 70 ]
  [ "$(listed '.keys | length' --environment sandbox)" = 0 ]
  [ "$(keyturn list --names | wc -l)" = 700 ]
  [ "$(keyturn list --names | sort -c 2>&1)" = '' ]
  [ "$(keyturn list | wc -l)" = 701 ]

  # What was there from the beginning is in every list, once.
  for round in 1 2 3 4 5; do
    add_many $((690 + round * 10)) $((699 + round * 10)) &
    adding=$!
    listed '.keys[].name' | sort >"$WORLD/names"
    wait $adding
    [ "$(uniq -d "$WORLD/names")" = '' ]
    [ "$(wc -l <"$WORLD/names")" -ge $((690 + round * 10)) ]
  done
  [ "$(listed '.keys | length')" = 750 ]
}

@test "a list by page holds what the stream holds, in the same order" {
  shelf 300
  local cursor= names=
  while :; do
    api GET "/v1/keys?limit=64&fields=name${cursor:+&cursor=$cursor}"
    [ "$API_STATUS" = 200 ]
    names+=$(jq -r '.keys[].name' <<<"$ANSWER")$'\n'
    cursor=$(jq -r '.next // empty' <<<"$ANSWER")
    [ -n "$cursor" ] || break
  done
  [ "$names" = "$(listed '.keys[].name')"$'\n' ]
  api GET '/v1/keys?limit=7&fields=name,state&cursor=00000000000000007fffffffffffffff'
  [ "$ANSWER" = '{"keys":[],"next":null}' ]
  api GET '/v1/keys?cursor=10000000000000000000000000000000'
  [ "$API_STATUS" = 400 ]
}

@test "fields choose the members of a key and their order" {
  shelf 1
  api GET '/v1/keys?limit=all&fields=state,key,class,title'
  [ "$ANSWER" = '{"keys":[{"state":"current","key":"live/k0","class":"live","title":"“0”"}],"next":null}' ]
  api GET '/v1/keys?limit=1&fields=open_revocations,current.version'
  [ "$ANSWER" = '{"keys":[{"open_revocations":0,"current.version":1}],"next":null}' ]
  for fields in '' key, ,key key,,state keys key,secret key,key current.mask; do
    api GET "/v1/keys?fields=$fields"
    [ "$API_STATUS" = 400 ]
    [ "$(jq -r .code <<<"$ANSWER")" = invalid ]
  done
}

@test "rows hold the values of the fields, each key on a line, by page and streamed" {
  shelf 0
  api GET '/v1/keys?limit=all&form=rows&fields=key'
  [ "$ANSWER" = $'{"keys":[\n],"next":null}' ]
  add_many 0 299
  api POST /v1/keys '{"environment":"live","name":"odd","provider":"shelf","title":"“ü” \"quoted\" \\ 👋","unchecked":true,"secret":"sk_odd"}'
  [ "$API_STATUS" = 201 ]

  api GET '/v1/keys?limit=all&form=rows&fields=key,title,current.version,proof.verdict,rotation.id,labels'
  jq -c '.keys[]' <<<"$ANSWER" >"$WORLD/rows"
  [ "$(wc -l <"$WORLD/rows")" = 301 ]
  listed '.keys[] | [.key, .title, .current.version, .proof.verdict, .rotation.id, .labels] | @json' >"$WORLD/objects"
  [ "$(sort "$WORLD/rows")" = "$(sort "$WORLD/objects")" ]
  # Each row is a line of its own, so that lines can be read.
  [ "$(sed '1d;$d;s/,$//' <<<"$ANSWER")" = "$(cat "$WORLD/rows")" ]

  local cursor= rows=
  while :; do
    api GET "/v1/keys?limit=64&form=rows&fields=key,title${cursor:+&cursor=$cursor}"
    [ "$API_STATUS" = 200 ]
    rows+=$(jq -c '.keys[]' <<<"$ANSWER")$'\n'
    cursor=$(jq -r '.next // empty' <<<"$ANSWER")
    [ -n "$cursor" ] || break
  done
  [ "$rows" = "$(jq -c '.[:2]' "$WORLD/rows")"$'\n' ]

  for query in form=rows form=table\&fields=key form=\&fields=key form=rows\&fields=; do
    api GET "/v1/keys?limit=all&$query"
    [ "$API_STATUS" = 400 ]
    [ "$(jq -r .code <<<"$ANSWER")" = invalid ]
  done
  api GET '/v1/keys?limit=1&form=objects&fields=state'
  [ "$ANSWER" = "{\"keys\":[{\"state\":\"current\"}],\"next\":$(jq .next <<<"$ANSWER")}" ]
}

@test "a table to a pipe has no spaces at the ends of its lines" {
  shelf 3
  run keyturn list
  [ "${#lines[@]}" = 4 ]
  ! grep -n ' $' <<<"$output"
  has 'KEY      PROVIDER' "$output"
  has 'live/k1  shelf     1        ' "$output"
}

@test "a reader that stops in the middle of a list leaves the agent as it was" {
  shelf 2000
  for round in 1 2 3; do
    [ "$(keyturn list --json | head -c 5000 | wc -c)" = 5000 ]
  done
  [ "$(listed '.keys | length')" = 2000 ]
  [ "$(keyturn list | wc -l)" = 2001 ]
}

@test "a lock ends a list that is under way, which then does not look whole" {
  shelf 2000
  keyturn list --json 2>"$WORLD/said" | {
    head -c 1000
    keyturn lock >&2
    cat
  } >"$WORLD/cut"
  [ "${PIPESTATUS[0]}" = 7 ]
  has 'in the middle of its answer' "$(cat "$WORLD/said")"
  [ "$(wc -c <"$WORLD/cut")" -gt 1000 ]
  run jq . "$WORLD/cut"
  [ "$status" != 0 ]
  run keyturn list
  [ "$status" = 5 ]
}

# The bytes of the sealed record of a key, but for the tag that the record digest holds.
edit_place() { # edit_place PLACE
  python3 - "$STORE" "$1" <<'PYTHON'
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
meta = bytearray(store.execute("SELECT meta FROM key WHERE rowid = ?", (sys.argv[2],)).fetchone()[0])
meta[40] ^= 1
store.execute("UPDATE key SET meta = ? WHERE rowid = ?", (bytes(meta), sys.argv[2]))
store.commit()
PYTHON
}

# Every row is looked at a second after unlocking. Whoever asks later than that finds the vault locked.
locked_for_it() {
  grep -q 'locked until somebody has looked' "$AGENT_LOG"
}

@test "S8: a list that comes upon an edited row is refused, or cut short where it has begun" {
  shelf 400
  agent_stop
  edit_place 390
  agent_start
  vault_unlock
  for form in '' --names; do
    # shellcheck disable=SC2086
    run --separate-stderr keyturn list $form
    [ "$status" != 0 ]
    [ "$output" = '' ]
  done
  run --separate-stderr keyturn status
  [ "$status" != 0 ] || locked_for_it
  run --separate-stderr keyturn list --json
  [ "$status" != 0 ]
  [ -z "$output" ] || {
    run jq . <<<"$output"
    [ "$status" != 0 ]
  }
  agent_stop
  edit_place 5
  : >"$AGENT_LOG"
  agent_start
  vault_unlock
  api GET '/v1/keys?limit=all'
  if [ "$API_STATUS" = 500 ]; then
    [ "$(jq -r .code <<<"$ANSWER")" = tampered ]
    has 'table key' "$ANSWER"
  else
    [ "$API_STATUS" = 423 ]
    locked_for_it
  fi
}

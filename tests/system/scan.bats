#!/usr/bin/env bats
# keyturn scan: the vault's keys and what looks like one, in trees and in git.
load helpers

setup() {
  world_begin
  TREE=$WORLD/tree
  mkdir "$TREE"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b \
    GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
}
teardown() { world_end; }

with_key() { # a world whose vault holds live/app; its secret is in SECRET
  world_start
  SECRET=$(dashboard_make app-1 live)
  # What is cut short or grown is found by its shape: letters alone may look like words (one in 3,000 does).
  until [[ $SECRET =~ [0-9].*[0-9].*[0-9] ]]; do
    dashboard_revoke app-1
    SECRET=$(dashboard_make app-1 live)
  done
  key_add live/app "$SECRET" >/dev/null
}

found() { # found ARGUMENT...: path:line of each finding
  keyturn scan "$@" --json 2>/dev/null | jq -r '[.found[] | "\(.path | split("/") | last):\(.line)\(if .key then "" else "?" end)"] | join(" ")'
}

@test "a held key is found by its hash, and printed as a mask only" {
  with_key
  printf 'one\ntwo\nexport AMPS="%s" # here\n' "$SECRET" >"$TREE/env.sh"
  printf 'url: https://x/?key=%s&y=1\n' "$SECRET" >"$TREE/url.yaml"
  echo 'nothing' >"$TREE/clean"
  run keyturn scan "$TREE"
  [ "$status" = 1 ]
  has "env.sh:3: sk_live_" "$output"
  has "is live/app, version 1, current" "$output"
  has "url.yaml:1: sk_live_" "$output"
  has "found 2 of the vault's keys" "$output"
  lacks "$SECRET" "$output"
  run keyturn scan "$TREE/clean"
  [ "$status" = 0 ]
  # The leak sanitizer cannot look at a process that is traced.
  run strace -E ASAN_OPTIONS=detect_leaks=0 -f -e trace=sendto,sendmsg,write,writev -s 1048576 \
    -o "$WORLD/trace" "$KEYTURN" scan "$TREE"
  [ "$status" = 1 ]
  grep -q fingerprints "$WORLD/trace"
  ! grep -qF "$SECRET" "$WORLD/trace"
}

@test "one byte more or less is not the key, and what is dead is no reason to fail" {
  with_key
  echo "x ${SECRET%?}" >"$TREE/short"
  echo "x ${SECRET}0" >"$TREE/long"
  [ "$(found "$TREE")" = 'long:1? short:1?' ] || [ "$(found "$TREE")" = 'short:1? long:1?' ]
  rm "$TREE"/*
  echo "$SECRET" >"$TREE/whole"
  dashboard_revoke app-1
  keyturn revoke live/app --yes >/dev/null
  run keyturn scan "$TREE"
  [ "$status" = 0 ]
  has 'version 1, dead' "$output"
}

@test "a key of letters alone is found by its shape" {
  with_key
  echo "x sk_live_QwErTYuiOPasDFghJKlzXCvb" >"$TREE/letters"
  [ "$(found "$TREE")" = 'letters:1?' ]
}

@test "placeholders of a manual are no keys" {
  with_key
  printf 'sk_live_your_key_here\nsk_live_xxxxxxxxxxxxxxxxxxxxxxxx\nsk_live_\nsk_live_YourProductionSecretKeyHere\n' >"$TREE/manual.md"
  run keyturn scan "$TREE"
  [ "$status" = 0 ]
}

@test "what is ignored: a marked line, .keyturnignore, .gitignore, binary files" {
  with_key
  git -C "$TREE" init -q
  echo "$SECRET # keyturn:ignore" >"$TREE/marked"
  echo "$SECRET" >"$TREE/named.fixture"
  echo '*.fixture' >"$TREE/.keyturnignore"
  echo "$SECRET" >"$TREE/built"
  echo built >"$TREE/.gitignore"
  printf '\0%s\n' "$SECRET" >"$TREE/image"
  [ "$(found "$TREE")" = '' ]
  [ "$(found "$TREE" --no-ignore)" = built:1 ]
  [ "$(found "$TREE/named.fixture")" = named.fixture:1 ]
  echo "$SECRET" >"$TREE/new"
  [ "$(found "$TREE")" = new:1 ]
}

@test "staged: what will be committed, not what lies in the tree" {
  with_key
  git -C "$TREE" init -q
  echo "$SECRET" >"$TREE/in"
  git -C "$TREE" add in
  echo clean >"$TREE/in"
  [ "$(found --staged "$TREE")" = in:1 ]
  git -C "$TREE" commit -qm first
  git -C "$TREE" add in
  run keyturn scan --staged "$TREE"
  [ "$status" = 0 ]
}

@test "history: a key that no tree has any more, with its object" {
  with_key
  git -C "$TREE" init -q
  for i in {1..30}; do echo "line $i" >"$TREE/f$i"; done
  printf 'a\nb\nkey=%s\n' "$SECRET" >"$TREE/gone"
  git -C "$TREE" add . && git -C "$TREE" commit -qm one
  git -C "$TREE" rm -q gone && git -C "$TREE" commit -qm two
  [ "$(found "$TREE")" = '' ]
  run keyturn scan --history "$TREE"
  [ "$status" = 1 ]
  has 'gone:3: ' "$output"
  object=$(git -C "$TREE" rev-parse HEAD~:gone)
  has "--find-object=${object:0:12}" "$output"
  [ "$(keyturn scan --history "$TREE" --json 2>/dev/null | jq .files)" = 31 ]
}

@test "without an agent shapes are looked for, and that is said" {
  sim_start
  echo 'sk_live_Ab3dEf6hIj9kLm2n' >"$TREE/leak"
  run keyturn scan "$TREE" --definitions "$REPOSITORY/packaging/providers"
  [ "$status" = 1 ]
  has 'Only shapes are looked for' "$output"
  has 'leak:1: ' "$output"
  has 'looks like a key of amps (live)' "$output"
  lacks Ab3dEf6hIj9kLm2n "$output"
  agent_start
  vault_make >/dev/null
  keyturn lock
  run keyturn scan "$TREE" --definitions "$REPOSITORY/packaging/providers"
  [ "$status" = 1 ]
  has 'Only shapes are looked for' "$output"
}

@test "what cannot be looked at is said and is no clean result" {
  with_key
  run keyturn scan "$WORLD/none"
  [ "$status" = 3 ]
  run keyturn scan
  [ "$status" = 2 ]
  run keyturn scan --staged --history
  [ "$status" = 2 ]
  run keyturn scan --staged "$TREE"
  [ "$status" = 1 ]
  head -c 67108865 /dev/zero | tr '\0' x >"$TREE/large"
  head -c 67108864 /dev/zero | tr '\0' x >"$TREE/most"
  run keyturn scan "$TREE"
  [ "$status" = 0 ]
  has '1 larger than 64 MiB' "$output"
  has '1 files looked through' "$output"
}

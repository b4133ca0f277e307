#!/usr/bin/env bats
# A place is what it is, by whatever path: two keys never share a file, whether a symlink, a mount or an older
# store brought them together.
load helpers

setup() { world_begin; }
teardown() {
  agent_stop
  ! mountpoint -q "$WORLD/places/bound" || umount "$WORLD/places/bound"
  world_end
}

begin() {
  mkdir "$WORLD/places/real" "$WORLD/places/bound"
  REAL=$WORLD/places/real/amps.key
  BOUND=$WORLD/places/bound/amps.key
  world_start
  OLD=$(dashboard_make reporting-1 live)
  key_add live/reporting "$OLD" --deliver-file "$REAL" >/dev/null
  wait_for 10 file_is "$REAL" "$OLD"
  OTHER=$(dashboard_make nightly-1 live)
  key_add live/nightly "$OTHER" --grace 1s >/dev/null
}

bind() {
  [ "$(id -u)" = 0 ] || skip 'needs root to mount a folder in a second place'
  mount --bind "$WORLD/places/real" "$WORLD/places/bound" || skip 'nothing can be mounted here'
}

refused() { # refused PATH WORDS: as a place of live/nightly
  run keyturn deliver live/nightly add "$1"
  [ "$status" = 1 ]
  has "$2" "$output"
}

HELD='it is a place of live/reporting already; name another, or keyturn deliver live/reporting remove 1. There it is'

@test "a place that another key holds is refused under any path that leads to it" {
  begin
  ln -s real "$WORLD/places/link"
  refused "$WORLD/places/link/amps.key" "is a place of live/reporting already, as $REAL,"
  has 'keyturn deliver live/reporting remove 1' "$output"
  for path in "$WORLD/places//real/amps.key" "$WORLD/places/bound/../real/amps.key" \
    "$WORLD/places/./real/amps.key" "$REAL/."; do
    refused "$path" 'without "//", "." and ".."'
  done
  keyturn deliver live/nightly add "$WORLD/places/real/another.key"
  wait_for 10 file_is "$WORLD/places/real/another.key" "$OTHER"
  file_is "$REAL" "$OLD"
}

@test "a place that another key holds is refused through a second mount of its folder" {
  begin
  bind
  refused "$BOUND" "is a place of live/reporting already, as $REAL,"
  file_is "$REAL" "$OLD"
}

@test "S5: through a second mount, too" {
  begin
  bind
  key_add sandbox/ci "$(dashboard_make ci-1 sandbox)" >/dev/null
  run keyturn deliver sandbox/ci add "$BOUND"
  [ "$status" = 1 ]
  has 'is a place of live/reporting, and live and test keys never share one' "$output"
}

@test "two places that a mount made one are not written over: refused by name, and free when it is gone" {
  begin
  keyturn deliver live/nightly add "$BOUND"
  wait_for 10 file_is "$BOUND" "$OTHER"
  bind
  keyturn rotate live/nightly >/dev/null || true
  dashboard_make nightly-2 live | keyturn stage live/nightly --stdin --no-wait
  wait_for 20 rotation_is live/nightly failed
  key_is live/nightly .deliveries[0].detail "$HELD $REAL"
  file_is "$REAL" "$OLD"
  has "delivery 1: $HELD $REAL" "$(keyturn show live/nightly)"
  has "$BOUND: $HELD $REAL" "$(<"$AGENT_LOG")"

  umount "$WORLD/places/bound"
  keyturn rotate live/nightly >/dev/null || true
  NEW=$(dashboard_make "$(key_field live/nightly '.rotations[0].label')" live)
  printf '%s' "$NEW" | keyturn stage live/nightly --stdin --no-wait
  wait_for 20 file_is "$BOUND" "$NEW"
  wait_for 20 key_is live/nightly .deliveries[0].problem null
  file_is "$REAL" "$OLD"
}

@test "a place that its holder gave up is the other's" {
  begin
  keyturn deliver live/nightly add "$BOUND"
  bind
  keyturn deliver live/reporting remove 1
  keyturn rotate live/nightly >/dev/null || true
  NEW=$(dashboard_make nightly-2 live)
  printf '%s' "$NEW" | keyturn stage live/nightly --stdin --no-wait
  wait_for 20 file_is "$BOUND" "$NEW"
  key_is live/nightly .deliveries[0].problem null
}

@test "places that are one when the vault is opened are named in the log and where the key is shown" {
  begin
  keyturn deliver live/nightly add "$BOUND"
  wait_for 10 file_is "$BOUND" "$OTHER"
  agent_stop
  bind
  agent_start
  vault_unlock
  wait_for 10 grep -q 'live/[a-z]*: /.*: it is a place of live/[a-z]* already; .* There it is /' "$AGENT_LOG"
  { keyturn show live/nightly; keyturn show live/reporting; } >"$WORLD/shown"
  [ "$(grep -c 'it is a place of live/[a-z]* already' "$WORLD/shown")" = 1 ]
}

#!/bin/sh
# Every system test, in groups side by side, two for each processor: most of their time is waiting,
# and each test has a world of its own.  KEYTURN_BIN=BUILD tests/system/groups.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-groups.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
groups=$((2 * $(nproc)))

# The files with the most tests are dealt out first, forth and back.
grep -c '^@test' tests/system/*.bats | sort -t : -k 2,2nr -k 1,1 | cut -d : -f 1 |
  awk -v work="$work" -v groups="$groups" '{
    place = (NR - 1) % (2 * groups)
    print >(work "/files." (place < groups ? place : 2 * groups - 1 - place))
  }'

run_group() { # run_group FILES: their output and status beside the list
  # Names without spaces, so word splitting is meant.
  # shellcheck disable=SC2046
  bats --tap $(cat "$1") >"$1.log" 2>&1
  echo $? >"$1.status"
}
for files in "$work"/files.*; do run_group "$files" & done
wait

failed=0
for status in "$work"/*.status; do
  cat "${status%.status}.log"
  [ "$(cat "$status")" = 0 ] || failed=1
done
exit $failed

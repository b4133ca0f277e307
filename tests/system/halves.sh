#!/bin/sh
# Every system test, in two halves side by side: most of their time is waiting, and each has a world
# of its own.  KEYTURN_BIN=BUILD tests/system/halves.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-halves.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
# Names without spaces, so word splitting is meant.
# shellcheck disable=SC2046
bats --tap $(printf '%s\n' tests/system/*.bats | awk 'NR % 2') >"$work/odd" 2>&1 &
odd=$!
# shellcheck disable=SC2046
bats --tap $(printf '%s\n' tests/system/*.bats | awk 'NR % 2 == 0') >"$work/even" 2>&1
even_status=$?
wait "$odd"
odd_status=$?
cat "$work/odd" "$work/even"
[ $odd_status = 0 ] && [ $even_status = 0 ]

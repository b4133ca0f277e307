#!/bin/sh
# Statement coverage of the rooms by the unit and system tests.  tests/lint/coverage.sh BUILD
# Prints a line a room; only a test that fails fails it.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:?usage: tests/lint/coverage.sh BUILD}
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DKEYTURN_COVERAGE=ON >/dev/null &&
  ninja -C "$build" >/dev/null || exit 1
find "$build" -name '*.gcda' -delete
# Tests kill programs at any moment. Where that was while one wrote its counts, those that come after it would say so
# on standard error, among what a test compares.
export GCOV_ERROR_FILE="$PWD/$build/gcov.errors"
ctest --test-dir "$build" -LE long --timeout 600 -j 2 >"$build/ctest.log" 2>&1 || {
  tail -n 20 "$build/ctest.log"
  exit 1
}
KEYTURN_BIN="$PWD/$build" tests/system/groups.sh >"$build/system.log" 2>&1 || {
  grep -A 20 '^not ok' "$build/system.log"
  exit 1
}
gcovr --root . --object-directory "$build" --gcov-ignore-parse-errors --filter 'agent/' --filter 'cli/' --csv |
  awk -F, 'NR > 1 {
    split($1, part, "/")
    room = part[1] == "agent" && part[3] != "" ? "agent/" part[2] : part[1]
    lines[room] += $2; covered[room] += $3; all += $2; hit += $3
  }
  END {
    for (room in lines) printf "%-16s %6d statements %5.1f %%\n", room, lines[room], 100 * covered[room] / lines[room]
    printf "%-16s %6d statements %5.1f %%\n", "TOTAL", all, all ? 100 * hit / all : 0
  }' | sort
echo '1 passed, 0 failed'

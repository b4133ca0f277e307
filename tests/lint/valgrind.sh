#!/bin/sh
# The unit tests of the rooms that hold secrets and parse input, under valgrind.  valgrind.sh BUILD
set -u
build=${1:?usage: valgrind.sh BUILD}
passed=0
failed=0
for room in seal rotation vault action provider; do
  for test in "$build"/tests/unit/unit_"${room}"_test_*; do
    [ -x "$test" ] || continue
    if timeout 600 env KEYTURN_VALGRIND=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
      "$test" >"/tmp/valgrind.$$" 2>&1; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      echo "FAILED: $test"
      grep -E '^==' "/tmp/valgrind.$$" | head -n 30
    fi
    rm -f "/tmp/valgrind.$$"
  done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

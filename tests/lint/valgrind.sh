#!/bin/sh
# The units that hold secrets or parse what others wrote, under valgrind.  valgrind.sh [--all] BUILD
# --all: every unit, which takes long.
set -u
names='base_test_arena base_test_secret base_test_buf base_test_json base_test_text base_test_file
  seal_test_digest seal_test_hash seal_test_record seal_test_slot
  vault_test_codec vault_test_slots vault_test_audit action_test_template delivery_test_parse delivery_test_format'
all=
[ "${1:-}" = --all ] && all=1 && shift
build=${1:?usage: valgrind.sh [--all] BUILD}
[ -z "$all" ] || names=$(find "$build/tests/unit" -maxdepth 1 -type f -name 'unit_*_test_*' -perm -u+x -exec basename {} \; | sed 's/^unit_//')
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name in $names; do
  test=$build/tests/unit/unit_$name
  # Valgrind runs one thread at a time; without a fair turn the readers of a test starve its writer.
  if KEYTURN_VALGRIND=1 timeout 600 valgrind -q --fair-sched=yes --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite "$test" >"$log" 2>&1; then
    passed=$((passed + 1))
  else
    status=$?
    failed=$((failed + 1))
    echo "FAILED: $test (status $status; 124 is out of time)"
    grep -E '^==|FAILED|LINE' "$log" | head -n 30
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

#!/bin/sh
# Every test. Installs what is missing, builds, and ends with the counts of what ran.
#
#   tests/run.sh [--quick]
#
# --quick leaves out the model, the fault run, clang with the sanitizers and the fuzzing.
# The long suites have their own commands: tests/fuzz/run.sh, tests/fault/run.sh, tests/model/run.sh,
# tests/bench/run.sh, tests/system/limits.sh.
set -u
cd "$(dirname "$0")/.." || exit 1
quick=
[ "${1:-}" = --quick ] && quick=1

packaging/deps.sh test || exit 1

# A definition that others could write is refused by the agent, also in a checkout made with umask 002.
chmod go-w packaging packaging/providers packaging/providers/*.yaml

build=${KEYTURN_BUILD_DIR:-build}
jobs=$(nproc)
logs=$build/logs
mkdir -p "$logs"
passed=0
failed=0
skipped=0
failures=

log_of() { echo "$logs/$(echo "$1" | tr -c 'A-Za-z0-9\n' '_').log"; }

# run_logged NAME COMMAND...: its output in its log, its status and seconds beside it.
run_logged() {
  log=$(log_of "$1")
  shift
  started=$(date +%s)
  if "$@" >"$log" 2>&1; then status=0; else status=$?; fi
  echo "$status $(($(date +%s) - started))" >"$log.end"
}

# tally NAME: counts what its log says ran.
tally() {
  name=$1
  log=$(log_of "$name")
  read -r status took <"$log.end"
  # ctest's verbose log holds cmocka's, bats' and our own lines; a step without any counts as one.
  p=$(grep -cE '^([0-9]+: )?(\[       OK \]|ok [0-9]+)' "$log")
  f=$(grep -cE '^([0-9]+: )?(\[  FAILED  \] [a-zA-Z_0-9]+$|not ok [0-9]+)' "$log")
  s=$(grep -cE '^([0-9]+: )?(\[  SKIPPED \] [a-zA-Z_0-9]+$|ok [0-9]+ .*# skip)' "$log")
  own=$(grep -E '^([0-9]+: )?[0-9]+ passed, [0-9]+ failed' "$log" | sed -E 's/^[0-9]+: //' |
    awk '{p += $1; f += $3} END {print p + 0, f + 0}')
  p=$((p + ${own% *}))
  f=$((f + ${own#* }))
  [ $((p + f)) -gt 0 ] || { [ "$status" = 0 ] && p=1 || f=1; }
  [ "$status" = 0 ] || [ $f -gt 0 ] || f=1
  passed=$((passed + p - s))
  failed=$((failed + f))
  skipped=$((skipped + s))
  if [ "$status" = 0 ] && [ $f = 0 ]; then
    printf '%-44s %5d passed %4ds\n' "$name" "$p" "$took"
  else
    printf '%-44s %5d FAILED, %d passed %4ds\n' "$name" "$f" "$p" "$took"
    failures="$failures $log"
    tail -n 40 "$log"
  fi
}

step() {
  run_logged "$@"
  tally "$1"
}

# build_in FOLDER OPTION...
build_in() {
  folder=$1
  shift
  cmake -S . -B "$folder" -G Ninja -DKEYTURN_WERROR=ON "$@" && ninja -C "$folder" -j "$jobs"
}

ctest_in() {
  folder=$1
  shift
  ctest --test-dir "$folder" -j "$jobs" --output-on-failure --verbose --timeout 600 "$@"
}

step 'build, gcc' build_in "$build/gcc" -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo
step 'lint' tests/lint/run.sh "$build/gcc"
step 'units, gcc' ctest_in "$build/gcc" -LE long
if [ -z "$quick" ]; then
  # One process that only computes, beside tests that mostly wait.
  run_logged 'model, short' tests/model/run.sh --short &
  model=$!
fi
export KEYTURN_BIN="$PWD/$build/gcc"
step 'system' tests/system/groups.sh

step 'units, valgrind' tests/lint/valgrind.sh "$build/gcc"

if [ -z "$quick" ]; then
  wait "$model"
  tally 'model, short'
  step 'build, fault points' build_in "$build/fault" -DCMAKE_C_COMPILER=gcc -DKEYTURN_FAULT=ON
  step 'faults, short' tests/fault/run.sh --short "$build/fault"
  step 'build, clang with ASan and UBSan' build_in "$build/asan" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
    -DKEYTURN_SANITIZE=address,undefined
  step 'units, ASan and UBSan' ctest_in "$build/asan" -LE long
  step 'system, ASan and UBSan' env KEYTURN_BIN="$PWD/$build/asan" tests/system/groups.sh
  step 'fuzzing, short' tests/fuzz/run.sh --short "$build/fuzz"
  step 'coverage' tests/lint/coverage.sh "$build/coverage"
  grep -E '^(agent|cli|TOTAL)' "$logs/coverage.log"
fi

[ -z "$failures" ] || echo "Logs of what failed:$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

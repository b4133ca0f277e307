#!/bin/sh
# Fuzzes every target from its corpus, with ASan and UBSan.
#
#   tests/fuzz/run.sh [--short] [BUILD]
#
# --short gives each target ten seconds; without it all of them share an hour.
# What is found lies in BUILD/fuzz/found/<target>; put it into the corpus of the
# target, where every build replays it. What was learnt stays in BUILD/fuzz/learnt.
set -u
cd "$(dirname "$0")/../.." || exit 1

here=tests/fuzz
short=
[ "${1:-}" = --short ] && short=1 && shift
build=${1:-build/fuzz}
jobs=$(nproc)
targets=$(sed -nE 's/^fuzz_target\(([a-z_]+) .*/\1/p' $here/CMakeLists.txt)
count=$(echo "$targets" | wc -l)
seconds=10
[ -n "$short" ] || seconds=$((3600 * jobs / count))

cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DKEYTURN_FUZZ=ON -DKEYTURN_SANITIZE=address,undefined >"$build.log" 2>&1 &&
  ninja -C "$build" -j "$jobs" fuzz >>"$build.log" 2>&1 || {
  tail -n 40 "$build.log"
  echo "0 passed, 1 failed"
  exit 1
}

work=$build/fuzz
mkdir -p "$work"
results=$(mktemp)
trap 'rm -f "$results"' EXIT

# fuzz_one TARGET: a line "<target> <passed|FAILED> <runs> <edges>" to standard output.
cat >"$work/one.sh" <<'ONE'
#!/bin/sh
work=$1 program=$2/fuzz_$4 corpus=$3/$4 seconds=$5 target=$4
mkdir -p "$work/learnt/$target" "$work/found/$target"
log=$work/$target.log
if "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1048576 -max_len=8192 -print_final_stats=1 \
  -artifact_prefix="$work/found/$target/" "$work/learnt/$target" "$corpus" >"$log" 2>&1; then
  word=passed
else
  word=FAILED
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
edges=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$log" | tail -n 1)
echo "$target $word ${runs:-0} ${edges:-0}"
ONE
chmod +x "$work/one.sh"

# Memory for what a header promises may be refused, as malloc may; that is no harm.
ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=256:${ASAN_OPTIONS:-}
export ASAN_OPTIONS
echo "$targets" | xargs -P "$jobs" -I{} "$work/one.sh" "$work" "$build/tests/fuzz" "$here/corpus" {} "$seconds" |
  tee "$results" | awk '{printf "%-12s %-6s %9d runs, %5d edges\n", $1, $2, $3, $4}'

for target in $(awk '$2 == "FAILED" {print $1}' "$results"); do
  echo "--- $target: $work/found/$target"
  grep -E 'SUMMARY|does not hold|runtime error|ERROR: ' "$work/$target.log" | head -n 5
done
passed=$(grep -c ' passed ' "$results")
failed=$((count - passed))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

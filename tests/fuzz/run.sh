#!/bin/sh
# Fuzzes every target from its corpus, with ASan and UBSan.
#
#   tests/fuzz/run.sh [--short | --seed N] [BUILD]
#
# --short is the same each time, so that it fails by a change and never by chance: the corpus in a fixed order,
# then as many inputs as CMakeLists.txt says of the target, from a fixed seed, at addresses that are not random.
# Where a machine does not let go of random addresses, which lead the search, only the corpus is replayed, and it
# says so.
# Without it all of them share an hour, from what was learnt before, by a seed that is printed; --seed N repeats it.
#
# What is found lies in BUILD/fuzz/found/<target>; put it into the corpus of the
# target, where every build replays it. What was learnt stays in BUILD/fuzz/learnt.
set -u
cd "$(dirname "$0")/../.." || exit 1

here=tests/fuzz
short=
seed=$(od -An -N 4 -t u4 /dev/urandom | tr -d ' ')
case ${1:-} in
--short) short=1 seed=1 && shift ;;
--seed) seed=$2 && shift 2 ;;
esac
build=${1:-build/fuzz}
jobs=$(nproc)
targets=$(sed -nE 's/^fuzz_target\(([a-z_]+) [a-z]+ RUNS ([0-9]+).*/\1 \2/p' $here/CMakeLists.txt)
count=$(echo "$targets" | wc -l)

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

# one.sh TARGET RUNS: a line "<target> <passed|FAILED> <runs> <edges>" to standard output.
cat >"$work/one.sh" <<'ONE'
#!/bin/sh
target=$1 runs=$2 log=$work/$1.log learnt=$work/learnt/$1
mkdir -p "$learnt" "$work/found/$target"
if [ -n "$short" ]; then
  # Nothing that an earlier run learnt, and the seeds in an order that no file system decides. A line feed at the
  # end would belong to the name of the last one.
  find "$here/corpus/$target" -type f | LC_ALL=C sort | tr '\n' , | sed 's/,$//' >"$work/$target.seeds"
  set -- -runs="$runs" -reload=0 -timeout=300 -seed_inputs=@"$work/$target.seeds"
else
  set -- -max_total_time="$seconds" -timeout=20 "$learnt" "$here/corpus/$target"
fi
# shellcheck disable=SC2086 # a command of several words, or none
if $steady "$build/tests/fuzz/fuzz_$target" -seed="$seed" -rss_limit_mb=2048 -malloc_limit_mb=1048576 -max_len=8192 \
  -print_final_stats=1 -artifact_prefix="$work/found/$target/" "$@" >"$log" 2>&1; then
  word=passed
else
  word=FAILED
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
edges=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$log" | tail -n 1)
echo "$target $word ${runs:-0} ${edges:-0}"
ONE
chmod +x "$work/one.sh"

seconds=$((3600 * jobs / count))
steady=
if [ -n "$short" ]; then
  steady='setarch -R'
  if ! $steady true 2>/dev/null; then
    echo "This machine does not let go of random addresses: the corpus is replayed, and no more."
    steady=
    targets=$(echo "$targets" | sed 's/ .*/ 0/')
  fi
else
  echo "seed $seed"
fi

# Memory for what a header promises may be refused, as malloc may; that is no harm.
ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=256:${ASAN_OPTIONS:-}
export ASAN_OPTIONS here short seed build work seconds steady
echo "$targets" | xargs -P "$jobs" -L 1 "$work/one.sh" |
  tee "$results" | awk '{printf "%-12s %-6s %9d runs, %5d edges\n", $1, $2, $3, $4}'

for target in $(awk '$2 == "FAILED" {print $1}' "$results"); do
  echo "--- $target: $work/found/$target"
  grep -E 'SUMMARY|does not hold|runtime error|ERROR: ' "$work/$target.log" | head -n 5
done
passed=$(grep -c ' passed ' "$results")
failed=$((count - passed))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

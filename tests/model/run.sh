#!/bin/sh
# The model of both state tables: a search of every order of events in small worlds, and of mistakes
# that it must find.
#
#   tests/model/run.sh [--short] [--only NAME]
#
# --short takes the worlds marked so, about five minutes on one core and 2 GB. All of them take
# about fifteen minutes and 12 GB. --only takes one world or one mistake. Ends with the counts of what passed.
set -u
cd "$(dirname "$0")" || exit 1
short=
only=
while [ $# -gt 0 ]; do
  case $1 in
  --short) short=1 ;;
  --only)
    only=${2:?}
    shift
    ;;
  *)
    echo "usage: tests/model/run.sh [--short] [--only NAME]" >&2
    exit 2
    ;;
  esac
  shift
done

base='KEYS=1 VERSIONS=3 ROTATIONS=1 SETTLE=1 ISSUES=1 FINDS=1 REPLACES=0 DISABLES=0 REVOKES=1 HAS_OLD=1 CRASHES=0 NOISE=0 MOVES=0
  MEDDLING=0 RENEWALS=0'
here=$PWD
room=$here/../../agent/rotation
work=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-model.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0
failed=0
optimise=$([ -n "$short" ] && echo -O1 || echo -O2)
memory_mb=$([ -n "$short" ] && echo 1500 || echo 12000)

# defines DIFFERENCES: base with them, as options of a compiler.
defines() {
  for setting in $base $1; do
    printf '%s\n' "$setting"
  done | awk -F= '{value[$1] = $2} END {for (name in value) printf "-D%s=%s ", name, value[name]}'
}

# verifier FOLDER ROOM DIFFERENCES: the search of one world, with the tables of that room, as FOLDER/pan.
verifier() {
  mkdir -p "$1"
  (
    cd "$1" || exit 1
    options=$(defines "$3")
    cp "$here/keyturn.pml" "$here/tables.h" . || exit 1
    gcc -std=c17 -O1 -I"$2/include" -I"$2" -o words "$here/words.c" "$2"/*.c || exit 1
    ./words >words.pml || exit 1
    # shellcheck disable=SC2086
    spin $options -a keyturn.pml || exit 1
    # The optimising of partial orders would not see what the C code reads.
    # shellcheck disable=SC2086
    gcc -std=gnu17 $optimise -w $options -DSAFETY -DNOREDUCE -DCOLLAPSE -DMEMLIM=$memory_mb -I"$2/include" -I"$2" \
      -o pan pan.c "$2"/*.c
  ) >"$1/build.log" 2>&1 || {
    cat "$1/build.log"
    return 1
  }
}

# search FOLDER: 0 nothing found, 1 a promise is broken (why has it), 2 the search has no end.
search() {
  (
    cd "$1" || exit 2
    ./pan -m1000000 -n >pan.log 2>&1
    if [ -f keyturn.pml.trail ]; then
      ./pan -r >trail.log 2>&1
      grep -o 'S[0-9]*: .*' trail.log | head -n 1 >why
      [ -s why ] || grep -h '^pan:1' pan.log >why
      exit 1
    fi
    grep -q 'errors: 0' pan.log && ! grep -q 'Search not completed' pan.log && exit 0
    grep -m1 '^pan:' pan.log >why
    exit 2
  )
}

count() { # count STATUS TEXT
  if [ "$1" = 0 ]; then
    passed=$((passed + 1))
    echo "ok      $2"
  else
    failed=$((failed + 1))
    echo "FAILED  $2"
  fi
}

figures() { # of a search: states, and the deepest order of events
  awk '/states, stored/ {states = $1} /depth reached/ {gsub(",", ""); depth = $6}
    /^pan: elapsed time/ {time = $4} END {printf "%d states, %d deep, %.0f s", states, depth, time}' "$1/pan.log"
}

tab=$(printf '\t')
grep -v '^#' cases.tsv >"$work/cases"
while IFS=$tab read -r length name differences <&3; do
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  [ -z "$short" ] || [ "$length" = short ] || continue
  folder=$work/world
  rm -rf "$folder"
  verifier "$folder" "$room" "$differences" && search "$folder"
  status=$?
  count $status "$name: $(figures "$folder")$([ $status = 0 ] || sed "s/^/; /" "$folder/why")"
  [ $status != 1 ] || grep -E 'keyturn.pml:[0-9]+ \(state [0-9]+\)	' "$folder/trail.log" | tail -n 60
  sed -n 's/^rows: //p' "$folder/pan.log" | tr ' ' '\n' >>"$work/taken"
done 3<"$work/cases"

grep -v '^#' mutations.tsv >"$work/mutations"
while IFS=$tab read -r name file edit world promise <&3; do
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  rm -rf "$work/world" "$work/room"
  cp -r "$room" "$work/room"
  sed -i "$edit" "$work/room/$file"
  if cmp -s "$room/$file" "$work/room/$file"; then
    count 1 "mistake \"$name\" is not made: $file has changed"
    continue
  fi
  differences=$(awk -F"$tab" -v world="$world" '$2 == world {print $3}' "$work/cases")
  verifier "$work/world" "$work/room" "$differences" && search "$work/world"
  [ $? = 1 ] && grep -q "^$promise" "$work/world/why"
  count $? "mistake \"$name\": $(cat "$work/world/why" 2>/dev/null || echo not found)"
done 3<"$work/mutations"

if [ -z "$only" ]; then
  "$work/world/words" --rows | sort >"$work/rows"
  grep -v '^#' untaken.tsv | cut -f 1 | sort >"$work/excused"
  sort -u "$work/taken" | grep . | comm -13 - "$work/rows" >"$work/untaken"
  differ=$(comm -3 "$work/excused" "$work/untaken" | tr -d '\t' | tr '\n' ' ')
  [ -z "$differ" ]
  count $? "$(wc -l <"$work/rows") rows, $(wc -l <"$work/untaken") untaken, as untaken.tsv has it${differ:+; not so: $differ}"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

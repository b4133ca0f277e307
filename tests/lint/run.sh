#!/bin/sh
# The lint of the design's section 3: who may include whom, headers that compile alone, promises
# and rows that have tests.  tests/lint/run.sh [BUILD]
set -u
cd "$(dirname "$0")/../.." || exit 1
results=$(mktemp)
trap 'rm -f "$results"' EXIT

check() { # check NAME: standard input holds the findings
  findings=$(cat)
  if [ -z "$findings" ]; then
    echo passed >>"$results"
  else
    echo failed >>"$results"
    printf 'FAILED: %s\n%s\n' "$1" "$findings"
  fi
}

# Libraries stay in their rooms.
only_in() { # only_in HEADER FOLDER...
  header=$1
  shift
  folders=$*
  grep -rln "#include <$header" agent cli --include='*.[ch]' | while read -r file; do
    case " $folders " in
    *" $(echo "$file" | cut -d/ -f1-2) "* | *" $(echo "$file" | cut -d/ -f1) "* | *" $file "*) ;;
    *) echo "$file includes <$header>; only $folders may" ;;
    esac
  done
}
only_in sqlite3.h agent/store | check 'sqlite3.h only in store'
only_in libpq-fe.h agent/store | check 'libpq-fe.h only in store'
only_in curl/curl.h agent/http | check 'curl.h only in http'
only_in sodium.h agent/base agent/seal | check 'sodium.h only in base and seal'
only_in microhttpd.h agent/api | check 'microhttpd.h only in api'
only_in msgpack agent/vault | check 'msgpack only in vault'
only_in libsmartcols.h cli | check 'libsmartcols.h only in cli'

# Arrows between rooms: room: what it may include.
while IFS=: read -r room allowed; do
  [ -n "$room" ] || continue
  grep -rnoE '#include "[a-z]+/[a-z_]+\.h"' "$room" --include='*.[ch]' | while IFS=: read -r file line text; do
    target=$(echo "$text" | sed -E 's/.*"([a-z]+)\/.*/\1/')
    own=$(basename "$room")
    case " $own $allowed " in
    *" $target "*) ;;
    *) echo "$file:$line includes room $target; $own may include: $allowed" ;;
    esac
  done
done <<'RULES' | check 'arrows between rooms'
agent/base:
agent/seal:base
agent/store:base
agent/rotation:base
agent/http:base
agent/action:base http
agent/provider:base action
agent/delivery:base action
agent/vault:base seal store rotation
agent/notify:base action http
agent/engine:base vault rotation provider delivery notify action http
agent/api:base vault engine provider action rotation delivery
cli:base
RULES

# A file of the engine knows those that its page lists before it, but for one circle.
engine_order=$(sed -nE '/^[0-9]+\. /p' agent/engine/README.md | grep -oE '`[a-z_]+`' | tr -d '`' | grep -v _private | tr '\n' ' ')
engine_circle='rotate_effects rotate revoke step'
engine_known='engine_private rotate_work '
{
  for file in agent/engine/*.c; do
    case " $engine_order" in
    *" $(basename "$file" .c) "*) ;;
    *) echo "$file is not listed in agent/engine/README.md" ;;
    esac
  done
  for name in $engine_order; do
    engine_known="$engine_known$name "
    case " $engine_circle " in
    *" $name "*) allowed=" $engine_known$engine_circle " ;;
    *) allowed=" $engine_known" ;;
    esac
    sed -nE 's/^#include "([a-z_]+)\.h"$/\1/p' "agent/engine/$name.c" | while read -r other; do
      case "$allowed" in
      *" $other "*) ;;
      *) echo "agent/engine/$name.c includes $other.h, which comes after it in agent/engine/README.md" ;;
      esac
    done
  done
} | check 'order of the files of the engine'

# Each public header compiles alone.
flags=$(pkg-config --cflags libsodium libcyaml 2>/dev/null)
for room in agent/*/include; do flags="$flags -I$room"; done
for header in agent/*/include/*/*.h; do
  # shellcheck disable=SC2086
  printf '#include "%s"\n' "$(echo "$header" | sed -E 's|agent/[a-z]+/include/||')" |
    gcc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only $flags -x c - 2>&1
done | check 'each header compiles alone'

# Every room has its page.
for room in agent/*/; do [ -f "$room/README.md" ] || echo "$room has no README.md"; done | check 'a page for each room'

# Every promise and every row of the design is named by a test (the rows that the tables add are
# compared with their page and walked through by tests/unit/rotation).
for promise in S1 S2 S3 S4 S5 S6 S7 S8 S9 S10; do
  grep -rqE "(^|[^A-Za-z0-9])(test_)?${promise}([^0-9]|$)" tests --include='*.c' --include='*.bats' --include='*.sh' --include='*.py' ||
    echo "no test names the promise $promise"
done | check 'each promise has a test'
grep -ohE '"[RK][0-9]{2}[a-z]?"' agent/rotation/*.c | tr -d '"' | sed -E 's/[a-z]$//' | sort -u |
  grep -E '^(R0|R1|R2[0-3]|K0|K1[0-2])' | while read -r row; do
  grep -rq "$row" tests --include='*.c' --include='*.bats' --include='*.sh' || echo "no test names row $row"
done | check 'each row of the tables has a test'

# Nothing unfinished, nothing dangerous.
grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' agent cli schema packaging tests --include='*.[ch]' --include='*.sh' \
  --include='*.yaml' --include='*.sql' --include='*.bats' | grep -v '^tests/lint/run.sh' | check 'nothing unfinished'
grep -rnE '[^a-z_](strcpy|strcat|sprintf|gets|system|popen|alloca|strtok|rand|tmpnam|mktemp)\(' agent cli --include='*.[ch]' |
  check 'no dangerous functions'
grep -rnE '[^a-z_]exit\(' agent cli --include='*.c' | grep -vE '(main|cli)\.c:|_exit\(' | check 'exit only in the mains'
grep -rnE '^ +default:' agent cli --include='*.c' | check 'no default in a switch'

if command -v shellcheck >/dev/null 2>&1; then
  find packaging tests .ci -name '*.sh' -exec shellcheck -S warning {} + 2>&1 | check 'shellcheck'
fi
if command -v mandoc >/dev/null 2>&1; then
  for page in packaging/man/*.[1-8]; do [ -f "$page" ] && mandoc -T lint -W warning "$page"; done 2>&1 | check 'manual pages'
fi

failed=$(grep -c failed "$results")
echo "$(grep -c passed "$results") passed, $failed failed"
[ "$failed" = 0 ]

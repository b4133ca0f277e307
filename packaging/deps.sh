#!/bin/sh
# Install the Debian packages that are missing.
#
#   packaging/deps.sh run|build|test
#
# run: what the programs need; build: and to compile; test: and for every test.
# As root, or with sudo that asks nothing, missing packages are installed. Otherwise they
# are named, and the exit status is 1.
set -eu

run='libsodium23 libcurl4 libsqlite3-0 libmicrohttpd12 libjansson4 libmsgpackc2 libcyaml1 libyaml-0-2 libsmartcols1 libbsd0 tzdata'
build='gcc cmake ninja-build pkg-config libc6-dev libsodium-dev libcurl4-openssl-dev libsqlite3-dev libmicrohttpd-dev
  libjansson-dev libmsgpack-dev libcyaml-dev libyaml-dev libsmartcols-dev libbsd-dev ca-certificates tzdata'
test='libcmocka-dev bats clang llvm libclang-rt-14-dev valgrind gcovr sqlite3 curl jq expect gdb git
  bsdextrautils openssl python3 python3-yaml python3-jsonschema mandoc procps strace spin'

case "${1:-build}" in
run) wanted=$run ;;
build) wanted="$build" ;;
test) wanted="$build $test" ;;
*)
  echo "usage: packaging/deps.sh run|build|test" >&2
  exit 2
  ;;
esac

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root='sudo -n'
else
  echo "Missing packages:$missing" >&2
  echo "Install them:  sudo apt-get install$missing" >&2
  exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# Word splitting is meant: one word a package.
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null

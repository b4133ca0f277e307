#!/bin/sh
# Builds build/keyturn_VERSION_ARCHITECTURE.deb from an installed tree, with dpkg alone.
#
#   packaging/deb.sh
set -eu
umask 022
cd "$(dirname "$0")/.."

packaging/deps.sh build
command -v dpkg-shlibdeps >/dev/null || {
  echo 'dpkg-shlibdeps is needed; install the package dpkg-dev.' >&2
  exit 1
}

build=${KEYTURN_BUILD_DIR:-build}
version=$(sed -nE 's/^project\(keyturn VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
package=$build/keyturn_${version}_$architecture.deb

cmake -S . -B "$build/deb" -G Ninja -DBUILD_TESTING=OFF -DKEYTURN_IN_TREE=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_INSTALL_PREFIX=/usr >/dev/null
ninja -C "$build/deb"

tree=$(mktemp -d "${TMPDIR:-/tmp}/keyturn-deb.XXXXXX")
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
DESTDIR=$tree cmake --install "$build/deb" --strip >/dev/null
! grep -qF "$PWD" "$tree/usr/bin/keyturnd" "$tree/usr/bin/keyturn" || {
  echo "The programs name the folder they were built in, $PWD." >&2
  exit 1
}
# Where Debian keeps the units, and a configuration that is the administrator's.
install -D -m 0644 packaging/keyturn.yaml "$tree/etc/keyturn/keyturn.yaml"
install -d "$tree/etc/keyturn/providers.d"
doc=$tree/usr/share/doc/keyturn
install -m 0644 packaging/debian/copyright "$doc/copyright"
sed "1s/([^)]*)/($version)/" packaging/debian/changelog | gzip -9n >"$doc/changelog.gz"
find "$tree/usr/share/man" -type f -exec gzip -9n {} +

# dpkg-shlibdeps wants a source package around it.
mkdir -p "$tree/debian"
echo 'Source: keyturn' >"$tree/debian/control"
depends=$(cd "$tree" && dpkg-shlibdeps -O usr/bin/keyturn usr/bin/keyturnd 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -r "$tree/debian"
[ -n "$depends" ] || {
  echo 'The libraries of the programs belong to no package.' >&2
  exit 1
}

mkdir "$tree/DEBIAN"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@DEPENDS@|$depends|" \
  -e "s|@SIZE@|$(du -sk --exclude=DEBIAN "$tree" | cut -f1)|" packaging/debian/control >"$tree/DEBIAN/control"
install -m 0644 packaging/debian/conffiles "$tree/DEBIAN/conffiles"
install -m 0755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$tree/DEBIAN"
(cd "$tree" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
dpkg-deb --root-owner-group --build "$tree" "$package"

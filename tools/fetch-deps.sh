#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# Fetches, verifies and unpacks what deps.lock, or the lock that is named, says into build/deps/<name>. Needs no root and leaves the system's apt
# alone: sources, lists and cache live under build/deps/apt. Nothing is unpacked before its SHA-256 agrees.
#
#   RUMPK_DEPS_CACHE=DIR     where archives are kept, to share them between work trees (build/deps/archives)
#   RUMPK_DEBIAN_MIRROR=URL  the mirror to fetch from (http://deb.debian.org/debian)
#
# Exit status: 0 all there, 1 cannot be fetched, or is not what was pinned.
set -eu

cd "$(dirname "$0")/.."
deps=$PWD/build/deps
cache=${RUMPK_DEPS_CACHE:-$deps/archives}
mirror=${RUMPK_DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
lock=${1:-deps.lock}
apt_dir=$deps/apt.$$

fail()
{
	echo "fetch-deps: $*" >&2
	exit 1
}

locked()
{
	grep -v -e '^#' -e '^[[:space:]]*$' "$lock"
}

is_genuine() # file sha256
{
	[ -f "$1" ] && echo "$2  $1" | sha256sum --check --status 2>/dev/null
}

private_apt()
{
	apt-get -qq -o Dir::State="$apt_dir/state" -o Dir::State::status="$apt_dir/status" \
		-o Dir::Etc::sourcelist="$apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Cache="$apt_dir/cache" -o APT::Sandbox::User= -o Acquire::Languages=none \
		-o Acquire::Retries=2 "$@" </dev/null
}

# The indexes of source packages, of the suite that is asked for alone.
apt_update() # suite
{
	mkdir -p "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial" "$apt_dir/download"
	: >"$apt_dir/status"
	echo "deb-src [signed-by=$keyring] $mirror $1 main" >"$apt_dir/sources.list"
	private_apt -o APT::Update::Error-Mode=any update
}

fetch() # source suite archive sha256
{
	command -v apt-get >/dev/null || fail "no apt-get here: put $3 (SHA-256 $4) into $cache"
	[ -r "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
	echo "fetching: $3 ($2)" >&2
	apt_update "$2" || fail "cannot reach $mirror for $3; offline, put that file (SHA-256 $4) into $cache"
	(cd "$apt_dir/download" && private_apt source --download-only --tar-only "$1/$2" >/dev/null) ||
		fail "cannot download source package $1 of $2 from $mirror"
	[ -f "$apt_dir/download/$3" ] || fail "source package $1 of $2 no longer has $3: update $lock"
	is_genuine "$apt_dir/download/$3" "$4" ||
		fail "$3 from $mirror has SHA-256 $(sha256sum <"$apt_dir/download/$3" | cut -d' ' -f1), $lock pins $4"
	mkdir -p "$cache"
	# Renamed into place, so that work trees that share the folder never see half a file.
	cp "$apt_dir/download/$3" "$cache/.$3.$$"
	mv "$cache/.$3.$$" "$cache/$3"
}

unpack() # name archive part
{
	rm -rf "$deps/${1:?}" "$deps/.$1.new"
	mkdir -p "$deps/.$1.new"
	tar -x --strip-components=1 --no-same-owner -f "$cache/$2" -C "$deps/.$1.new" || fail "cannot unpack $2"
	case $3 in
	.) mv "$deps/.$1.new" "$deps/$1" ;;
	*) mv "$deps/.$1.new/$3" "$deps/$1" ;;
	esac
	rm -rf "$deps/.$1.new"
}

[ -r "$lock" ] || fail "$lock: no such file, or not readable"
mkdir -p "$deps"
exec 9>"$deps/.lock"
flock 9 # two at once would unpack over each other
trap 'rm -rf "$apt_dir" "$cache"/.*."$$"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
locked | while read -r name source version suite archive part sha256; do
	stamp=$deps/.$name-$version-$sha256.stamp
	[ ! -e "$stamp" ] || continue
	is_genuine "$cache/$archive" "$sha256" || fetch "$source" "$suite" "$archive" "$sha256"
	unpack "$name" "$archive" "$part"
	rm -f "$deps/.$name"-*.stamp
	: >"$stamp"
done

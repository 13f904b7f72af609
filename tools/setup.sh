#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# Makes sure that the programs and libraries for a group of make targets are there: tools/setup.sh run|check|fuzz|model|peers|browser ...
#
# Looks for what is used (a program, a header), not for package names, so that the usual case costs no process and
# tools from elsewhere count too. What is missing is installed as Debian packages, and is named before it is.
# Exit status: 0 all there, 1 the installation failed, 2 cannot install here or wrong usage.
set -eu

# One need a line: group, Debian package, what proves that it is there (program, file, or py:module).
needs()
{
	cat <<'END'
run qemu-system-arm qemu-system-aarch64
run gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
run python3 /usr/bin/python3
run python3-pexpect py:pexpect
run minisign minisign
run xz-utils xz
run e2fsprogs sbin:mke2fs
run debian-archive-keyring apt:/usr/share/keyrings/debian-archive-keyring.gpg
check gcc gcc
check libc6-dev /usr/include/stdio.h
check libcunit1-dev /usr/include/CUnit/CUnit.h
check libsodium-dev /usr/include/sodium.h
check gdb-multiarch gdb-multiarch
check g++-aarch64-linux-gnu aarch64-linux-gnu-g++
check device-tree-compiler dtc
check git git
check curl curl
check libxml2-utils xmllint
check tcl tclsh
fuzz clang clang
fuzz libc6-dev /usr/include/stdio.h
model spin spin
model gcc gcc
model libc6-dev /usr/include/stdio.h
peers g++ g++
peers pkg-config pkg-config
peers libck-dev /usr/include/ck_ring.h
peers libdpdk-dev /usr/include/dpdk/rte_ring.h
peers libboost-dev /usr/include/boost/lockfree/spsc_queue.hpp
peers libdisruptor-java /usr/share/java/disruptor.jar
peers default-jdk-headless javac
peers util-linux taskset
peers musl-tools musl-gcc
peers wrk wrk
peers redis-tools redis-benchmark
browser chromium chromium
END
	echo "fuzz $(fuzzer_package) rt:libclang_rt.fuzzer-$(uname -m).a"
}

# Debian 12 numbers the package of clang's run-time libraries and has no unnumbered one.
fuzzer_package()
{
	if grep -q '^VERSION_ID="\{0,1\}12"\{0,1\}$' /etc/os-release 2>/dev/null; then
		echo libclang-rt-14-dev
	else
		echo libclang-rt-dev
	fi
}

has_program()
{
	command -v "$1" >/dev/null 2>&1
}

is_there()
{
	case $1 in
	apt:*) ! has_program apt-get || [ -e "${1#apt:}" ] ;;
	sbin:*) has_program "${1#sbin:}" || [ -x "/usr/sbin/${1#sbin:}" ] || [ -x "/sbin/${1#sbin:}" ] ;;
	py:*) [ -d "/usr/lib/python3/dist-packages/${1#py:}" ] || /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
	rt:*) has_program clang && [ -e "$(clang -print-resource-dir)/lib/linux/${1#rt:}" ] ;;
	/*) [ -e "$1" ] ;;
	*) has_program "$1" ;;
	esac
}

# The packages of the groups in $1 that are missing, each once.
missing_packages()
{
	needs | while read -r group package proof; do
		case " $1 " in
		*" $group "*) is_there "$proof" || echo "$package" ;;
		esac
	done | sort -u | tr '\n' ' '
}

# apt-get as root, with no questions.
apt()
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

install_packages()
{
	# shellcheck disable=SC2086 # a list of words
	apt install -y --no-install-recommends $1
}

[ $# -gt 0 ] || set -- --help
for group in "$@"; do
	case $group in
	run | check | fuzz | model | peers | browser) ;;
	*)
		echo "usage: tools/setup.sh run|check|fuzz|model|peers|browser ..." >&2
		exit 2
		;;
	esac
done

missing=$(missing_packages "$*")
missing=${missing% }
[ -n "$missing" ] || exit 0

if ! has_program apt-get; then
	echo "setup: missing here, and there is no apt-get to install it: $missing (names of Debian packages)" >&2
	exit 2
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! has_program sudo; then
		echo "setup: missing: $missing; as root, run: apt-get update && apt-get install --no-install-recommends $missing" >&2
		exit 2
	fi
	as_root=sudo
fi

echo "installing: $missing"
# shellcheck disable=SC2086
if ! apt-cache show --no-all-versions $missing >/dev/null 2>&1; then
	apt update
fi
# Lists that are there can be too old to fetch by: then one update and one more try.
install_packages "$missing" || { apt update && install_packages "$missing"; } || {
	echo "setup: apt-get could not install: $missing (is the network there?)" >&2
	exit 1
}
missing=$(missing_packages "$*")
[ -z "$missing" ] || {
	echo "setup: still missing after the installation: $missing" >&2
	exit 1
}

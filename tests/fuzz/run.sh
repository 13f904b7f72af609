#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Runs fuzz programs one after the other: run.sh SECONDS PROGRAM...
# The corpus of build/fuzz/corpus/<name> grows from run to run; the seeds are those of fixtures/fuzz/<name> and of
# fixtures/fuzz/make_seeds.py. What breaks a program is kept in build/fuzz/found/, and named with its log. Exit status: 0
# nothing found, 1 something found, 2 wrong usage.

set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 SECONDS PROGRAM..." >&2
	exit 2
fi
seconds=$1
shift
cd "$(dirname "$0")/../.."
/usr/bin/python3 fixtures/fuzz/make_seeds.py build/fixtures
mkdir -p build/fuzz/found
failed=0
for program in "$@"; do
	name=$(basename "$program" _fuzz)
	log=build/fuzz/$name.log
	mkdir -p "build/fuzz/corpus/$name"
	set -- "build/fuzz/corpus/$name"
	for seeds in "fixtures/fuzz/$name" "build/fixtures/fuzz/$name"; do
		[ ! -d "$seeds" ] || set -- "$@" "$seeds"
	done
	if "$program" -max_total_time="$seconds" -timeout=10 -artifact_prefix="build/fuzz/found/$name-" "$@" >"$log" 2>&1; then
		echo "fuzz: $name: nothing found, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log") runs"
	else
		echo "fuzz: $name: FAILED, see $log"
		grep -E 'does not hold|runtime error|^SUMMARY|written to' "$log" || tail -n 5 "$log"
		failed=1
	fi
done
exit $failed

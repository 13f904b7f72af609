#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# Everything, as CI runs it: harness/run-all.sh. A failing stage does not stop the others. JUnit files, logs and one
# page are left under build/report/; the last line has the totals, and the exit status is 0 only where nothing failed.
# What the stages need is built at once first, on all CPUs.
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2

stages=(
	"build make -s -k -j$(nproc) everything"
	"lint make -s lint"
	"unit make -s unit"
	"harness make -s harness-test"
	"tools make -s tools-test"
	"qemu make -s qemu-test"
	"perf make -s perf"
	"model make -s model"
	"cover make -s cover"
	"commits ci/every-commit.sh"
)

tools/setup.sh run check
rm -rf build/report
trap 'echo "run-all: interrupted" >&2; exit 130' INT TERM
number=0
for stage in "${stages[@]}"; do
	read -r name command <<<"$stage"
	number=$((number + 1))
	printf '== %s (%d of %d): %s\n' "$name" "$number" "${#stages[@]}" "$command"
	begun=$SECONDS
	# shellcheck disable=SC2086 # a command of several words
	if /usr/bin/python3 harness/stage.py "$name" $command; then result=passed; else result=FAILED; fi
	printf '== %s %s in %d s\n' "$name" "$result" $((SECONDS - begun))
done
printf '== all of it in %d s\n' $SECONDS
exec /usr/bin/python3 harness/report.py --totals

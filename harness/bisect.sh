#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# harness/bisect.sh GOOD BAD TEST: finds the commit that broke a test (--perf METRIC GOOD BAD: that made a metric worse).
exec /usr/bin/python3 "$(dirname "$(readlink -f "$0")")/bisection.py" "$@"

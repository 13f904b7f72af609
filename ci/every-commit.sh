#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# ci/every-commit.sh [BASE]: each commit builds without warnings and boots. See harness/commits.py.
exec /usr/bin/python3 "$(dirname "$(readlink -f "$0")")/../harness/commits.py" "$@"

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Tests of tools/, fixtures/ and ci/lint.py: plain unittest, found by wildcard."""

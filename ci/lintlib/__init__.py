# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The checks of ci/lint.py, one a module: each takes the root and its files and yields findings as text."""

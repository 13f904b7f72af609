# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The Rumpk test harness: boots a machine, watches it, and gives one named verdict."""

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The two ways a command fails, and their exit statuses."""


class BadInput(Exception):
    """What was given cannot be used: a file that is no bundle, a manifest with a mistake. Exit status 2."""

    status = 2


class Refused(Exception):
    """The thing asked for was tried and failed: a signature that does not hold. Exit status 1."""

    status = 1

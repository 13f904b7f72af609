# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The end of a program whose output nobody reads any more: `harness/run.py --list | head`."""
from __future__ import annotations

import os
import sys
from typing import Callable

STATUS = 141  # as a shell tells SIGPIPE


def served(program: Callable[[], int]) -> int:
    """The exit status of a program, all of whose output is written; STATUS, and no word, where who reads it has gone."""
    try:
        status = program()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left is written there when Python ends
        return STATUS

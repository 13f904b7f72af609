# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a guest prints, on standard output, while a run can be ended whoever reads that, or does not."""
from __future__ import annotations

import errno
import os
import select
import threading

PIECE_BYTES = select.PIPE_BUF  # a pipe that can be written to takes so much without waiting
LOOK_S = 0.1


class Output:
    """Hands bytes to stdout at once. Context: the machine's pump thread, but for leave() and what is read of it."""

    def __init__(self) -> None:
        self.broken = threading.Event()
        self._error: OSError | None = None

    def __call__(self, data: bytes) -> None:
        while data and not self.broken.is_set():
            try:
                if select.select([], [1], [], LOOK_S)[1]:
                    data = data[os.write(1, data[:PIECE_BYTES]):]
            except BlockingIOError:
                pass  # somebody who shares it has it not wait
            except OSError as error:
                self._error = error
                self.broken.set()

    def leave(self) -> None:
        """Nothing more is written: what cannot be, because nobody reads, must not hold up the end."""
        self.broken.set()

    def trouble(self) -> str:
        """What could not be written and why; nothing where whoever read it has gone: that is no mistake."""
        if self._error is None or self._error.errno == errno.EPIPE:
            return ""
        return f"standard output: {self._error.strerror}"

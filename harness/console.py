# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The guest's console: every byte kept with the time it came, whole lines, and pexpect on top.

The pump thread of the machine feeds it whether or not anybody reads, because QEMU blocks (and then ignores
SIGTERM) on a console socket that nobody drains. Scripts read from the kept bytes at their own pace.
"""
from __future__ import annotations

import threading
import time
from typing import Callable

from pexpect import EOF, TIMEOUT
from pexpect.spawnbase import SpawnBase

#: Bytes kept of a console. A guest that prints more is flooding; the rest is counted, not kept.
KEEP_BYTES = 8 << 20


class Console:
    """A byte stream from the guest with arrival times, and the way back to it."""

    def __init__(self, write: Callable[[bytes], None] | None = None) -> None:
        self._write = write
        self._ready = threading.Condition()
        self._data = bytearray()
        self._times: list[tuple[int, int]] = []  # (offset of the first byte, ns since start)
        self._watchers: list[Callable[[bytes], None]] = []
        self.total_bytes = 0
        self.closed = False

    # Written by the pump thread.

    def feed(self, data: bytes, at_ns: int) -> None:
        """Keeps what arrived. Context: the pump thread only."""
        with self._ready:
            room = KEEP_BYTES - len(self._data)
            if room > 0:
                self._times.append((len(self._data), at_ns))
                self._data += data[:room]
            self.total_bytes += len(data)
            watchers = list(self._watchers)
            self._ready.notify_all()
        for watcher in watchers:
            try:
                watcher(data)
            except Exception:  # the pump must go on: a console that nobody drains blocks QEMU
                self._watchers.remove(watcher)

    def close(self) -> None:
        """Says that no further byte will come. Context: the pump thread only."""
        with self._ready:
            self.closed = True
            self._ready.notify_all()

    # Read by anybody.

    def watch(self, callback: Callable[[bytes], None]) -> None:
        """Calls `callback` with everything kept so far and then each piece as it comes, from the pump thread.

        A callback that raises is not called again.
        """
        with self._ready:
            if self._data:
                callback(bytes(self._data))
            self._watchers.append(callback)

    def send(self, data: bytes) -> None:
        """Types `data` at the guest."""
        if self._write is None:
            raise ValueError("this console has no input")
        self._write(data)

    def bytes(self) -> bytes:
        """Everything the guest has printed (up to KEEP_BYTES)."""
        with self._ready:
            return bytes(self._data)

    def lines(self) -> list[str]:
        """Whole lines, without their line ends; an unfinished last line is not one."""
        return split_lines(self.bytes())[0]

    def read_from(self, offset: int, timeout_s: float | None) -> bytes:
        """What was printed after `offset`; waits for at least a byte. Empty at the end; raises TimeoutError."""
        with self._ready:
            more = self._ready.wait_for(lambda: len(self._data) > offset or self.closed, timeout_s)
            if not more:
                raise TimeoutError
            return bytes(self._data[offset:])

    def wait_line(self, text: str, timeout_s: float) -> int | None:
        """Waits for a whole line equal to `text`; the time it was complete in ns since start, or None."""
        deadline = time.monotonic() + timeout_s
        with self._ready:
            while True:
                at_ns = line_time(bytes(self._data), self._times, text)
                left = deadline - time.monotonic()
                if at_ns is not None or self.closed or left <= 0:
                    return at_ns
                self._ready.wait(left)

    def timed_lines(self) -> list[tuple[int, str]]:
        """Each line with the time (ns since start) at which its last byte had come; also an unfinished last one."""
        with self._ready:
            data, times = bytes(self._data), list(self._times)
        found, start, piece = [], 0, 0
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end + 1
            while piece + 1 < len(times) and times[piece + 1][0] < end:
                piece += 1
            found.append((times[piece][1], data[start:end].decode("utf-8", "replace").rstrip("\r\n")))
            start = end
        return found

    def pexpect(self, timeout_s: float = 10.0) -> "ConsoleSpawn":
        """A pexpect reader from the first byte on. End every pattern with \\r?\\n: it matches on partial data."""
        return ConsoleSpawn(self, timeout_s)


def split_lines(data: bytes) -> tuple[list[str], str]:
    """Whole lines without line ends, and the unfinished rest."""
    *whole, rest = data.decode("utf-8", "replace").split("\n")
    return [line.rstrip("\r") for line in whole], rest


def line_time(data: bytes, times: list[tuple[int, int]], text: str) -> int | None:
    """When the last byte of the first whole line `text` came (ns since start), or None where there is none."""
    want, start = text.encode(), 0
    while (at := data.find(want, start)) >= 0:
        end = at + len(want)
        whole = (at == 0 or data[at - 1:at] == b"\n") and data[end:end + 2].lstrip(b"\r")[:1] == b"\n"
        if whole:
            newline = data.index(b"\n", end)
            return max(ns for offset, ns in times if offset <= newline)
        start = at + 1
    return None


class ConsoleSpawn(SpawnBase):
    """pexpect over a Console: `expect`, `before`, `after`, `send`, `sendline`; text, not bytes."""

    def __init__(self, console: Console, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, encoding="utf-8", codec_errors="replace")
        self._console = console
        self._offset = 0
        self.closed = False
        self.name = "<console>"

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> str:
        """pexpect's one way to read: the next bytes, EOF after the last, TIMEOUT where none come."""
        try:
            data = self._console.read_from(self._offset, self.timeout if timeout == -1 else timeout)
        except TimeoutError:
            raise TIMEOUT("the guest printed nothing more in time") from None
        if not data:
            self.flag_eof = True
            raise EOF("the guest's console ended")
        data = data[:max(size, 1)]
        self._offset += len(data)
        text = self._decoder.decode(data, final=False)
        self._log(text, "read")
        return text

    def send(self, text: str) -> int:
        """Types `text` at the guest."""
        self._log(text, "send")
        self._console.send(text.encode())
        return len(text)

    def sendline(self, text: str = "") -> int:
        """Types a line at the guest."""
        return self.send(text + "\n")

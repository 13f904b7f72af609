# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""QEMU's machine protocol over a socketpair QEMU inherits: no port, no path, nobody else can connect.

The two opening commands are written before QEMU starts. QEMU itself starts halted (-S) and `cont` is the second
command, so that no machine event can come before events are on, and so that "the guest did run" is a fact: QEMU
answers the first command only once the machine stands and its kernel is loaded. (The reply to `cont` would not do:
a guest that is quick ends QEMU before it is written.)
"""
from __future__ import annotations

import json
import threading
import time
from typing import Any, Callable


class QmpError(RuntimeError):
    """QEMU refused a command, or went away before answering."""


class Qmp:
    """Commands to QEMU, its replies, and its events with the time they came."""

    def __init__(self, write: Callable[[bytes], None] | None) -> None:
        self._write = write
        self._ready = threading.Condition()
        self._rest = b""
        self._replies: dict[Any, dict[str, Any]] = {}
        self._next_id = 0
        self.events: list[dict[str, Any]] = []
        self.greeted = False
        self.started = False  # the first command was answered: the machine stands
        self.closed = False
        self._shutting = False
        self.shut_down = False  # the guest powered the machine off or reset it, and QEMU waits (-action shutdown=pause)

    def open(self, run: bool) -> None:
        """Queues the opening commands; `run` lets the guest go. Context: before QEMU is started."""
        self._post("qmp_capabilities", None, "open")
        if run:
            self.run()

    def run(self) -> None:
        """Lets a guest go that waits for it (-S)."""
        self._post("cont", None, "cont")

    def _post(self, name: str, arguments: dict[str, Any] | None, ident: Any) -> None:
        if self._write is None:
            raise QmpError("this machine has no QMP")
        message: dict[str, Any] = {"execute": name, "id": ident}
        if arguments:
            message["arguments"] = arguments
        self._write(json.dumps(message).encode() + b"\n")

    def feed(self, data: bytes, at_ns: int) -> None:
        """Takes what QEMU wrote. Context: the pump thread only."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        with self._ready:
            for line in lines:
                if line.strip():
                    self._take(json.loads(line), at_ns)
            self._ready.notify_all()

    def _take(self, message: dict[str, Any], at_ns: int) -> None:
        if "QMP" in message:
            self.greeted = True
        elif "event" in message:
            self.events.append({"event": message["event"], "data": message.get("data", {}), "at_ns": at_ns})
            guests = str(message.get("data", {}).get("reason", "")).startswith("guest-")
            self._shutting = self._shutting or (message["event"] == "SHUTDOWN" and guests)
            self.shut_down = self.shut_down or (message["event"] == "STOP" and self._shutting)
        elif "id" in message:
            self._replies[message["id"]] = message
            if message["id"] == "open" and "return" in message:
                self.started = True

    def close(self) -> None:
        """Says that QEMU is gone. Context: the pump thread only."""
        with self._ready:
            self.closed = True
            self._ready.notify_all()

    def command(self, name: str, timeout_s: float = 2.0, **arguments: Any) -> Any:
        """Runs one QMP command and gives what it returns; QmpError on refusal, end of QEMU or time out."""
        with self._ready:
            self._next_id += 1
            ident = self._next_id
        try:
            self._post(name, arguments, ident)
        except OSError as error:
            raise QmpError(f"{name}: QEMU is gone") from error
        deadline = time.monotonic() + timeout_s
        with self._ready:
            while ident not in self._replies:
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    raise QmpError(f"{name}: {'QEMU is gone' if self.closed else 'no answer in time'}")
                self._ready.wait(left)
            reply = self._replies.pop(ident)
        if "error" in reply:
            raise QmpError(f"{name}: {reply['error'].get('desc', reply['error'])}")
        return reply.get("return")

    def monitor(self, line: str, timeout_s: float = 2.0) -> str:
        """Runs one line of the human monitor (`info registers -a`) and gives its text."""
        return self.command("human-monitor-command", timeout_s, **{"command-line": line})

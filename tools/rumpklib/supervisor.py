#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The process that a guest in the background belongs to: it starts QEMU, keeps what the guest prints, hands it to who is attached and
their keys to the guest, and ends with it. QEMU dies with it. `rumpk run -d` starts it: supervisor.py FOLDER LOCK REPORT, with what machine
to make on standard input; on REPORT it says `started`, or why not.

Requests come on the folder's socket, a line each:
    attach      from then on the guest's console, both ways; first the last of what it printed
    stop        ends the guest: QEMU is asked to, and killed where it does not; answered by `stopped`

Who is attached and does not read is let go: the guest waits for nobody.
"""
from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

from harness.machine import Machine  # noqa: E402
from harness.machine_config import MachineConfig  # noqa: E402
from harness.qmp import QmpError  # noqa: E402
from rumpklib import run  # noqa: E402
from rumpklib.guests import Guest, State  # noqa: E402

LOG_BYTES = 8 << 20       # of each of the two files
TAIL_BYTES = 4096         # what who attaches sees of before
BEHIND_BYTES = 1 << 20    # how much who is attached may leave unread
REQUEST_BYTES = 64
TYPED_PIECES = 256        # keys that the guest has not taken yet; more are lost, as with any terminal
START_LIMIT_S = 30.0
QUIT_LIMIT_S = 3.0


class Log:
    """What the guest printed: a file, and the one before it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self.tail = b""

    def write(self, data: bytes) -> None:
        """Adds to it; less where the disk is full: the guest does not end for that."""
        self.tail = (self.tail + data)[-TAIL_BYTES:]
        if self._file.tell() + len(data) > LOG_BYTES:
            self._file.close()
            self._path.rename(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)
        try:
            while data:
                data = data[self._file.write(data):]
        except OSError as error:
            print(f"{self._path}: {error.strerror}: {len(data)} bytes are lost", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


class Client:
    """A connection: a request that is not whole yet, or somebody attached."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.request = b""
        self.attached = self.stops = False
        self.unsent = b""


class Supervisor:
    """One guest's. Context: all but the machine's pump thread and the typist's are in run()."""

    def __init__(self, guest: Guest, machine: Machine, listener: socket.socket, timeout_s: float | None) -> None:
        self._guest, self._machine, self._listener = guest, machine, listener
        self._deadline = time.monotonic() + timeout_s if timeout_s is not None else None
        self._log = Log(guest.log)
        self._clients: list[Client] = []
        self._printed: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._typed: queue.Queue[bytes] = queue.Queue(TYPED_PIECES)
        self._ready = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)[::-1]
        self._kill_at: float | None = None
        self.stopped = self.timed_out = False

    def run(self) -> None:
        """Until the guest has ended and all it said is with those who want it."""
        self._ready.register(self._listener, selectors.EVENT_READ)
        self._ready.register(self._woken, selectors.EVENT_READ)
        self._machine.console.watch(self._take)
        threading.Thread(target=self._type, name="typist", daemon=True).start()
        while True:
            over = not self._machine.running
            for key, events in self._ready.select(0.1):
                self._serve(key.fileobj, events)
            self._hand_on()
            self._look_at_the_clock()
            if over:
                break
        self._log.close()
        for client in list(self._clients):
            self._finish(client)

    def stop(self) -> None:
        """Ends the guest: QEMU writes back what it has, and goes."""
        if self.stopped or not self._machine.running:
            return
        self.stopped = True
        self._kill_at = time.monotonic() + QUIT_LIMIT_S
        threading.Thread(target=self._quit, name="quit", daemon=True).start()

    def _quit(self) -> None:
        try:
            self._machine.qmp.command("quit", QUIT_LIMIT_S)
        except (QmpError, OSError):
            pass  # it is gone, or will be killed

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now > self._deadline and not self.stopped:
            self.timed_out = True
            self.stop()
        if self._kill_at is not None and now > self._kill_at:
            self._machine.kill()

    # The console.

    def _take(self, data: bytes) -> None:
        """Context: the pump thread."""
        self._printed.put(data)
        try:
            os.write(self._wake, b"x")
        except BlockingIOError:
            pass  # it is awake

    def _hand_on(self) -> None:
        pieces = []
        while not self._printed.empty():
            pieces.append(self._printed.get())
        if pieces:
            data = b"".join(pieces)
            self._log.write(data)
            for client in [one for one in self._clients if one.attached]:
                self._send(client, data)

    def _type(self) -> None:
        """Context: a thread of its own, for a guest that does not read holds it up."""
        run.await_port(self._machine.console)
        while True:
            data = self._typed.get()
            try:
                self._machine.console.send(data)
            except OSError:
                return

    # Who is connected.

    def _serve(self, what: object, events: int) -> None:
        if what is self._listener:
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._clients.append(Client(connection))
            self._ready.register(connection, selectors.EVENT_READ)
        elif what == self._woken:
            os.read(self._woken, 4096)
        else:
            client = next((one for one in self._clients if one.connection is what), None)
            if client is None:
                return  # let go meanwhile, on behalf of another
            if events & selectors.EVENT_WRITE:
                self._send(client, b"")
            if events & selectors.EVENT_READ and client in self._clients:
                self._receive(client)

    def _receive(self, client: Client) -> None:
        try:
            data = client.connection.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._drop(client)
        elif client.attached:
            self._key(data)
        else:
            client.request += data
            line, newline, rest = client.request.partition(b"\n")
            if newline:
                self._ask(client, line, rest)
            elif len(client.request) > REQUEST_BYTES:
                self._drop(client)

    def _key(self, data: bytes) -> None:
        try:
            self._typed.put_nowait(data)
        except queue.Full:
            pass

    def _ask(self, client: Client, line: bytes, rest: bytes) -> None:
        if line == b"attach":
            client.attached = True
            self._hand_on()
            self._send(client, self._log.tail)
            if rest:
                self._key(rest)
        elif line == b"stop":
            client.stops = True
            self.stop()
        else:
            self._drop(client)

    def _send(self, client: Client, data: bytes) -> None:
        client.unsent += data
        try:
            client.unsent = client.unsent[client.connection.send(client.unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.unsent) > BEHIND_BYTES:
            self._drop(client)
            return
        self._ready.modify(client.connection, selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0))

    def _drop(self, client: Client) -> None:
        self._clients.remove(client)
        self._ready.unregister(client.connection)
        client.connection.close()

    def _finish(self, client: Client) -> None:
        """The last that a client hears, for which it has a moment."""
        client.connection.settimeout(1.0)
        try:
            client.connection.sendall(client.unsent + (b"stopped\n" if client.stops else b""))
        except OSError:
            pass
        client.connection.close()


def _end(machine: Machine, supervisor: Supervisor, state: State) -> None:
    """How it ended, as `rumpk run` would say it."""
    state.ended = time.time()
    try:
        if supervisor.timed_out:
            state.status, state.reason = run.STATUS_TIMEOUT, "its time was over"
        elif supervisor.stopped:
            state.status, state.reason = run.STATUS_STOPPED, "stopped"
        else:
            state.status = run.guest_status(machine, False)
    except run.NoStatus as error:
        state.status, state.reason = error.status, str(error)


def main(argv: list[str]) -> int:
    """The program."""
    with os.fdopen(int(argv[2]), "w", encoding="utf-8") as report:
        try:
            return _supervise(Guest(Path(argv[0])), report, argv)
        except OSError as error:
            if not report.closed:
                report.write(f"{error.filename or argv[0]}: {error.strerror}")  # the log has no room where the disk is full
            raise


def _supervise(guest: Guest, report: TextIO, argv: list[str]) -> int:
    os.set_inheritable(int(argv[1]), False)  # QEMU must not hold the lock
    os.set_inheritable(int(argv[2]), False)
    asked = json.load(sys.stdin)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(guest.socket))
    listener.listen(16)
    listener.setblocking(False)
    state = State(**asked["state"])
    state.pid, state.started = os.getpid(), time.time()
    with Machine(MachineConfig(**{**asked["machine"], "extra": tuple(asked["machine"]["extra"])})) as machine:
        machine.await_start(START_LIMIT_S)
        if not machine.qmp.started:
            machine.kill()
            report.write(machine.stderr.strip() or "QEMU did not start")
            return 1
        guest.write(state)
        supervisor = Supervisor(guest, machine, listener, asked["timeout_s"])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stop())
        report.write("started")
        report.close()
        supervisor.run()
        _end(machine, supervisor, state)
    guest.write(state)
    guest.socket.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

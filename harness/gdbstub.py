# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A client for QEMU's gdb stub over a Unix socket: stop a guest at a function, read and change it, from outside.

Only what fault injection needs, for AArch64. Spec: "Debugging with GDB", appendix E "GDB Remote Serial Protocol".

    with Stub(path) as stub:            # a machine with gdb_socket=path and halted=True
        stub.break_at(address)
        while stub.resume():            # False once the guest has ended
            stub.return_from(0)         # as if the function had given 0
"""
from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

X0, X30, PC = 0, 30, 32
REGISTERS = 33  # x0 to x30, sp, pc
WORD = struct.Struct("<Q")
CONNECT_S = 30.0


class StubError(RuntimeError):
    """The stub refused a command, or did not answer in time."""


class Stub:
    """A connection to the stub of one machine. QEMU takes the next packet for the acknowledgement of its last one."""

    def __init__(self, path: str | Path, timeout_s: float = 30.0) -> None:
        """Connects; QEMU may only just have been started."""
        deadline = time.monotonic() + CONNECT_S
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                self._socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
        self._socket.settimeout(timeout_s)
        self._rest = b""
        self._breakpoints: set[int] = set()
        self._ask("qXfer:features:read:target.xml:0,fff")  # before that, QEMU takes no single register

    def __enter__(self) -> "Stub":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    # Packets.

    def _send(self, text: str) -> None:
        data = text.encode()
        self._socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))

    def _receive(self) -> str | None:
        """The next packet; None where QEMU has ended."""
        while True:
            start, end = self._rest.find(b"$"), self._rest.find(b"#")
            if 0 <= start < end and len(self._rest) >= end + 3:
                packet, self._rest = self._rest[start + 1:end], self._rest[end + 3:]
                return packet.decode("ascii", "replace")
            try:
                data = self._socket.recv(65536)
            except TimeoutError as error:
                raise StubError("the stub does not answer") from error
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._rest += data

    def _ask(self, text: str) -> str:
        self._send(text)
        reply = self._receive()
        if not reply or reply.startswith("E"):
            raise StubError(f"{text.split(',')[0]}: {'QEMU is gone' if reply is None else reply or 'not known'}")
        return reply

    # The guest's state.

    def registers(self) -> list[int]:
        """x0 to x30, sp and pc."""
        raw = bytes.fromhex(self._ask("g")[:REGISTERS * 16])
        return list(struct.unpack(f"<{REGISTERS}Q", raw))

    def set_register(self, number: int, value: int) -> None:
        """Changes one of them."""
        self._ask(f"P{number:x}={WORD.pack(value % 2 ** 64).hex()}")

    def read(self, address: int, length: int) -> bytes:
        """Memory, at virtual addresses or, after physical(True), at physical ones."""
        return bytes.fromhex(self._ask(f"m{address:x},{length:x}"))

    def write(self, address: int, data: bytes) -> None:
        """Writes memory, or a device's registers after physical(True)."""
        self._ask(f"M{address:x},{len(data):x}:{data.hex()}")

    def physical(self, on: bool) -> None:
        """Whether addresses are physical."""
        self._ask(f"Qqemu.PhyMemMode:{int(on)}")

    def write32(self, address_pa: int, value: int) -> None:
        """Writes a 32-bit register of a device, or a word of RAM."""
        self.physical(True)
        self.write(address_pa, struct.pack("<I", value))
        self.physical(False)

    # Running.

    def break_at(self, address: int) -> None:
        """Stops there from now on."""
        self._ask(f"Z1,{address:x},4")
        self._breakpoints.add(address)

    def unbreak(self, address: int) -> None:
        """Stops there no more."""
        self._ask(f"z1,{address:x},4")
        self._breakpoints.remove(address)

    def step(self) -> bool:
        """One instruction, whatever breakpoint it is at. False where the guest ended."""
        self._send("s")
        return self._stopped()

    def resume(self) -> bool:
        """Runs to the next breakpoint. False where the guest ended."""
        at = self.registers()[PC]
        if at in self._breakpoints:  # QEMU would stop at once
            self.unbreak(at)
            alive = self.step()
            if not alive:
                return False
            self.break_at(at)
        self._send("c")
        return self._stopped()

    def run_for(self, seconds: float) -> bool:
        """Runs for a while, then stops it where it is. False where the guest ended."""
        self._send("c")
        time.sleep(seconds)
        self._socket.sendall(b"\x03")
        return self._stopped()

    def _stopped(self) -> bool:
        reply = self._receive()
        return reply is not None and reply[:1] in "TS"

    def let_go(self) -> None:
        """Removes the breakpoints and lets the guest run; QEMU is left to itself."""
        for address in list(self._breakpoints):
            self.unbreak(address)
        self._send("D")

    def return_from(self, value: int) -> None:
        """At a function's first instruction: leaves it at once, with `value` as its result."""
        self.set_register(X0, value)
        self.set_register(PC, self.registers()[X30])

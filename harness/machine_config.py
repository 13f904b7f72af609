# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What machine QEMU is to be, and its command line for that."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QEMU = "qemu-system-aarch64"


def memory_text(memory: int | str) -> str:
    """QEMU's spelling of a memory size: a bare number is MiB, `5M` and `1G` stay as they are."""
    text = str(memory)
    return text + "M" if text.isdigit() else text


@dataclass(frozen=True)
class ReplayFiles:
    """Where a recording is: QEMU's log, and a qcow2 disk for the snapshots that going backwards starts from."""

    mode: str  # record, replay
    log: Path
    snapshot: Path
    input: bool = False  # something is sent to the guest: input is only handed on where idle time is real time


@dataclass(frozen=True)
class MachineConfig:
    """What machine to build. Paths are of the host; `append` is the guest kernel's command line."""

    image: str | Path
    initrd: str | Path | None = None
    append: str = ""
    cpu: str = "cortex-a53"
    smp: int = 1
    memory_mib: int | str = 128
    gic: int = 3
    el2: bool = False
    semihosting: bool = True
    icount: bool = True       # one instruction is one nanosecond: every run is the same; False: real time
    idles: bool = False       # with icount: while the guest rests, time is the host's, not the next timer's at once
    seed: int | None = None   # of the guest's entropy: rng-seed, kaslr-seed, RNDR
    accel: str = ""           # `kvm` where the host has it
    rr: ReplayFiles | None = None
    gdb_socket: str | Path | None = None
    halted: bool = False
    own: Path | None = None  # a file or folder, named in `extra` too, that the guest may write to: every run has a copy
    extra: tuple[str, ...] = ()

    def argv(self, console: str = "stdio", results: str | None = None, qmp: str | None = None,
             gdb: str | None = None) -> list[str]:
        """QEMU's argument list. `console` and the others are chardev back ends such as `socket,fd=5`."""
        machine = f"virt,gic-version={self.gic}" + (",virtualization=on" if self.el2 else "")
        argv = [QEMU, "-M", machine, "-cpu", self.cpu, "-smp", str(self.smp), "-m", memory_text(self.memory_mib),
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-chardev", f"{console},id=console", "-serial", "chardev:console", "-d", "guest_errors"]
        if qmp:
            argv += ["-chardev", f"{qmp},id=qmp", "-mon", "chardev=qmp,mode=control"]
        if self.semihosting:
            channel = ",chardev=results" if results else ""
            argv += ["-chardev", f"{results},id=results"] if results else []
            argv += ["-semihosting-config", f"enable=on,target=native{channel}"]
        if gdb:
            argv += ["-chardev", f"{gdb},id=hold", "-gdb", "chardev:hold", "-action", "shutdown=pause"]
        if self.accel:
            argv += ["-accel", self.accel]
        elif self.icount:
            replay = f",rr={self.rr.mode},rrfile={self.rr.log},rrsnapshot=init" if self.rr else ""
            sleep = "on" if self.idles or (self.rr and self.rr.input) else "off"
            argv += ["-icount", f"shift=0,sleep={sleep}{replay}", "-rtc", "base=2020-01-01,clock=vm"]
            argv += ["-drive", f"file={self.rr.snapshot},if=none,id=rr"] if self.rr else []
        if self.seed is not None:
            argv += ["-seed", str(self.seed)]
        if self.gdb_socket is not None:
            argv += ["-gdb", f"unix:{self.gdb_socket},server=on,wait=off"]
        if qmp or self.halted:
            argv += ["-S"]  # with QMP the opening `cont` lets it go, see qmp.py
        argv += ["-kernel", str(self.image)]
        if self.initrd is not None:
            argv += ["-initrd", str(self.initrd)]
        if self.append:
            argv += ["-append", self.append]
        return argv + list(self.extra)

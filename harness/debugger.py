# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""gdb on a guest: on a running machine, on a replay, on a core. Over a Unix socket in a folder nobody else can enter."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

from harness import paths
from harness.machine import DIE_WITH_PARENT, Machine
from harness.symbols import Symbols, load_address

GDB = "gdb-multiarch"
SCRIPT = paths.ROOT / "harness" / "gdb" / "rumpk.py"


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for a socket, gone afterwards. Below /tmp, since a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="rumpk-") as folder:
        yield Path(folder)


def arguments(image: Path, script: bool = True) -> list[str]:
    """gdb with the image's symbols and the kernel's commands; `-nx`: nobody's own settings."""
    argv = [GDB, "-nx", "-q", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", "set architecture aarch64"]
    elf = image.with_suffix(".elf")
    if elf.exists():
        argv += ["-ex", f'file "{elf}"', "-ex", f"set $rumpk_load={load_address(image)}",
                 "-ex", f"set $rumpk_base={Symbols.beside(image).base}"]
    return argv + (["-x", str(SCRIPT)] if script else [])


def batch(image: Path, commands: list[str], timeout_s: float) -> str:
    """What gdb prints for some commands; what there is of it where the time is over. Never raises for that."""
    argv = [*DIE_WITH_PARENT, *arguments(image), "-batch"]
    for command in commands:
        argv += ["-ex", command]
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   process_group=0)
    except OSError as error:
        return f"no gdb: {error}\n"
    try:
        output, _ = process.communicate(timeout=max(timeout_s, 0.1))
        ending = ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        ending = f"\n(gdb was ended after {timeout_s:.1f} s)\n"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return output.decode("utf-8", "replace") + ending


def examine(machine: Machine, commands: list[str], timeout_s: float) -> str:
    """gdb on a machine that stands still. Afterwards the machine is good for being killed only."""
    with private_folder() as folder:
        path = folder / "gdb"
        machine.qmp.monitor(f"gdbserver unix:{path},server=on,wait=off", max(timeout_s / 2, 0.1))
        return batch(Path(machine.config.image), [f"target remote {path}", *commands, "disconnect"], timeout_s)

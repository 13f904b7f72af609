# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The program that runs sequences, on Debian's Linux as an initial RAM disk and on Rumpk as a bundle: what each operation came to."""
from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.machine import Machine, MachineConfig
from rumpklib import cli
from tests.conformance import sequences
from tests.foreign.linux import make as foreign

OUT = paths.BUILD / "conformance"
PROGRAM = OUT / "sequence"
SOURCES = paths.ROOT / "tests" / "conformance" / "sequence"
LIBRARY = ("lib/string.c", "lib/format.c", "lib/format_spec.c")
BUILD = ("aarch64-linux-gnu-gcc", "-std=gnu11", "-O1", "-g", "-static", "-nostdlib", "-nostartfiles", "-fno-stack-protector",
         "-fno-tree-loop-distribute-patterns", "-Wl,--build-id=none", "-Wall", "-Wextra", "-Wshadow", "-Werror")
#: Of the guest, to allow for a busy host; a sequence takes milliseconds.
CPU_LIMIT_S, CPU_LIMIT_EACH_S = 30.0, 2.0
WALL_LIMIT_S = 600.0
IDLE_LIMIT_S = 8.0
MANIFEST = """name = "sequence"
exec = "sequence"
memory = "48M"

[capabilities]
console = ["write"]
{more}
[files]
app = ["read", "list"]
tmp = ["read", "write", "create", "list"]
{net}"""
NET = '\n[net]\nlisten = ["tcp:*", "udp:*"]\nconnect = ["127.0.0.0/8:7000-7010/tcp", "127.0.0.0/8:*/udp"]\n'
NETWORK = ("-netdev", "user,id=net", "-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net")
_LINE = re.compile(rb"@([0-9]+)\.([0-9]+) ([^\r\n]*)\r?\n")


@dataclass
class Said:
    """What a guest said: (sequence, operation) -> its line; how the run ended, empty where it came to its end."""

    lines: dict[tuple[int, int], str]
    trouble: str
    console: str


def build() -> None:
    """Makes the program, where what it is made of is newer."""
    OUT.mkdir(parents=True, exist_ok=True)
    made_of = [*sorted(SOURCES.glob("*.[ch]")), *(paths.ROOT / name for name in LIBRARY)]
    if PROGRAM.exists() and all(path.stat().st_mtime < PROGRAM.stat().st_mtime for path in made_of):
        return
    subprocess.run([*BUILD, f"-I{paths.ROOT}", "-o", PROGRAM, *(path for path in made_of if path.suffix == ".c")], check=True)


def _run(config: MachineConfig, count: int) -> Said:
    with Machine(config) as machine:
        ending = machine.wait(wall_s=WALL_LIMIT_S, cpu_s=CPU_LIMIT_S + CPU_LIMIT_EACH_S * count, idle_s=IDLE_LIMIT_S)
        data = machine.console.bytes()
    lines = {(int(found[1]), int(found[2])): found[3].decode("ascii", "replace") for found in _LINE.finditer(data)}
    text = data.decode("utf-8", "replace")
    trouble = "" if "@end" in text else f"the guest stopped ({ending.how}, status {ending.status})"
    return Said(lines, trouble, text)


def linux(made: dict[int, list[str]]) -> Said:
    """On Debian's kernel. Errors: RuntimeError, OSError where it cannot be had here."""
    kernel = foreign.OUT / "linux.img"
    if not kernel.exists():
        kernel.parent.mkdir(parents=True, exist_ok=True)
        foreign.fetch_kernel(kernel)
    parts = [foreign.entry(folder, 0o040755, b"") for folder in ("dev", "tmp")]
    parts += [foreign.entry("dev/console", 0o020600, b"", (5, 1)), foreign.entry("init", 0o100755, PROGRAM.read_bytes()),
              foreign.entry("sequence.txt", 0o100644, sequences.text(made).encode("ascii")), foreign.entry("TRAILER!!!", 0, b"")]
    with tempfile.TemporaryDirectory(prefix="rumpk-") as folder:
        ramdisk = Path(folder) / "ramdisk"
        ramdisk.write_bytes(b"".join(parts))
        return _run(MachineConfig(image=kernel, initrd=ramdisk, append="console=ttyAMA0 quiet panic=-1 kpti=off mitigations=off -- machine",
                                  memory_mib=256, semihosting=False, icount=False), len(made))


def rumpk(made: dict[int, list[str]], image: Path, append: str, net: bool, more: str = "") -> Said:
    """On Rumpk: the file is in the bundle, whose files are the program's root."""
    with tempfile.TemporaryDirectory(prefix="rumpk-") as name:
        folder = Path(name)
        (folder / "manifest.toml").write_text(MANIFEST.format(net=NET if net else "", more=more), encoding="ascii")
        (folder / "text").write_text(sequences.text(made), encoding="ascii")
        bundle = folder / "sequence.rpk"
        words = ["pack", str(folder / "manifest.toml"), "-o", str(bundle), "-k", str(paths.ROOT / "fixtures/keys/dev.key"),
                 "--file", f"sequence={PROGRAM}", "--file", f"sequence.txt={folder / 'text'}"]
        if cli.main(words) != 0:
            raise RuntimeError("the bundle could not be made")
        extra = NETWORK if net else ()
        return _run(MachineConfig(image=image, initrd=bundle, append=append, memory_mib=256, icount=False, extra=extra), len(made))

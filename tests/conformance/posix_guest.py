# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Batches of the POSIX tests in a guest: a bundle with some of the programs, booted; what it says, taken apart."""
from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.machine import Machine, MachineConfig
from rumpklib import cpio, files, pack

ROOT = Path(__file__).resolve().parents[2]
KEY = ROOT / "fixtures/keys/dev.key"
INIT_SOURCE, INIT = ROOT / "tests/conformance/posix_init.c", ROOT / "build/conformance/posix/init"
BATCH = 60
LOGS = ROOT / "build/conformance/posix/logs"
#: A guest's time is its instructions' (-icount), so this only ends one that hangs by itself.
WALL_S, WALL_ONE_S = 1500.0, 120.0
STATUS_LOST = 255
_RESULT = re.compile(r"(?:\[\w+\] )?posix: (\S+) (\d+)$")
_OUTPUT = re.compile(r"(?:\[\w+\] )?posix\| (.*)$")
PASSWD = b"root:x:0:0:root:/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n"
MANIFEST = """name = "posix"
exec = "init"
args = ["/list", "{limit:g}"]
memory = "640M"
stack = "256K"
threads = 64
[capabilities]
console = ["write"]
entropy = ["read"]
[files]
app = ["read", "exec", "list"]
tmp = ["read", "write", "create", "exec", "list"]
tmp_bytes = "64M"
"""


@dataclass
class Result:
    """Status of each test that was run, and what those that did not pass printed."""

    status: dict[str, int] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)


def batches(names: list[str], size: int) -> list[list[str]]:
    return [names[at:at + size] for at in range(0, len(names), size)]


def read(text: str) -> Result:
    """What a guest said."""
    found, printed = Result(), []
    for line in text.replace("\r", "").split("\n"):
        output, result = _OUTPUT.match(line), _RESULT.match(line)
        if output:
            printed.append(output[1])
        elif result:
            found.status[result[1]] = int(result[2])
            if result[2] != "0":
                found.output[result[1]] = "\n".join(printed)
            printed = []
    return found


def rest_of(batch: list[str], found: Result) -> tuple[str | None, list[str]]:
    """Of a guest that ended early: the test it was at, and those behind it."""
    left = [name for name in batch if name not in found.status]
    return (left[0], left[1:]) if left else (None, [])


def build_init() -> None:
    INIT.parent.mkdir(parents=True, exist_ok=True)
    if not INIT.exists() or INIT.stat().st_mtime < INIT_SOURCE.stat().st_mtime:
        subprocess.run([ROOT / "tools/bin/aarch64-rumpk-gcc", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-o", INIT, INIT_SOURCE], check=True)


@dataclass(frozen=True)
class Setup:
    """What all batches have in common."""

    programs: Path
    image: Path
    append: str
    limit: float

    def _bundle(self, manifest: str, entries: list[cpio.Entry], path: Path) -> None:
        archive = cpio.write([cpio.file("manifest.toml", manifest.encode()), *sorted(entries, key=lambda entry: entry.name)])
        files.write(path, pack.sign_archive(archive, KEY, "posix"))

    def _boot(self, bundle: Path, wall_s: float, label: str) -> tuple[str, int | None]:
        """What the guest says, and its status; None where it had to be ended. A log of it is left."""
        LOGS.mkdir(parents=True, exist_ok=True)
        said, log = bytearray(), LOGS / f"{label}.log"
        config = MachineConfig(image=self.image, initrd=bundle, append=self.append, memory_mib=1024)
        with Machine(config) as machine:
            machine.console.watch(said.extend)
            ending = machine.wait(wall_s=wall_s)
            log.write_bytes(said)
        return said.decode("utf-8", "replace"), ending.status if ending.how == "exited" else None

    def run(self, batch: list[str]) -> Result:
        """All tests of a batch. One that takes the machine with it is `no end`, and those behind it get another."""
        build_init()
        whole, left = Result(), batch
        with tempfile.TemporaryDirectory(prefix="rumpk-posix-") as folder:
            while left:
                entries = [cpio.file("init", INIT.read_bytes(), True), cpio.file("list", "".join(f"{name}\n" for name in left).encode()),
                           cpio.directory("tests"), cpio.directory("etc"), cpio.file("etc/passwd", PASSWD)]
                entries += [cpio.file(f"tests/{name}", (self.programs / name).read_bytes(), True) for name in left]
                bundle = Path(folder) / "posix.rpk"
                self._bundle(MANIFEST.format(limit=self.limit), entries, bundle)
                text, _ = self._boot(bundle, WALL_S, left[0])
                found = read(text)
                whole.status.update(found.status)
                whole.output.update(found.output)
                culprit, left = rest_of(left, found)
                if culprit is not None:
                    whole.status[culprit] = STATUS_LOST
                    whole.output[culprit] = "\n".join(text.replace("\r", "").splitlines()[-6:])
        print(f"posix: {batch[0]} to {batch[-1]}: {sum(status == 0 for status in whole.status.values())} of {len(batch)} pass", flush=True)
        return whole

    def run_one(self, batch: list[str]) -> Result:
        """A test in a machine of its own, as the process of the manifest."""
        name = batch[0]
        manifest = re.sub(r'args = .*\n', "", MANIFEST).replace('"init"', '"test"')
        with tempfile.TemporaryDirectory(prefix="rumpk-posix-") as folder:
            bundle = Path(folder) / "posix.rpk"
            self._bundle(manifest, [cpio.file("test", (self.programs / name).read_bytes(), True)], bundle)
            text, status = self._boot(bundle, WALL_ONE_S, name)
        status = STATUS_LOST if status is None else status
        return Result({name: status}, {} if status == 0 else {name: "\n".join(text.replace("\r", "").splitlines()[-6:])})

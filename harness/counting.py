# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Counts what images execute while tests run, by a plugin of QEMU; nothing in the guest takes part.

Machines of one image count into one file. What is exact is counted in the run that judges it (harness/run.py --count): the
plugin costs time on the host, and the guest's clock is its instructions. What runs in real time is judged without it, and
counted by harness/cover.py.
"""
from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable

from harness import junit, nm, paths
from harness.machine import MachineConfig
from harness.suite import Case
from harness.symbols import load_address

FOLDER = paths.BUILD / "cover"
PLUGIN = paths.BUILD / "plugins" / "cover.so"
#: What a run has counted, and of which images.
COUNTED = FOLDER / "counted.json"
#: Words of a test's name that say on which machine it runs, not what it does.
MACHINE_WORD = re.compile(r"mmio|pci|pci-plain|smp\d+|gic\d|el[12]")


@dataclass(frozen=True)
class Image:
    """An image that is counted: its ELF, its counters, and where it is."""

    elf: Path
    counts: Path
    base: int
    bytes: int
    load: int

    @staticmethod
    def beside(image: Path) -> "Image | None":
        """The ELF with the image's name (rumpk-release.img is rumpk.img without keys); None where it has none."""
        elf = image.with_name(image.name.replace("-release", "")).with_suffix(".elf")
        symbols = nm.addresses(elf) if elf.is_file() else {}
        if "image_start" not in symbols or "image_end" not in symbols:
            return None
        base, end = symbols["image_start"], symbols["image_end"]
        return Image(elf, FOLDER / f"{elf.stem}.counts", base, end - base, load_address(image))

    @property
    def plugin(self) -> tuple[str, ...]:
        """QEMU's options."""
        place = f"base={self.base:#x},bytes={self.bytes:#x},load={self.load:#x}"
        return ("-plugin", f"{PLUGIN},counts={self.counts},{place}")

    def count(self, case: Case) -> Case:
        """The case with the plugin."""
        return replace(case, machine=replace(case.machine, extra=(*case.machine.extra, *self.plugin)))


def kernel(machine: MachineConfig) -> Path:
    """The image that a machine boots; where a stub does it, the one that lies in its RAM."""
    laid = (word.removeprefix("loader,file=").split(",", 1)[0] for word in machine.extra if word.startswith("loader,"))
    return next((Path(file) for file in laid if file.endswith(".img")), Path(machine.image))


def digest(image: Path) -> str:
    """An image's bytes."""
    return hashlib.sha256(image.read_bytes()).hexdigest()


class Counting:
    """A run that counts beside what else it does."""

    def __init__(self) -> None:
        COUNTED.unlink(missing_ok=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.images: dict[Path, Image | None] = {}
        self.digests: dict[str, str] = {}
        self.tests: list[str] = []

    def of(self, case: Case) -> Case:
        """The case as it is to be run: with the plugin where the plugin can change nothing."""
        path = kernel(case.machine)
        if case.error or case.skip or not case.machine.icount:
            return case
        if path not in self.images:
            image = Image.beside(path) if path.is_file() else None
            if image and image.counts not in {other.counts for other in self.images.values() if other}:
                image.counts.unlink(missing_ok=True)
            self.images[path] = image
            if image:
                self.digests[path.name] = digest(path)
        image = self.images[path]
        if image is None:
            return case
        self.tests.append(case.name)
        return image.count(case)

    def finish(self) -> None:
        """Notes what was counted."""
        junit.replace_file(COUNTED, json.dumps({"images": self.digests, "tests": self.tests}).encode())


def counted(images: Iterable[Path]) -> tuple[set[str], set[str]]:
    """The tests that a run has counted of these very images, and the names of those that ran; none where one is another by now."""
    if not COUNTED.exists():
        return set(), set()
    said = json.loads(COUNTED.read_text(encoding="utf-8"))
    there = {image.name: digest(image) for image in images if image.name in said["images"]}
    return (set(said["tests"]), set(there)) if there == said["images"] else (set(), set())


def kinds(cases: list[Case]) -> list[Case]:
    """Of cases that do the same on several machines the first and the last: the others reach no other lines."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        words = [word for word in re.split(r"[\[\],]", case.name) if not MACHINE_WORD.fullmatch(word)]
        groups.setdefault(",".join(words), []).append(case)
    return [case for group in groups.values() for case in (group if len(group) < 3 else (group[0], group[-1]))]

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Machines whose device tree is ours to the last byte: devices absent, memory of any size, trees that are none.

QEMU edits what -dtb gives it (it puts memory, PSCI and the command line back), and refuses small machines. So it is
given a kernel of three instructions that passes a tree of ours to Rumpk, as a boot loader would; image, bundle and tree
are laid into RAM by QEMU's loader device.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from harness import devicetree, junit, markers, paths, suite
from harness.devicetree import Node, cells64, string
from harness.machine import MachineConfig
from harness.verdict import BAD_PATTERNS, Expectation

FOLDER = paths.BUILD / "faults"
RAM_PA, RAM_BYTES = 0x4000_0000, 128 << 20
IMAGE_PA, BUNDLE_PA, TREE_PA = 0x4020_0000, 0x4100_0000, 0x4200_0000
TREES = paths.BUILD / "fixtures" / "fdt"
BUDGET = suite.Budget(cpu_s=8.0, wall_s=60.0)
#: QEMU ends like this where the guest powers it off.
POWER_OFF = ("guest-shutdown",)


@dataclass(frozen=True)
class Place:
    """Where things lie in RAM."""

    ram_pa: int = RAM_PA
    ram_bytes: int = RAM_BYTES
    bundle_pa: int = BUNDLE_PA
    tree_pa: int = TREE_PA


def _move_wide(register: int, value: int) -> list[int]:
    """MOVZ and MOVK: a 32-bit value into a register."""
    return [0xD280_0000 | (value & 0xFFFF) << 5 | register, 0xF2A0_0000 | (value >> 16) << 5 | register]


def file(name: str, content: bytes) -> Path:
    """A file below build/faults with that content."""
    path = FOLDER / name
    if not path.is_file() or path.read_bytes() != content:
        junit.replace_file(path, content)
    return path


def stub(tree_pa: int) -> Path:
    """The loader: x0 is the tree, then to the image."""
    words = [*_move_wide(0, tree_pa), *_move_wide(4, IMAGE_PA), 0xD61F_0080]  # BR x4
    return file(f"loader-{tree_pa:x}.bin", struct.pack(f"<{len(words)}I", *words))


def tree(place: Place = Place(), gic: int = 3, append: str = "") -> Node:
    """The tree of QEMU's virt machine with one CPU, the bundle, and a place for it all."""
    root = devicetree.parse((TREES / f"virt-gicv{gic}.dtb").read_bytes())
    cpus = root.child("cpus")
    cpus.children = [node for node in cpus.children if node.name == "cpu@0"]
    root.child("memory").properties["reg"] = cells64(place.ram_pa, place.ram_bytes)
    chosen = root.child("chosen").properties
    chosen["linux,initrd-start"] = cells64(place.bundle_pa)
    chosen["linux,initrd-end"] = cells64(place.bundle_pa + suite.HELLO.stat().st_size)
    chosen["bootargs"] = string(append)
    return root


def machine(blob: bytes, name: str, place: Place = Place(), more: tuple[str, ...] = (), **options: object) -> MachineConfig:
    """A machine whose kernel finds `blob` as its device tree; `name` names the blob's file, `more` is for QEMU."""
    extra = [*more]
    for path, address in ((suite.PRODUCT, IMAGE_PA), (suite.HELLO, place.bundle_pa),
                          (file(f"{paths.folder_name(name)}.dtb", blob), place.tree_pa)):
        extra += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
    return MachineConfig(stub(place.tree_pa), extra=tuple(extra), **options)  # type: ignore[arg-type]


def case(name: str, blob: bytes, expect: Expectation, place: Place = Place(), **options: object) -> suite.Case:
    """A case on such a machine. Its command line is the tree's, so that no nonce comes back."""
    return suite.Case(name, machine(blob, name, place, **options), replace(expect, says_nonce=False), budget=BUDGET)


def survives(cpus: int = 1, shutdowns: tuple[str, ...] = ()) -> Expectation:
    """The boot as if nothing were missing."""
    return Expectation(markers=markers.hello(cpus=cpus), shutdowns=shutdowns)


def refuses(line: str, status: int = 255, shutdowns: tuple[str, ...] = ()) -> Expectation:
    """One line (a regular expression) that names the cause, and its status; nothing of the bundle ever runs."""
    return Expectation(status, (f"re:{line}",), panics=status == 255, shutdowns=shutdowns,
                       bad=(*BAD_PATTERNS, markers.STARTED))


def without(path: str) -> Callable[[Node], None]:
    """An edit that removes a node."""
    return lambda root: root.remove(path)


def changed(path: str, **properties: bytes | None) -> Callable[[Node], None]:
    """An edit of properties (`_` for `-` and `__` for `,` in their names); None removes one."""
    def edit(root: Node) -> None:
        for name, value in properties.items():
            key = name.replace("__", ",").replace("_", "-")
            if value is None:
                del root.at(path).properties[key]
            else:
                root.at(path).properties[key] = value
    return edit


def edited(name: str, edit: Callable[[Node], None], expect: Expectation, gic: int = 3, **options: object) -> suite.Case:
    """A case on a machine whose tree was edited."""
    root = tree(gic=gic)
    edit(root)
    return case(name, devicetree.emit(root), expect, gic=gic, **options)

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Memory of every size: each either boots, or ends with the line and the status that are documented. Never silence.

QEMU itself places image, bundle and tree at 2 MiB steps and refuses 4 MiB and less; below, the device tree gives the
kernel less than the machine has (see fault_tree.py). At its least, RAM ends right behind image, bundle and tree.
"""
from __future__ import annotations

import struct
from dataclasses import replace

from harness import devicetree, fault_tree, markers, suite
from harness.devicetree import Node, cells, cells64
from harness.fault_alloc import PANICKED, cannot_load
from harness.verdict import Expectation

PAGE = 4096
#: QEMU puts the tree at 4 MiB, and RAM comes in steps.
MACHINE_MIN_KIB, STEP_KIB = 4104, 8
#: Pages that a boot of c-hello surely has enough of.
ENOUGH = 400


def _aligned(value: int) -> int:
    return (value + PAGE - 1) // PAGE * PAGE


def place(pages: int) -> fault_tree.Place:
    """RAM with so many pages beside image, bundle and tree."""
    image_bytes, = struct.unpack_from("<Q", suite.PRODUCT.read_bytes(), 16)
    bundle = fault_tree.IMAGE_PA + _aligned(image_bytes)
    tree = bundle + _aligned(suite.HELLO.stat().st_size)
    end = tree + _aligned(len(devicetree.emit(fault_tree.tree()))) + pages * PAGE
    return fault_tree.Place(fault_tree.IMAGE_PA, end - fault_tree.IMAGE_PA, bundle, tree)


def case(pages: int) -> suite.Case:
    """A boot with so many pages."""
    where = place(pages)
    mebibytes = where.ram_bytes >> 20
    boots = Expectation(markers=markers.hello(mebibytes), says_nonce=False)
    found = fault_tree.case(f"faults_memory[{pages} pages]", devicetree.emit(fault_tree.tree(where)), boots, where)
    if pages >= ENOUGH:
        return found
    return replace(found, others=(replace(cannot_load(memory_mib=mebibytes), says_nonce=False), PANICKED))


def with_ram(kibibytes: int) -> suite.Case:
    """A boot with QEMU's own -m."""
    size = f"{kibibytes}K"
    return suite.Case(f"faults_memory[-m {size}]", suite.product(memory_mib=size),
                      Expectation(markers=markers.hello(kibibytes >> 10)))


def too_little(kibibytes: int) -> suite.Case:
    """RAM in which QEMU itself finds no room for image, bundle and tree: it ends with 1 and says so."""
    return replace(with_ram(kibibytes), verdict="NO-START", cause="not-run")


def laid_out(name: str, memory: bytes, reserved: bytes = b"") -> suite.Case:
    """A boot where the tree has the memory like that: so much is free, and not more."""
    root = fault_tree.tree(append="log=memory=debug")
    root.child("memory").properties["reg"] = memory
    if reserved:
        room = {"#address-cells": cells(2), "#size-cells": cells(2), "ranges": b""}
        root.children.append(Node("reserved-memory", room, [Node("kept", {"reg": reserved})]))
    lines = markers.hello()
    expect = Expectation(markers=(lines[0], r"re:memory: 32[45]\d\d pages free at boot", *lines[1:]), says_nonce=False)
    return fault_tree.case(f"faults_memory[{name}]", devicetree.emit(root), expect)


def layouts() -> list[suite.Case]:
    """Banks in any order, some of them twice; ranges that end where addresses do."""
    ram, size, part = fault_tree.RAM_PA, fault_tree.RAM_BYTES, fault_tree.RAM_BYTES // 4
    banks = [(ram + at * part, part) for at in range(4)]
    top = cells64(2 ** 64 - PAGE, PAGE - 1)
    return [laid_out("rising", b"".join(cells64(*bank) for bank in banks)),
            laid_out("falling", b"".join(cells64(*bank) for bank in reversed(banks))),
            laid_out("twice", b"".join(cells64(*bank) for bank in [*banks, *banks, (ram, size)])),
            laid_out("reserved at the top", cells64(ram, size), top),
            laid_out("memory at the top", cells64(ram, size) + cells64(2 ** 64 - PAGE // 2, PAGE // 2 - 1))]


def some() -> list[suite.Case]:
    """Around each border: no page at all, too few for the kernel, for the process, enough."""
    return [*(case(pages) for pages in (0, 1, 7, 11, 12, 13, 60, 200, 268, 280, 300, ENOUGH)),
            *layouts(), too_little(MACHINE_MIN_KIB - STEP_KIB), *(with_ram(size) for size in (MACHINE_MIN_KIB, 5000, 6136))]


def sweep() -> list[suite.Case]:
    """Every page near the minimum, QEMU's own least step above its minimum, then every MiB."""
    return [*layouts(), *(case(pages) for pages in range(ENOUGH)), *(too_little(size << 10) for size in range(1, 5)),
            *(with_ram(size) for size in range(MACHINE_MIN_KIB, 6 << 10, STEP_KIB)),
            *(with_ram(size << 10) for size in range(6, 40))]

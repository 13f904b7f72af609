# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What rumpk.py walks the kernel's structures with: memory, registers, lists, symbols, frame records."""
from __future__ import annotations

import re
import struct
from typing import Iterator

import gdb

LIST_MAX = 4096
FRAMES_MAX = 32
DEPTH_MAX = 3


def threads() -> list[gdb.InferiorThread]:
    """CPUs in their order."""
    return sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num)


def register(name: str, default: int | None = 0) -> int | None:
    """A register of the selected CPU; `default` where it cannot be had."""
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)${name}")) & 0xFFFF_FFFF_FFFF_FFFF
    except gdb.error:
        return default


def word64(address: int) -> int:
    """Eight bytes of memory."""
    return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]


def word32(address: int) -> int:
    """Four bytes of memory."""
    return struct.unpack("<I", bytes(gdb.selected_inferior().read_memory(address, 4)))[0]


def pointer(kind: str, address: int) -> gdb.Value:
    """The `struct kind` at an address."""
    return gdb.Value(address).cast(gdb.lookup_type(f"struct {kind}").pointer()).dereference()


def field(value: gdb.Value | None, name: str) -> gdb.Value | None:
    """A member; None where there is no such member."""
    try:
        return None if value is None else value[name]
    except gdb.error:
        return None


def variables(kind: str = "", name: str = "") -> Iterator[tuple[str, gdb.Value]]:
    """Static variables that are a `struct kind`, or whose name matches; arrays give each element."""
    file = ""
    for line in gdb.execute(f"info variables -q {f'-t {kind}' if kind else name}", to_string=True).splitlines():
        if line.startswith("File "):
            file = line[5:].rstrip(":")
        found = re.match(r"\d+:\s+.*?(\w+)(\[\w*\])*;$", line)
        if not found or not file:
            continue
        try:
            value = gdb.parse_and_eval(f"'{file}'::{found[1]}")
        except gdb.error:
            continue
        shown, values = f"{file}: {found[1]}", [value]
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            values = [value[at] for at in range(value.type.strip_typedefs().range()[1] + 1)]
        for at, one in enumerate(values):
            if not kind or one.type.strip_typedefs().tag == kind:
                yield shown + (f"[{at}]" if len(values) > 1 else ""), one


def list_heads(value: gdb.Value, depth: int = 0) -> Iterator[gdb.Value]:
    """Every list head in a value: itself, or in its members and elements."""
    kind = value.type.strip_typedefs()
    if depth > DEPTH_MAX:
        return
    if kind.code == gdb.TYPE_CODE_ARRAY:
        for at in range(kind.range()[1] + 1):
            yield from list_heads(value[at], depth + 1)
    elif kind.code == gdb.TYPE_CODE_STRUCT and kind.tag == "list_node":
        yield value
    elif kind.code == gdb.TYPE_CODE_STRUCT:
        for member in kind.fields():
            if member.name:
                yield from list_heads(value[member.name], depth + 1)


def nodes(head: gdb.Value | None, kind: str, member: str) -> list[int]:
    """Addresses of the structures on a list; stops where it is broken."""
    if head is None:
        return []
    owner = gdb.lookup_type(f"struct {kind}")
    offset = next(part.bitpos // 8 for part in owner.fields() if part.name == member)
    start, found = int(head.address), []
    try:
        at = int(head["next"])
        while at not in (0, start) and len(found) < LIST_MAX and at - offset not in found:
            found.append(at - offset)
            at = word64(at)
    except gdb.error:
        pass
    return found


def scheds() -> list[gdb.Value]:
    """Every scheduler: of the CPUs that have one, else what static variables there are."""
    found = {}
    selected = gdb.selected_thread()
    for thread in threads():
        thread.switch()
        one = sched_of_cpu()
        if one is not None:
            found[int(one.address)] = one
    if selected is not None:
        selected.switch()
    if not found:
        found = {int(value.address): value for _, value in variables("sched")}
    return list(found.values())


def sched_of_cpu() -> gdb.Value | None:
    """The selected CPU's scheduler, by its TPIDR_EL1; the only one there is where a core has no such register."""
    base = register("TPIDR_EL1", None)
    try:
        local = int(pointer("cpu", base)["local"]) if base else 0
        if local:
            one = pointer("sched", local)
            int(one["current"])  # can it be read?
            return one
    except gdb.error:
        pass
    known = [value for _, value in variables("sched")]
    return known[0] if len(known) == 1 and base is None else None


def fibers() -> tuple[list[int], str]:
    """Addresses of all fibers, and what is wrong with the list of them."""
    try:
        heads = list(list_heads(gdb.parse_and_eval("fiber_all")))
        found = [address for head in heads for address in nodes(head, "fiber", "all_node")]
        return list(dict.fromkeys(found)), ""
    except (gdb.error, StopIteration):
        found = []  # a kernel without that list
    for one in scheds():
        found += [int(one["current"])] if int(one["current"]) else []
    return list(dict.fromkeys(found)), " (only those that run are known: no list fiber_all)"


def chain(fiber: gdb.Value | None) -> list[gdb.Value]:
    """Fibers that are linked by their `next`, to its end or once around; stops where it is broken."""
    found: list[gdb.Value] = []
    try:
        while fiber is not None and int(fiber) and int(fiber) not in map(int, found) and len(found) < LIST_MAX:
            found.append(fiber)
            fiber = fiber["next"]
    except gdb.error:
        pass
    return found


def ready(queue: gdb.Value) -> list[gdb.Value]:
    """The fibers of a run queue, next to run first: a circle that is held by its tail."""
    tail = queue["tail"]
    return chain(tail["next"]) if int(tail) else []


def names(fibers_: list[gdb.Value]) -> str:
    """What they are called."""
    return ", ".join(map(fiber_name, fibers_)) or "none"


def seconds(nanoseconds: gdb.Value) -> str:
    """A time of the guest's clock."""
    value = int(nanoseconds)
    return "never" if value >= 1 << 63 else f"{value / 1e9:.9f} s"


def fiber_name(fiber: gdb.Value | None) -> str:
    """Its name; `none` for the scheduler itself."""
    if fiber is None:
        return "?"
    if fiber.type.code == gdb.TYPE_CODE_PTR:
        if not int(fiber):
            return "none"
        fiber = fiber.dereference()
    try:
        return fiber["name"].string(errors="replace", length=-1) or "(no name)"
    except gdb.error as error:
        return f"? ({error})"


def linked(address: int) -> int:
    """An address as linked, where it is one of the image as loaded (the MMU is off)."""
    load = gdb.convenience_variable("rumpk_load")
    base = gdb.convenience_variable("rumpk_base")
    if load is None or base is None or not int(load) <= address < int(load) + 0x40_0000:
        return address
    return address - int(load) + int(base)


def symbol(address: int) -> str:
    """`function+0x10`, or the number."""
    said = gdb.execute(f"info symbol 0x{linked(address):x}", to_string=True).strip()
    found = re.match(r"(\S+)(?: \+ (\d+))? in section", said)
    return f"0x{address:x}" if not found else found[1] + (f"+0x{int(found[2]):x}" if found[2] else "")


def place(address: int) -> str:
    """A code address with its function and line, and with the functions that were inlined there."""
    link = linked(address)
    where = gdb.find_pc_line(link)
    line = f" at {where.symtab.filename}:{where.line}" if where.symtab else ""
    inlined, block = [], gdb.block_for_pc(link)
    while block is not None and block.function is None and block.superblock is not None:
        block = block.superblock
    while block is not None and block.function is not None:
        inlined.append(block.function.name)
        block = block.superblock
        while block is not None and block.function is None and block.superblock is not None:
            block = block.superblock
    inside = f" (in {' < '.join(inlined)})" if len(inlined) > 1 else ""
    return f"0x{address:x} {symbol(address)}{line}{inside}"


def backtrace(pc: int, link: int, frame: int, frames: bool = True) -> list[str]:
    """Along the frame records (AAPCS64 6.4.6). `link`: x30, shown where the first frame does not have it."""
    lines = [f"    #0 {place(pc)}"]
    if not frames:
        return lines
    number, before = 1, 0
    try:
        first = word64(frame + 8) if frame else 0
        if link and link != first and function(link - 4) not in ("", function(pc)):
            lines.append(f"    #{number} {place(link - 4)} (x30)")
            number += 1
        while frame > before and frame % 8 == 0 and number < FRAMES_MAX:
            before, back, frame = frame, word64(frame + 8), word64(frame)
            if not back:
                break
            lines.append(f"    #{number} {place(back - 4)}")
            number += 1
            if from_exception(back - 4):
                lines.append(f"       taken from {place(register('ELR_EL1') or 0)}")
                before = 0  # what was interrupted has another stack
    except gdb.error as error:
        lines.append(f"    (the chain of frames ends: {error})")
    return lines


def function(address: int) -> str:
    """The name of the function alone; empty where there is none."""
    name = symbol(address).split("+")[0]
    return "" if name.startswith("0x") else name


def from_exception(address: int) -> bool:
    """Whether an address is in the exception vectors' code."""
    where = gdb.find_pc_line(address)
    return bool(where.symtab) and where.symtab.filename.endswith("vectors.S")

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""gdb on Rumpk: `rumpk cpus`, `rumpk fibers`, `rumpk sched`, `rumpk timers`, `rumpk rings`, `rumpk log`, `rumpk mmu`, `rumpk all`.

    gdb-multiarch -x harness/gdb/rumpk.py build/rumpk.elf -ex 'target remote PATH-OF-SOCKET'    or a guest core

Works on a running machine, a replay and a core. It walks the kernel's own structures by name and takes nothing for
granted: the kernel it looks at is broken. A part that cannot be read says why, and the others still come.
`$rumpk_load`, where set, is where the image was loaded: it names program counters from before the MMU is on.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parent))
import walk  # noqa: E402


def print_lines(lines: list[str]) -> None:
    """Prints at once, so that a time limit loses as little as can be."""
    gdb.write("\n".join(lines) + "\n")
    gdb.flush()


def cpus() -> list[str]:
    """Each CPU: level, place, current fiber, backtrace."""
    lines = []
    for number, thread in enumerate(walk.threads()):
        thread.switch()
        pc, sp = walk.register("pc"), walk.register("sp")
        level = (walk.register("cpsr") or 0) >> 2 & 3 or (1 if pc >> 63 else 0)  # a core may not tell
        sched = walk.sched_of_cpu()
        fiber = walk.fiber_name(walk.field(sched, "current")) if sched is not None else "?"
        lines += [f"cpu {number}: EL{level}, sp 0x{sp:x}, fiber {fiber}{waiting(pc)}"]
        lines += walk.backtrace(pc, walk.register("x30"), walk.register("x29"), frames=level != 0)
    return lines


def waiting(pc: int) -> str:
    """Whether it stands behind a WFI."""
    try:
        return ", waits for an interrupt (wfi)" if walk.word32(pc - 4) == 0xD503207F else ""
    except gdb.error:
        return ""


def fibers() -> list[str]:
    """Every fiber, with what it does and its own backtrace."""
    found, problem = walk.fibers()
    lines = [f"{len(found)} fibers{problem}"]
    scheds = walk.scheds()
    running = {int(one["current"]): f"runs on cpu {int(one['cpu'])}" for one in scheds}
    waiting_to_run = {int(fiber) for one in scheds for level in range(one["ready"].type.range()[1] + 1)
                      for fiber in walk.ready(one["ready"][level])}
    for address in found:
        fiber = walk.pointer("fiber", address)
        entry = walk.symbol(int(fiber["entry"]))
        said = running.get(address) or ("ready" if address in waiting_to_run else "")
        lines.append(f"fiber {walk.fiber_name(fiber)} (struct fiber *)0x{address:x}: {fiber_state(fiber, said)}, "
                     f"entry {entry}")
        lines += process_lines(fiber, entry)
        if address not in running and int(fiber["context"]["sp"]):
            lines += saved_backtrace(fiber)
    return lines


def fiber_state(fiber: gdb.Value, said: str) -> str:
    """What a fiber does (by its own word, where nobody has it to run), on which CPU, and what it waits for."""
    words = [said or str(fiber["state"]).removeprefix("FIBER_").lower(), f"cpu {int(fiber['cpu'])}"]
    words += [str(fiber["priority"]).removeprefix("FIBER_").lower()]
    queue = int(fiber["waits"])
    words += [f"waits in {walk.symbol(queue)}"] if queue else []
    return ", ".join(words + (["cancelled"] if fiber["cancelled"] else []))


def process_lines(fiber: gdb.Value, entry: str) -> list[str]:
    """The thread that a fiber runs, its process, and its rings."""
    if not entry.startswith("thread_main"):
        return []
    thread = walk.pointer("thread", int(fiber["arg"]))
    process, ring_set = thread["process"], thread["rings"]
    rings, shared, budget = ring_set["rings"], ring_set["rings"]["shared"], process["budget"]
    return [f"    process {int(process['number'])} ({process['name'].string(errors='replace')}), "
            f"{int(budget['used'])} of {int(budget['limit'])} pages, {process['end']}, pc 0x{int(thread['user']['pc']):x}",
            f"    submissions: taken {int(rings['submit_head'])}, written {int(shared['submit_tail'])}; "
            f"completions: written {int(rings['complete_tail'])}, taken {int(shared['complete_head'])}; "
            f"{int(ring_set['inflight'])} in flight, {int(ring_set['users'])} users"]


def saved_backtrace(fiber: gdb.Value) -> list[str]:
    """The backtrace of a fiber that does not run: hal_context_switch() left x29 and x30 at its stack pointer."""
    sp = int(fiber["context"]["sp"])
    try:
        frame, link = walk.word64(sp), walk.word64(sp + 8)
    except gdb.error as error:
        return [f"    its stack cannot be read at 0x{sp:x}: {error}"]
    return walk.backtrace(link - 4, 0, frame)


def sched() -> list[str]:
    """Each CPU's scheduler."""
    lines = []
    for number, one in enumerate(walk.scheds()):
        lines.append(f"sched {number} (struct sched *)0x{int(one.address):x}: current "
                     f"{walk.fiber_name(one['current'])}, sleeping {int(one['sleeping'])}, "
                     f"attention {int(one['attention'])}, {int(one['wakeups'])} wake-ups")
        queues = one["ready"]
        for level in range(queues.type.range()[1] + 1):
            lines.append(f"  ready {level}: {walk.names(walk.ready(queues[level]))}")
        lines.append(f"  dead: {walk.names(walk.chain(one['dead']))}")
    return lines or ["no struct sched is known"]


def timers() -> list[str]:
    """Every timer that is set, earliest first."""
    lines = []
    for number, one in enumerate(walk.scheds()):
        wheel, found = one["timers"]["wheel"], []
        slots = 1 << 6
        for level in range(wheel["occupied"].type.range()[1] + 1):
            occupied = int(wheel["occupied"][level])
            for slot in (bit for bit in range(slots) if occupied >> bit & 1):
                found += walk.nodes(wheel["slots"][level * slots + slot], "wheel_node", "link")
        lines.append(f"cpu {number}: {len(found)} timers are set, armed for {walk.seconds(one['timers']['armed_ns'])}")
        nodes = [walk.pointer("wheel_node", address) for address in found]
        for node in sorted(nodes, key=lambda node: int(node["deadline_ns"])):
            timer = walk.pointer("timer", int(node.address))
            lines.append(f"  at {walk.seconds(node['deadline_ns'])}: {walk.symbol(int(timer['fire']))}"
                         f"(0x{int(timer['arg']):x})")
    return lines or ["no scheduler, so no timers"]


def rings() -> list[str]:
    """Every disruptor: how far its producers and its consumers are."""
    found = list(walk.variables("disruptor"))
    found += [(f"inbox of cpu {number}", one["inbox"]["ring"]) for number, one in enumerate(walk.scheds())]
    lines = []
    for name, ring in found:
        claimed, capacity = int(ring["claimed"]), int(ring["capacity"])
        if not capacity:
            continue  # not in use
        shape = "many producers" if int(ring["batch_ends"]) else f"one producer, published {int(ring['published'])}"
        lines.append(f"ring {name}: {shape}, claimed {claimed}, capacity {capacity}")
        for index in range(min(int(ring["gate_count"]), 8)):
            gate = ring["gates"][index].dereference()
            released = int(gate["released"])
            lines.append(f"  consumer {walk.symbol(int(ring['gates'][index]))}: released {released}, "
                         f"{claimed - released} behind")
    return lines or ["no ring is in use"]


def log() -> list[str]:
    """Lines of the log that never came to the console: what it said last, where the console's fiber did not run."""
    ring, reader = (gdb.parse_and_eval(f"'kernel/core/log.c'::{name}") for name in ("ring", "reader"))
    slot_bytes, capacity = int(ring["slot_bytes"]), int(ring["capacity"])
    at, end, lines = int(reader["released"]), int(ring["claimed"]), []
    size = slot_bytes * capacity
    data = bytes(gdb.selected_inferior().read_memory(int(ring["slots"]), size)) * 2 if capacity else b""
    while at < end and data:
        offset = at * slot_bytes % size
        length = int.from_bytes(data[offset:offset + 4], "little")
        if length > size:
            lines.append(f"(slot {at} holds no line)")
            break
        lines.append("  " + data[offset + 4:offset + 4 + length].decode("utf-8", "replace").rstrip("\n"))
        at += (4 + length + slot_bytes - 1) // slot_bytes
    return lines or ["every line came to the console"]


def mmu() -> list[str]:
    """The translation registers of each CPU, for whoever makes a core readable."""
    lines = []
    for number, thread in enumerate(walk.threads()):
        thread.switch()
        names = ("TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "SCTLR", "TPIDR_EL1", "ESR_EL1", "FAR_EL1", "ELR_EL1")
        known = [(name, walk.register(name, None)) for name in names]
        lines.append(f"mmu {number}: " + " ".join(f"{name}=0x{value:x}" for name, value in known if value is not None))
    return lines


PARTS = {"cpus": cpus, "sched": sched, "fibers": fibers, "timers": timers, "rings": rings, "log": log, "mmu": mmu}


class Rumpk(gdb.Command):
    """Shows the state of a Rumpk kernel: rumpk cpus|sched|fibers|timers|rings|log|mmu|all"""

    def __init__(self) -> None:
        super().__init__("rumpk", gdb.COMMAND_STATUS)

    def complete(self, text: str, word: str) -> list[str]:
        return [name for name in (*PARTS, "all") if name.startswith(word)]

    def invoke(self, argument: str, from_tty: bool) -> None:
        wanted = re.findall(r"\w+", argument) or ["all"]
        for name in PARTS if wanted == ["all"] else wanted:
            if name not in PARTS:
                raise gdb.GdbError(f"rumpk: {', '.join((*PARTS, 'all'))}")
            print_lines([f"## {name}"])
            try:
                print_lines(PARTS[name]())
            except Exception as error:  # the kernel is broken: whatever is wrong here, the other parts must come
                print_lines([f"cannot be read: {type(error).__name__}: {error}"])


Rumpk()

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Devices that are absent, and device trees that are none: what each comes to."""
from __future__ import annotations

import random
from dataclasses import replace

from harness import devicetree, fault_tree, markers, suite
from harness.devicetree import cells, cells64, string
from harness.fault_tree import Place, changed, edited, refuses, survives, without
from harness.verdict import BAD_PATTERNS, Expectation

NO_GIC = refuses(r"PANIC: hal: no interrupt controller: .+")
NO_TIMER = refuses(r"PANIC: hal: no timer: .+")
NO_TREE = refuses(r"PANIC: hal: cannot read the device tree: .+")
NO_BUNDLE = refuses(r"payload: cannot load: no bundle was given .+", 127)
#: The kernel says that it panics, and why, before anything else is known of the machine.
SAYS_WHY = refuses(r"PANIC: (?!again).+")
#: However many CPUs are described.
HELLO_LINES = markers.hello()[1:]
ANY_CPUS = Expectation(markers=(r"re:\[Rumpk L0\] HAL initialized: .+, \d+ cpus, 128 MiB", *HELLO_LINES))


def absent() -> list[suite.Case]:
    """One device less each."""
    entropy = ("re:.*no entropy: .+", "proc: process 1 exited with code 0")
    return [
        edited("faults_device[whole]", lambda _root: None, survives()),
        edited("faults_device[whole,gic2]", lambda _root: None, survives(), gic=2),
        edited("faults_device[no-psci]", without("psci"), survives()),
        edited("faults_device[no-semihosting]", lambda _root: None, survives(shutdowns=fault_tree.POWER_OFF),
               semihosting=False),
        edited("faults_device[psci-of-unknown-method]", changed("psci", method=string("telepathy")), survives()),
        edited("faults_device[no-uart]", without("pl011"), survives()),
        edited("faults_device[no-gic]", without("intc"), NO_GIC),
        edited("faults_device[no-gic,gic2]", without("intc"), NO_GIC, gic=2),
        edited("faults_device[unknown-gic]", changed("intc", compatible=string("arm,gic-v9")), NO_GIC),
        edited("faults_device[no-redistributor]", changed("intc", reg=cells64(0x8000000, 0x10000)),
               refuses(r"PANIC: hal: .+")),
        edited("faults_device[no-timer]", without("timer"), NO_TIMER),
        edited("faults_device[no-virtual-timer]", changed("timer", interrupts=cells(1, 13, 4, 1, 14, 4)), NO_TIMER),
        edited("faults_device[no-memory]", without("memory"), refuses(r"PANIC: hal: no memory: .+")),
        edited("faults_device[memory-elsewhere]", changed("memory", reg=cells64(0x8000_0000, 1 << 27)), SAYS_WHY),
        edited("faults_device[no-chosen]", without("chosen"), NO_BUNDLE),
        edited("faults_device[bundle-outside-ram]", changed("chosen", linux__initrd_start=cells64(1 << 40),
                                                            linux__initrd_end=cells64((1 << 40) + 4096)), NO_BUNDLE),
        edited("faults_device[no-seeds]", changed("chosen", rng_seed=None, kaslr_seed=None),
               Expectation(markers=entropy)),
        edited("faults_device[no-cpus]", without("cpus"), ANY_CPUS),
        _no_end(),
    ]


def _no_end() -> suite.Case:
    """Neither semihosting nor PSCI: everything is said, and then the CPU sleeps, for nobody can end the machine."""
    found = edited("faults_device[no-end]", without("psci"), survives(), semihosting=False)
    return replace(found, verdict="HANG", autopsy=False, budget=replace(found.budget, cpu_s=0.4, idle_s=0.3))


def not_trees() -> list[suite.Case]:
    """What a loader may hand over instead of a tree."""
    whole = devicetree.emit(fault_tree.tree())
    noise = random.Random(1).randbytes(8192)
    cases = [fault_tree.case(f"faults_tree[{name}]", blob, NO_TREE) for name, blob in {
        "zeros": bytes(4096), "ones": b"\xff" * 4096, "noise": noise, "header-and-noise": whole[:40] + noise,
        "old-version": whole[:20] + cells(1, 1) + whole[28:], "huge": whole[:4] + cells(0x7fff_ffff) + whole[8:],
    }.items()]
    cases += [fault_tree.case(f"faults_tree[cut-at-{at}]", whole[:at], NO_TREE) for at in (8, 60, 200, 1000, 1500)]
    cases.append(fault_tree.case("faults_tree[misaligned]", whole, NO_TREE, Place(tree_pa=fault_tree.TREE_PA + 4)))
    return cases + [nowhere()]


def nowhere() -> suite.Case:
    """No tree at all: x0 is 0, where QEMU has its empty flash."""
    found = fault_tree.case("faults_tree[none]", b"", NO_TREE)
    return replace(found, machine=replace(found.machine, image=fault_tree.stub(0)))


def cuts() -> list[suite.Case]:
    """A tree that ends anywhere: every 40th byte. Cut in its last block, the names of properties, it is a whole tree of
    nameless ones, and what is then missing is said."""
    whole = devicetree.emit(fault_tree.tree())
    cases = [fault_tree.case(f"faults_tree[cut-at-{at}]", whole[:at], NO_TREE) for at in range(0, len(whole) - 2, 40)]
    others = tuple(replace(other, says_nonce=False) for other in (refuses(r"PANIC: hal: .+"), NO_BUNDLE, survives()))
    return [replace(case, others=others) for case in cases]


def some() -> list[suite.Case]:
    """Each once."""
    return [*absent(), *not_trees()]


def sweep() -> list[suite.Case]:
    """Those, and trees cut everywhere."""
    names = {case.name for case in some()}
    return [*some(), *(case for case in cuts() if case.name not in names)]

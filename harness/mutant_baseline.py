# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What the tests that judge mutants come to unmutated: whether they pass, the CPU time they take, the functions they enter.

A test is measured once for its image, bundle and machine, for all copies of the tree and every later run.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from harness import paths, perf, suite
from harness.counting import kernel
from harness.machine import Machine
from harness.mutant_reach import Counting, Reach
from harness.mutant_tree import IMAGES
from harness.runner import Script, forget_copy, observe, prepare
from harness.verdict import Verdict, judge

#: The quick part of the suite: every so many-th case of these files, of any other file a few; what takes longer than QUICK_S
#: is left out.
STEPS = {"boot_hello": 1, "boot_endings": 1, "guest_tests": 1, "smp_tests": 1, "hostile_apps": 1, "linux_tests": 1, "refused_bundles": 12}
CASES_A_FILE = 8
#: Machines that talk to the host or are tampered with, in real time.
REAL_TIME = ("early_fault[el1]", "early_fault[el2]", "net_kernel[mmio,smp1]", "net_kernel[pci,smp4]", "net_echo[pci,smp1]",
             "net_peer[pci,smp1]", "net_reorder[pci,smp1]", "net_repeat[pci,smp1]", "net_static[pci]", "net_thousand_one_by_one[mmio,smp1]", "blog[pci,gic3,smp4]", "blog_8M",
             "volume[write,mmio,smp1]", "volume[names,pci,smp4]", "volume[links,mmio,smp1]", "volume[many,pci,smp4]",
             "volume[large,pci,smp4]", "volume[full,mmio,smp1]", "volume[write,ext3]", "volume[refused,none]",
             "volume[refused,damaged]", "volume[read-only]", "share[pci,smp4]", "share[ro]", "share_app[names,mmio,smp1]",
             "share_app[programs,smp1]", "share_app[read-only]", "share_app[outside]", "share_app[absent]")
REAL_TIME_LIMIT_S = 40.0
QUICK_S = 5.0
IDLE_S, AGAIN_IDLE_S = 1.0, 5.0
#: The benchmarks, as a test: whether their counts can tell.
PERF = "perf"
#: Shared by the copies.
KEPT = paths.ROOT.parent / "baseline.jsonl"
Record = dict[str, object]


def boot(case: suite.Case, cpu_s: float, idle_s: float = IDLE_S) -> Verdict:
    """One boot and its verdict."""
    return timed(case, cpu_s, idle_s)[0]


def timed(case: suite.Case, cpu_s: float, idle_s: float) -> tuple[Verdict, float]:
    """The same, with the CPU time it took: wall time says more of the host."""
    case = prepare(case)
    with contextlib.ExitStack() as stack:
        stack.callback(forget_copy, case)
        machine = stack.enter_context(Machine(case.machine))
        script = Script(case, machine) if case.script else None
        if script:
            script.start()
        ending = machine.wait(case.budget.wall_s, cpu_s, idle_s, case.budget.console_bytes)
        machine.kill()
        if script:
            script.join(5.0)
        return judge(case.expect, observe(case, machine, ending, script.error if script else "")), ending.cpu_s


def quick_cases() -> tuple[list[suite.Case], list[suite.Case]]:
    """The quick tests, and the rest of those files. Only what is exact: the host's load must not kill."""
    quick: list[suite.Case] = []
    rest: list[suite.Case] = []
    for path in sorted(paths.TESTS.glob("*.py"), key=lambda path: list(STEPS).index(path.stem) if path.stem in STEPS else 99):
        found = [case for case in suite.find(files=[path]) if case.machine.icount and mutated(case)]
        step = STEPS.get(path.stem) or max(1, len(found) // CASES_A_FILE)
        quick += found[::step]
        rest += [case for at, case in enumerate(found) if at % step]
    return quick, rest


def mutated(case: suite.Case) -> bool:
    """Whether it boots an image that is built of the mutant."""
    return kernel(case.machine) in [paths.ROOT / image for image in IMAGES]


def talking() -> list[suite.Case]:
    """The machines that talk to the host, in REAL_TIME's order."""
    return sorted((case for case in suite.find() if case.name in REAL_TIME), key=lambda case: REAL_TIME.index(case.name))


def refused(rest: list[suite.Case]) -> list[suite.Case]:
    """Bundles that are refused, which are many: for mutants of what reads them."""
    return [case for case in rest if case.name.startswith("refused")]


def key(case: suite.Case) -> str:
    """The same for the same machine and what it boots, in every copy of the tree."""
    machine = replace(case.machine, own=None)
    files = [Path(file) for file in (kernel(machine), machine.initrd) if file]
    parts = [hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "" for file in files]
    return hashlib.sha256(" ".join([*parts, repr(machine).replace(str(paths.ROOT), "")]).encode()).hexdigest()


def costs() -> dict[str, float]:
    """What harness/perf.py holds to its baseline; nothing where it cannot be measured."""
    try:
        return perf.exact_counts([perf.steps_measure(), *perf.guest_measures()])
    except (OSError, RuntimeError):
        return {}


def record(case: suite.Case, counting: Counting) -> Record:
    """A test's measurements. What is exact is judged as it is counted, which changes nothing for it."""
    seen: list[tuple[Verdict, float]] = []
    places = counting.reached(case, lambda counted: seen.append(timed(counted, REAL_TIME_LIMIT_S, AGAIN_IDLE_S)))
    if not seen or not seen[0][0].good or not case.machine.icount:
        seen = [timed(case, case.budget.cpu_s, AGAIN_IDLE_S)]
    if not seen[0][0].good:
        seen = [timed(case, case.budget.cpu_s, AGAIN_IDLE_S)]  # the host may have been busy
    verdict, took = seen[0]
    return {"good": verdict.good, "why": str(verdict), "cpu_s": took, "places": None if places is None else sorted(places)}


def kept() -> dict[str, Record]:
    """What was measured before, by key."""
    lines = KEPT.read_text(encoding="utf-8").split("\n") if KEPT.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]  # the last line of a run that was killed does not
    return {row["key"]: row for row in rows}


def keep(name: str, row: Record) -> Record:
    """Keeps a measurement at once: there are hundreds, and a run may be stopped."""
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row | {"key": name}) + "\n")
    return row


@dataclass
class Baseline:
    """The unmutated tests, and what was measured of them."""

    cases: list[suite.Case]    # the quick ones
    rest: list[suite.Case]     # refused bundles but for those
    talking: list[suite.Case]  # those that are in real time, the quickest first
    cpu_s: dict[str, float]    # the CPU time that a test takes
    limits: dict[str, float]   # and that a quick one may take
    costs: dict[str, float]
    reach: Reach
    failed: list[str]          # tests that are left out, and why


def baseline() -> Baseline:
    """Reads what is kept, measures what is missing, keeps it."""
    quick, rest = quick_cases()
    rest, real, benches = refused(rest), talking(), replace(perf.bench_case(), name=PERF)
    known: dict[str, Record] = {}
    with (KEPT.parent / "baseline.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, counting = kept(), Counting(paths.BUILD)
        for case in [*quick, *real, benches]:
            known[case.name] = before.get(key(case)) or keep(key(case), record(case, counting))
        if "costs" not in known[PERF]:
            known[PERF] = keep(key(benches), known[PERF] | {"costs": costs()})
    of = {name: row for name, row in known.items() if name != PERF}
    places = {name: list(row["places"]) for name, row in known.items() if row["places"] is not None}  # type: ignore[call-overload]
    places[PERF] = [*places.get(PERF, []), *places.get(quick[0].name, [])]
    refusals = {place for name in places if name.startswith("refused") for place in places[name]}
    places |= {case.name: list(refusals) for case in rest}
    cpu_s = {name: float(str(row["cpu_s"])) for name, row in of.items()}
    limits = {case.name: max(1.0, 3 * cpu_s[case.name]) for case in quick if of[case.name]["good"] and cpu_s[case.name] <= QUICK_S}
    return Baseline([case for case in quick if case.name in limits], rest,
                    sorted((case for case in real if of[case.name]["good"]), key=lambda case: cpu_s[case.name]),
                    cpu_s, limits, dict(known[PERF]["costs"]), Reach(places),  # type: ignore[call-overload]
                    [f"{case.name}: {of[case.name]['why']}" for case in [*quick, *real] if not of[case.name]["good"]])

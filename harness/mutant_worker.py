# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Judges mutants inside a copy of the tree, with the copy's own harness: a request a line in, a result a line out.

Tests that killed before come first, so that most mutants die by their first boot; those that never enter the mutant's
function are left out (mutant_reach.py). Boots are watched with budgets taken from the unmutated tree, and nothing is kept of them.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths, perf, suite  # noqa: E402
from harness.counting import kernel  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.mutant_operators import Mutant  # noqa: E402
from harness.mutant_reach import Counting, Reach, place  # noqa: E402
from harness.mutant_tree import IMAGES, Tree, run  # noqa: E402
from harness.runner import Script, forget_copy, observe, prepare  # noqa: E402
from harness.verdict import HANG, Verdict, judge  # noqa: E402

#: The quick part of the suite: every so many-th case of these files, of any other file a few; what takes longer than QUICK_S
#: is left out.
STEPS = {"boot_hello": 1, "boot_endings": 1, "guest_tests": 1, "smp_tests": 1, "hostile_apps": 1, "refused_bundles": 12}
CASES_A_FILE = 8
#: Whose mutants are tested by every refused bundle.
READERS = ("kernel/payload/", "lib/")
#: Whose mutants are tested by machines that talk to the host too, and which these are. They run in real time, so a mutant is killed
#: by one only where it fails twice.
TALKING = ("kernel/io/net/", "kernel/io/fs/", "kernel/cap/", "hal/virtio/", "lib/virtqueue", "lib/jbd2", "lib/ninep")
REAL_TIME = ("net_kernel[mmio,smp1]", "net_kernel[pci,smp4]", "net_echo[pci,smp1]", "net_peer[pci,smp1]", "net_reorder[pci,smp1]",
             "net_repeat[pci,smp1]", "net_static[pci]", "net_thousand_one_by_one[mmio,smp1]", "blog[pci,gic3,smp4]", "blog_8M",
             "volume[write,mmio,smp1]", "volume[names,pci,smp4]", "volume[links,mmio,smp1]", "volume[many,pci,smp4]",
             "volume[large,pci,smp4]", "volume[full,mmio,smp1]", "volume[write,ext3]", "volume[refused,none]",
             "volume[refused,damaged]", "volume[read-only]", "share[pci,smp4]", "share[ro]", "share_app[names,mmio,smp1]",
             "share_app[programs,smp1]", "share_app[read-only]", "share_app[outside]", "share_app[absent]")
REAL_TIME_LIMIT_S = 40.0
QUICK_S = 5.0
IDLE_S, AGAIN_IDLE_S = 1.0, 5.0
#: A unit program's CPU time, and its wall time for one that waits: the host may be busy.
UNIT_CPU_S, UNIT_LIMIT_S = 40, 180.0
LIMIT_S = 3.0
#: Unit programs that take longer than a boot: they come after those.
SLOW_UNITS = ("ext4/volume_test", "ext4/power_cut_test", "ext4/broken_disk_test", "_threads_test")
#: How one ends that does not end by itself: by the clock, and by SIGKILL or SIGXCPU.
ENDLESS = (124, -signal.SIGKILL, -signal.SIGXCPU)
#: The benchmarks, as a test: whether their counts can tell.
PERF = "perf"
#: Shared by the copies: the baseline of the build that was tested last.
KEPT = paths.ROOT.parent / "baseline.json"


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


class Judge:
    """The tests of one copy, in an order that learns."""

    def __init__(self) -> None:
        self.tree = Tree(Path(), Path(), paths.ROOT)
        self.cases: list[suite.Case] = []
        self.rest: list[suite.Case] = []  # of the same kinds: the full list is for those that read bundles
        self.talking: list[suite.Case] = []
        self.limits: dict[str, float] = {}
        self.costs: dict[str, float] = {}
        self.reach = Reach({})
        self.kills: Counter[str] = Counter()
        self.kills_of: Counter[tuple[str, str]] = Counter()

    def baseline(self) -> str:
        """What the quick tests come to on the unmutated build: run once for all copies, and for every run of the same build."""
        with (KEPT.parent / "baseline.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
            if known.get("build") != fingerprint():
                known = {"build": fingerprint(), **measure(quick_cases()[0]), "talking": fit(), "costs": costs(), "reach": reach()}
                KEPT.write_text(json.dumps(known), encoding="utf-8")
        quick, self.rest = quick_cases()
        self.talking = [case for case in talking() if case.name in known["talking"]]
        self.limits, self.costs, self.reach = known["limits"], known["costs"], Reach(known["reach"])
        self.cases = [case for case in quick if case.name in self.limits]
        print("left out:", *known["failed"], sep="\n", flush=True)
        count = len(known["failed"])
        return "" if len(self.cases) > 10 * count else f"{count} tests fail: {known['failed'][:1]}"

    def order(self, file: str, where: str) -> list[suite.Case]:
        """The boots that can tell, the likeliest killers first."""
        rest = [case for case in self.rest if case.name.startswith("refused")] if file.startswith(READERS) else []
        found = [case for case in [*self.cases, *rest] if self.reach.reaches(case.name, where)]
        return sorted(found, key=lambda case: (-self.kills_of[file, case.name], -self.kills[case.name]))

    def judge(self, mutant: Mutant) -> dict[str, str]:
        """A mutant's outcome: stillborn, equivalent, killed (by what, how) or survived."""
        target = self.tree.object_target(mutant.file)
        problem = self.tree.make(target)
        if problem:
            return {"outcome": "broken", "how": problem}
        original = self.tree.object_code(mutant.file)
        where = place(mutant.file, mutant.line)
        with self.tree.mutate(mutant):
            problem = self.tree.make(target)
            if problem:
                return {"outcome": "stillborn", "how": _first_error(problem)}
            if self.tree.object_code(mutant.file) == original:
                return {"outcome": "equivalent", "how": "compiles to the same code"}
            result = self.units(mutant, False) or self.boots(mutant, where) or self.units(mutant, True) or {"outcome": "survived"}
        return result if self.trusted(result.get("by", "")) else {"outcome": "unjudged", "how": f"{result['by']} fails anyway"}

    def trusted(self, name: str) -> bool:
        """Whether a test that killed passes on the unmutated build: one of the rest is tried when it first kills."""
        found = [case for case in self.rest if case.name == name]
        if not found:
            return True
        self.rest.remove(found[0])
        if self.tree.make(*IMAGES) or not boot(found[0], LIMIT_S).good:
            return False
        self.cases.append(found[0])
        return True

    def units(self, mutant: Mutant, slow: bool) -> dict[str, str] | None:
        """The verdict of the unit programs that cover it."""
        folder = str(Path(mutant.file).parent)
        found = [program for program in self.tree.unit_programs(mutant.file) if program.endswith(SLOW_UNITS) == slow]
        programs = sorted(found, key=lambda program: -self.kills_of[folder, program])
        for program in programs:  # what was linked with another mutant is no newer than its objects are now
            (self.tree.folder / program).unlink(missing_ok=True)
        problem = self.tree.make(*programs) if programs else ""
        if problem:
            return {"outcome": "stillborn", "how": _first_error(problem)}
        for program in programs:
            limited = ["prlimit", f"--cpu={UNIT_CPU_S}", str(self.tree.folder / program)]
            status, output = run(limited, self.tree.folder, UNIT_LIMIT_S)
            if status:
                self.kills_of[folder, program] += 1
                test = next((line.strip() for line in output.split("\n") if "...FAILED" in line), "")
                name = test.removeprefix("Test: ").partition(" ")[0]
                how = f"failed: {name}" if name else "did not end" if status in ENDLESS else f"status {status}"
                return {"outcome": "killed", "by": program.removeprefix("build/tests/"), "how": how}
        return None

    def boots(self, mutant: Mutant, where: str) -> dict[str, str] | None:
        """The verdict of the images. `where`: see mutant_reach.py."""
        problem = self.tree.make(*IMAGES)
        if problem:
            return {"outcome": "stillborn", "how": _first_error(problem)}
        for case in self.order(mutant.file, where):
            verdict = boot(case, self.limits.get(case.name, LIMIT_S))
            if verdict.host_fault or verdict.name == HANG:  # the host may have been busy: it must hang again
                verdict = boot(case, 2 * self.limits.get(case.name, LIMIT_S), AGAIN_IDLE_S)
            if verdict.host_fault:
                return {"outcome": "unjudged", "how": str(verdict)}
            if not verdict.good:
                self.kills[case.name] += 1
                self.kills_of[mutant.file, case.name] += 1
                return {"outcome": "killed", "by": case.name, "how": str(verdict)[:200]}
        for case in self.talking if mutant.file.startswith(TALKING) else []:
            if not self.reach.reaches(case.name, where):
                continue
            verdict = boot(case, REAL_TIME_LIMIT_S, AGAIN_IDLE_S)
            if not verdict.good and not verdict.host_fault and not boot(case, REAL_TIME_LIMIT_S, AGAIN_IDLE_S).good:
                return {"outcome": "killed", "by": case.name, "how": str(verdict)[:200]}
        for metric, cost in costs().items() if self.reach.reaches(PERF, where) else ():
            if metric in self.costs and cost > self.costs[metric] * (1 + perf.REGRESSION):
                how = f"{self.costs[metric]:g} to {cost:g} instructions"
                return {"outcome": "killed", "by": f"perf[{metric}]", "how": how}
        return None


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


def fit() -> list[str]:
    """Those of them that pass as they are."""
    return [case.name for case in talking() if boot(case, REAL_TIME_LIMIT_S, AGAIN_IDLE_S).good]


def reach() -> dict[str, list[str]]:
    """The functions that each test enters; of the benchmarks and a boot together under PERF's name."""
    counting, found = Counting(KEPT.parent), {}
    benches = replace(perf.bench_case(), name=PERF)
    quick, rest = quick_cases()
    for case in [*quick, *(case for case in rest if case.name.startswith("refused")), *talking(), benches]:
        places = counting.reached(case, lambda counted: boot(counted, REAL_TIME_LIMIT_S, AGAIN_IDLE_S))
        if places is not None:
            found[case.name] = places
    if PERF in found:
        found[PERF] |= found.get("boot_hello", set())
    return {name: sorted(places) for name, places in found.items()}


def measure(cases: list[suite.Case]) -> dict[str, object]:
    """Runs tests unmutated: the CPU time that each quick one may take (`limits`), and what fails."""
    limits: dict[str, float] = {}
    failed: list[str] = []
    for case in cases:
        verdict, took = timed(case, case.budget.cpu_s, AGAIN_IDLE_S)
        if not verdict.good:
            verdict, took = timed(case, case.budget.cpu_s, AGAIN_IDLE_S)  # the host may have been busy
        if not verdict.good:
            failed.append(f"{case.name}: {verdict}")
        elif took <= QUICK_S:
            limits[case.name] = max(1.0, 3 * took)
    return {"limits": limits, "failed": failed}


def fingerprint() -> str:
    """The same for the same images and tests."""
    files = [paths.ROOT / image for image in IMAGES] + sorted(paths.TESTS.glob("*.*"))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def costs() -> dict[str, float]:
    """What harness/perf.py holds to its baseline; nothing where it cannot be measured."""
    try:
        return perf.exact_counts([perf.steps_measure(), *perf.guest_measures()])
    except (OSError, RuntimeError):
        return {}


def _first_error(output: str) -> str:
    lines = [line for line in output.split("\n") if "rror" in line] or output.strip().split("\n")
    return lines[0][:200]


def main() -> int:
    """Says `ready` or what is wrong, then answers until its input ends."""
    judge_, answers = Judge(), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may speak between the answers
    problem = judge_.baseline()
    print(json.dumps({"ready": not problem, "problem": problem, "tests": len(judge_.cases)}), file=answers, flush=True)
    if problem:
        return 1
    for line in sys.stdin:
        mutant, begun = Mutant(**json.loads(line)), time.monotonic()
        result = judge_.judge(mutant)
        result |= {"name": mutant.name, "seconds": f"{time.monotonic() - begun:.1f}"}
        print(json.dumps(result), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

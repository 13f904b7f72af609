# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Judges mutants inside a copy of the tree, with the copy's own harness: which test killed what before, then a request a line in, a
result a line out.

Tests that killed before come first, so that most mutants die by their first boot; those that never enter the mutant's
function are left out (mutant_reach.py). Boots are watched with budgets taken from the unmutated tree, and nothing is kept of them.
"""
from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths, perf, suite  # noqa: E402
from harness.counting import kernel  # noqa: E402
from harness.mutant_baseline import AGAIN_IDLE_S, IDLE_S, PERF, REAL_TIME_LIMIT_S, baseline, boot, costs, timed  # noqa: E402
from harness.mutant_operators import Mutant  # noqa: E402
from harness.mutant_reach import place  # noqa: E402
from harness.mutant_tree import IMAGES, Tree, run  # noqa: E402
from harness.verdict import HANG  # noqa: E402

#: Whose mutants are tested by every refused bundle.
READERS = ("kernel/payload/", "lib/")
#: Whose mutants are tested by machines that talk to the host too. Those run in real time, so a mutant is killed by one only where it
#: fails twice.
TALKING = ("kernel/io/net/", "kernel/io/fs/", "kernel/cap/", "hal/virtio/", "lib/virtqueue", "lib/jbd2", "lib/ninep",
           "hal/arm64/early_")
#: A unit program's CPU time, and its wall time for one that waits: the host may be busy.
UNIT_CPU_S, UNIT_LIMIT_S = 40, 180.0
LIMIT_S = 3.0
#: What a boot takes beside its guest, roughly.
BOOT_S = 0.15
#: What a refused bundle that was not measured counts as: they are many, and each tells next to nothing more.
REST_S = 2.0
#: Unit programs that take longer than a boot: they come after those.
SLOW_UNITS = ("ext4/volume_test", "ext4/volume_edges_test", "ext4/volume_damage_test", "ext4/power_cut_test", "ext4/broken_disk_test", "_threads_test")
#: What a script complains of that waits by the host's clock.
LATE = "not seen in time"
#: How one ends that does not end by itself: by the clock, and by SIGKILL or SIGXCPU.
ENDLESS = (124, -signal.SIGKILL, -signal.SIGXCPU)


class Judge:
    """The tests of one copy, in an order that learns."""

    def __init__(self, limit_s: float = 0.0) -> None:
        """`limit_s`: the CPU time of boots after which a mutant has survived; 0: every boot that can tell, and the numbers too."""
        self.limit_s = limit_s
        self.linked: set[Path] = set()
        self.tree = Tree(Path(), Path(), paths.ROOT)
        self.base = baseline()
        self.cases = list(self.base.cases)
        self.rest = list(self.base.rest)
        self.kills: Counter[str] = Counter()
        self.kills_of: Counter[tuple[str, str]] = Counter()  # by a file, and for unit programs by a folder

    @property
    def problem(self) -> str:
        """Why nothing can be judged."""
        failed = self.base.failed
        return "" if len(self.cases) > 10 * len(failed) else f"{len(failed)} tests fail: {failed[:1]}"

    def killed(self, file: str, by: str) -> None:
        """Notes that a test has killed."""
        self.kills[by] += 1
        self.kills_of[file, by] += 1
        self.kills_of[str(Path(file).parent), by] += 1

    def order(self, file: str, where: str) -> list[suite.Case]:
        """The boots that can tell, the likeliest killers of their CPU time first."""
        rest = self.rest if file.startswith(READERS) else []
        found = [case for case in [*self.cases, *rest] if self.base.reach.reaches(case.name, where)]
        return sorted(found, key=lambda case: -self.likely(file, case.name) / (self.base.cpu_s.get(case.name, REST_S) + BOOT_S))

    def likely(self, file: str, by: str) -> float:
        """How likely a test kills a file's mutant, by what it has killed: in proportion."""
        return 1 + 50 * self.kills_of[file, by] + 10 * self.kills_of[str(Path(file).parent), by] + self.kills[by]

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
        """The verdict of the unit programs that cover it, those that are named after the file first."""
        folder, stem = str(Path(mutant.file).parent), Path(mutant.file).stem
        found = [program for program in self.tree.unit_programs(mutant.file) if program.endswith(SLOW_UNITS) == slow]
        found = [program for program in found if mutant.file in self.tree.made_of(program)]
        for program in sorted(found, key=lambda program: (not Path(program).name.startswith(stem), -self.kills_of[folder, program], found.index(program))):
            (self.tree.folder / program).unlink(missing_ok=True)  # linked with another mutant it is no newer than its objects are now
            problem = self.tree.make(program)
            if problem:
                return {"outcome": "stillborn", "how": _first_error(problem)}
            limited = ["prlimit", f"--cpu={UNIT_CPU_S}", str(self.tree.folder / program)]
            status, output = run(limited, self.tree.folder, UNIT_LIMIT_S)
            if status:
                self.killed(mutant.file, program)
                test = next((line.strip() for line in output.split("\n") if "...FAILED" in line), "")
                name = test.removeprefix("Test: ").partition(" ")[0]
                how = f"failed: {name}" if name else "did not end" if status in ENDLESS else f"status {status}"
                return {"outcome": "killed", "by": program.removeprefix("build/tests/"), "how": how}
        return None

    def link(self, image: Path) -> str:
        """Builds an image of the mutant, once; what make complains of."""
        if image in self.linked:
            return ""
        self.linked.add(image)
        return self.tree.make(str(image.relative_to(paths.ROOT)))

    def boots(self, mutant: Mutant, where: str) -> dict[str, str] | None:
        """The verdict of the images. `where`: see mutant_reach.py."""
        self.linked.clear()
        spent_s = 0.0
        for case in self.order(mutant.file, where):
            if self.limit_s and spent_s > self.limit_s:
                break
            if problem := self.link(kernel(case.machine)):
                return {"outcome": "stillborn", "how": _first_error(problem)}
            limit_s = self.base.limits.get(case.name, LIMIT_S)
            verdict, took_s = timed(case, limit_s, IDLE_S)
            spent_s += took_s + BOOT_S
            if verdict.host_fault or verdict.name == HANG or LATE in verdict.detail:  # the host may have been busy: it must hang again
                verdict, took_s = timed(case, 2 * limit_s, AGAIN_IDLE_S)
                spent_s += took_s
            if LATE in verdict.detail:
                continue  # by the host's clock alone: where the guest never ends, another test says so
            if verdict.host_fault:
                return {"outcome": "unjudged", "how": str(verdict)}
            if not verdict.good:
                self.killed(mutant.file, case.name)
                return {"outcome": "killed", "by": case.name, "how": str(verdict)[:200]}
        return self.real_time(mutant, where) or self.numbers(where)

    def real_time(self, mutant: Mutant, where: str) -> dict[str, str] | None:
        """The verdict of the machines that talk to the host."""
        found = [case for case in self.base.talking if self.base.reach.reaches(case.name, where)]
        for case in sorted(found, key=lambda case: -self.likely(mutant.file, case.name)) if mutant.file.startswith(TALKING) else []:
            if problem := self.link(kernel(case.machine)):
                return {"outcome": "stillborn", "how": _first_error(problem)}
            verdict = boot(case, REAL_TIME_LIMIT_S, AGAIN_IDLE_S)
            if not verdict.good and not verdict.host_fault and not boot(case, REAL_TIME_LIMIT_S, AGAIN_IDLE_S).good:
                self.killed(mutant.file, case.name)
                return {"outcome": "killed", "by": case.name, "how": str(verdict)[:200]}
        return None

    def numbers(self, where: str) -> dict[str, str] | None:
        """The verdict of the instruction counts."""
        if self.limit_s or not self.base.reach.reaches(PERF, where) or self.tree.make(*IMAGES):
            return None
        for metric, cost in costs().items():
            if metric in self.base.costs and cost > self.base.costs[metric] * (1 + perf.REGRESSION):
                how = f"{self.base.costs[metric]:g} to {cost:g} instructions"
                return {"outcome": "killed", "by": f"perf[{metric}]", "how": how}
        return None


def _first_error(output: str) -> str:
    lines = [line for line in output.split("\n") if "rror" in line] or output.strip().split("\n")
    return lines[0][:200]


def main() -> int:
    """Says `ready` or what is wrong, then answers until its input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may speak between the answers
    first = json.loads(sys.stdin.readline())
    judge_ = Judge(first["limit_s"])
    for file, by in first["kills"]:
        judge_.killed(file, by)
    print("left out:", *judge_.base.failed, sep="\n", flush=True)
    print(json.dumps({"ready": not judge_.problem, "problem": judge_.problem, "tests": len(judge_.cases)}), file=answers, flush=True)
    if judge_.problem:
        return 1
    for line in sys.stdin:
        mutant, begun = Mutant(**json.loads(line)), time.monotonic()
        result = judge_.judge(mutant)
        result |= {"name": mutant.name, "seconds": f"{time.monotonic() - begun:.1f}"}
        print(json.dumps(result), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

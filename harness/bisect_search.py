# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The searches themselves: for the commit that broke a test, and for those that made a metric worse.

Both ask a pool of worktrees for runs and a model what they mean. A flaky test is one whose runs at one commit differ: the
rates are then measured anew, at the ends, and every batch repeats accordingly.
"""
from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from harness import bisect_model as model
from harness.bisect_judge import Pool, normal
from harness.result import PERF
from harness.worktree import TEST_LIMIT_S, Worktree

CONFIRM_RUNS = 3
EXACT_SAMPLES = 2
NOISY_SAMPLES = 7


class Hopeless(Exception):
    """The ends are not what they should be; the text says what they are."""


class Search:
    """For the commit since which a test fails as BAD does. `commits[0]` is GOOD, the last is BAD."""

    def __init__(self, pool: Pool, commits: list[str], confidence: float, runs_max: int,
                 say: Callable[[str], None] = lambda line: None) -> None:
        self.pool = pool
        self.commits = commits
        self.confidence = confidence
        self.runs_max = runs_max
        self.say = say
        self.model = model.Model([model.Evidence() for _ in commits])
        self.exact = True

    def judge(self, numbers: list[int], repeats: int) -> None:
        """Runs commits at once and learns."""
        decisive = self.exact and self.model.good_rate <= model.EXACT
        self.pool.map(lambda tree, number: self.pool.judge(tree, self.commits[number], self.model.evidence[number],
                                                           repeats, decisive and number not in (0, self.model.last)),
                      numbers)
        for number in numbers:
            e = self.model.evidence[number]
            words = e.skipped and f"skipped: {e.skipped}" or f"{e.failed} of {e.runs} fail"
            self.say(f"bisect: {self.commits[number][:10]} ({number} of {self.model.last}): {words}")

    def until(self, number: int, runs: int) -> model.Evidence:
        """Runs a commit until it has so many runs that say something."""
        e = self.model.evidence[number]
        while e.runs < runs and not e.skipped and e.runs + e.otherwise < 3 * runs:
            self.judge([number], runs - e.runs)
        return e

    def ends(self, signature: str | None = None) -> None:
        """Runs both ends, learns the failure and the rates; raises Hopeless where they are not what they should be."""
        last, bad = self.model.last, self.model.evidence[self.model.last]
        self.pool.signature = signature and normal(signature)
        while not bad.failed and not bad.skipped and bad.runs < model.FLAKY_RUNS:
            self.judge([last], 1 if self.pool.signature is None else model.UNANIMOUS)
            if bad.failed and self.pool.signature is None:
                self.pool.signature = normal(self.pool.outputs[self.commits[last]].signature)
        output = self.pool.outputs.get(self.commits[last])
        if not bad.failed:
            raise Hopeless(f"BAD is not bad: {bad.skipped or f'it passed {bad.runs} times'}\n{output.output if output else ''}")
        self.until(last, model.UNANIMOUS)
        self.until(0, model.UNANIMOUS)
        good = self.model.evidence[0]
        if good.skipped or not good.passed:
            raise Hopeless(f"GOOD is not good: {good.skipped or self.pool.signature}\n{self.pool.outputs[self.commits[0]].output}")
        if bad.mixed or good.mixed:
            self.remeasure()
        if not model.distinguishable(self.model.good_rate, self.model.bad_rate):
            raise Hopeless(f"the ends cannot be told apart: BAD fails {bad.failed} of {bad.runs} times, GOOD {good.failed} "
                           f"of {good.runs}")

    def remeasure(self) -> None:
        """The test is flaky: measures how flaky."""
        self.exact = False
        self.say("bisect: the test is flaky: measuring its rates at both ends")
        bad, good = self.until(self.model.last, model.FLAKY_RUNS), self.until(0, model.FLAKY_RUNS)
        self.model.bad_rate = (bad.failed + 0.5) / (bad.runs + 1)
        self.model.good_rate = (good.failed + 0.5) / (good.runs + 1)
        if not good.failed:
            self.model.good_rate = min(self.model.good_rate, 0.01)

    def unconfirmed(self, group: list[int]) -> list[int]:
        """The commits about a group that were not run often enough to be relied on."""
        near = {group[0] - 1, group[-1]}
        return [number for number in near if self.model.evidence[number].runs < CONFIRM_RUNS
                and not self.model.evidence[number].skipped]

    def run(self) -> tuple[list[int], float]:
        """The suspects (one, where commits that cannot be judged do not hide it) and how sure that is."""
        while True:
            self.model.learn()
            group, sure = self.model.best()
            settled = sure >= self.confidence
            numbers = self.unconfirmed(group) if settled else self.model.next(len(self.pool.trees))
            if not numbers or self.pool.ran > self.runs_max:
                return group, sure
            self.judge(numbers, CONFIRM_RUNS if settled else self.model.repeats())
            if self.exact and any(self.model.evidence[number].mixed for number in numbers):
                self.remeasure()


@dataclass
class MetricSearch:
    """For the commits that made a metric worse by more than a threshold."""

    pool: Pool
    commits: list[str]
    metric: str
    threshold: float
    say: Callable[[str], None] = lambda line: None
    values: dict[int, float] = field(default_factory=dict)
    unmeasured: dict[int, str] = field(default_factory=dict)
    unit: str = ""
    repeats: int = EXACT_SAMPLES
    spread: float = 0.0

    def sample(self, worktree: Worktree, build: Path) -> float | str:
        """One measurement, or why there is none."""
        status, output = worktree.command(self.pool.commands.test, TEST_LIMIT_S, {"RUMPK_BUILD": str(build)})
        self.pool.ran += 1
        found = [hit for hit in map(PERF.fullmatch, output.splitlines()) if hit and hit[1] == self.metric]
        if not found:
            return f"no measurement of {self.metric} (status {status}): {output.strip()[-200:]}"
        self.unit = found[-1][3]
        return float(found[-1][2])

    def measure(self, worktree: Worktree, number: int) -> None:
        """Measures a commit as often as the metric's noise asks for."""
        build, problem = self.pool.build(worktree, self.commits[number])
        samples: list[float] = []
        while not problem and len(samples) < self.repeats:
            value = self.sample(worktree, build)
            if isinstance(value, str):
                problem = value
                break
            samples.append(value)
            if len(samples) == EXACT_SAMPLES and self.repeats == EXACT_SAMPLES and len(set(samples)) > 1:
                self.repeats = NOISY_SAMPLES
        if problem:
            self.unmeasured[number] = problem.split("\n")[0]
        else:
            self.values[number] = statistics.median(samples)
            if number in (0, len(self.commits) - 1) and len(samples) > EXACT_SAMPLES:
                self.repeats = max(self.repeats, model.metric_repeats(samples, self.threshold))
                self.spread = max(self.spread, statistics.stdev(samples))
        words = self.unmeasured.get(number) or f"{self.values[number]:g} {self.unit}"
        self.say(f"bisect: {self.commits[number][:10]} ({number} of {len(self.commits) - 1}): {words}")

    def run(self) -> list[model.Step]:
        """The steps above the threshold, the largest first; raises Hopeless where the ends show none."""
        last = len(self.commits) - 1
        for number in (0, last):
            self.pool.map(self.measure, [number])
            if number in self.unmeasured:
                raise Hopeless(f"{'BAD' if number else 'GOOD'} cannot be measured: {self.unmeasured[number]}")
        if self.spread and len(self.values) == 2:  # the noise is known now: GOOD as often as BAD
            self.pool.map(self.measure, [0])
        if not self.spread:
            self.repeats = 1
        if model.Step(0, last, self.values[0], self.values[last]).rise <= self.threshold:
            raise Hopeless(f"{self.metric} rose by no more than {self.threshold:.1%}: {self.values[0]:g} at GOOD, "
                           f"{self.values[last]:g} at BAD")
        while interval := model.next_interval(self.values, set(self.unmeasured), self.threshold):
            self.pool.map(self.measure, self.cuts(*interval))
        return model.steps(self.values, self.threshold)

    def cuts(self, left: int, right: int) -> list[int]:
        """Commits that cut an interval into one part more than there are worktrees."""
        free = [number for number in range(left + 1, right) if number not in self.unmeasured]
        count = min(len(self.pool.trees), len(free))
        return sorted({free[len(free) * part // (count + 1)] for part in range(1, count + 1)})

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The mathematics of a bisection, pure: which commit is it, how sure is that, and which commits to run next.

Commits are numbered 0 (GOOD) to N (BAD); one of 1..N is the culprit, each as likely at first. A run of a commit from the
culprit on shows the failure with probability p, of one before it with probability q; both are measured at the ends.
Bayes' rule does the rest: a test that always fails is found in log2(N) runs, a flaky one gets as many repetitions as its
rate asks for, and the probability that is left over is the confidence that is stated. A commit that cannot be judged says
nothing; suspects that only such commits tell apart stay together in one group.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field

#: What one contrary run of a test that never wavered is still taken to be worth.
EXACT = 0.005
UNANIMOUS = 5
FLAKY_RUNS = 20
REPEATS_MAX = 12
#: A passing batch leaves at most this chance that the commit is bad all the same.
BATCH_MISS = 0.1
#: How far the next commit to run may be moved away from one that could not be judged, in parts of the open probability.
AVOID = 0.08


@dataclass
class Evidence:
    """The runs of one commit: `failed` as BAD does, `passed`, or otherwise. `skipped`: why it cannot be judged."""

    failed: int = 0
    passed: int = 0
    otherwise: int = 0
    skipped: str = ""

    @property
    def runs(self) -> int:
        """Runs that say something."""
        return self.failed + self.passed

    @property
    def mixed(self) -> bool:
        """Whether it both passes and fails."""
        return bool(self.failed and self.passed)


def rate(failed: int, runs: int) -> float:
    """The probability of a failure behind so many of so many runs, never quite 0 or 1."""
    if runs and failed in (0, runs):
        return EXACT if failed == 0 else 1 - EXACT
    return (failed + 0.5) / (runs + 1)


@dataclass
class Model:
    """The evidence for every commit, and the rates."""

    evidence: list[Evidence]
    bad_rate: float = 1 - EXACT
    good_rate: float = EXACT
    posterior: list[float] = field(default_factory=list)

    @property
    def last(self) -> int:
        """BAD's number."""
        return len(self.evidence) - 1

    def learn(self) -> None:
        """The probability of each commit to be the culprit: `posterior[i]`, 0 for GOOD."""
        as_bad = [e.failed * math.log(self.bad_rate) + e.passed * math.log(1 - self.bad_rate) for e in self.evidence]
        as_good = [e.failed * math.log(self.good_rate) + e.passed * math.log(1 - self.good_rate) for e in self.evidence]
        likelihood, total = [-math.inf], sum(as_bad)
        for number in range(1, self.last + 1):
            total += as_good[number - 1] - as_bad[number - 1]
            likelihood.append(total)
        top = max(likelihood)
        weights = [math.exp(value - top) for value in likelihood]
        self.posterior = [weight / sum(weights) for weight in weights]

    def groups(self) -> list[list[int]]:
        """The suspects, those together that only commits which cannot be judged tell apart."""
        out: list[list[int]] = [[]]
        for number in range(1, self.last + 1):
            out[-1].append(number)
            if not self.evidence[number].skipped and number < self.last:
                out.append([])
        return out

    def best(self) -> tuple[list[int], float]:
        """The likeliest group and its probability."""
        return max(((group, sum(self.posterior[number] for number in group)) for group in self.groups()),
                   key=lambda pair: pair[1])

    def repeats(self) -> int:
        """How often a commit is run before it counts as passing: in proportion to how seldom the failure shows."""
        if self.bad_rate >= 1 - EXACT:
            return 1
        return max(1, min(REPEATS_MAX, math.ceil(math.log(BATCH_MISS) / math.log(1 - self.bad_rate))))

    def next(self, count: int) -> list[int]:
        """The commits whose runs tell most: they cut the probability into count + 1 equal parts."""
        below, sums = 0.0, []
        for value in self.posterior:
            below += value
            sums.append(below)
        free = [number for number in range(1, self.last) if not self.evidence[number].skipped]
        skipped = [number for number, e in enumerate(self.evidence) if e.skipped]
        avoid = AVOID * (1 - self.best()[1])  # its neighbours are likely to be like it, but a nearly sure answer is not left for that
        chosen: list[int] = []
        for part in range(1, count + 1):
            left = [number for number in free if number not in chosen]
            if left:
                chosen.append(min(left, key=lambda number: abs(sums[number] - part / (count + 1))
                                  + avoid / min((abs(number - other) for other in skipped), default=1 << 20)))
        return chosen


def measure_ends(good: Evidence, bad: Evidence) -> tuple[float, float]:
    """(bad rate, good rate) as the ends' runs have them."""
    return rate(bad.failed, bad.runs), rate(good.failed, good.runs)


def distinguishable(good_rate: float, bad_rate: float) -> bool:
    """Whether a test tells the ends apart at all."""
    return bad_rate > good_rate + 0.1 and bad_rate > 2 * good_rate


# Metrics.

@dataclass(frozen=True)
class Step:
    """A rise of a metric between two measured commits with nothing that could be measured in between."""

    before: int
    after: int
    low: float
    high: float

    @property
    def rise(self) -> float:
        """As a part of the lower value."""
        return self.high / self.low - 1 if self.low else math.inf if self.high > 0 else 0.0


def next_interval(values: dict[int, float], unmeasured: set[int], threshold: float) -> tuple[int, int] | None:
    """The interval with the largest rise above the threshold that has a commit in it to measure; None where none is left."""
    known = sorted(values)
    best: tuple[float, int, int] | None = None
    for left, right in zip(known, known[1:]):
        rise = Step(left, right, values[left], values[right]).rise
        if rise > threshold and middle(left, right, unmeasured) is not None and (best is None or rise > best[0]):
            best = (rise, left, right)
    return best and (best[1], best[2])


def middle(left: int, right: int, unmeasured: set[int]) -> int | None:
    """The commit nearest to the middle of an interval that may still be measured."""
    inside = [number for number in range(left + 1, right) if number not in unmeasured]
    return min(inside, key=lambda number: abs(2 * number - left - right)) if inside else None


def steps(values: dict[int, float], threshold: float) -> list[Step]:
    """Every single step above the threshold, the largest first."""
    known = sorted(values)
    found = [Step(left, right, values[left], values[right]) for left, right in zip(known, known[1:])]
    return sorted((step for step in found if step.rise > threshold), key=lambda step: -step.rise)


def metric_repeats(samples: list[float], threshold: float) -> int:
    """How many measurements a median needs so that its error is a quarter of the threshold: 1 for an exact metric."""
    mean = sum(samples) / len(samples)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in samples) / max(1, len(samples) - 1))
    if not deviation or not mean:
        return 1
    return max(1, min(REPEATS_MAX * 2 + 1, math.ceil((4 * 1.25 * deviation / abs(mean) / threshold) ** 2)))

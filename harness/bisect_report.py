# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a bisection found, in words and as JSON: build/report/bisect/<name>.txt and .json."""
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from harness import junit, paths
from harness.bisect_judge import Pool
from harness.bisect_model import EXACT
from harness.bisect_search import MetricSearch, Search
from harness.worktree import git

TAIL_LINES = 40


def show(repository: Path, commit: str) -> str:
    """A commit in two lines."""
    return git(repository, "log", "-1", "--format=%h %an %ad%n    %s", "--date=iso", commit)


def tail(output: str) -> str:
    """The end of what a build or a test printed."""
    return "\n".join("    " + line for line in output.rstrip().split("\n")[-TAIL_LINES:])


def _files(repository: Path, commit: str) -> list[str]:
    return ["    " + line for line in git(repository, "show", "--stat=100", "--format=", commit).split("\n") if line]


def _work(pool: Pool, commits: list[str]) -> str:
    return (f"{len(commits) - 1} commits; {pool.ran} runs, {pool.built} builds, {pool.from_cache} from the cache, "
            f"{len(pool.trees)} worktrees")


def regression(search: Search, group: list[int], sure: float) -> str:
    """The answer of a search for a broken test."""
    repository, commits, m = search.pool.repository, search.commits, search.model
    bad, good = m.evidence[m.last], m.evidence[0]
    first = commits[group[-1]]
    if len(group) == 1:
        lines = [f"first bad commit: {show(repository, first)}", *_files(repository, first)]
    else:
        lines = [f"one of {len(group)} commits, the others could not be judged:",
                 *(show(repository, commits[number]) for number in reversed(group))]
    shown = f"{sure:.2%}" if sure < 0.9999 else "more than 99.99%"
    lines += ["", f"confidence: {shown}" + ("" if sure >= search.confidence else f" (less than {search.confidence:.2%})")]
    if search.exact:
        lines += [f"the test never wavered at one commit; a contrary run is taken to have a chance of {EXACT:.1%}"]
    else:
        lines += [f"flaky: BAD fails {bad.failed} of {bad.runs} times, GOOD {good.failed} of {good.runs}; "
                  f"a commit passes after {m.repeats()} runs without the failure"]
    lines += [_work(search.pool, commits)]
    outputs = search.pool.outputs
    failing = next((commits[n] for n in range(group[-1], m.last + 1) if m.evidence[n].failed), commits[m.last])
    lines += ["", f"== its failure: {search.pool.signature}", tail(outputs[failing].output)]
    before = next((n for n in range(group[0] - 1, -1, -1) if m.evidence[n].passed), 0)
    lines += ["", f"== the last good run: {show(repository, commits[before])}", tail(outputs[commits[before]].output)]
    lines += ["", "== what each commit that was looked at came to"]
    for number, e in enumerate(m.evidence):
        if e.runs or e.skipped:
            words = f"skipped: {e.skipped}" if e.skipped else f"{e.failed} of {e.runs} runs fail"
            mark = "*" if number in group else " "
            lines.append(f"{mark} {git(repository, 'log', '-1', '--format=%h %s', commits[number])}: {words}")
    return "\n".join(lines)


def regression_json(search: Search, group: list[int], sure: float) -> dict[str, object]:
    """The same for programs."""
    m = search.model
    return {"kind": "regression", "suspects": [search.commits[number] for number in group], "confidence": sure,
            "signature": search.pool.signature, "bad_rate": m.bad_rate, "good_rate": m.good_rate, "flaky": not search.exact,
            "runs": search.pool.ran, "builds": search.pool.built, "from_cache": search.pool.from_cache,
            "commits": [{"commit": commit} | asdict(e) for commit, e in zip(search.commits, m.evidence)]}


def metric(search: MetricSearch, found: list) -> str:  # type: ignore[type-arg]
    """The answer of a search for what made a metric worse."""
    repository, commits, last = search.pool.repository, search.commits, len(search.commits) - 1
    values = search.values
    lines = [f"{search.metric}: {values[0]:g} at GOOD, {values[last]:g} at BAD {search.unit} "
             f"({values[last] / values[0] - 1:+.2%}); threshold {search.threshold:.1%}"]
    for step in found:
        suspects = commits[step.before + 1:step.after + 1]
        lines += ["", f"{step.low:g} to {step.high:g} {search.unit} ({step.rise:+.2%}): " + (
            f"first bad commit: {show(repository, suspects[0])}" if len(suspects) == 1 else
            f"one of {len(suspects)} commits, the others could not be measured:")]
        lines += _files(repository, suspects[0]) if len(suspects) == 1 else [show(repository, c) for c in suspects[::-1]]
    if not found:
        lines += ["", "no single commit cost more than the threshold: it crept in"]
    noise = "exact: the same in every run" if not search.spread else (
        f"noisy: deviation {search.spread:g}; the median of {search.repeats} runs a commit")
    lines += ["", noise, _work(search.pool, commits), "", "== what was measured"]
    for number in sorted({*values, *search.unmeasured}):
        words = f"{values[number]:g}" if number in values else f"skipped: {search.unmeasured[number]}"
        lines.append(f"  {git(repository, 'log', '-1', '--format=%h %s', commits[number])}: {words}")
    return "\n".join(lines)


def metric_json(search: MetricSearch, found: list) -> dict[str, object]:  # type: ignore[type-arg]
    """The same for programs."""
    return {"kind": "metric", "metric": search.metric, "unit": search.unit, "threshold": search.threshold,
            "steps": [asdict(step) | {"rise": step.rise, "suspects": search.commits[step.before + 1:step.after + 1]}
                      for step in found],
            "values": {search.commits[number]: value for number, value in sorted(search.values.items())},
            "skipped": {search.commits[number]: why for number, why in sorted(search.unmeasured.items())}}


def write(folder: Path, name: str, text: str, data: dict[str, object]) -> Path:
    """Writes both files; the readable one's path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = paths.folder_name(name)
    junit.replace_file(folder / f"{stem}.json", (json.dumps(data, indent=1) + "\n").encode())
    junit.replace_file(folder / f"{stem}.txt", (text + "\n").encode())
    return folder / f"{stem}.txt"

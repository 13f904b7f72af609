# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The parts of the page that come from more than one stage's tests: flaky tests, times, numbers and their history, coverage."""
from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from harness import history, junit, paths

#: Where numbers of earlier commits are: in the repository, and of this machine.
PERF_HISTORIES = (paths.ROOT / "tests" / "perf" / "history.jsonl", paths.BUILD / "history" / "perf.jsonl")
SLOWEST = 10
POINTS_MAX = 200
WIDTH, HEIGHT, EDGE = 170, 44, 4
#: These lead the page: boots a minute, beside an image that does nothing.
SPEED = ("boots.rate", "boots.rate_by_cpu_time", "boots.rate_trivial", "boots.rate_trivial_by_cpu_time", "boots.cost")


def escape(text: object) -> str:
    """For HTML."""
    return html.escape(str(text))


def _load(name: str) -> dict[str, Any]:
    try:
        found = json.loads((paths.REPORT / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def flaky() -> str:
    """Tests that lately came out one way and the other."""
    rows = "".join(f"<tr><td>{escape(name)}<td class='n bad'>{record.failed} of {record.runs}"
                   f"<td>{escape(', '.join(sorted(set(record.last_causes))))}</tr>"
                   for name, record in sorted(history.records().items()) if record.flaky)
    if not rows:
        return ""
    return ("<h2 id=flaky>not always the same</h2><p class=dim>Failed so many of its last runs on this machine.</p>"
            f"<div class=scroll><table><tr><th>test<th class=n>failed<th>causes</tr>{rows}</table></div>")


def slowest(stages: list[junit.Stage]) -> str:
    """The tests that take longest."""
    found = sorted(((item.seconds, stage.name, item.name) for stage in stages for item in stage.items), reverse=True)
    rows = "".join(f"<tr><td>{escape(name)}<td class=dim>{escape(stage)}<td class=n>{seconds:.2f} s</tr>"
                   for seconds, stage, name in found[:SLOWEST])
    return ("<h2 id=slowest>slowest tests</h2><div class=scroll><table><tr><th>test<th>stage<th class=n>time</tr>"
            f"{rows}</table></div>") if rows else ""


def perf_history(files: tuple[Path, ...] = PERF_HISTORIES) -> dict[str, list[tuple[str, float]]]:
    """Each metric's values, oldest first, with the commit each is of. A line has `metrics`, or one `metric` and `value`."""
    found: dict[str, list[tuple[str, float]]] = {}
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                row = json.loads(line)
                metrics = row["metrics"] if "metrics" in row else {row["metric"]: row["value"]}
                for metric, value in metrics.items():
                    value = value["value"] if isinstance(value, dict) else value
                    found.setdefault(metric, []).append((str(row.get("commit", "")), float(value)))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
    return {metric: values[-POINTS_MAX:] for metric, values in found.items()}


def plot(values: list[tuple[str, float]]) -> str:
    """One metric as a line of SVG, from its smallest to its largest value."""
    if len(values) < 2:
        return ""
    numbers = [value for _, value in values]
    low, high = min(numbers), max(numbers)
    spread = high - low or 1.0
    points = [(EDGE + (WIDTH - 2 * EDGE) * at / (len(numbers) - 1),
               HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (number - low) / spread) for at, number in enumerate(numbers)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f"<circle cx={x:.1f} cy={y:.1f} r=2><title>{escape(commit)}: {number:g}</title></circle>"
                   for (x, y), (commit, number) in zip(points, values))
    return (f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' width={WIDTH} height={HEIGHT} role=img "
            f"aria-label='{len(numbers)} values from {low:g} to {high:g}'><polyline points='{line}'/>{dots}</svg>"
            f"<div class=dim>{low:,.6g} to {high:,.6g}, {len(numbers)} runs</div>")


def numbers() -> str:
    """What perf.py measured, with the history of each."""
    rows, past = _load("perf.json").get("rows", []), perf_history()
    cells = ""
    for row in rows:
        judged = bool(row.get("limit"))
        verdict = "" if not judged else "ok" if row["good"] else "too much"
        cells += (f"<tr><td>{escape(row['metric'])}{plot(past.get(row['metric'], []))}<td class=n>{row['value']:,.6g}"
                  f"<div class=dim>{escape(row['unit'])}</div><td class=n>{escape(row.get('limit', ''))}"
                  f"<td class={'good' if row['good'] else 'bad'}>{verdict}</tr>")
    if not cells:
        return ""
    return ("<h2 id=numbers>numbers</h2><div class=scroll><table><tr><th>metric<th class=n>value"
            f"<th class=n>limit<th></tr>{cells}</table></div>")


def posix() -> str:
    """The Open POSIX Test Suite in the guest, and every test that passes on Linux alone (tests/conformance/posix.py)."""
    data = _load("../conformance/posix.json")
    if not data:
        return ""
    rows = "".join(f"<tr><td>{escape(row['name'])}<td class=bad>{escape(row['here'])}<td>{escape(row['reason'] or 'no reason given')}</tr>"
                   for row in data["other"])
    table = f"<div class=scroll><table><tr><th>test<th>here<th>reason</tr>{rows}</table></div>" if rows else ""
    return (f"<h2 id=posix>POSIX</h2><p>Of {data['due']} tests of the Open POSIX Test Suite that pass on Linux {data['passed']} pass here; "
            f"{data['more']} pass here alone; {data['run']} were run.</p>{table}")


def suites() -> str:
    """Tests that come with others' programs, and every one that does not pass (tests/conformance/suites.py)."""
    data = _load("../conformance/suites.json")
    if not data:
        return ""
    rows = "".join(f"<tr><td>{escape(row['suite'])}<td class=n>{row['passed']} of {row['run']}<td><td></tr>" + "".join(
        f"<tr><td><td><td>{escape(test['name'])}: {escape(test['here'])}<td>{escape(test['reason'] or 'no reason given')}</tr>" for test in row["other"])
        for row in data["suites"])
    return ("<h2 id=suites>Others' suites</h2><div class=scroll><table><tr><th>suite<th class=n>pass<th>other<th>reason</tr>"
            f"{rows}</table></div>")


def speed() -> str:
    """Boots a minute, in one sentence."""
    values = {row["metric"]: row["value"] for row in _load("perf.json").get("rows", [])}
    if SPEED[0] not in values:
        return ""
    said = [f"{values[SPEED[0]]:,.0f} boot tests a minute"]
    said += [f"{values[SPEED[1]]:,.0f} by CPU time on two CPUs"] if SPEED[1] in values else []
    said += [f"{values[SPEED[2]]:,.0f} of an image that only prints a byte"] if SPEED[2] in values else []
    return f"<p>{escape('; '.join(said))}</p>"


def coverage() -> str:
    """What tests reach, by layer and file."""
    data = _load("coverage.json")
    layers, files = data.get("layers", {}), data.get("files", {})
    if not layers:
        return ""

    def row(name: str, part: dict[str, Any], heavy: bool) -> str:
        share = 100 * part["reached"] / part["lines"] if part["lines"] else 100.0
        label = f"<b>{escape(name)}</b>" if heavy else escape(name)
        return (f"<tr><td>{label}<td class=n>{part['reached']:,} of {part['lines']:,}"
                f"<td class='n {'good' if share >= 90 else 'bad'}'>{share:.1f} %</tr>")
    head = "<tr><th>lines<th class=n>reached<th class=n></tr>"
    top = "".join(row(name, part, True) for name, part in layers.items())
    rest = "".join(row(name, part, False) for name, part in files.items())
    link = "<p><a href=coverage.html>line by line</a></p>" if (paths.REPORT / "coverage.html").exists() else ""
    return (f"<h2 id=coverage>coverage</h2><table>{head}{top}</table>{link}<details><summary>{len(files)} files</summary>"
            f"<div class=scroll><table>{head}{rest}</table></div></details>")


def mutants() -> str:
    """How many small errors the tests notice."""
    data = _load("mutants.json")
    counts = data.get("counts")
    if not counts:
        return ""
    share, due = data.get("killed_of_judged", 0.0), data.get("due", 0.0)
    return (f"<h2 id=mutants>mutants</h2><p><span class={'good' if share >= due else 'bad'}>{share:.1%} noticed</span>, "
            f"{due:.0%} due: {escape(', '.join(f'{number} {kind}' for kind, number in counts.items()))}</p>")

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The one page: build/report/index.html from every stage's JUnit file, self-contained, readable on a phone."""
from __future__ import annotations

import html
import re
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import junit, paths, report_parts  # noqa: E402

STYLE = """
:root{color-scheme:light dark;--good:#1a7f37;--bad:#cf222e;--dim:#777}
body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .35rem;text-align:left;border-bottom:1px solid #8884}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll{overflow-x:auto}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.dim{color:var(--dim)}
pre{overflow-x:auto;font-size:.8rem;background:#8881;padding:.6rem;border-radius:.3rem}
summary{cursor:pointer;padding:.2rem 0;overflow-wrap:anywhere}
.cells{display:flex;flex-wrap:wrap;gap:.25rem}
.cells span{padding:.1rem .4rem;border-radius:.3rem;font-size:.8rem;color:#fff}
svg{display:block;max-width:100%;margin-top:.2rem}svg polyline{fill:none;stroke:#0969da;stroke-width:1.5}
svg circle{fill:#0969da}td .dim{font-size:.75rem}
.cells .good{background:var(--good);color:#fff}.cells .bad{background:var(--bad);color:#fff}
.cells .off{background:#777}
"""
STAGES = ("build", "lint", "unit", "self-test", "harness", "tools", "qemu", "perf", "model", "cover", "commits")
CELL = re.compile(r"(.+)\[(.+)\]")


def stages() -> list[junit.Stage]:
    """Every stage that has left a file, in the order of the suite."""
    found = {path.stem: path for path in sorted(paths.REPORT.glob("*.xml"))}
    order = [name for name in STAGES if name in found] + [name for name in found if name not in STAGES]
    return [junit.read(found[name]) for name in order]


def totals(found: list[junit.Stage]) -> tuple[int, int, int]:
    """Passed, failed, skipped over all stages."""
    counts = [stage.counts for stage in found]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    return passed, failed, skipped


def _overview(found: list[junit.Stage]) -> str:
    rows = []
    for stage in found:
        passed, failed, skipped = stage.counts
        name = html.escape(stage.name)
        rows.append(f"<tr><td><a href='#{name}'>{name}</a></td><td class='n good'>{passed}</td>"
                    f"<td class='n {'bad' if failed else 'dim'}'>{failed}</td><td class='n dim'>{skipped}</td>"
                    f"<td class=n>{stage.seconds:.1f} s</td></tr>")
    return ("<div class=scroll><table><tr><th>stage<th class=n>passed<th class=n>failed<th class=n>skipped"
            "<th class=n>time</tr>" + "".join(rows) + "</table></div>")


def _matrix(stage: junit.Stage) -> str:
    """Tests with a cell in their name, as coloured cells."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for item in stage.items:
        if found := CELL.fullmatch(item.name):
            kind = "bad" if item.failure else "off" if item.skipped else "good"
            groups.setdefault(found[1], []).append((found[2], kind))
    out = ""
    for name, cells in groups.items():
        boxes = "".join(f"<span class={kind}>{html.escape(cell)}</span>" for cell, kind in cells)
        good = sum(kind == "good" for _, kind in cells)
        out += (f"<details{' open' if any(kind == 'bad' for _, kind in cells) else ''}><summary>{html.escape(name)}: {good} of {len(cells)} "
                f"cells</summary><div class=cells>{boxes}</div></details>")
    return out


def _stage(stage: junit.Stage) -> str:
    out = f"<h2 id='{stage.name}'>{html.escape(stage.name)}</h2>" + _matrix(stage)
    for item in stage.items:
        if item.failure:
            out += (f"<details open><summary class=bad>{html.escape(item.name)}: {html.escape(item.failure)}</summary>"
                    f"<pre>{html.escape(item.text)}</pre></details>")
    rows = "".join(
        f"<tr><td>{html.escape(item.name)}<td class={'bad' if item.failure else 'dim' if item.skipped else 'good'}>"
        f"{html.escape(item.kind if item.failure else 'skipped: ' + item.skipped if item.skipped else 'passed')}"
        f"<td class=n>{item.seconds:.2f} s</tr>" for item in stage.items)
    return (f"{out}<details><summary>all {len(stage.items)}</summary><div class=scroll><table>{rows}</table></div>"
            "</details>")


def write() -> Path:
    """Writes the page; gives its path."""
    found = stages()
    passed, failed, skipped = totals(found)
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    head = f"<span class={'bad' if failed else 'good'}>{passed} passed, {failed} failed, {skipped} skipped</span>"
    body = (report_parts.speed() + _overview(found) + report_parts.flaky() + "".join(_stage(stage) for stage in found)
            + report_parts.slowest(found) + report_parts.coverage() + report_parts.mutants() + report_parts.numbers() + report_parts.posix() + report_parts.suites())
    page = ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
            f"<title>Rumpk: {passed} passed, {failed} failed</title><style>{STYLE}</style>"
            f"<h1>Rumpk: {head}</h1><p class=dim>{when}</p>{body}</html>\n")
    path = paths.REPORT / "index.html"
    junit.replace_file(path, page.encode())
    return path


def failures(found: list[junit.Stage]) -> list[str]:
    """A line for each test that failed: the end of a log is what is read first, and often all that is kept."""
    return [f"failed: {stage.name}: {item.name}: {' '.join(item.failure.split())[:200]}"
            for stage in found for item in stage.items if item.failure]


def main() -> int:
    """Writes the page; with --totals, ends with what failed, the whole suite's totals and their status."""
    found = stages()
    path, counts = write(), totals(found)
    print(f"report: {path}")
    if "--totals" not in sys.argv[1:]:
        return 0
    for line in failures(found):
        print(line)
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())

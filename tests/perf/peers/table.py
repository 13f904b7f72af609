# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""How the comparison of rings is shown: markdown, a page, a plot. Pure: from numbers to text."""
from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path

COLOURS = {"rumpk": "#cf222e", "ck_ring": "#0969da", "rte_ring": "#1a7f37", "boost_spsc": "#9a6700", "lmax": "#8250df"}
STYLE = ("body{font:16px/1.45 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1rem}"
         "table{border-collapse:collapse}td,th{padding:.25rem .6rem;border-bottom:1px solid #8884;text-align:right;"
         "white-space:nowrap;font-variant-numeric:tabular-nums}td:first-child,th:first-child{text-align:left}"
         ".best{font-weight:700}.dim{color:#777;font-size:.8rem}.scroll{overflow-x:auto}svg{max-width:100%;height:auto}")


@dataclass
class Entry:
    """Millions of messages a second."""

    median: float
    least: float
    most: float
    runs: int       # undisturbed
    disturbed: int  # discarded
    stuck: int      # did not end


@dataclass
class Row:
    """A case, and what each contender did in it."""

    case: str
    entries: dict[str, Entry]

    def best_other(self, ours: str) -> str:
        """The strongest of the others."""
        return max((name for name in self.entries if name != ours), key=lambda name: self.entries[name].median)

    def lead(self, ours: str) -> float:
        """Ours beside the strongest of the others; above 1 is ahead."""
        return self.entries[ours].median / self.entries[self.best_other(ours)].median


@dataclass
class About:
    """How it was measured."""

    ours: str
    names: list[str]
    rounds: int
    cpus: int
    cpu: str
    far: bool
    wait: tuple[int, int]
    disturbed_above: float
    load: float
    seconds: float

    def lines(self) -> list[str]:
        """In words."""
        return [f"Millions of 8-byte messages a second: median of the runs, least to most. {self.cpus} CPUs, {self.cpu}; load "
                f"average of the machine meanwhile {self.load:.1f}, CPUs {'far from' if self.far else 'near'} each other in most "
                "runs, and only these count.",
                f"{self.rounds} rounds, contenders in random order within each case; a run in which others had more than "
                f"{self.disturbed_above:.0%} of its CPUs was discarded and repeated. `~`: fewer than three undisturbed runs "
                f"were to be had, so that disturbed ones had to do.",
                f"All but LMAX's consumer take messages one by one or in the batch of the row; all wait alike: {self.wait[1]} pauses "
                f"between looks, a yield every {self.wait[0]} looks. ck_ring has no batches, Boost's queue one producer. "
                f"In {self.ours}, producers that share a ring yield where it says that it is crowded. `stuck`: runs that were ended after 15 times their "
                "time and count with the most that they can have had."]


def cpu_name() -> str:
    """The processor's name for itself."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cell(entry: Entry | None) -> tuple[str, str]:
    """The median and the range, as text."""
    if entry is None:
        return "-", ""
    mark = "~" if entry.runs < 3 else ""
    stuck = f", stuck {entry.stuck} x" if entry.stuck else ""
    return mark + _number(entry.median), f"{_number(entry.least)}..{_number(entry.most)}{stuck}"


def _verdict(about: About, row: Row) -> str:
    return f"{row.lead(about.ours):.2f} x {row.best_other(about.ours)}"


def _summary(about: About, rows: list[Row]) -> str:
    behind = [row.case for row in rows if row.lead(about.ours) < 1]
    return f"{about.ours} is ahead in {len(rows) - len(behind)} of {len(rows)} rows" + (
        "; behind in: " + ", ".join(behind) if behind else "")


def markdown(about: About, rows: list[Row]) -> str:
    """The table as text."""
    out = ["# The ring beside its peers", "", *about.lines(), "", _summary(about, rows) + ".", "",
           "| case | " + " | ".join(about.names) + f" | {about.ours} : best other |",
           "| --- |" + " ---: |" * (len(about.names) + 1)]
    for row in rows:
        cells = [" ".join(filter(None, (median, f"({span})" if span else "")))
                 for median, span in (_cell(row.entries.get(name)) for name in about.names)]
        out.append(f"| {row.case} | " + " | ".join(cells) + f" | {_verdict(about, row)} |")
    discarded = sum(entry.disturbed for row in rows for entry in row.entries.values())
    kept = sum(entry.runs for row in rows for entry in row.entries.values())
    return "\n".join([*out, "", f"{kept} runs kept, {discarded} discarded as disturbed, {about.seconds:.0f} s.", ""])


def page(about: About, rows: list[Row]) -> str:
    """The table and the plot as one page."""
    head = "".join(f"<th>{html.escape(name)}" for name in about.names)
    body = ""
    for row in rows:
        best = max(row.entries, key=lambda name: row.entries[name].median)
        body += f"<tr><td>{html.escape(row.case)}"
        for name in about.names:
            median, span = _cell(row.entries.get(name))
            body += f"<td{' class=best' if name == best else ''}>{median}<br><span class=dim>{span}</span>"
        body += f"<td>{html.escape(_verdict(about, row))}</tr>"
    words = "".join(f"<p>{html.escape(line)}</p>" for line in [_summary(about, rows) + ".", *about.lines()])
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>The ring beside its peers</title><style>{STYLE}</style><h1>The ring beside its peers</h1>{words}"
            f"<div class=scroll><table><tr><th>case{head}<th>{about.ours} : best other</tr>{body}</table></div>"
            f"{plot(about, rows)}</html>\n")


def plot(about: About, rows: list[Row]) -> str:
    """A line for each case, a dot for each median on it with its range, on a logarithmic scale."""
    left, right, top, line = 170, 760, 60, 16
    group = line * (len(about.names) + 1)
    values = [value for row in rows for entry in row.entries.values() for value in (entry.least, entry.most) if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(value: float) -> float:
        return left + (math.log10(max(value, 10 ** low)) - low) / max(1, high - low) * (right - left)

    height = top + group * len(rows) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + 70} {height}" width="{right + 70}" height="{height}" '
           'font-family="system-ui,sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="{left}" y="18">millions of messages a second, median and range, logarithmic</text>']
    for power in range(low, high + 1):
        at = x(10.0 ** power)
        out.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{top - 14}" y2="{height - 20}" stroke="#ddd"/>'
                   f'<text x="{at:.0f}" y="{top - 20}" text-anchor="middle" fill="#777">{10.0 ** power:,g}</text>')
    for number, row in enumerate(rows):
        base = top + number * group
        out.append(f'<text x="8" y="{base + group / 2:.0f}" font-weight="600">{html.escape(row.case)}</text>')
        for index, name in enumerate(about.names):
            entry, y, colour = row.entries.get(name), base + index * line + 8, COLOURS.get(name, "#555")
            if entry:
                out.append(f'<line x1="{x(entry.least):.1f}" x2="{x(entry.most):.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
                           f'stroke-width="2" opacity=".45"/><circle cx="{x(entry.median):.1f}" cy="{y}" r="4" '
                           f'fill="{colour}"/><text x="{x(entry.most) + 8:.1f}" y="{y + 4}" font-size="10" '
                           f'fill="{colour}">{html.escape(name)} {_number(entry.median)}</text>')
    return "".join([*out, "</svg>"]) + "\n"

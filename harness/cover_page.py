# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The coverage page: one self-contained file with a bar for each source file, and its text below with what ran and what not."""
from __future__ import annotations

import html
import tomllib
from pathlib import Path

from harness import paths
from harness.cover_lines import Lines, merge

EXCUSES = "tests/coverage.toml"
STYLE = """
:root{color-scheme:light dark;--good:#1a7f37;--bad:#cf222e;--dim:#777}
body{font:16px/1.45 system-ui,sans-serif;max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .5rem;text-align:left;border-bottom:1px solid #8884}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll{overflow-x:auto}.dim{color:var(--dim)}.bad{color:var(--bad)}
.bar{display:inline-block;width:6rem;height:.6rem;background:#cf222e66;border-radius:.3rem;overflow:hidden}
.bar i{display:block;height:100%;background:var(--good)}
summary{cursor:pointer;padding:.2rem 0;overflow-wrap:anywhere}
pre{overflow-x:auto;font-size:.75rem;line-height:1.35;background:#8881;padding:.4rem;border-radius:.3rem}
pre b{font-weight:400;display:block;min-height:1.35em}pre .h{background:#1a7f3722}pre .m{background:#cf222e44}
pre .e{background:#bf870044}pre u{text-decoration:none;color:var(--dim);user-select:none}
"""
#: file -> line -> why it is not reached
Excuses = dict[str, dict[int, str]]


def excused(root: Path) -> Excuses:
    """The lines of tests/coverage.toml: each row names a file, a piece of the line's text, and the reason."""
    found: Excuses = {}
    table = root / EXCUSES
    rows = tomllib.loads(table.read_text(encoding="utf-8")).get("unreachable", []) if table.is_file() else []
    for row in rows:
        text = (root / row["file"]).read_text(encoding="utf-8").splitlines()
        places = [number for number, line in enumerate(text, 1) if row["text"] in line]
        if not places:
            raise ValueError(f"{EXCUSES}: {row['file']} has no line with {row['text']!r}")
        for number in (line for place in places for line in range(place, place + row.get("lines", 1))):
            found.setdefault(row["file"], {})[number] = row["reason"]
    return found


def missed_text(both: Lines, excuses: Excuses) -> str:
    """Every line that is not reached and not excused, with its text."""
    out = []
    for file, counts in sorted(both.items()):
        text = (paths.ROOT / file).read_text(encoding="utf-8").splitlines()
        for line, count in sorted(counts.items()):
            if not count and line <= len(text) and line not in excuses.get(file, {}):
                out.append(f"{file}:{line}: {text[line - 1].strip()}")
    return "\n".join(out)


def _bar(reached: int, lines: int) -> str:
    width = 100 * reached // lines if lines else 0
    return f"<span class=bar><i style='width:{width}%'></i></span>"


def _source(file: str, host: dict[int, int], guest: dict[int, int], excuses: dict[int, str]) -> str:
    rows = []
    for number, text in enumerate((paths.ROOT / file).read_text(encoding="utf-8").splitlines(), 1):
        has_code = number in host or number in guest
        by_host, by_guest = host.get(number, 0), guest.get(number, 0)
        kind, mark = "", "   "
        if has_code:
            kind = "h" if by_host or by_guest else "e" if number in excuses else "m"
            mark = ("u" if by_host else " ") + ("q" if by_guest else " ") + " " if kind == "h" else "-- "
        why = f" title='{html.escape(excuses[number], quote=True)}'" if kind == "e" else ""
        rows.append(f"<b class='{kind}'{why}><u>{number:4} {mark}</u>{html.escape(text)}</b>")
    return "<pre>" + "".join(rows) + "</pre>"


def _file(file: str, host: dict[int, int], guest: dict[int, int], excuses: dict[int, str]) -> str:
    both = merge([{file: host}, {file: guest}])[file]
    reached = sum(count > 0 for count in both.values())
    return (f"<details id='{html.escape(file)}'><summary>{_bar(reached, len(both))} {html.escape(file)} "
            f"<span class=dim>{reached} of {len(both)}</span></summary>{_source(file, host, guest, excuses)}</details>")


def _layer_table(layers: dict[str, tuple[int, int]], host: Lines, guest: Lines) -> str:
    rows = []
    for layer, (reached, lines) in layers.items():
        counts = [sum(count > 0 for file, found in part.items() if file.split("/", 1)[0] == layer
                      for count in found.values()) for part in (host, guest)]
        share = 100 * reached / lines if lines else 0
        rows.append(f"<tr><td><a href='#{layer}'>{layer}/</a><td class=n>{share:.1f} %<td class=n>{reached} of {lines}"
                    f"<td class=n>{counts[0]}<td class=n>{counts[1]}</tr>")
    return ("<div class=scroll><table><tr><th>layer<th class=n>reached<th class=n>lines<th class=n>by unit tests"
            "<th class=n>in machines</tr>" + "".join(rows) + "</table></div>")


def page(host: Lines, guest: Lines, layers: dict[str, tuple[int, int]], percent: float, excuses: Excuses) -> str:
    """The whole page."""
    both = merge([host, guest])
    body = [_layer_table(layers, host, guest)]
    for layer in layers:
        body.append(f"<h2 id='{layer}'>{layer}/</h2>")
        body += [_file(file, host.get(file, {}), guest.get(file, {}), excuses.get(file, {}))
                 for file in sorted(both) if file.split("/", 1)[0] == layer]
    rows = "".join(f"<tr><td>{html.escape(file)}:{line}<td>{html.escape(why)}</tr>"
                   for file, found in sorted(excuses.items()) for line, why in sorted(found.items()))
    body.append(f"<h2>Not reached on purpose</h2><div class=scroll><table><tr><th>line<th>why</tr>{rows}</table></div>")
    return ("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>Rumpk: {percent:.1f} % of lines reached</title><style>{STYLE}</style>"
            f"<h1>{percent:.1f} % of the lines of lib/ and kernel/ are reached by a test</h1>"
            "<p class=dim>u: a unit test on the host ran the line; q: a machine did; red: none did; "
            f"amber: none can, and why.</p>{''.join(body)}</html>\n")

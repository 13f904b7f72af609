# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The catalogue of mutants: those that tests/mutants/*.toml names one by one, and a sample of what the operators make.

    [[mutant]]                  a mutation that the operators would not find (assembly, barriers, a wrong register)
    name = "context-switch-loses-x27"
    file = "hal/arm64/context.S"
    line = "stp x27, x28, [sp, #80]"      the line as it is, blanks and tabs alike
    nth = 1                               which, where there are several such lines
    becomes = "stp x27, x27, [sp, #80]"
    equivalent = "..."                    no test can tell: why

    [[equivalent]]              a mutant of the operators that nothing can tell from the original
    name = "lib/heap.c:heap_trim:constant:0a1b2c"
    reason = "..."

The sample is the same for the same sources: mutants are ordered by a digest of their names and a seed, the operators take
turns, and a file gives one mutant for so many lines. A catalogue entry whose line is gone is stale, and is reported.
"""
from __future__ import annotations

import hashlib
import tomllib
from itertools import zip_longest
from pathlib import Path

from harness.mutant_operators import Mutant, mutants

SEED = "rumpk-1"
LINES_A_MUTANT = 36
LEAST_A_FILE = 1
GLOBS = ("hal/**/*.c", "kernel/**/*.c", "lib/*.c")
FOLDER = Path("tests") / "mutants"


def _order(mutant: Mutant) -> str:
    return hashlib.sha256(f"{SEED}\0{mutant.name}".encode()).hexdigest()


def sample(found: list[Mutant], count: int) -> list[Mutant]:
    """So many of a file's mutants: the operators take turns, no two of one line."""
    by_operator: dict[str, list[Mutant]] = {}
    for mutant in sorted(found, key=_order):
        by_operator.setdefault(mutant.name.split(":")[2], []).append(mutant)
    turns = sorted(by_operator.values(), key=lambda group: _order(group[0]))
    lines: set[int] = set()
    chosen: list[Mutant] = []
    for mutant in (one for row in zip_longest(*turns) for one in row if one):
        if len(chosen) < count and mutant.line not in lines:
            lines.add(mutant.line)
            chosen.append(mutant)
    return chosen


def generated(root: Path, every: bool = False) -> list[Mutant]:
    """The operators' share of the catalogue (`every`: all they can make)."""
    out: list[Mutant] = []
    for path in sorted({path for pattern in GLOBS for path in root.glob(pattern)}):
        text = path.read_text(encoding="utf-8")
        found = mutants(str(path.relative_to(root)), text)
        count = len(found) if every else max(LEAST_A_FILE, text.count("\n") // LINES_A_MUTANT)
        out += found if every else sample(found, count)
    return out


def _words(line: str) -> str:
    return " ".join(line.split())


def named(root: Path) -> tuple[list[Mutant], dict[str, str], list[str]]:
    """Of the TOML files: the mutants, the reasons of equivalent ones by name, and what is stale."""
    out: list[Mutant] = []
    reasons: dict[str, str] = {}
    stale: list[str] = []
    for path in sorted((root / FOLDER).glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        reasons |= {row["name"]: row["reason"] for row in data.get("equivalent", [])}
        for row in data.get("mutant", []):
            source = root / row["file"]
            lines = source.read_text(encoding="utf-8").split("\n") if source.exists() else []
            hits = [at for at, line in enumerate(lines) if _words(line.split("/*")[0]) == _words(row["line"])]
            nth = row.get("nth", 1)
            if len(hits) < nth or ("nth" not in row and len(hits) > 1):
                stale.append(f"{row['name']}: {len(hits)} lines {row['line']!r} in {row['file']}")
                continue
            before = lines[hits[nth - 1]]
            indent = before[:len(before) - len(before.lstrip())]
            out.append(Mutant(row["name"], row["file"], hits[nth - 1], before, indent + row["becomes"],
                              row.get("equivalent", "")))
    return out, reasons, stale


def catalogue(root: Path, every: bool = False) -> tuple[list[Mutant], list[str]]:
    """All mutants, in a fixed order that mixes the files, and what is stale."""
    by_hand, reasons, stale = named(root)
    made = generated(root, every)
    stale += [f"{name}: no such mutant any more" for name in reasons
              if name not in {mutant.name for mutant in (made if every else generated(root, True))}] if reasons else []
    made = [Mutant(m.name, m.file, m.line, m.before, m.after, reasons.get(m.name, "")) for m in made]
    return sorted(by_hand + made, key=_order), stale

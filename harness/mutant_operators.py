# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Mutation operators: every single-line mutation of a C file, by rules on its text.

A mutation has a name that does not change when lines move: file, function, operator and a digest of the line and the
place in it. No parser: the style of the sources (one statement a line, blanks about operators) is what the rules rely
on, and what they make nonsense of does not compile and is reported as stillborn.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Iterator

#: Operator tokens with blanks about them, and what each becomes.
SWAPS = {
    "relation": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    "logic": {"&&": "||", "||": "&&"},
    "arithmetic": {"+": "-", "-": "+", "/": "*", "%": "/"},
    "bits": {"&": "|", "|": "&", "<<": ">>", ">>": "<<"},
    "update": {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="},
}
TOKEN = {name: re.compile(r"(?<= )(" + "|".join(sorted(map(re.escape, swaps), key=len, reverse=True)) + r")(?= )")
         for name, swaps in SWAPS.items()}
LITERAL = re.compile(r"(?<![\w.\"'])(0x[0-9a-fA-F]+|0|[1-9]\d*)(?=[uUlL]*(?![\w.]))")
CHECK = re.compile(r"^(\t+(?:} else )?if \()(.*)(\)(?: \{)?)$")
LEAVES = re.compile(r"^\t+(return|break|continue|goto|panic|start_failed|cannot_load)\b")
STATEMENT = re.compile(r"^(\t+)(?!return\b|break\b|continue\b|goto\b|case\b|default\b|typedef\b|else\b|static\b|const\b|"
                       r"struct\b|enum\b|extern\b)(?:[\w\->.\[\]*&(]+\S* (?:[-+|&*]?=|<<=|>>=) .*|[\w\->.\[\]]+\(.*\)|"
                       r"\(void\)\w+\(.*\)|[\w\->.\[\]]+(?:\+\+|--));$")
BARRIER = re.compile(r"barrier_\w+\(|\basm\b|__asm__")
DEFINE = re.compile(r"^#define [A-Z]\w*(?:\([a-z, ]*\))? .*\d")
RETURNS = {"return true;": "return false;", "return false;": "return true;", "return 0;": "return 1;",
           "return 1;": "return 0;"}


@dataclass(frozen=True)
class Mutant:
    """One changed line. `line` counts from 0; `reason` says why it is equivalent, where it is known to be."""

    name: str
    file: str
    line: int
    before: str
    after: str
    reason: str = ""


def masked(text: str) -> list[str]:
    """The lines of a file with comments and the insides of literals blanked, every column in its place."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])
    quote = lambda found: found[0][0] + "_" * (len(found[0]) - 2) + found[0][-1]
    text = re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)
    return [re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', quote, line) for line in text.split("\n")]


def functions(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The function each line belongs to, for those that lie in one; for a #define, its name."""
    name = ""
    for at, line in enumerate(lines):
        if line == "{" and at:
            head = " ".join(lines[max(0, at - 4):at])
            found = re.findall(r"\b(?!__)(\w+)\(", head.split(";")[-1].split("}")[-1])
            name = found[0] if found else "?"
        elif line.startswith("}"):
            name = ""
        elif name and line.strip():
            yield at, name
        elif DEFINE.match(line):
            yield at, line.split()[1].partition("(")[0]


def edits(line: str, mask: str, before: str, after: str) -> Iterator[tuple[str, int, str]]:
    """(operator, column, new line) of every mutation of one line; `before` and `after` are its masked neighbours."""
    if BARRIER.search(mask):
        return  # what they keep in order, an emulator keeps anyway: the catalogue names those worth a word
    if not mask.startswith("#"):
        for operator, pattern in TOKEN.items():
            for found in pattern.finditer(mask):
                if operator in ("arithmetic", "bits") and re.search(r"[(,=] ?$", mask[:found.start()]):
                    continue
                new = SWAPS[operator][found[0]]
                yield operator, found.start(), line[:found.start()] + new + line[found.end():]
        for found in re.finditer(r"(?<![\w)])!(?=[\w(])", mask):
            yield "negation", found.start(), line[:found.start()] + line[found.end():]
        for found in re.finditer(r"\+\+|--", "" if mask.lstrip().startswith("for ") else mask):
            yield "step", found.start(), line[:found.start()] + ("--" if found[0] == "++" else "++") + line[found.end():]
        yield from _whole_line(line, mask, before, after)
    for found in LITERAL.finditer(mask):
        in_words = mask.startswith("#") and mask.rstrip().endswith("/ 4)")  # a register's offset: the next register
        if in_words and found[0] == "4":
            continue
        value, step = int(found[0], 0), 4 if in_words else 1
        text = hex(value + step) if found[0].startswith("0x") else str(value + step)
        yield "constant", found.start(), line[:found.start()] + text + line[found.end():]


def _whole_line(line: str, mask: str, before: str, after: str) -> Iterator[tuple[str, int, str]]:
    """Mutations of a condition, a statement or a result as a whole."""
    check = CHECK.match(mask)
    if check and check[2].count("(") == check[2].count(")"):
        condition = line[check.end(1):check.end(2)]
        yield "invert", 0, f"{check[1]}!({condition}){check[3]}"
        if LEAVES.match(after):
            yield "skip-check", 0, f"{check[1]}0 && ({condition}){check[3]}"
    stripped = mask.strip()
    if STATEMENT.match(mask) and mask.count("(") == mask.count(")") and re.search(r"(?:[;{}):]|^|else|do)$", before.rstrip()):
        yield "drop", 0, line[:len(line) - len(line.lstrip())] + ";"
    if stripped in RETURNS:
        yield "result", 0, line.replace(stripped, RETURNS[stripped])
    found = re.match(r"\t+return STATUS_E\w+;$", mask)
    if found:
        yield "result", 0, re.sub(r"STATUS_E\w+", "STATUS_OK", line)


def mutants(file: str, text: str) -> list[Mutant]:
    """Every mutant of a C file, in the order of its lines."""
    lines, masks = text.split("\n"), masked(text)
    seen: dict[tuple[str, str], int] = {}
    out: list[Mutant] = []
    known: set[tuple[int, str]] = set()
    for at, function in functions(masks):
        mask = masks[at].rstrip()
        line = lines[at][:len(mask)] if mask else ""
        turn = seen[function, line] = seen.get((function, line), 0) + 1
        for operator, column, new in edits(line, mask, masks[at - 1] if at else "", (masks + [""])[at + 1]):
            if (at, new) in known:
                continue
            known.add((at, new))
            identity = "\0".join((file, function, line.strip(), str(turn), operator, str(column)))
            digest = hashlib.sha256(identity.encode()).hexdigest()[:6]
            after = new + lines[at][len(mask):]
            out.append(Mutant(f"{file}:{function}:{operator}:{digest}", file, at, lines[at], after))
    return out

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make conformance-differential: the same random, valid sequences of system calls on Debian's Linux and on Rumpk.

    differential.py [--seed N] [--count N] [--length N] [--families files,names] [--minimise]
    differential.py --file SEQUENCE            one sequence from a file, a line an operation: what both say, side by side

Each seed gives one sequence. All of them are run by one program in one boot of each kernel, which prints what every call returned; what
differs is told by call, and of each sequence the first difference alone, since others follow from it. --minimise leaves out of a sequence
what is not needed for its first difference and writes the rest to build/conformance/SEED.seq. `differences.toml` says which
differences are meant, with a reason each. Exit status: 0 no other difference, 1 some, 2 wrong usage, 3 it could not be run here.
"""
from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "tools"))

from harness import paths  # noqa: E402
from tests.conformance import guests, minimise, sequences  # noqa: E402

MEANT = Path(__file__).resolve().with_name("differences.toml")
SHOWN = 3  # examples of each difference
GUESTS_MAX = 8  # that may stop within a sequence, before the others are given up


@dataclass(frozen=True)
class Difference:
    """The first operation of a sequence that two kernels do not agree on."""

    seed: int
    index: int  # from 1
    operation: str
    linux: str
    rumpk: str

    def kind(self) -> tuple[str, str, str]:
        """What is the same in differences of one cause: the call and both results."""
        return self.operation.split()[0], _result(self.linux), _result(self.rumpk)


def _result(line: str) -> str:
    """The number that a call returned, where it is an error; of others that it did well."""
    found = re.search(r"= (-?\d+)", line)
    return (found[1] if int(found[1]) < 0 else "ok") if found else "nothing"


def differences(made: dict[int, list[str]], linux: guests.Said, rumpk: guests.Said) -> list[Difference]:
    """The first of each sequence. A sequence that Linux itself did not end is not judged."""
    found = []
    for seed, lines in made.items():
        if rumpk.trouble and not any((seed, index) in rumpk.lines for index in range(1, len(lines) + 1)):
            continue  # no guest came to it, which is told
        for index, operation in enumerate(lines, 1):
            theirs, ours = linux.lines.get((seed, index)), rumpk.lines.get((seed, index))
            if theirs is None:
                break
            if theirs != ours:
                found.append(Difference(seed, index, operation, theirs, ours if ours is not None else "(nothing: it had stopped)"))
                break
    return found


def meant(difference: Difference, rows: list[dict[str, str]]) -> str:
    """Why a difference is as it should be; empty where nobody says so."""
    for row in rows:
        if (re.fullmatch(row["operation"], difference.operation) and re.fullmatch(row.get("linux", ".*"), difference.linux)
                and re.fullmatch(row.get("rumpk", ".*"), difference.rumpk)):
            return row["reason"]
    return ""


def report(found: list[Difference], rows: list[dict[str, str]], out: list[str]) -> int:
    """The differences by cause, most frequent first; how many are not meant."""
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    for difference in found:
        groups[difference.kind()].append(difference)
    unmeant = 0
    for (call, linux, rumpk), same in sorted(groups.items(), key=lambda item: -len(item[1])):
        reasons = {meant(difference, rows) for difference in same}
        unmeant += sum(not meant(difference, rows) for difference in same)
        why = "".join(f"  (meant: {reason})" for reason in sorted(reasons) if reason)
        out.append(f"{len(same):4} x {call}: Linux {linux}, Rumpk {rumpk}{why}")
        for difference in [one for one in same if not meant(one, rows)][:SHOWN]:
            out.append(f"       seed {difference.seed}, operation {difference.index}: {difference.operation}")
            out.append(f"         linux {difference.linux}")
            out.append(f"         rumpk {difference.rumpk}")
    return unmeant


def in_pieces(made: dict[int, list[str]], boot: "minimise.Boot") -> guests.Said:
    """Runs sequences; where a guest stops within one, goes on behind it with another guest."""
    left, whole = dict(made), guests.Said({}, "", "")
    for _ in range(GUESTS_MAX):
        said = boot(left)
        whole.lines.update(said.lines)
        whole.console += said.console
        if not said.trouble:
            break
        reached = max((seed for seed, _ in said.lines if seed in left), key=list(left).index, default=next(iter(left)))
        whole.trouble += f"in sequence {reached}: {said.trouble}\n"
        left = dict(list(left.items())[list(left).index(reached) + 1:])
        if not left:
            break
    return whole


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first sequence; others count on from it (1)")
    parser.add_argument("--count", type=int, default=200, metavar="N", help="sequences (200)")
    parser.add_argument("--length", type=int, default=40, metavar="N", help="operations in each (40)")
    parser.add_argument("--families", default=",".join(sequences.FAMILIES), help=f"of {', '.join(sequences.FAMILIES)} (all)")
    parser.add_argument("--minimise", action="store_true", help="of each kind of difference, one sequence made as short as it can be")
    parser.add_argument("--file", type=Path, metavar="SEQUENCE", help="the one sequence to run, a line an operation")
    parser.add_argument("--linux-only", action="store_true", help="twice on Linux: what is not the same there must not be told")
    parser.add_argument("--image", type=Path, default=paths.BUILD / "rumpk.img", help="the kernel (build/rumpk.img)")
    parser.add_argument("--append", default="", metavar="ARGS", help="of Rumpk's command line, such as log=linux:trace")
    return parser


def _sequences(options: argparse.Namespace, families: list[str]) -> dict[int, list[str]]:
    if options.file:
        lines = [line.strip() for line in options.file.read_text(encoding="ascii").splitlines()]
        return {0: [line for line in lines if line and not line.startswith("#")]}
    return {seed: sequences.sequence(seed, families, options.length) for seed in range(options.seed, options.seed + options.count)}


def side_by_side(made: list[str], linux: guests.Said, rumpk: guests.Said) -> None:
    """Every operation of one sequence with what both say."""
    for index, operation in enumerate(made, 1):
        theirs, ours = (said.lines.get((0, index), "(nothing)") for said in (linux, rumpk))
        print(f"{'  ' if theirs == ours else '! '}{operation:40} {theirs}" + ("" if theirs == ours else f"\n  {'':40} {ours}"))


def minimised(found: list[Difference], made: dict[int, list[str]], rows: list[dict[str, str]], linux: "minimise.Boot",
              rumpk: "minimise.Boot") -> None:
    """Writes a short sequence for each kind of difference that is not meant."""
    kinds: dict[tuple[str, str, str], Difference] = {}
    for difference in sorted(found, key=lambda one: one.index):
        if not meant(difference, rows):
            kinds.setdefault(difference.kind(), difference)
    for difference in kinds.values():
        short = minimise.shortest(made[difference.seed][:difference.index], difference.kind(),
                                  lambda tries: [[one.kind() for one in differences({seed: tries[seed]}, theirs, ours)] for theirs, ours in
                                                 [(linux(tries), in_pieces(tries, rumpk))] for seed in tries])
        path = guests.OUT / f"{difference.seed}.seq"
        path.write_text("".join(f"{line}\n" for line in short), encoding="ascii")
        print(f"{path}: {' '.join(difference.kind())}\n" + "".join(f"    {line}\n" for line in short), end="", flush=True)


def main(argv: list[str]) -> int:
    """The program."""
    parser = _parser()
    options = parser.parse_args(argv)
    families = options.families.split(",")
    unknown = set(families) - set(sequences.FAMILIES)
    if unknown:
        parser.error(f"no such family: {', '.join(sorted(unknown))}")
    made = _sequences(options, families)
    net = "inet" in families or bool(options.file)

    def ours(some: dict[int, list[str]]) -> guests.Said:
        return guests.linux(some) if options.linux_only else guests.rumpk(some, options.image, options.append, net)

    try:
        guests.build()
        linux = in_pieces(made, guests.linux)
        rumpk = in_pieces(made, ours)
    except (RuntimeError, OSError, StopIteration, subprocess.CalledProcessError) as error:
        print(f"differential: cannot be run here: {error}", file=sys.stderr)
        return 3
    (guests.OUT / "linux.log").write_text(linux.console, encoding="utf-8")
    (guests.OUT / "rumpk.log").write_text(rumpk.console, encoding="utf-8")
    rows = tomllib.loads(MEANT.read_text(encoding="utf-8")).get("difference", [])
    if options.file:
        side_by_side(made[0], linux, rumpk)
    found = differences(made, linux, rumpk)
    out: list[str] = []
    unmeant = report(found, rows, out)
    operations = sum(len(lines) for lines in made.values())
    out.append(f"{len(made)} sequences, {operations} operations, {len(found)} sequences differ, {unmeant} of them unexplained")
    out += [f"Linux stopped: {linux.trouble}"] * bool(linux.trouble) + [f"Rumpk stopped: {rumpk.trouble}"] * bool(rumpk.trouble)
    print("\n".join(out), flush=True)
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    (paths.REPORT / "differential.txt").write_text("\n".join([*out, ""]), encoding="utf-8")
    told = [{**vars(one), "meant": meant(one, rows)} for one in found]
    (paths.REPORT / "differential.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if options.minimise:
        minimised(found, made, rows, guests.linux, ours)
    return 1 if unmeant or rumpk.trouble else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

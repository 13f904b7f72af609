#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make conformance: the Open POSIX Test Suite in the guest, each result beside Linux's own (fixtures/posix-baseline.txt).

    tests/conformance/posix.py [-j N] [--only REGEX] [--all] [--one] [--image IMG] [--append ARGS]

The gate: of the tests that pass on Linux, 98 % pass here, and every other one is named with its reason in posix_reasons.toml. Guests run
under -icount: a test's sleeping costs nothing, and a second run says the same. Leaves build/conformance/posix.json for the report; exit status
0 the gate holds, 1 it does not.
"""
from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("", "tools", "tests/conformance"):
    sys.path.insert(0, str(ROOT / folder))

import posix_build  # noqa: E402
import posix_guest  # noqa: E402

BASELINE, SPECULATIVE = ROOT / "fixtures/posix-baseline.txt", ROOT / "fixtures/posix-speculative.txt"
REASONS = ROOT / "tests/conformance/posix_reasons.toml"
REPORT = ROOT / "build/conformance/posix.json"
SHARE_DUE = 0.98
WORDS = {0: "pass", 1: "fail", 2: "unresolved", 4: "unsupported", 5: "untested"}


@dataclass
class Comparison:
    """What came of the tests that have a result on Linux."""

    due: int = 0      # pass on Linux, and were run
    passed: int = 0   # of these, here
    more: int = 0     # pass here alone
    other: dict[str, tuple[int, int]] = field(default_factory=dict)  # pass on Linux, not here: Linux's status and ours

    @property
    def share(self) -> float:
        return self.passed / self.due if self.due else 1.0


def word(status: int) -> str:
    """A status in the suite's own words."""
    return WORDS.get(status) or (f"signal {status - 128}" if 128 < status < 255 else "no end" if status == 255 else f"status {status}")


def results(text: str) -> dict[str, int]:
    return {name: int(status) for name, _, status in (line.partition(" ") for line in text.splitlines())}


def baseline(text: str, names: list[str], more: str = "") -> dict[str, int]:
    """Linux's result by test. Its list calls all speculative tests of one number alike: those are only taken where one of ours is meant. The others,
    which the same kernel was asked for by their whole names, are in `more`."""
    told = results(text)
    short = {name: re.sub(r"^\w+\.(?=speculative\.)", "", name) for name in names}
    meant = list(short.values())
    return {name: told[alike] for name, alike in short.items() if alike in told and meant.count(alike) == 1} | results(more)


def compare(linux: dict[str, int], here: dict[str, int]) -> Comparison:
    """Linux's results beside ours."""
    found = Comparison()
    for name, ours in here.items():
        theirs = linux.get(name)
        if theirs == 0:
            found.due += 1
            found.passed += ours == 0
            if ours != 0:
                found.other[name] = (theirs, ours)
        elif ours == 0 and theirs is not None:
            found.more += 1
    return found


def reasons() -> dict[str, str]:
    """Reason by test, from groups of tests; a group's name is a pattern."""
    return dict(tomllib.loads(REASONS.read_text(encoding="utf-8"))["reasons"])


def reason_of(name: str, table: dict[str, str]) -> str:
    return next((why for pattern, why in table.items() if re.fullmatch(pattern, name)), "")


def tell(found: Comparison, table: dict[str, str], output: dict[str, str]) -> list[str]:
    """The report's lines; tests without a reason come with what they printed."""
    lines = [f"posix: {found.passed} of {found.due} that pass on Linux pass here: {100 * found.share:.1f} %; {found.more} pass here alone"]
    for name, (_, ours) in sorted(found.other.items()):
        why = reason_of(name, table)
        lines.append(f"  {name}: {word(ours)}: {why or 'NO REASON GIVEN'}")
        lines += [f"      | {line}" for line in output.get(name, "").splitlines()[-6:] if not why]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", dest="jobs", type=int, default=2, help="guests at once (2)")
    parser.add_argument("--only", metavar="REGEX", default="", help="tests whose names this finds")
    parser.add_argument("--all", action="store_true", help="also those that do not pass on Linux: some take their time")
    parser.add_argument("--one", action="store_true", help="a machine for each test: without fork")
    parser.add_argument("--image", default=ROOT / "build/rumpk.img")
    parser.add_argument("--append", default="", help="kernel command line")
    parser.add_argument("--limit", type=float, default=30, help="seconds of the guest's clock for each test (30)")
    arguments = parser.parse_args()
    programs = posix_build.build()
    linux = baseline(BASELINE.read_text(), [posix_build.name_of(path) for path in posix_build.sources()],
                     SPECULATIVE.read_text())
    names = sorted(path.name for path in programs.iterdir()
                   if re.search(arguments.only, path.name) and (arguments.all or linux.get(path.name) == 0))
    if not names:
        sys.exit(f"posix: no test has a name that {arguments.only!r} finds")
    setup = posix_guest.Setup(programs, Path(arguments.image), arguments.append, arguments.limit)
    batches = posix_guest.batches(names, 1 if arguments.one else posix_guest.BATCH)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(setup.run_one if arguments.one else setup.run, batches))
    here = {name: status for result in results for name, status in result.status.items()}
    output = {name: text for result in results for name, text in result.output.items()}
    found = compare(linux, here)
    table = reasons()
    print("\n".join(tell(found, table, output)))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({
        "due": found.due, "passed": found.passed, "more": found.more, "run": len(here),
        "other": [{"name": name, "here": word(ours), "reason": reason_of(name, table)} for name, (_, ours) in sorted(found.other.items())],
    }, indent=1))
    unnamed = [name for name in found.other if not reason_of(name, table)]
    return 0 if found.share >= SHARE_DUE and not unnamed else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Files as applications see them on every machine: /tmp, /app, /log, /sys/rumpk."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402

TEST_APPS = paths.BUILD / "tests" / "apps"
APPS = paths.BUILD / "apps"
HALTED = "sched: last process exited, halting"
#: Pages before and after the processes: all that files took is back.
LEAK_FREE = r"re:memory: (\d+) pages free before the processes, \1 after"
#: Commands of apps/files, and the lines they print.
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "list": ("ls /app", ("[files] file manifest.toml", "[files] file files")),
    "write": ("write /tmp/a hello , append /tmp/a again , cat /tmp/a , stat /tmp/a",
              ("[files] hello", "[files] again", "[files] file 644 links 1 size 12")),
    "copy": ("cp /app/files /tmp/f , mkdir /tmp/d , mv /tmp/f /tmp/d/g , ls /tmp/d", ("[files] file g",)),
    "links": ("write /tmp/a x , ln /tmp/a /tmp/b , symlink ../b /tmp/l , cat /tmp/l , readlink /tmp/l", ("[files] x", "[files] ../b")),
    "many": ("many /tmp 900", ("[files] made 900, listed 900",)),
    "sys": ("cat /sys/rumpk/build", (r"re:\[files\] version \d+\.\d+\.\d+", r"re:\[files\] commit [0-9a-z-]+", "[files] abi 2")),
    "log": ("cat /log/boot", ("[files] [Rumpk L1] The Rubicon is crossed.",)),
    "levels": ("levels app=warn , say hidden , levels app=info , say shown", ("[files] shown",)),
    "follow": ("follow /log/boot /tmp/log , cat /tmp/log", ("[files] [Rumpk L1] The Rubicon is crossed.",)),
    "bench": ("bench seqwrite /tmp/b 1M , bench seqread /tmp/b 1M , bench randread /tmp/b 1M , bench smallfiles /tmp 50",
              (r"re:\[files\] seqwrite \d+ KiB/s", r"re:\[files\] seqread \d+ KiB/s", r"re:\[files\] randread \d+ ops/s",
               r"re:\[files\] create \d+ ops/s", r"re:\[files\] stat \d+ ops/s", r"re:\[files\] unlink \d+ ops/s")),
}
#: Commands that fail, and the line that says so.
REFUSED = {
    "none": ("cat /tmp/none", "[files] cat: /tmp/none: ENOENT"),
    "outside": ("ls /", "[files] ls: /: ENOENT"),
    "no-volume": ("ls /data", "[files] ls: /data: ENOENT"),
    "read-only": ("write /app/x y", "[files] write: /app/x: EACCES"),
    "full": ("bench seqwrite /tmp/b 64M", "[files] seqwrite: /tmp/b: ENOSPC"),
}


def check(cell: str, **options: object) -> suite.Case:
    """tests/apps/filecheck: every promise of dir and file, and every byte of memory back."""
    append = f"log=debug,cap=warn {options.pop('append', '')}".strip()
    machine = suite.product(TEST_APPS / "filecheck.rpk", append=append, icount=True, seed=1, **options)
    return suite.Case(f"files[check,{cell}]", machine, Expectation(
        markers=(markers.RUBICON, r"re:\[filecheck\] \d+ checks, 0 wrong", LEAK_FREE, HALTED), bad=(*BAD_PATTERNS, "is WRONG")))


def command(name: str, words: str, lines: tuple[str, ...], status: int = 0) -> suite.Case:
    machine = suite.product(APPS / "files.rpk", append=f"log=debug,cap=warn -- {words}", icount=True, seed=1)
    want = Expectation(status, (markers.RUBICON, *lines, LEAK_FREE, HALTED))
    return suite.Case(f"files[{name}]", machine, want)


def cases() -> list[suite.Case]:
    found = [check("smp1", smp=1), check("smp4", smp=4), check("smp4,war", smp=4, append="io=war")]
    found += [command(name, words, lines) for name, (words, lines) in COMMANDS.items()]
    found += [command(name, words, (line,), 1) for name, (words, line) in REFUSED.items()]
    return found


if __name__ == "__main__":
    suite.main(__file__)

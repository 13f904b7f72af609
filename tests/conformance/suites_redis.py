# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""redis's own suite, run here by tclsh against Debian's redis in a guest (workloads/redis-suite.toml), through a forwarded port.

As the suite's authors do against a server that is there: what needs to start servers, or to see their files, is not for that (tag external:skip),
and what they tag `slow` is not run. What else is left out is in suites.toml, with its reason. Each unit is a run of its own, so that one that
does not end takes no other with it.
"""
from __future__ import annotations

import contextlib
import re
import subprocess
import tomllib
from pathlib import Path

from recipes import answer, free_port
from suites_run import ROOT, RUMPK, WORK, Results, copied, run

BUNDLE, WORKLOAD = ROOT / "build/recipes/redis-suite.rpk", ROOT / "tests/conformance/workloads/redis-suite.toml"
REASONS = ROOT / "tests/conformance/suites.toml"
#: Until the guest answers; for a unit; without a test's end; for all of them.
STARTS_S, UNIT_S, QUIET_S, LIMIT_S = 60.0, 600.0, "120", "1800"


def read_unit(unit: str, said: str) -> Results:
    """Of lines as `[ok]: name (3 ms)` and `[err]: name in tests/unit/scan.tcl`; what was skipped is none, of two alike the worse counts."""
    found: Results = {}
    plain = re.sub(r"\x1b\[[\d;]*m", "", said)
    for mark, name in re.findall(r"^\[(ok|err)\]: (.+?)(?: \(\d+ ms\)| in tests/\S+\.tcl)$", plain, re.M):
        known = f"{unit}: {name}"
        found[known] = "fail" if mark == "err" or found.get(known) == "fail" else "pass"
    if unfinished := re.search(r"\(IN PROGRESS\) (.+)$", plain, re.M):
        found[f"{unit}: {unfinished[1]}"] = "does not end"
    elif "[TIMEOUT]:" in plain or "\n                   The End\n" not in plain:
        found[f"{unit}: the run"] = "does not end"
    return found


def units(source: Path, wanted: re.Pattern[str]) -> list[str]:
    listed = run("tclsh", "tests/test_helper.tcl", "--list-tests", cwd=source).split()
    return [unit for unit in listed if wanted.fullmatch(unit)]


def run_unit(source: Path, port: int, unit: str, left_out: list[str]) -> Results:
    words = ["tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1", "--port", str(port), "--tags", "-slow", "--timeout", QUIET_S, "--single", unit]
    for pattern in left_out:
        words += ["--skiptest", pattern]
    log = WORK / f"redis-{unit.replace('/', '-')}.log"
    with log.open("wb") as said, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(words, cwd=source, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, timeout=UNIT_S, check=False)
    return read_unit(unit, log.read_text(encoding="utf-8", errors="replace"))


def redis(wanted: str = "unit/.*") -> Results:
    """Units by a pattern of their names. RuntimeError: the guest does not answer."""
    left_out = list(tomllib.loads(REASONS.read_text(encoding="utf-8"))["left_out"]["redis"])
    source, port = copied("redis"), free_port()
    run(RUMPK, "recipe", "build", str(WORKLOAD))
    found: Results = {}
    with (WORK / "redis-guest.log").open("wb") as console, subprocess.Popen(
            [RUMPK, "run", str(BUNDLE), "--timeout", LIMIT_S, "-m", "512", "--net", f"user,hostfwd=tcp:127.0.0.1:{port}-:6379"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT) as guest:
        try:
            if "+PONG" not in answer(port, b"PING\r\nQUIT\r\n", STARTS_S):
                raise RuntimeError(f"redis does not answer: {WORK / 'redis-guest.log'}")
            for unit in units(source, re.compile(wanted)):
                found.update(run_unit(source, port, unit, left_out))
        finally:
            guest.terminate()
    return found

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make conformance-suites: tests that come with others' programs, run in the guest.

    tests/conformance/suites.py [SUITE...]

stress-ng's checks of what it does (Debian's program, workloads/stress.toml), busybox's own suite (its source's, with Debian's program), and
zlib's and GNU hello's own tests, which are built here as docs/developer.md says; libuv's (suites_libuv.py); redis's own suite, which asks a guest
(suites_redis.py), and sqlite3's smaller ones (suites_sqlite.py). Each test that does not pass is named with its reason in suites.toml. Leaves
build/conformance/suites.json for the report; exit status 0: every suite ran, and every other test has a reason; else 1.
"""
from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import suites_libuv
import suites_redis
import suites_sqlite
from suites_run import KEY, LIMIT_S, ROOT, RUMPK, WORK, Results, copied, guest, run

REASONS, REPORT = ROOT / "tests/conformance/suites.toml", ROOT / "build/conformance/suites.json"
BUSYBOX_SCRIPT = """mkdir /tmp/b && cd /tmp/b && cp -r /host/testsuite . && cp /host/config .config && ln -s /bin/busybox busybox
cd testsuite && SKIP_KNOWN_BUGS=1 sh ./runtest 2>&1
"""


def read_stress(said: str) -> Results:
    """Of lines as `suite: futex 0`."""
    return {name: "pass" if status == "0" else f"status {status}" for name, status in re.findall(r"^suite: (\S+) (\d+)$", said, re.M)}


def read_marks(said: str) -> Results:
    """Of lines as `PASS: cat`, which busybox's and automake's suites print. What was skipped is none; of two alike the worse counts."""
    found: Results = {}
    for mark, name in re.findall(r"^(PASS|FAIL|ERROR|XPASS): (.+)$", said, re.M):
        found[name] = mark.lower() if found.get(name, "pass") == "pass" else found[name]
    return found


def read_zlib(said: str) -> Results:
    return {"test": "pass" if re.search(r"^\s*\*\*\* zlib test OK \*\*\*$", said, re.M) else "fail"}


def stress(group: str) -> Results:
    bundle = ROOT / "build/recipes/stress.rpk"
    run(RUMPK, "recipe", "build", str(ROOT / "tests/conformance/workloads/stress.toml"))
    said = run(RUMPK, "run", str(bundle), "-m", "512", "--timeout", LIMIT_S, "--", group)
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / f"stress-{group}.log").write_text(said, encoding="utf-8")
    return read_stress(said)


def busybox() -> Results:
    """The suite wants to know what was configured: what its source says, where Debian's program has less, is in suites.toml."""
    source, folder = copied("busybox"), WORK / "busybox-tests"
    run("make", "-s", "defconfig", cwd=source)
    shutil.rmtree(folder, ignore_errors=True)
    left_out = shutil.ignore_patterns("bc*.tests", "dc.tests", "all_sourcecode.tests")
    shutil.copytree(source / "testsuite", folder / "testsuite", ignore=left_out)
    shutil.copy(source / ".config", folder / "config")
    (folder / "run").write_text(BUSYBOX_SCRIPT, encoding="utf-8")
    return read_marks(guest(folder, ROOT / "build/rumpk.img", "sh run"))


def project(name: str, options: tuple[str, ...], targets: tuple[str, ...], programs: tuple[str, ...], check: str) -> str:
    """A source package, configured and built here, signed, and tested there: what its tests print."""
    folder = copied(name)
    run(RUMPK, "configure", *options, cwd=folder)
    run(RUMPK, "make", "-s", *targets, cwd=folder)
    run(RUMPK, "sign", *(str(folder / program) for program in programs), "-k", str(KEY))
    run(RUMPK, "recipe", "build", "dev")
    return guest(folder, ROOT / "build/recipes/dev.rpk", f"make {check}")


def zlib() -> Results:
    return read_zlib(project("zlib", ("--static",), ("static",), ("example", "minigzip"), "teststatic"))


def hello() -> Results:
    """Its Makefile has found the shell and the tools of this machine; what files it depends on it need not know, as they are not there."""
    options = ("--disable-nls", "--disable-dependency-tracking")
    return read_marks(project("hello", options, (), ("hello",), "check SHELL=/bin/sh AWK=awk SED=sed"))


SUITES: dict[str, Callable[[], Results]] = {
    **{f"stress-{group}": lambda group=group: stress(group) for group in ("memory", "sync", "signals", "streams", "files")},
    "busybox": busybox, "zlib": zlib, "hello": hello, "libuv": suites_libuv.libuv, "redis": suites_redis.redis,
    "sqlite": suites_sqlite.sqlite,
}


def judge(suite: str, results: Results, reasons: dict[str, str]) -> dict[str, object]:
    """A suite's row of the report. Patterns are of `suite: test`."""
    def reason_of(name: str) -> str:
        return next((why for pattern, why in reasons.items() if re.fullmatch(pattern, f"{suite}: {name}")), "")

    other = [{"name": name, "here": how, "reason": reason_of(name)}
             for name, how in sorted(results.items()) if how != "pass"]
    return {"suite": suite, "run": len(results), "passed": len(results) - len(other), "other": other}


def main() -> int:
    parser = argparse.ArgumentParser(prog="suites.py", description="Runs tests that come with others' programs, in the guest.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"only these of {', '.join(SUITES)}")
    names = parser.parse_args().suites
    if unknown := [name for name in names if name not in SUITES]:
        parser.error(f"no such suite: {', '.join(unknown)}; there are {', '.join(SUITES)}")
    reasons = dict(tomllib.loads(REASONS.read_text(encoding="utf-8"))["reasons"])
    kept = json.loads(REPORT.read_text(encoding="utf-8"))["suites"] if names and REPORT.exists() else []
    failed = False
    for suite in names or SUITES:
        try:
            row = judge(suite, SUITES[suite](), reasons)
        except RuntimeError as error:
            print(f"{suite}: {error}", flush=True)
            return 1
        unnamed = [test["name"] for test in row["other"] if not test["reason"]]
        failed |= bool(unnamed) or not row["run"]
        print(f"{suite}: {row['passed']} of {row['run']} pass", *(f"  {test['name']}: {test['here']}: {test['reason'] or 'NO REASON GIVEN'}"
                                                                for test in row["other"]), sep="\n", flush=True)
        kept = [one for one in kept if one["suite"] != suite] + [row]
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps({"suites": kept}, indent=1), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

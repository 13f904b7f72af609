#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Submission rings in War and Peace: every hostile app again with the kernel polling from another CPU, and what it saves."""
from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import markers, paths, suite  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

APPS = paths.BUILD / "tests" / "apps"
CALLS = 20000


def hostile() -> list[suite.Case]:
    """The cases of hostile_apps.py."""
    spec = importlib.util.spec_from_file_location("hostile_apps", Path(__file__).with_name("hostile_apps.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cases()


def in_war(case: suite.Case) -> suite.Case:
    """The same on two CPUs with War forced: the same end and the same line are due."""
    machine = replace(case.machine, smp=2, append="io=war", icount=True)
    return replace(case, name=case.name.replace("hostile[", "war["), machine=machine)


def counted(rule: str, cpus: int, line: str) -> suite.Case:
    """20,000 calls, and how many of them were system calls, exact under -icount."""
    machine = suite.product(APPS / "many-calls.rpk", smp=cpus, append=f"io={rule} log=info,proc=debug", icount=True, seed=1)
    return suite.Case(f"ring[{rule},smp{cpus}]", machine, Expectation(markers=(markers.RUBICON, line)))


def cases() -> list[suite.Case]:
    """War: the first call and exit are system calls, nothing else. Peace: each is one."""
    war = f"proc: process 1: 2 system calls; ring: {CALLS} submissions in War, 0 in Peace, 1 wars"
    peace = f"proc: process 1: {CALLS + 1} system calls; ring: 0 submissions in War, {CALLS} in Peace, 0 wars"
    auto = rf"re:proc: process 1: \d{{1,3}} system calls; ring: 19\d\d\d submissions in War, \d{{1,3}} in Peace, \d wars"
    return [counted("war", 2, war), counted("war", 4, war), counted("peace", 2, peace), counted("war", 1, peace),
            counted("auto", 2, auto), counted("auto", 1, peace),
            *(in_war(case) for case in hostile() if case.machine.memory_mib == "128")]


if __name__ == "__main__":
    suite.main(__file__)

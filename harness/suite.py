# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The test list: cases, budgets, the matrix, and finding them.

Each `tests/qemu/*.py` has a function `cases()` that gives its cases; there is no list kept by hand. A file is also a
program: `if __name__ == "__main__": suite.main(__file__)`.
"""
from __future__ import annotations

import fnmatch
import importlib.util
import itertools
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable

from harness import paths
from harness.console import ConsoleSpawn
from harness.machine import Machine, MachineConfig
from harness.verdict import Expectation, PASS

#: What every run takes its randomness from, where no other seed is asked for.
SEED = 1
PRODUCT = paths.BUILD / "rumpk.img"
HELLO = paths.BUILD / "apps" / "c-hello.rpk"


@dataclass(frozen=True)
class Budget:
    """What a run may use up. CPU time is the budget proper: wall time says more of the host than of the guest."""

    cpu_s: float = 20.0
    wall_s: float = 120.0
    idle_s: float | None = 4.0
    console_bytes: int = 1 << 20

    def __str__(self) -> str:
        return f"budget {self.cpu_s:g} s of CPU, {self.wall_s:g} s in all"


@dataclass(frozen=True)
class Drive:
    """A script that is given the machine itself, not only its console: what injects faults over QMP or gdb's stub."""

    run: Callable[[Machine], None]


@dataclass(frozen=True)
class Case:
    """One boot and what it must show. `script` is given the console as a pexpect object; `verdict` is what is due.

    `others`: endings that are as good as `expect`.
    """

    name: str
    machine: MachineConfig
    expect: Expectation
    script: Callable[[ConsoleSpawn], None] | Drive | None = None
    budget: Budget = Budget()
    verdict: str = PASS
    cause: str | None = None
    file: Path | None = None  # where it was found
    error: str = ""           # why it cannot even be tried
    skip: str = ""            # why it cannot be tried here, which is no fault
    others: tuple[Expectation, ...] = ()
    autopsy: bool = True      # examine it where it does not pass

    def on(self, cell: str, **changes: object) -> "Case":
        """The same case on another machine, named `name[cell]`."""
        return replace(self, name=f"{self.name}[{cell}]", machine=replace(self.machine, **changes))


def product(initrd: Path | None = HELLO, image: Path = PRODUCT, **options: object) -> MachineConfig:
    """Rumpk itself with a bundle."""
    return MachineConfig(image=image, initrd=initrd, **options)  # type: ignore[arg-type]


def matrix(case: Case, gics: Iterable[int], cpus: Iterable[str], memories: Iterable[str],
           el2s: Iterable[bool]) -> list[Case]:
    """A case on every combination: `boot[gic3,cortex-a53,5M,el1]`."""
    return [case.on(f"gic{gic},{cpu},{memory},{'el2' if el2 else 'el1'}", gic=gic, cpu=cpu, memory_mib=memory, el2=el2)
            for gic, cpu, memory, el2 in itertools.product(gics, cpus, memories, el2s)]


def load(path: Path) -> list[Case]:
    """The cases of one file; one failing case where the file cannot give them."""
    spec = importlib.util.spec_from_file_location(f"rumpk_tests_{path.stem}", path)
    if not spec or not spec.loader:
        raise ValueError(f"{path}: neither a Python file nor a suite.toml")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return [replace(case, file=path) for case in module.cases()]
    except Exception as error:  # whatever a test file does wrong must not hide the other files
        return [Case(path.stem, MachineConfig(""), Expectation(), file=path, error=f"{type(error).__name__}: {error}")]


def find(folder: Path = paths.TESTS, files: Iterable[Path] | None = None) -> list[Case]:
    """Every case of a folder (or of `files`), in the order of file names; names must not repeat."""
    cases = [case for path in (files or sorted(folder.glob("*.py"))) for case in load(path)]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"test names used twice: {', '.join(sorted(twice))}")
    return cases


def select(cases: list[Case], patterns: Iterable[str]) -> list[Case]:
    """Cases whose name has one of `patterns` in it, or matches it with `*`; `=name` is exactly that name."""
    def wanted(name: str, pattern: str) -> bool:
        if pattern.startswith("="):
            return name == pattern[1:]
        return pattern in name or fnmatch.fnmatchcase(name.replace("[", "("), pattern.replace("[", "("))
    patterns = list(patterns)
    return [case for case in cases if not patterns or any(wanted(case.name, pattern) for pattern in patterns)]


def main(file: str) -> None:
    """Runs one test file as a program, with all of `harness/run.py`'s options."""
    from harness import run  # here, since run itself imports this module
    sys.exit(run.main(["--file", file, *sys.argv[1:]]))

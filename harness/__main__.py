# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""python3 -m harness COMMAND: one name for all programs of the harness. Each is a module that also runs by itself."""
from __future__ import annotations

import importlib.util
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("the harness wants Python 3.11 or newer")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import reader  # noqa: E402


@dataclass(frozen=True)
class Command:
    """One command: the module that is run, arguments that go before the user's, and what it is for."""

    name: str
    module: str
    shape: str
    help: str
    before: tuple[str, ...] = ()


#: One line a command. One whose module is not there is not shown.
COMMANDS: dict[str, tuple[Command, ...]] = {
    "tests": (
        Command("list", "run", "[-k NAME]", "the names of the tests", ("--list",)),
        Command("run", "run", "[-k NAME]", "boots the images and judges what they do"),
        Command("soak", "soak", "[-k NAME]", "the same for a long time, each round with another seed"),
        Command("faults", "faults", "", "devices, memory, interrupts and CPUs that fail"),
        Command("unit", "unit", "", "the programs that test on the host"),
    ),
    "one test, by hand": (
        Command("shell", "interactive", "TEST", "boots a test's machine and gives its console", ("shell",)),
        Command("gdb", "interactive", "TEST", "stops a test's machine at its first instruction, in gdb", ("gdb",)),
        Command("replay", "replay", "RUN", "a failed run in gdb, at its failure, where it can go backwards"),
        Command("bisect", "bisection", "GOOD BAD TEST", "the commit that broke a test"),
    ),
    "numbers": (
        Command("perf", "perf", "", "performance beside its limits and its baseline"),
        Command("boots", "boots", "[N]", "N boots in a row, none different"),
        Command("steps", "steps", "", "the instructions of a boot, by function"),
        Command("cover", "cover", "", "the lines that tests reach"),
        Command("mutants", "mutants", "", "how many small errors the tests notice"),
    ),
    "results": (
        Command("report", "report", "", "writes build/report/index.html anew from what the last runs left"),
    ),
}


def available() -> dict[str, list[Command]]:
    """The commands whose module is there, by group."""
    found = {group: [command for command in commands if importlib.util.find_spec(f"harness.{command.module}")]
             for group, commands in COMMANDS.items()}
    return {group: commands for group, commands in found.items() if commands}


def usage() -> str:
    """The help page."""
    lines = ["usage: python3 -m harness COMMAND ...", "",
             "Boots kernels under QEMU, watches all they say, gives one named verdict, and explains it.", ""]
    for group, commands in available().items():
        lines.append(f"{group}:")
        lines += [f"  {command.name + ' ' + command.shape:24} {command.help}" for command in commands]
        lines.append("")
    lines += ["`python3 -m harness COMMAND --help` has the options of each. docs/harness.md explains verdicts and folders.",
              "exit status: 0 passed, 1 a test failed, 2 usage or a fault of the harness, 3 only the host is at fault"]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Runs a command's module as a program."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if argv else 2
    command = next((one for commands in available().values() for one in commands if one.name == argv[0]), None)
    if command is None:
        print(f"harness: no command {argv[0]!r}\n\n{usage()}", file=sys.stderr)
        return 2
    spec = importlib.util.find_spec(f"harness.{command.module}")
    assert spec and spec.origin
    sys.argv = [spec.origin, *command.before, *argv[1:]]
    runpy.run_path(spec.origin, run_name="__main__")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(reader.served(lambda: main(sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A test's machine, by hand: harness/interactive.py shell|gdb TEST.

`shell` gives its console on this terminal, by the host's clock. `gdb` stops it before its first instruction, with the test's
own seed and clock, so that it does what it does in the test; its console goes to a file that is named.
"""
from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import debugger, foreign, suite  # noqa: E402
from harness.machine import DIE_WITH_PARENT, Machine  # noqa: E402
from harness.qmp import QmpError  # noqa: E402
from harness.runner import prepare  # noqa: E402

#: A busy host takes seconds until QEMU answers.
START_S = 60.0


def find(name: str, file: Path | None) -> suite.Case:
    """The one test that is meant: by its exact name, or as the only one with the name in it."""
    cases = foreign.load(file.resolve()) if file and file.suffix == ".toml" else \
        suite.find(files=[file.resolve()] if file else None)
    found = suite.select(cases, [f"={name}"]) or suite.select(cases, [name])
    if len(found) != 1:
        some = ", ".join(case.name for case in found[:8])
        raise ValueError(f"{len(found)} tests are meant by {name!r}" + (f": {some} ..." if some else ""))
    return found[0]


def shell(case: suite.Case) -> int:
    """The machine's console on this terminal."""
    argv = case.machine.argv("stdio,mux=on,signal=off")
    print(f"{case.name}: Ctrl-A X ends it, Ctrl-A C is QEMU's monitor", file=sys.stderr, flush=True)
    return subprocess.run([*DIE_WITH_PARENT, *argv, "-mon", "chardev=console"], check=False).returncode


def gdb(case: suite.Case, commands: list[str]) -> int:
    """The machine under gdb."""
    with debugger.private_folder() as folder:
        console, socket = folder / "console.log", folder / "gdb"
        with Machine(replace(case.machine, halted=True, gdb_socket=socket)) as machine, console.open("wb", 0) as log:
            machine.console.watch(log.write)
            try:
                machine.qmp.command("query-status", START_S)  # it stands, and its socket is there
            except QmpError as error:
                raise QmpError(f"{error} {machine.stderr.strip()[-200:]}") from error
            print(f"{case.name}: its console is in {console}; `continue` lets it go", flush=True)
            argv = [*debugger.arguments(Path(case.machine.image)), "-ex", f"target remote {socket}"]
            for command in commands:
                argv += ["-ex", command]
            if commands:
                done = subprocess.run([*argv, "-batch"], stdin=subprocess.DEVNULL, check=False)
                print(machine.console.bytes().decode("utf-8", "replace"), end="")
                return done.returncode
            old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is gdb's
            try:
                return subprocess.run(argv, check=False).returncode
            finally:
                signal.signal(signal.SIGINT, old)


def main(argv: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/interactive.py", description=(__doc__ or "").strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("how", choices=("shell", "gdb"))
    parser.add_argument("test", metavar="TEST", help="a name, or a part of one that no other test has")
    parser.add_argument("--file", type=Path, help="the test is in this file")
    parser.add_argument("--seed", type=int, default=suite.SEED, metavar="N", help=f"of its randomness ({suite.SEED})")
    parser.add_argument("-ex", dest="commands", action="append", default=[], metavar="COMMAND",
                        help="gdb: a command; gdb leaves after the last")
    options = parser.parse_args(argv)
    try:
        case = prepare(find(options.test, options.file), seed=options.seed, realtime=options.how == "shell")
    except (OSError, ValueError) as error:
        print(f"{options.how}: {error}", file=sys.stderr)
        return 2
    try:
        return shell(case) if options.how == "shell" else gdb(case, options.commands)
    except QmpError as error:
        print(f"{options.how}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""tools/idl-gen: from the definitions of interfaces in capos/idl to all that follows from them.

    tools/idl-gen -o DIR     headers, wrappers and dispatch tables below DIR; a file that stays the same is not touched
    tools/idl-gen --docs     renews the reference in docs/abi.md
    tools/idl-gen --lock     adds what is new to capos/idl/abi.lock; refuses where something locked has changed
    tools/idl-gen --check    fails where something locked has changed, or docs/abi.md is stale
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import abi_output, calls_output, doc_output, kernel_output, lock, parse, test_output
from .model import DefinitionError, Interface


def outputs(interfaces: list[Interface]) -> dict[str, str]:
    """Every file that is made: path and content."""
    files = {"capos/interfaces.h": calls_output.list_header(interfaces), "tests/handlers.h": test_output.header(),
             "tests/handlers.c": test_output.source(interfaces)}
    for each in interfaces:
        files[f"capos/abi/{each.name}.h"] = abi_output.header(each)
        files[f"capos/interface/{each.name}.h"] = calls_output.header(each)
        files[f"capos/interface/{each.name}.c"] = calls_output.source(each)
        files[f"kernel/{each.name}_methods.h"] = kernel_output.header(each)
        files[f"kernel/{each.name}_methods.c"] = kernel_output.source(each)
    return files


def write(folder: Path, interfaces: list[Interface]) -> None:
    """Makes the files below `folder`, and removes those of interfaces that are gone."""
    files = outputs(interfaces)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
    for kind in ("capos/abi/*.h", "capos/interface/*.[ch]", "kernel/*_methods.[ch]"):
        for path in folder.glob(kind):
            if str(path.relative_to(folder)) not in files:
                path.unlink()


def findings(root: Path, interfaces: list[Interface]) -> list[str]:
    """What --check complains of."""
    path, page = root / "capos/idl/abi.lock", root / "docs/abi.md"
    locked = lock.parse(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = [f"capos/idl/abi.lock:1: the ABI is broken: {each}" for each in lock.broken(locked, lock.entries(interfaces))]
    text = page.read_text(encoding="utf-8")
    if doc_output.page(text, interfaces) != text:
        found.append("docs/abi.md:1: the reference of interfaces is stale: tools/idl-gen --docs")
    return found


def add_to_lock(root: Path, interfaces: list[Interface]) -> list[str]:
    """Locks what is new; returns what has changed, and then locks nothing."""
    path = root / "capos/idl/abi.lock"
    locked = lock.parse(path.read_text(encoding="utf-8")) if path.is_file() else {}
    now = lock.entries(interfaces)
    if broken := lock.broken(locked, now):
        return [f"{path}: {each}" for each in broken]
    path.write_text(lock.render(now), encoding="utf-8")
    return []


def run(options: argparse.Namespace) -> list[str]:
    """Does what the options say; returns what is wrong."""
    interfaces = parse.folder(options.root)
    wrong: list[str] = []
    if options.output:
        write(options.output, interfaces)
    if options.lock:
        wrong += add_to_lock(options.root, interfaces)
    if options.docs:
        page = options.root / "docs/abi.md"
        page.write_text(doc_output.page(page.read_text(encoding="utf-8"), interfaces), encoding="utf-8")
    if options.check:
        wrong += findings(options.root, interfaces)
        locked = lock.parse((options.root / "capos/idl/abi.lock").read_text(encoding="utf-8"))
        if new := lock.added(locked, lock.entries(interfaces)):
            print(f"idl-gen: not locked yet: {', '.join(new)}: tools/idl-gen --lock")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0, or 1 with what is wrong on standard error."""
    parser = argparse.ArgumentParser(prog="idl-gen", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, metavar="DIR")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the repository")
    options = parser.parse_args(arguments)
    if not (options.output or options.docs or options.lock or options.check):
        parser.error("nothing to do")
    try:
        wrong = run(options)
    except (DefinitionError, OSError) as error:
        wrong = [str(error)]
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The last image that passed: harness/known_good.py begin|passed|keep|tell [APP].

`begin` and `passed` stand around `make check` and leave a note in build/check.json: which commit it passed on, and the digests of
the image and the bundles that it passed with. `keep` (make known-good) copies exactly those to build/known-good, with stamp.json
beside them, and refuses where the tree or a file is another by now. `tell` says what is kept, and whether it is still whole.

Exit status: 0 done, 1 refused, 2 usage.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths  # noqa: E402
from harness.junit import replace_file  # noqa: E402
from harness.worktree import git  # noqa: E402

IMAGE = "rumpk.img"
STAMP = "stamp.json"
INSPECT = Path(__file__).resolve().parent.parent / "tools" / "rumpk"
DIGITS = 12


class Refused(Exception):
    """Why nothing is kept, or what is kept cannot be used: one line for a person."""


@dataclass(frozen=True)
class Note:
    """What `make check` was run on, and what it passed with. `passed` is 0 while it has not."""

    commit: str
    version: str = ""
    passed: float = 0.0
    files: dict[str, str] | None = None  # path below build/ to SHA-256

    @property
    def short(self) -> str:
        """The commit as the image tells it."""
        return self.commit[:DIGITS]

    @property
    def when(self) -> str:
        """When it passed."""
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.passed))


def read(path: Path) -> Note | None:
    """A note; None where there is none, or none that can be read."""
    try:
        return Note(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def digest(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


class Keeper:
    """A tree and its build."""

    def __init__(self, root: Path = paths.ROOT, build: Path = paths.BUILD) -> None:
        self.root, self.build = root, build
        self.note, self.kept = build / "check.json", build / "known-good"

    def changes(self) -> list[str]:
        """What differs from the commit; files that git does not know count, since tests and sources are found by wildcard."""
        return git(self.root, "status", "--porcelain", "--untracked-files=all").splitlines()

    def bundles(self) -> list[str]:
        """The applications' bundles, below build/."""
        return [f"apps/{path.parent.name}.rpk" for path in sorted(self.root.glob("apps/*/manifest.toml"))]

    def begin(self) -> None:
        """Before the tests. The note's own time tells later which files are younger; a dirty tree gets no note."""
        self.note.unlink(missing_ok=True)
        self._write(self.note, Note(git(self.root, "rev-parse", "HEAD")))
        if self.changes():
            self.note.unlink()

    def passed(self) -> str:
        """After all tests have passed: completes the note, or removes it and says why. Of a dirty tree it says nothing."""
        note = read(self.note)
        if note is None:
            return ""
        try:
            self._write(self.note, self._complete(note))
            return f"known-good: {note.short} has passed; `make known-good` keeps it"
        except Refused as error:
            self.note.unlink()
            return f"known-good: {note.short} cannot be kept: {error}"

    def _complete(self, note: Note) -> Note:
        since = self.note.stat().st_mtime_ns
        if git(self.root, "rev-parse", "HEAD") != note.commit:
            raise Refused("another commit was checked out while the tests ran")
        self._refuse_changes()
        for name in git(self.root, "ls-files", "-z").split("\0"):
            if name and os.lstat(self.root / name).st_mtime_ns > since:
                raise Refused(f"{name} was written while the tests ran")
        version, commit = self._built_from()
        due = git(self.root, "describe", "--always", "--dirty", f"--abbrev={DIGITS}")
        if commit != due:
            raise Refused(f"{IMAGE} was built from {commit}, not from {due}")
        files = {name: digest(self.build / name) for name in (IMAGE, *self.bundles())}
        for name, found in files.items():
            if not found:
                raise Refused(f"{name} is not there")
        return Note(note.commit, version, time.time(), files)

    def keep(self) -> Note:
        """Copies what has passed, in one step."""
        self._refuse_changes()
        note, head = read(self.note), git(self.root, "rev-parse", "HEAD")
        if note is None or note.commit != head or not note.files:
            other = f"; it has on {note.short}" if note and note.passed else ""
            raise Refused(f"make check has not passed on {head[:DIGITS]}{other}: run `make check` first")
        part = self.kept.with_name(f".{self.kept.name}.{os.getpid()}")
        try:
            for name, due in note.files.items():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                if (self.build / name).is_file():
                    shutil.copyfile(self.build / name, part / name)
                if digest(part / name) != due:
                    raise Refused(f"{name} is not the one that make check passed with: run `make check` again")
            self._write(part / STAMP, note)
            old = part.with_name(part.name + ".old")
            if self.kept.exists():
                self.kept.rename(old)
            part.rename(self.kept)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return note

    def load(self) -> Note:
        """What is kept, each byte as it was when it passed."""
        note = read(self.kept / STAMP)
        if note is None or not note.files:
            raise Refused("nothing is kept yet: `make check known-good` keeps an image that passes")
        for name, due in note.files.items():
            if digest(self.kept / name) != due:
                raise Refused(f"{self.kept / name} is damaged: `make check known-good` keeps another")
        return note

    def tell(self, app: str | None) -> str:
        """What is kept, in a line; Refused where it has no such application."""
        note = self.load()
        names = [Path(name).stem for name in note.files or {} if name != IMAGE]
        if app is not None and app not in names:
            raise Refused(f"{note.short} is kept without an application {app}; it has {', '.join(names)}")
        return f"known-good: rumpk {note.version} {note.short}, passed {note.when}"

    def _refuse_changes(self) -> None:
        changes = self.changes()
        if changes:
            more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
            raise Refused(f"the tree is not what is committed ({changes[0].strip()}{more})")

    def _built_from(self) -> tuple[str, str]:
        """Version and commit, out of the image itself."""
        done = subprocess.run([INSPECT, "inspect", "--json", self.build / IMAGE], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(done.stderr.strip())
        facts = json.loads(done.stdout)["image"]
        return facts["version"], facts["commit"]

    @staticmethod
    def _write(path: Path, note: Note) -> None:
        replace_file(path, (json.dumps(asdict(note), indent=1) + "\n").encode())


def main(argv: list[str]) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/known_good.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("act", choices=("begin", "passed", "keep", "tell"))
    parser.add_argument("app", nargs="?", metavar="APP", help="for tell: an application that has to be kept, too")
    options, keeper = parser.parse_args(argv), Keeper()
    try:
        if options.act == "begin":
            keeper.begin()
        elif options.act == "passed":
            said = keeper.passed()
            print(said + "\n" if said else "", end="")
        elif options.act == "keep":
            note = keeper.keep()
            print(f"known-good: kept rumpk {note.version} {note.short} in {keeper.kept}")
        else:
            print(keeper.tell(options.app), file=sys.stderr)
    except Refused as error:
        print(f"known-good: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:  # sources without their repository have no commit
        if options.act == "keep":
            print(f"known-good: {error.stderr.strip()}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Builds and runs commits for a bisection: several worktrees at once, and a cache of builds by tree hash.

What a build leaves that tests boot is kept in the cache, and tests always boot it from there: a commit whose tree was
built before, in this bisection or an earlier one, is not built again, and one that did not build is not tried again.
"""
from __future__ import annotations

import hashlib
import json
import os
import queue
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence, TypeVar

from harness.bisect_model import Evidence
from harness.worktree import BUILD_LIMIT_S, SIGNATURE, TEST_LIMIT_S, Worktree, git

#: What tests boot, below build/.
ARTIFACTS = ("*.img", "*.elf", "apps/*.rpk", "tests/*.img", "tests/*.elf", "tests/apps/*.rpk", "fixtures/**/*")
CACHE_KEEPS = 64
T = TypeVar("T")


@dataclass(frozen=True)
class Commands:
    """How a commit is built and judged. `own` is the commit's own ruler, asked where `test` fails otherwise than BAD."""

    build: str
    test: str
    own: str = ""


@dataclass
class RunResult:
    """One run. `kind`: passed, failed (with its signature) or unjudged."""

    kind: str
    signature: str = ""
    output: str = ""


def normal(signature: str) -> str:
    """A signature as it is compared: where a console ended besides the missing marker is not what failed."""
    return re.sub(r"; last line: .*$", "", signature).strip()


class BuildCache:
    """Builds by tree hash and build command: build/bisect/cache/<key>/."""

    def __init__(self, folder: Path, command: str) -> None:
        self.folder = folder
        self.command = command
        folder.mkdir(parents=True, exist_ok=True)

    def entry(self, tree: str) -> Path:
        """The folder of a tree's build."""
        return self.folder / f"{tree[:20]}-{hashlib.sha256(self.command.encode()).hexdigest()[:8]}"

    def known(self, tree: str) -> tuple[Path, str] | None:
        """(build folder, empty) or (folder, why it does not build); None where it was never tried."""
        entry = self.entry(tree)
        status = entry / "status.json"
        if not status.exists():
            return None
        os.utime(entry)
        return entry / "build", json.loads(status.read_text(encoding="utf-8"))["problem"]

    def put(self, tree: str, build: Path, problem: str) -> Path:
        """Keeps what a build left; the folder to test from."""
        entry = self.entry(tree)
        part = entry.with_name(f".{entry.name}.{os.getpid()}.{threading.get_ident()}")
        (part / "build").mkdir(parents=True)
        for path in {path for pattern in ARTIFACTS for path in build.glob(pattern)} if not problem else ():
            if path.is_file():
                copy = part / "build" / path.relative_to(build)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
        (part / "status.json").write_text(json.dumps({"problem": problem}), encoding="utf-8")
        shutil.rmtree(entry, ignore_errors=True)
        part.rename(entry)
        return entry / "build"

    def trim(self) -> None:
        """Forgets the builds that were not asked for longest."""
        entries = sorted((path for path in self.folder.iterdir() if (path / "status.json").exists()),
                         key=lambda path: -path.stat().st_mtime_ns)
        for entry in entries[CACHE_KEEPS:]:
            shutil.rmtree(entry, ignore_errors=True)


class Pool:
    """Worktrees at work side by side."""

    def __init__(self, repository: Path, folder: Path, commands: Commands, cache: Path, count: int) -> None:
        self.repository = repository
        self.commands = commands
        self.cache = BuildCache(cache, commands.build)
        self.trees = [Worktree(repository, folder / f"tree-{number}") for number in range(count)]
        self.free: "queue.Queue[Worktree]" = queue.Queue()
        self.signature: str | None = None
        self.built = self.from_cache = self.ran = 0
        self.outputs: dict[str, RunResult] = {}
        self.at: dict[Path, str] = {}      # what is checked out where
        self.hashes: dict[str, str] = {}   # tree hashes of commits
        self.stopped = False
        self._lock = threading.Lock()

    def open(self, commit: str) -> None:
        """Makes the worktrees: one after the other, git locks."""
        for tree in self.trees:
            tree.open(commit)
            self.free.put(tree)

    def close(self) -> None:
        """Removes them and trims the cache."""
        for tree in self.trees:
            tree.close()
        self.cache.trim()

    def map(self, work: Callable[[Worktree, T], object], items: Sequence[T]) -> None:
        """Does work on items at once, each in a worktree of its own."""
        def one(item: T) -> None:
            tree = self.free.get()
            try:
                work(tree, item)
            finally:
                self.free.put(tree)
        with ThreadPoolExecutor(len(self.trees)) as pool:
            try:
                for done in [pool.submit(one, item) for item in items]:
                    done.result()
            except BaseException:
                self.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                for tree in self.trees:
                    tree.interrupt()
                raise

    def build(self, worktree: Worktree, commit: str) -> tuple[Path, str]:
        """A commit checked out and built, or taken from the cache: where to test it, and why it cannot be."""
        if self.at.get(worktree.folder) != commit:
            worktree.checkout(commit)
            self.at[worktree.folder] = commit
        tree = self.hashes.get(commit) or git(worktree.folder, "rev-parse", "HEAD^{tree}")
        self.hashes[commit] = tree
        known = self.cache.known(tree)
        if known:
            self._count("from_cache")
            return known
        self._count("built")
        status, output = worktree.command(self.commands.build, BUILD_LIMIT_S)
        problem = f"does not build ({status})\n{output[-4000:]}" if status else ""
        return self.cache.put(tree, worktree.folder / "build", problem), problem

    def run(self, worktree: Worktree, build: Path) -> RunResult:
        """One run of the test; of the commit's own too, where the first fails otherwise than BAD does."""
        result = self._once(worktree, build, self.commands.test)
        if self.commands.own and result.kind == "failed" and self.signature and normal(result.signature) != self.signature:
            own = self._once(worktree, build, self.commands.own)
            return result if own.kind == "unjudged" else own
        return result

    def _once(self, worktree: Worktree, build: Path, command: str) -> RunResult:
        self._count("ran")
        status, output = worktree.command(command, TEST_LIMIT_S, {"RUMPK_BUILD": str(build)})
        if status == 0:
            return RunResult("passed", "", output)
        said = [line[len(SIGNATURE):] for line in output.splitlines() if line.startswith(SIGNATURE)]
        if said:
            return RunResult("failed", said[-1], output)
        if status in (2, 3, 125, 126, 127):
            return RunResult("unjudged", f"could not be judged ({status})", output)
        return RunResult("failed", f"exit status {status}", output)

    def judge(self, worktree: Worktree, commit: str, evidence: Evidence, repeats: int, decisive: bool) -> None:
        """Runs a commit so often and adds to its evidence; `decisive`: one failure settles it."""
        build, problem = self.build(worktree, commit)
        if problem:
            evidence.skipped = problem.split("\n")[0]
            self.keep(commit, RunResult("unjudged", evidence.skipped, problem))
            return
        last, due = RunResult("unjudged"), evidence.runs + repeats
        for _ in range(repeats + 2):  # a run that says nothing is tried again, twice at most
            if evidence.runs >= due or self.stopped:
                break
            last = self.run(worktree, build)
            if last.kind == "passed":
                evidence.passed += 1
            elif last.kind == "failed" and (self.signature is None or normal(last.signature) == self.signature):
                evidence.failed += 1
            else:
                evidence.otherwise += 1
            self.keep(commit, last)
            if (decisive and evidence.failed) or (evidence.otherwise >= 2 and not evidence.runs):
                break
        if not evidence.runs:
            evidence.skipped = f"fails otherwise: {last.signature}" if last.kind == "failed" else last.signature

    def keep(self, commit: str, result: RunResult) -> None:
        """Remembers a commit's last run, a failing one rather than a passing one."""
        with self._lock:
            if result.kind != "passed" or commit not in self.outputs:
                self.outputs[commit] = result

    def _count(self, name: str) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + 1)

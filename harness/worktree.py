# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A commit built and tested apart from everybody's tree: for bisection and for the check of every commit.

The tree is a git worktree of its own. Builds share the dependencies already fetched (RUMPK_DEPS_CACHE), so that
nothing is downloaded again; make's own dependency tracking carries from one commit to the next.
"""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

BUILD_COMMAND = "make -s -j2"
BUILD_LIMIT_S = 900
TEST_LIMIT_S = 600
SIGNATURE = "signature: "


def environment(repository: Path) -> dict[str, str]:
    """The environment for git, make and tests in another tree: no git variable of a hook, no caller's make flags."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("GIT_") and name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "RUMPK_BUILD")}
    kept.setdefault("RUMPK_DEPS_CACHE", str(repository / "build" / "deps" / "archives"))
    return kept


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints; raises CalledProcessError, with git's words, where it fails."""
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True,
                          env=environment(folder)).stdout.strip()


@dataclass
class Outcome:
    """What a commit came to. `kind`: good, bad, unbuildable. `signature` is the same for the same failure."""

    kind: str
    signature: str = ""
    output: str = ""


class Worktree:
    """One detached tree of a repository."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository = repository
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def open(self, commit: str) -> None:
        """Makes the tree, or takes the one that is left from before."""
        if (self.folder / ".git").exists():
            try:
                self.checkout(commit)
                return
            except subprocess.CalledProcessError:
                pass  # not a tree of this repository any more: make it anew
        self.close()
        git(self.repository, "worktree", "add", "--force", "--detach", str(self.folder), commit)

    def checkout(self, commit: str) -> None:
        """Puts the tree at a commit; what builds left stays, except where git tracks it."""
        git(self.folder, "checkout", "--quiet", "--force", "--detach", commit)

    def close(self) -> None:
        """Removes the tree."""
        shutil.rmtree(self.folder, ignore_errors=True)
        git(self.repository, "worktree", "prune")

    def command(self, command: str, limit_s: float, extra: dict[str, str] | None = None) -> tuple[int, str]:
        """Runs a shell command in the tree, in a process group of its own; its status and all it printed."""
        process = subprocess.Popen(["bash", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   env=environment(self.repository) | (extra or {}), process_group=0)
        self._process = process
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return 124, output + f"\n(more than {limit_s:g} s)\n"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            self._process = None
        return process.returncode, output

    def interrupt(self) -> None:
        """Ends the command that runs, from another thread."""
        process = self._process
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    def judge(self, build: str, test: str, warnings_fail: bool = False) -> Outcome:
        """Builds and tests what is checked out."""
        status, output = self.command(build, BUILD_LIMIT_S)
        if status:
            return Outcome("unbuildable", f"does not build ({status})", output)
        if warnings_fail and "warning:" in output:
            return Outcome("bad", "builds with warnings", output)
        status, output = self.command(test, TEST_LIMIT_S)
        if status == 0:
            return Outcome("good", "", output)
        said = [line[len(SIGNATURE):] for line in output.splitlines() if line.startswith(SIGNATURE)]
        if status in (2, 3) and not said:
            return Outcome("unbuildable", f"could not be judged ({status})", output)
        return Outcome("bad", said[-1] if said else f"exit status {status}", output)

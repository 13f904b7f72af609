#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Finds the commit that broke a test: harness/bisect.sh GOOD BAD TEST.

`git bisect run` over one build and one test a commit, in a worktree of its own. Failures are compared by signature:
a commit that does not build, or fails otherwise than BAD does, is skipped, never blamed. The test is judged by the
harness that is asked, not by the commit's own, so that one ruler measures all of them.

Exit status: 0 the commit was found, 1 it is one of several that could not be told apart, 2 usage.
"""
from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import paths  # noqa: E402
from harness.worktree import BUILD_COMMAND, Outcome, Worktree, environment, git  # noqa: E402

GOOD, BAD, SKIP, STOP = 0, 1, 125, 128
TAIL_LINES = 40
EVERYTHING = "all fixtures guest-images harness-images test-apps"


def build_command(test: str) -> str:
    """What builds all that a test boots: Rumpk alone, or the test images and fixtures too."""
    return BUILD_COMMAND if test.startswith("boot") else f"{BUILD_COMMAND} {EVERYTHING}"


def boot_command(test: str) -> str:
    """This harness, on one test, against the build of the tree it is run in."""
    run = shlex.join([str(paths.ROOT / "harness" / "run.py"), "-k", f"={test}", "-v", "--signature"])
    return f'RUMPK_BUILD="$PWD/build" {run}'


class Bisection:
    """One search, with what each commit came to kept in a file that the steps share."""

    def __init__(self, repository: Path, state: Path) -> None:
        self.state = state
        self.data = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {"outcomes": {}}
        self.tree = Worktree(repository, state.parent / "tree")

    def save(self) -> None:
        """Writes the shared file."""
        self.state.write_text(json.dumps(self.data, indent=1), encoding="utf-8")

    def judge(self) -> Outcome:
        """Judges the tree's HEAD, once."""
        commit = git(self.tree.folder, "rev-parse", "HEAD")
        known = self.data["outcomes"].get(commit)
        if known:
            return Outcome(**known)
        outcome = self.tree.judge(self.data["build"], self.data["test"])
        self.data["outcomes"][commit] = asdict(outcome)
        self.save()
        subject = git(self.tree.folder, "log", "-1", "--format=%h %s")
        print(f"bisect: {subject}: {self.classify(outcome)[1]}", flush=True)
        return outcome

    def classify(self, outcome: Outcome) -> tuple[int, str]:
        """The status for `git bisect run`, and the words for it."""
        if outcome.kind == "good":
            return GOOD, "good"
        if outcome.kind == "unbuildable":
            return SKIP, f"skipped: {outcome.signature}"
        due = self.data.get("signature")
        if due is not None and outcome.signature != due:
            return SKIP, f"skipped: fails otherwise: {outcome.signature}"
        return BAD, f"bad: {outcome.signature}"

    def ends(self, good: str, bad: str) -> str:
        """Judges both ends; what is wrong with them, or nothing. Sets the signature that is looked for."""
        self.tree.checkout(good)
        outcome = self.judge()
        if outcome.kind != "good":
            return f"GOOD is not good: {outcome.signature}\n{tail(outcome)}"
        self.tree.checkout(bad)
        outcome = self.judge()
        if outcome.kind != "bad":
            return f"BAD is not bad, it is {outcome.kind} {outcome.signature}\n{tail(outcome)}"
        self.data["signature"] = outcome.signature
        self.save()
        return ""

    def search(self, good: str, bad: str) -> list[str]:
        """Runs `git bisect run`; the commits that may have broken it, one where it is certain."""
        git(self.tree.folder, "bisect", "start", bad, good, "--")
        step = [sys.executable, str(Path(__file__).resolve()), "--step", str(self.state), "--repository",
                str(self.tree.repository)]
        log = self.state.with_name("bisect.log")
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(["git", "bisect", "run", *step], cwd=self.tree.folder, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       env=environment(self.tree.repository))
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                if line.startswith("bisect: "):
                    print(line, end="", flush=True)
            process.wait()
        self.data = json.loads(self.state.read_text(encoding="utf-8"))
        first_bad = git(self.tree.folder, "rev-parse", "refs/bisect/bad")
        goods = git(self.tree.folder, "for-each-ref", "--format=%(objectname)", "refs/bisect/good-*").split()
        between = git(self.tree.folder, "rev-list", first_bad, "--not", *goods).split()
        return [first_bad, *(commit for commit in between if commit != first_bad)]

    def last_good(self, first_bad: str) -> str | None:
        """The newest ancestor of a commit that was judged good."""
        for commit in git(self.tree.folder, "rev-list", first_bad).split():
            if self.data["outcomes"].get(commit, {}).get("kind") == "good":
                return commit
        return None

    def report(self, suspects: list[str]) -> str:
        """The answer: the commit, its failure, and the last good run beside it."""
        def show(commit: str) -> str:
            return git(self.tree.folder, "log", "-1", "--format=%h %an %ad%n    %s", "--date=iso", commit)
        first, good = suspects[0], self.last_good(suspects[0])
        if len(suspects) == 1:
            lines = ["", f"first bad commit: {show(first)}"]
        else:
            lines = ["", f"one of {len(suspects)} commits, the others could not be judged:", *map(show, suspects)]
        lines += ["", f"== its failure: {self.data['signature']}", tail(Outcome(**self.data["outcomes"][first]))]
        if good:
            lines += ["", f"== the last good run: {show(good)}", tail(Outcome(**self.data["outcomes"][good]))]
        return "\n".join(lines)


def tail(outcome: Outcome) -> str:
    """The end of what a build or a test printed."""
    return "\n".join("    " + line for line in outcome.output.rstrip().split("\n")[-TAIL_LINES:])


def run(repository: Path, folder: Path, good: str, bad: str, build: str, test: str) -> int:
    """The whole search, in a folder of its own."""
    folder.mkdir(parents=True)
    bisection = Bisection(repository, folder / "state.json")
    bisection.data |= {"build": build, "test": test}
    bisection.save()
    bisection.tree.open(bad)
    try:
        problem = bisection.ends(good, bad)
        if problem:
            print(problem, file=sys.stderr)
            return 2
        suspects = bisection.search(good, bad)
        print(bisection.report(suspects))
        return 0 if len(suspects) == 1 else 1
    finally:
        bisection.tree.close()


def main() -> int:
    """The program, and (with --step) what `git bisect run` calls."""
    parser = argparse.ArgumentParser(prog="harness/bisect.sh", description="Finds the commit that broke a test.")
    parser.add_argument("good", nargs="?", help="a commit that passes")
    parser.add_argument("bad", nargs="?", help="a later commit that fails")
    parser.add_argument("test", nargs="?", help="a name that `harness/run.py --list` gives, such as boot_hello")
    parser.add_argument("--build", metavar="COMMAND", help=f"builds a commit ({BUILD_COMMAND})")
    parser.add_argument("--test-command", metavar="COMMAND", help="judges a commit, instead of TEST: 0 is good; a line "
                        "`signature: ...` tells one failure from another")
    parser.add_argument("--repository", type=Path, default=paths.ROOT, help=argparse.SUPPRESS)
    parser.add_argument("--step", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    repository = options.repository.resolve()
    if options.step:
        bisection = Bisection(repository, options.step)
        return bisection.classify(bisection.judge())[0]
    if not options.good or not options.bad or not (options.test or options.test_command):
        parser.error("wants GOOD BAD TEST")
    try:
        good, bad = (git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")
                     for name in (options.good, options.bad))
        git(repository, "merge-base", "--is-ancestor", good, bad)
    except subprocess.CalledProcessError as error:
        print(f"bisect: GOOD must be an ancestor of BAD: {error.stderr.strip()}", file=sys.stderr)
        return 2
    folder = repository / "build" / "bisect" / str(os.getpid())
    test = options.test or ""
    return run(repository, folder, good, bad, options.build or build_command(test),
               options.test_command or boot_command(test))


if __name__ == "__main__":
    sys.exit(main())

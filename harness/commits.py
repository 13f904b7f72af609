#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Every commit boots: ci/every-commit.sh [BASE]. The newest 20 commits, or BASE..HEAD, oldest first.

Each must build without a warning and pass the boot test, of its own harness where it has one. What has passed is kept by tree and not
judged again. A commit from before there was anything to build or boot is skipped, and says so.
"""
from __future__ import annotations

import argparse
import fcntl
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import junit, paths, report  # noqa: E402
from harness.bisection import boot_command  # noqa: E402
from harness.worktree import BUILD_COMMAND, Outcome, Worktree, git  # noqa: E402

NEWEST = 20
BOOT_TEST = "boot_hello"
OWN_HARNESS = f"harness/run.py -k ={BOOT_TEST} -v --signature"
OUTPUT_TAIL = 4000


def commits(base: str | None) -> list[str]:
    """The commits to judge, oldest first."""
    choice = [f"{base}..HEAD"] if base else [f"--max-count={NEWEST}", "HEAD"]
    return git(paths.ROOT, "rev-list", "--first-parent", *choice).split()[::-1]


def has(commit: str, path: str) -> bool:
    """Whether a commit has a file."""
    return bool(git(paths.ROOT, "ls-tree", "--name-only", commit, path))


def judge(tree: Worktree, commit: str, cache: Path) -> Outcome:
    """A commit's outcome, from the cache where its tree was judged before."""
    known = cache / f"{git(paths.ROOT, 'rev-parse', commit + '^{tree}')}.json"
    if known.exists():
        return Outcome(**json.loads(known.read_text(encoding="utf-8")))
    if not has(commit, "Makefile"):
        return Outcome("skipped", "nothing to build yet")
    bootable = has(commit, "apps/c-hello/manifest.toml")
    own = has(commit, "harness/run.py") and has(commit, f"tests/qemu/{BOOT_TEST}.py")
    test = (OWN_HARNESS if own else boot_command(BOOT_TEST)) if bootable else "true"
    tree.open(commit)
    outcome = tree.judge(BUILD_COMMAND, test, warnings_fail=True)
    outcome.output = outcome.output[-OUTPUT_TAIL:]
    if outcome.kind == "good" and not bootable:
        outcome = Outcome("skipped", "builds; nothing to boot yet")
    if outcome.kind not in ("good", "skipped"):
        return outcome  # it may have been the host's fault: judge it again next time
    part = known.with_suffix(".part")
    part.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    part.rename(known)
    return outcome


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="ci/every-commit.sh", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("base", nargs="?", help="judge BASE..HEAD instead of the newest 20")
    options = parser.parse_args()
    folder = paths.BUILD / "every-commit"
    folder.mkdir(parents=True, exist_ok=True)
    stage, begun = junit.Stage("commits"), time.monotonic()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one tree, kept for its build: a second harness waits
        tree = Worktree(paths.ROOT, folder / "tree")
        for commit in commits(options.base):
            name, since = git(paths.ROOT, "log", "-1", "--format=%h %s", commit), time.monotonic()
            outcome = judge(tree, commit, folder)
            good = outcome.kind in ("good", "skipped")
            why = f": {outcome.signature}" if outcome.signature else ""
            print(f"{'ok  ' if good else 'FAIL'} {name}{why}", flush=True)
            if not good:
                print(outcome.output)
            stage.items.append(junit.Item(name, time.monotonic() - since, "" if good else outcome.signature,
                                          skipped=outcome.signature if outcome.kind == "skipped" else "",
                                          text="" if good else outcome.output))
    stage.seconds = time.monotonic() - begun
    stage.write(paths.REPORT / "commits.xml")
    report.write()
    print("{} passed, {} failed, {} skipped".format(*stage.counts))
    return 1 if stage.counts[1] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"every-commit: {error.stderr.strip() or error}", file=sys.stderr)
        sys.exit(2)

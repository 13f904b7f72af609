#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Finds the commit that broke a test, or that made a metric worse.

    harness/bisect.sh GOOD BAD TEST
    harness/bisect.sh --perf METRIC GOOD BAD

Failures are compared by signature: a commit that does not build, or fails otherwise than BAD does, is skipped, never
blamed. One ruler measures all of them, the harness that is asked; where it says that a commit fails otherwise, the
commit's own harness is asked too, since a marker may have changed with the code. A flaky test is run as often as its
measured rate asks for, and the answer comes with the probability that it is right. Several worktrees are at work at once,
and no tree is built twice (build/bisect/cache).

Exit status: 0 the commit was found, 1 it is one of several that could not be told apart, 2 usage, or the ends are not what
they should be.
"""
from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import bisect_measure, bisect_report, paths  # noqa: E402
from harness.bisect_judge import Commands, Pool  # noqa: E402
from harness.bisect_search import Hopeless, MetricSearch, Search  # noqa: E402
from harness.worktree import BUILD_COMMAND, git  # noqa: E402

EVERYTHING = "all fixtures guest-images harness-images test-apps"
THRESHOLD = 0.03
CONFIDENCE = 0.99
RUNS_MAX = 2000


def build_command(test: str) -> str:
    """What builds all that a test boots: Rumpk alone, or the test images and fixtures too."""
    return BUILD_COMMAND if test.startswith("boot") else f"{BUILD_COMMAND} {EVERYTHING}"


def boot_command(test: str) -> str:
    """This harness, on one test, against the build of the tree it is run in, or the one that RUMPK_BUILD names."""
    run = shlex.join([str(paths.ROOT / "harness" / "run.py"), "-k", f"={test}", "-v", "--signature"])
    return f'RUMPK_BUILD="${{RUMPK_BUILD:-$PWD/build}}" {run}'


def own_command(test: str) -> str:
    """The commit's own harness on the same test: status 2, cannot judge, where it has none."""
    return f"test -x harness/run.py || exit 2; harness/run.py -k {shlex.quote('=' + test)} -v --signature"


def history(repository: Path, good: str, bad: str) -> list[str]:
    """The commits from GOOD to BAD, oldest first: along first parents where GOOD lies there, else all in between."""
    line = git(repository, "rev-list", "--first-parent", "--reverse", f"{good}..{bad}").split()
    if line and git(repository, "rev-parse", f"{line[0]}^1") == good:
        return [good, *line]
    return [good, *git(repository, "rev-list", "--topo-order", "--reverse", "--ancestry-path", f"{good}..{bad}").split()]


def branch_of(repository: Path, merge: str) -> list[str]:
    """The commits that a merge brought, from where its branch began; none where it is no merge of two."""
    parents = git(repository, "rev-list", "--parents", "-n1", merge).split()[1:]
    if len(parents) != 2:
        return []
    return history(repository, git(repository, "merge-base", *parents), parents[1])


def search_test(pool: Pool, commits: list[str], options: argparse.Namespace) -> tuple[Search, list[int], float]:
    """The search for a broken test; where a merge is to blame, in its branch too."""
    say = lambda line: print(line, flush=True)
    search = Search(pool, commits, options.confidence, options.max_runs, say)
    search.ends(options.signature)
    group, sure = search.run()
    branch = branch_of(pool.repository, commits[group[-1]]) if len(group) == 1 else []
    if len(branch) > 1:
        print("bisect: a merge: looking into its branch", flush=True)
        inner = Search(pool, branch, options.confidence, options.max_runs, say)
        try:
            inner.ends(pool.signature)
        except Hopeless:
            return search, group, sure  # the branch alone is good: the merge itself broke it
        return inner, *inner.run()
    return search, group, sure


def find(pool: Pool, commits: list[str], options: argparse.Namespace) -> int:
    """Searches, prints and writes the report."""
    if options.perf:
        metric = MetricSearch(pool, commits, options.perf, options.threshold, lambda line: print(line, flush=True))
        found = metric.run()
        text, data = bisect_report.metric(metric, found), bisect_report.metric_json(metric, found)
        certain = bool(found) and all(step.after == step.before + 1 for step in found)
    else:
        search, group, sure = search_test(pool, commits, options)
        text = bisect_report.regression(search, group, sure)
        data = bisect_report.regression_json(search, group, sure)
        certain = len(group) == 1 and sure >= options.confidence
    print("\n" + text)
    name = f"{options.perf or options.test or 'test'}-{commits[-1][:10]}"
    print(f"\nreport: {bisect_report.write(options.report, name, text, data)}")
    return 0 if certain else 1


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="harness/bisect.sh", description="Finds the commit that broke a test, or (--perf) "
                                     "the commits that made a metric worse.")
    parser.add_argument("good", help="a commit that passes")
    parser.add_argument("bad", help="a later commit that fails")
    parser.add_argument("test", nargs="?", default="", help="a name that `harness/run.py --list` gives, such as boot_hello")
    parser.add_argument("--perf", metavar="METRIC", help="a metric of harness/perf.py, such as boot.to_rubicon")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, metavar="PART",
                        help=f"the rise of a metric that counts ({THRESHOLD})")
    parser.add_argument("--confidence", type=float, default=CONFIDENCE, metavar="P", help=f"when to stop ({CONFIDENCE})")
    parser.add_argument("--signature", metavar="TEXT", help="the failure to look for, instead of BAD's first")
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="worktrees at once (2)")
    parser.add_argument("--max-runs", type=int, default=RUNS_MAX, metavar="N", help=f"give up after so many runs ({RUNS_MAX})")
    parser.add_argument("--build", metavar="COMMAND", help=f"builds a commit ({BUILD_COMMAND})")
    parser.add_argument("--test-command", metavar="COMMAND", help="judges a commit, instead of TEST: 0 is good; a line "
                        "`signature: ...` tells one failure from another, `# perf METRIC VALUE UNIT` measures")
    parser.add_argument("--own-command", metavar="COMMAND", help="judges a commit that fails otherwise by its own means")
    parser.add_argument("--repository", type=Path, default=paths.ROOT, help=argparse.SUPPRESS)
    parser.add_argument("--report", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.perf or options.test or options.test_command):
        parser.error("wants GOOD BAD TEST, or --perf METRIC GOOD BAD")
    if not 0.5 < options.confidence < 1 or options.jobs < 1 or options.threshold <= 0:
        parser.error("--confidence is between 0.5 and 1, -j and --threshold are positive")
    options.repository = options.repository.resolve()
    options.report = options.report or options.repository / "build" / "report" / "bisect"
    return options


def commands(options: argparse.Namespace) -> Commands:
    """How commits are built and judged."""
    if options.perf:
        test = shlex.join([str(paths.ROOT / "harness" / "bisect_measure.py"), options.perf])
        build = f"{BUILD_COMMAND} {bisect_measure.needs(options.perf)}"
        return Commands(options.build or build, options.test_command or test)
    own = own_command(options.test) if options.test and not options.test_command else ""
    return Commands(options.build or build_command(options.test), options.test_command or boot_command(options.test),
                    options.own_command or own)


def main() -> int:
    """The program."""
    options = arguments()
    repository = options.repository
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        good, bad = (git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")
                     for name in (options.good, options.bad))
        git(repository, "merge-base", "--is-ancestor", good, bad)
        commits = history(repository, good, bad)
    except subprocess.CalledProcessError as error:
        print(f"bisect: GOOD must be an ancestor of BAD: {error.stderr.strip()}", file=sys.stderr)
        return 2
    if len(commits) < 2:
        print("bisect: GOOD and BAD are the same commit", file=sys.stderr)
        return 2
    folder = repository / "build" / "bisect"
    work = folder / str(os.getpid())
    pool = Pool(repository, work, commands(options), folder / "cache", options.jobs)
    try:
        pool.open(bad)
        return find(pool, commits, options)
    except Hopeless as error:
        print(f"bisect: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bisect: interrupted", file=sys.stderr)
        return 2
    finally:
        pool.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

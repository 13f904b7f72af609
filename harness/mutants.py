#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Whether the tests would notice: single lines of the kernel are changed, one at a time, and each should be caught.

    harness/mutants.py [--part I/N] [--only NAME] [--limit N] [-j 1|2] [--patience S] [--survivors] [--fresh] [--list] [--every]

A mutant is built in a copy of the tree (build/mutants/), tested by the unit programs that cover its file and then by the
quick QEMU tests, and is killed (by a named test), survived, stillborn (does not compile) or equivalent (the same machine
code, or a reason in tests/mutants/*.toml). Results are kept: a run that was stopped goes on where it was, one with --fresh
too, and then judges those again whose file has changed since. Left behind: build/report/mutants.json.

Exit status: 0 at least 90 % of those judged are killed, 1 not so, 2 usage, or the unmutated tree fails its tests.
"""
from __future__ import annotations

import argparse
import fcntl
import fnmatch
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Iterator

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import junit, paths  # noqa: E402
from harness.machine import DIE_WITH_PARENT  # noqa: E402
from harness.mutant_catalogue import catalogue  # noqa: E402
from harness.mutant_operators import Mutant  # noqa: E402
from harness.mutant_tree import Tree, Unbuildable  # noqa: E402

FOLDER = paths.BUILD / "mutants"
RESULTS = FOLDER / "results.jsonl"
FRESH = FOLDER / "fresh"
SNAPSHOT = FOLDER / "snapshot"
PUBLISHED = paths.REPORT / "mutants.json"
DUE = 0.90
JOBS_MAX = 2


def key(mutant: Mutant) -> str:
    """What a result belongs to: the change."""
    return hashlib.sha256(f"{mutant.name}\0{mutant.before}\0{mutant.after}".encode()).hexdigest()[:20]


def digest(mutant: Mutant) -> str:
    """The file that the change was made in: where it is another one by now, the result is older."""
    path = SNAPSHOT / mutant.file
    return hashlib.sha256(path.read_bytes()).hexdigest()[:20] if path.exists() else ""


def known_results(path: Path = RESULTS) -> dict[str, dict[str, str]]:
    """What earlier runs found, by key; later lines replace earlier ones."""
    if not path.exists():
        return {}
    rows = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue  # the last line of a run that was killed
    return {row["key"]: row for row in rows}


def fresh_since(again: bool) -> float:
    """When everything was last asked to be judged again (`again`: it is now): what was found before is to be judged, in this run or
    in those that go on with it."""
    if again:
        FRESH.touch()
        os.utime(FRESH)
    return FRESH.stat().st_mtime if FRESH.exists() else 0.0


class Worker:
    """A copy of the tree and the process that judges mutants in it, each by boots of `limit_s` of CPU time (0: by all)."""

    def __init__(self, number: int, limit_s: float = 0.0) -> None:
        self.limit_s = limit_s
        self.tree = Tree(SNAPSHOT, paths.BUILD, FOLDER / f"tree-{number}")
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Brings the copy up to date and tests it unmutated; what is wrong, or nothing."""
        self.tree.sync()
        try:
            self.tree.prepare()
        except Unbuildable as error:
            return f"the tree does not build:\n{error}"
        log = (self.tree.folder / "build" / "worker.log").open("w")
        command = ["nice", "-n", "10", *DIE_WITH_PARENT, sys.executable, str(self.tree.folder / "harness" / "mutant_worker.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        cwd=self.tree.folder, process_group=0)
        assert self.process.stdin
        kills = [(row["name"].partition(":")[0], by.replace("unit/", "build/tests/unit/")) for row in known_results().values()
                 if (by := row.get("by", "")) and row["outcome"] == "killed"]
        self.process.stdin.write(json.dumps({"kills": kills, "limit_s": self.limit_s}) + "\n")
        self.process.stdin.flush()
        return str(self._answer()["problem"])

    def _answer(self) -> dict[str, str]:
        assert self.process and self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker died: {self.tree.folder}/build/worker.log")
        return json.loads(line)

    def judge(self, mutant: Mutant) -> dict[str, str]:
        """A mutant's outcome."""
        assert self.process and self.process.stdin
        self.process.stdin.write(json.dumps(asdict(mutant)) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        """Ends the process; its machines die with it."""
        if self.process:
            self.process.kill()
            self.process.wait()


class Session:
    """One run over some mutants by several workers."""

    def __init__(self, mutants: list[Mutant]) -> None:
        self.total = len(mutants)
        self.waiting: Iterator[Mutant] = iter(mutants)
        self.lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.problem = ""
        self.begun = time.monotonic()

    def next(self) -> Mutant | None:
        """The next mutant, of whichever worker asks."""
        with self.lock:
            return None if self.problem else next(self.waiting, None)

    def work(self, worker: Worker) -> None:
        """A worker's thread."""
        try:
            problem = worker.start()
            if problem:
                raise RuntimeError(f"the unmutated tree fails: {problem}")
            while mutant := self.next():
                self.note(mutant, worker.judge(mutant))
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = self.problem or str(error)

    def note(self, mutant: Mutant, result: dict[str, str]) -> None:
        """Keeps and shows a result."""
        with self.lock:
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result | {"key": key(mutant), "digest": digest(mutant), "when": f"{time.time():.0f}"}) + "\n")
            self.counts[result["outcome"]] += 1
            done = sum(self.counts.values())
            left_s = (time.monotonic() - self.begun) / done * (self.total - done)
            by = f" by {result['by']}" if result.get("by") else ""
            print(f"[{done}/{self.total}, {left_s:.0f} s left] {result['outcome']}{by}: {mutant.name}", flush=True)
            if result["outcome"] == "survived":
                print(f"    - {mutant.before.strip()}\n    + {mutant.after.strip()}", flush=True)


def rows(mutants: list[Mutant], known: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """A row a mutant for the report: what was found since everything was last asked to be judged again."""
    out, begun = [], fresh_since(False)
    known = {name: result for name, result in known.items() if float(result.get("when", 0)) >= begun}
    for mutant in mutants:
        result = known.get(key(mutant), {"outcome": "not run"})
        outcome, how = result["outcome"], result.get("how", "")
        if mutant.reason and outcome != "killed":
            outcome, how = "equivalent", mutant.reason
        out.append({"name": mutant.name, "file": mutant.file, "line": str(mutant.line + 1), "before": mutant.before.strip(),
                    "after": mutant.after.strip(), "outcome": outcome, "by": result.get("by", ""), "how": how,
                    "older": "" if result.get("digest", "") in ("", digest(mutant)) else "its file changed since"})
    return out


def publish(mutants: list[Mutant], stale: list[str]) -> tuple[Counter[str], float]:
    """Writes the report's part; the counts, and the part of those judged that was killed."""
    table = rows(mutants, known_results())
    counts = Counter(row["outcome"] for row in table)
    judged = counts["killed"] + counts["survived"]
    rate = counts["killed"] / judged if judged else 0.0
    page = {"counts": counts, "killed_of_judged": round(rate, 4), "due": DUE, "stale": stale, "rows": table}
    junit.replace_file(PUBLISHED, (json.dumps(page, indent=1) + "\n").encode())
    return counts, rate


def choose(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """The mutants that are asked for and not known yet."""
    if options.only:
        mutants = [mutant for mutant in mutants for text in options.only
                   if text in mutant.name or fnmatch.fnmatchcase(mutant.name, text)]
    if options.part:
        part, parts = (int(number) for number in options.part.split("/"))
        mutants = mutants[part - 1::parts]
    known, begun = known_results(), fresh_since(options.fresh)

    def when(mutant: Mutant) -> float:
        return float(known.get(key(mutant), {}).get("when", 0))

    def old(mutant: Mutant) -> bool:
        return known[key(mutant)].get("digest") != digest(mutant) or when(mutant) < begun
    mutants = [mutant for mutant in mutants if not mutant.reason]
    first = [mutant for mutant in mutants if options.survivors and known.get(key(mutant), {}).get("outcome") == "survived"]
    first.sort(key=when)  # so that a run that is stopped goes on where it was
    due = [mutant for mutant in mutants if mutant not in first and (options.only or key(mutant) not in known or old(mutant)
                                                                    or known[key(mutant)]["outcome"] in ("unjudged", "broken"))]
    return (first + due)[:options.limit]  # in the catalogue's order, which is random: what a stopped run has judged is a fair sample


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="harness/mutants.py", description="Changes single lines of the kernel and counts "
                                     "how many of the changes the tests notice.")
    parser.add_argument("--part", metavar="I/N", help="only the I-th of N parts")
    parser.add_argument("--only", action="append", metavar="NAME", help="only mutants with NAME in their name (wildcards too)")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N that are not known yet")
    parser.add_argument("-j", dest="jobs", type=int, choices=range(1, JOBS_MAX + 1), default=JOBS_MAX, help="copies at work (2)")
    parser.add_argument("--survivors", action="store_true", help="first judge again what survived, by the tests of now, the oldest first")
    parser.add_argument("--fresh", action="store_true",
                        help="judge everything again; without it the next run goes on with that")
    parser.add_argument("--patience", type=float, default=0.0, metavar="S",
                        help="a mutant that S seconds of CPU time of boots did not kill has survived for now; --survivors without it tells")
    parser.add_argument("--every", action="store_true", help="all mutants that the operators can make, not the sample")
    parser.add_argument("--list", action="store_true", help="print the catalogue with what is known, and leave")
    options = parser.parse_args()
    if options.part:
        part, slash, parts = options.part.partition("/")
        if not (slash and part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
            parser.error("--part wants I/N, such as 1/4")
    return options


def show(mutants: list[Mutant]) -> None:
    """The catalogue."""
    for row in rows(mutants, known_results()):
        print(f"{row['outcome']:10} {row['name']} (line {row['line']})\n    - {row['before']}\n    + {row['after']}"
              + (f"\n    {row['by']} {row['how']}".rstrip() if row["how"] or row["by"] else ""))


def main() -> int:
    """The program."""
    options = arguments()
    if options.list:
        show(catalogue(paths.ROOT, options.every)[0])
        return 0
    SNAPSHOT.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("mutants: waiting for another run in this tree", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        Tree(paths.ROOT, paths.BUILD, SNAPSHOT).copy_sources()  # what is edited meanwhile waits for the next run
        return judge_all(options)


def judge_all(options: argparse.Namespace) -> int:
    """A run over the snapshot."""
    mutants, stale = catalogue(SNAPSHOT, options.every)
    for line in stale:
        print(f"mutants: stale: {line}", file=sys.stderr)
    chosen = choose(mutants, options)
    print(f"mutants: {len(mutants)} in the catalogue, {len(chosen)} to judge"
          + (": first the copies are built and tested as they are" if chosen else ""), flush=True)
    session = Session(chosen)
    workers = [Worker(number, options.patience) for number in range(min(options.jobs, len(chosen)))]
    threads = [threading.Thread(target=session.work, args=(worker,), daemon=True) for worker in workers]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        session.problem = "interrupted; call it again to go on"
    finally:
        for worker in workers:
            worker.stop()
    counts, rate = publish(mutants, stale)
    print("mutants: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())))
    print(f"mutants: {rate:.1%} of those judged are killed (due: {DUE:.0%}); {PUBLISHED}")
    if session.problem:
        print(f"mutants: {session.problem}", file=sys.stderr)
        return 2
    return 0 if rate >= DUE else 1


if __name__ == "__main__":
    sys.exit(main())

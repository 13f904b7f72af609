#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Performance: harness/perf.py [--update] [--boots N] [-j JOBS].

Instruction counts (unit `instructions`) come from guest benchmarks under -icount, are the same in every run, and are
held to tests/perf/baseline.json: more than 2 % above it fails. So is what a request costs the guest (harness/request_cost.py), and what the kernel's services
cost a Linux program (harness/linux_costs.py). What the governor's choice costs in the guest, in percent of
always War or always Peace, whichever is better, is held to a ceiling for each pattern of arrivals. Boot time is measured
beside the floor image, turn by turn, and the ratio of the pairs is judged (harness/boot_ratio.py); so is the CPU time of a boot test beside that of
one of the floor image (harness/boots.py). Rates depend on the host: shown, not judged.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from harness import boot_ratio, boots, junit, linux_costs, markers, paths, report, request_cost, result, steps, suite  # noqa: E402
from harness.runner import run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

BASELINE = paths.ROOT / "tests" / "perf" / "baseline.json"
HISTORY_OF_COMMITS = paths.ROOT / "tests" / "perf" / "history.jsonl"
REGRESSION = 0.02
#: What waits for an interrupt is the same in every run of an image, but not in another image: QEMU's counter moves on by whole translated
#: blocks, and where they end shifts with code that is never executed. By 3 to 10 % with none of what is executed changed.
WAITING = ("timer_fire", "message_round_trip", "remote_wake", "governor_wake")
WAITING_REGRESSION = 0.12
#: Instructions that an operation may take, whatever it took before.
CEILINGS = {"fiber_switch": 40, "null_cap_enter": 150, "submission_peace": 500, "ring_1p1c_1": 25, "ring_1p1c_64": 4,
            "linux.null_call": 150, "blog.request_mmio": 25_000, "blog.request_pci": 25_000}
#: Percent of the better of War and Peace that the governor's choice may cost, in any pattern.
GOVERNOR_CEILING = 110
EXACT_UNITS = ("instructions", "blocks", "percent")
BOOT_RATIO_LIMIT = 1.3
IMAGE_LIMIT_BYTES = 768 * 1024
BOOT_PAIRS = 60
#: CPU time of a boot test of c-hello, as times that of one of the image that does nothing: where two CPUs do 2,400 of those a minute, they do
#: 1,000 of c-hello. It is 2.0 on a calm host and was 2.28 on one that others kept busy; what it hides, boot.blocks_hello counts.
BOOTS_COST = 2.4
HISTORY = paths.BUILD / "history" / "perf.jsonl"
FLOOR = paths.BUILD / "tests" / "floor.img"
GUEST = paths.BUILD / "tests" / "guest.img"
HOST_BENCHES = paths.BUILD / "tests" / "perf"


@dataclass
class Row:
    """One number. `limit` in words, empty where it is only shown."""

    metric: str
    value: float
    unit: str
    limit: str = ""
    good: bool = True
    detail: str = ""


def boot_rows(pairs: int) -> list[Row]:
    """Boot to the Rubicon beside the floor; it fails where the whole interval of the ratio lies above the limit."""
    timed = boot_ratio.time_boots(suite.product(image=FLOOR), suite.product(), pairs, BOOT_RATIO_LIMIT)
    within = f"{timed.low:.3f} to {timed.high:.3f} with 99 % confidence, {timed.pairs} pairs"
    return [Row("boot.floor", timed.floor_ms, "ms"), Row("boot.rubicon", timed.product_ms, "ms"),
            Row("boot.ratio", timed.ratio, "x floor", f"<= {BOOT_RATIO_LIMIT}", timed.low <= BOOT_RATIO_LIMIT, within)]


def image_rows() -> list[Row]:
    """The image's size."""
    size = suite.PRODUCT.stat().st_size
    return [Row("image.bytes", size, "bytes", f"<= {IMAGE_LIMIT_BYTES}", size <= IMAGE_LIMIT_BYTES)]


def bench_case(test: str = "bench") -> suite.Case:
    """The guest's benchmarks: `bench` exactly, `rates` by the clock."""
    exact = {"icount": True, "seed": 1} if test == "bench" else {}
    return suite.Case(test, suite.product(None, GUEST, append=f"test={test} io=peace", smp=2, **exact), Expectation(ktap=True))


def guest_measures(test: str = "bench") -> list[result.Measure]:
    """What the guest's benchmarks measure: `bench` in instructions, `rates` in operations a second."""
    run = run_case(bench_case(test))
    if not run.verdict.good or run.results is None:
        raise RuntimeError(f"{run.verdict}; see {run.folder}")
    return run.results.measures


def steps_rows(baseline: dict[str, float]) -> list[Row]:
    """Instructions from the entry to the Rubicon, blocks that QEMU translates for them, and those of the whole of c-hello."""
    return [judge(measure, baseline) for measure in steps_measures()]


def steps_measures() -> list[result.Measure]:
    """The same as measurements."""
    return [result.Measure("boot.to_rubicon", steps.to_rubicon().total, "instructions"),
            result.Measure("boot.blocks", steps.blocks_to_rubicon().total, "blocks"),
            result.Measure("boot.blocks_hello", steps.blocks_of_hello().total, "blocks")]


def guest_rows(baseline: dict[str, float]) -> list[Row]:
    """The guest's numbers beside their baseline, and whether a second run has exactly the same counts."""
    first, second = exact_counts(guest_measures()), exact_counts(measures := guest_measures())
    moved = [name for name in first if first[name] != second.get(name)]
    same = Row("bench.differing", len(moved), "metrics of two runs", "0", not moved, ", ".join(moved))
    rates = [judge(measure, {}) for measure in guest_measures("rates")]
    missed = [name for name in baseline if name not in first and "." not in name]
    whole = Row("bench.missed", len(missed), "metrics of the baseline", "0", not missed, ", ".join(missed))
    return [*(judge(measure, baseline) for measure in measures), same, whole, *rates]


def exact_counts(measures: list[result.Measure]) -> dict[str, float]:
    """The measurements that are the same in every run."""
    return {measure.metric: measure.value for measure in measures if measure.unit.startswith(EXACT_UNITS)}


def host_measures() -> list[result.Measure]:
    """What the benchmark programs of the host print, in the guest's form."""
    found = []
    for program in sorted(path for path in HOST_BENCHES.glob("**/*") if path.is_file() and os.access(path, os.X_OK)):
        output = subprocess.run([program], capture_output=True, text=True, timeout=120, check=True).stdout
        found += [result.Measure(hit[1], float(hit[2]), hit[3])
                  for hit in map(result.PERF.fullmatch, output.splitlines()) if hit]
    return found


def judge(measure: result.Measure, baseline: dict[str, float]) -> Row:
    """A measurement beside its baseline or its ceiling; only what is counted is exact enough to be judged."""
    row = Row(measure.metric, measure.value, measure.unit)
    if measure.unit == "percent":
        return replace(row, limit=f"<= {GOVERNOR_CEILING}", good=measure.value <= GOVERNOR_CEILING)
    if not measure.unit.startswith(("instructions", "blocks")):
        return row
    base = baseline.get(measure.metric)
    if base is None:
        return replace(row, limit="has a baseline", good=False, detail="no baseline yet: harness/perf.py --update")
    allowed = WAITING_REGRESSION if measure.metric.startswith(WAITING) else REGRESSION
    limit = min(base * (1 + allowed), CEILINGS.get(measure.metric, float("inf")))
    change = measure.value / base - 1 if base else 0.0
    return replace(row, limit=f"<= {limit:.6g}", good=measure.value <= limit, detail=f"{change:+.2%} of the baseline")


def boots_rows(total: int, jobs: int) -> list[Row]:
    """Boots in a row by the host's clock, none different; and what a boot test costs beside one of the trivial image.

    That is what is judged, of CPU time: how many a minute there are is as much the host's as the kernel's, and is shown beside what the trivial
    image does there.
    """
    done, trivial = boots.boot_many(total, jobs, FLOOR)
    cost, failed = done.costs_of(trivial), [*done.failed, *trivial.failed]
    return [Row("boots.different", done.different, f"of {total} boots", "0", not done.different, done.explain()),
            Row("boots.trivial_failed", len(trivial.failed), f"of {trivial.total} boots", "0", not trivial.failed, trivial.explain()),
            Row("boots.rate", done.per_minute, "boots/minute"),
            Row("boots.rate_by_cpu_time", done.by_cpu_time(), "boots/minute"),
            Row("boots.rate_trivial", trivial.per_minute, "boots/minute"),
            Row("boots.rate_trivial_by_cpu_time", trivial.by_cpu_time(), "boots/minute"),
            Row("boots.cost", cost, "x trivial", f"<= {BOOTS_COST}", not failed and cost <= BOOTS_COST)]


def update(measures: list[result.Measure]) -> None:
    """Writes the exact measurements as the new baseline, and into the history that is kept with the commits."""
    exact = exact_counts(measures)
    BASELINE.write_text(json.dumps(exact, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    with HISTORY_OF_COMMITS.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"commit": commit_name(), "metrics": exact}, sort_keys=True) + "\n")
    print(f"{BASELINE}: {len(exact)} metrics; {HISTORY_OF_COMMITS}: a line more")


def commit_name() -> str:
    """What is measured."""
    return subprocess.run(["git", "-C", str(paths.ROOT), "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False).stdout.strip()


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/perf.py", description="Measures and judges performance.")
    parser.add_argument("--update", action="store_true", help="make the guest's counts the new baseline")
    parser.add_argument("--boots", type=int, default=1000, metavar="N", help="boots in a row (1000; 0 leaves them out)")
    parser.add_argument("--pairs", type=int, default=BOOT_PAIRS, metavar="N", help="boots timed of each image")
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="boots at once (2)")
    options = parser.parse_args()
    if options.update:
        try:
            update([*steps_measures(), *guest_measures(), *linux_costs.measures(), *request_cost.measures()])
        except (RuntimeError, OSError) as error:
            print(f"perf: {error}", file=sys.stderr)
            return 1
        return 0
    begun = time.monotonic()
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    parts = {"image": image_rows, "boot": lambda: boot_rows(options.pairs),
             "steps": lambda: steps_rows(baseline), "guest": lambda: guest_rows(baseline),
             "linux": lambda: [judge(measure, baseline) for measure in linux_costs.measures()],
             "request": lambda: [judge(measure, baseline) for measure in request_cost.measures()],
             "host": lambda: [judge(measure, {}) for measure in host_measures()],
             "boots": lambda: boots_rows(options.boots, options.jobs) if options.boots else []}
    rows: list[Row] = []
    for name, part in parts.items():
        print(f"perf: {name}", flush=True)
        try:
            rows += part()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            rows.append(Row(name, 0, "", "can be measured", False, str(error)))
    return finish(rows, time.monotonic() - begun)


def remember(rows: list[Row]) -> None:
    """Adds the numbers to the history of this machine, for the report's plots."""
    row = {"when": int(time.time()), "commit": commit_name(), "metrics": {row.metric: row.value for row in rows}}
    HISTORY.parent.mkdir(parents=True, exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def finish(rows: list[Row], seconds: float) -> int:
    """Prints the table and writes the report's files."""
    stage = junit.Stage("perf", seconds=seconds)
    for row in rows:
        mark = "    " if row.good else "FAIL"
        if row.metric.startswith("governor_") and not row.limit:
            continue  # a page of them: in perf.json and the report
        print(f"{mark} {row.metric:32} {row.value:14,.6g} {row.unit:20} {row.limit:16} {row.detail}")
        if row.limit:
            failure = "" if row.good else f"{row.value:g} {row.unit}, limit {row.limit}"
            stage.items.append(junit.Item(row.metric, 0.0, failure, "SLOWER", text=row.detail))
    numbers = json.dumps({"rows": [asdict(row) for row in rows]}, indent=1) + "\n"
    junit.replace_file(paths.REPORT / "perf.json", numbers.encode())
    remember(rows)
    stage.write(paths.REPORT / "perf.xml")
    report.write()
    print("{} passed, {} failed, {} skipped".format(*stage.counts), f"in {seconds:.1f} s")
    return 1 if stage.counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())

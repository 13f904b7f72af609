#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Which lines of the kernel any test reaches: harness/cover.py [--limit PERCENT] [-j N] [--go-on] [-v].

Runs the unit tests that are built for gcov (build/cover), then QEMU tests with a plugin that counts instructions
(harness/counting.py), of those that do the same on several machines two. Writes build/report/coverage.html and
coverage.json. What cannot be reached on purpose is listed with its reason in tests/coverage.toml; it still counts as not
reached. Ends with 1 where less than PERCENT of the lines of kernel/ and lib/ are reached; tests that fail are named, and
are for their own stage to judge.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path[:] = [str(Path(__file__).resolve().parent.parent),
               *(entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent)]

from harness import counting, cover_page, junit, paths, suite  # noqa: E402
from harness.counting import FOLDER, Image, kernel  # noqa: E402
from harness.cover_lines import Lines, guest_lines, host_lines, line_table, merge  # noqa: E402
from harness.machine import kill_all  # noqa: E402
from harness.runner import run_case  # noqa: E402

IMAGES = FOLDER / "images"
#: The layers that are measured; of these, what must be reached.
LAYERS = ("lib", "kernel", "hal")
HELD = ("lib", "kernel")
LIMIT = 90.0
PROGRAM_LIMIT_S = 600
#: What the plugin costs at most.
SLOWER = 4


def run_programs(jobs: int) -> list[str]:
    """Runs every unit test program; the names of those that failed."""
    for old in FOLDER.rglob("*.gcda"):
        old.unlink()
    programs = sorted(path for path in (FOLDER / "tests").rglob("*_test") if os.access(path, os.X_OK))

    def run(program: Path) -> str:
        done = subprocess.run([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PROGRAM_LIMIT_S,
                              cwd=paths.ROOT, check=False)
        return f"{program.relative_to(FOLDER)}: exit status {done.returncode}" if done.returncode else ""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return [failure for failure in pool.map(run, programs) if failure] or ([] if programs else ["no unit programs"])


def slowed(case: suite.Case, image: Image) -> suite.Case:
    """The case with the plugin, which takes its time; why it fails is for the run without it to say."""
    budget = replace(case.budget, cpu_s=SLOWER * case.budget.cpu_s, wall_s=SLOWER * case.budget.wall_s)
    path = kernel(case.machine)
    extra = tuple(word.replace(str(path), str(IMAGES / path.name)) for word in case.machine.extra)
    booted = IMAGES / path.name if Path(case.machine.image) == path else case.machine.image
    machine = replace(case.machine, image=booted, extra=extra)
    return image.count(replace(case, machine=machine, budget=budget, autopsy=False))


def own(image: Path) -> Path:
    """A copy of an image and its ELF: what is counted must not be built anew meanwhile."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for file in (image, image.with_name(image.name.replace("-release", "")).with_suffix(".elf")):
        if file.is_file():
            shutil.copy2(file, IMAGES / file.name)
    return IMAGES / image.name


def run_machines(jobs: int, go_on: bool) -> tuple[list[str], list[Image]]:
    """Runs QEMU tests with the plugin, and those that were counted when they were judged not again (`go_on`); the names of those that
    failed, and the images that ran."""
    found = suite.find()
    done, kept = counting.counted({kernel(case.machine) for case in found}) if go_on else (set(), set())
    images: dict[Path, Image | None] = {}
    cases = []
    for case in found:
        path = kernel(case.machine)
        if path not in images:
            images[path] = Image.beside(own(path))
        image = images[path]
        if image and case.name not in done:
            cases.append(slowed(case, image))
    cases = counting.kinds(cases)
    counters = [image for image in images.values() if image]
    for counts in {image.counts for image in counters} - {image.counts for path, image in images.items() if image and path.name in kept}:
        counts.unlink(missing_ok=True)
    failures = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            for number, run in enumerate(pool.map(run_case, cases), 1):
                if not run.as_due:
                    failures.append(f"{run.case.name}: {run.verdict}")
                if number % 50 == 0:
                    print(f"cover: {number} of {len(cases)} machines", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_all()
            raise
    return failures, counters


def measured(lines: Lines) -> Lines:
    """Only the layers that are measured."""
    return {file: counts for file, counts in lines.items() if file.split("/", 1)[0] in LAYERS}


def lines_of(images: list[Image]) -> tuple[Lines, Lines]:
    """What the unit tests reached, and what the machines reached."""
    guest = []
    for image in {image.elf: image for image in images}.values():
        guest.append(guest_lines(line_table(image.elf), image.counts.read_bytes() if image.counts.exists() else b"", image.base))
    host = measured(host_lines(FOLDER, paths.ROOT))
    return host, agree(host, measured(merge(guest)))


def agree(host: Lines, guest: Lines) -> Lines:
    """The guest's lines, without those that gcov, where it knows the file, says have no code: a line table also has the
    braces and declarations around what the optimiser moved."""
    return {file: {line: count for line, count in counts.items() if file not in host or line in host[file]}
            for file, counts in guest.items()}


def write(host: Lines, guest: Lines, failures: list[str]) -> dict[str, tuple[int, int]]:
    """Writes the page and the numbers; reached and all lines of each layer."""
    both = merge([host, guest])
    layers = {layer: (0, 0) for layer in LAYERS}
    files: dict[str, object] = {}
    for file, counts in sorted(both.items()):
        reached = sum(count > 0 for count in counts.values())
        layer = file.split("/", 1)[0]
        layers[layer] = (layers[layer][0] + reached, layers[layer][1] + len(counts))
        files[file] = {"reached": reached, "lines": len(counts),
                       "missed": sorted(line for line, count in counts.items() if not count)}
    paths.REPORT.mkdir(parents=True, exist_ok=True)
    numbers = {"layers": {name: {"reached": hit, "lines": all_} for name, (hit, all_) in layers.items()},
               "held": HELD, "percent": percent(layers, HELD), "failures": failures, "files": files}
    junit.replace_file(paths.REPORT / "coverage.json", (json.dumps(numbers, indent=1) + "\n").encode())
    page = cover_page.page(host, guest, layers, percent(layers, HELD), cover_page.excused(paths.ROOT))
    junit.replace_file(paths.REPORT / "coverage.html", page.encode())
    return layers


def percent(layers: dict[str, tuple[int, int]], names: tuple[str, ...]) -> float:
    """Reached lines of some layers, of a hundred."""
    reached, lines = (sum(layers[name][part] for name in names) for part in (0, 1))
    return 100.0 * reached / lines if lines else 0.0


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="harness/cover.py", description="Which lines any test reaches.")
    parser.add_argument("--limit", type=float, default=LIMIT, metavar="PERCENT",
                        help=f"of the lines of {' and '.join(HELD)} (%(default)s)")
    parser.add_argument("-j", dest="jobs", type=int, default=2, metavar="N", help="so many at once (2)")
    parser.add_argument("--go-on", action="store_true", help="from what harness/run.py --count has counted of the same images")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the lines that are not reached")
    options = parser.parse_args()
    begun = time.monotonic()
    failures = run_programs(options.jobs)
    failed, images = run_machines(options.jobs, options.go_on)
    failures += failed
    host, guest = lines_of(images)
    layers = write(host, guest, failures)
    for failure in failures:
        print(f"cover: failed: {failure}")
    if options.verbose:
        print(cover_page.missed_text(merge([host, guest]), cover_page.excused(paths.ROOT)))
    for name, (reached, lines) in layers.items():
        print(f"{name}/: {reached} of {lines} lines, {percent(layers, (name,)):.1f} %")
    print(f"{' and '.join(HELD)}: {percent(layers, HELD):.1f} %, at least {options.limit:g} % are due; "
          f"{paths.REPORT / 'coverage.html'} in {time.monotonic() - begun:.1f} s")
    return 1 if percent(layers, HELD) < options.limit else 0


if __name__ == "__main__":
    sys.exit(main())

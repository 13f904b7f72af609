#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Builds the Open POSIX Test Suite for the guest: every test a static program, under build/conformance/posix/bin.

A test is named by its interface and number, `fork.3-1`; those that the suite calls speculative `mlock.speculative.12-1`. One that does not
build (Linux's own result says the same: it asks for what musl does not have) is listed in build/conformance/posix/unbuilt.txt.
"""
from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "build/deps/posixtestsuite"
OUTPUT = ROOT / "build/conformance/posix"
COMPILER = ROOT / "tools/bin/aarch64-rumpk-gcc"
#: As the suite's own Makefile, with a header that some tests forget; small files, so that all of them fit into memory.
FLAGS = ("-std=gnu99", "-O2", "-w", "-s", "-D_POSIX_C_SOURCE=200112L", "-D_XOPEN_SOURCE=600", "-I" + str(SOURCES / "include"),
         "-include", "fcntl.h", "-z", "max-page-size=4096", "-z", "noseparate-code")
JOBS = 2


def name_of(source: Path) -> str:
    """The test's name."""
    return ".".join(source.relative_to(SOURCES / "conformance/interfaces").with_suffix("").parts)


def sources() -> list[Path]:
    return sorted((SOURCES / "conformance/interfaces").rglob("[0-9]*-*.c"))


def _fingerprint() -> str:
    """Of everything that decides what the programs are."""
    parts = [COMPILER, ROOT / "tools/bin/musl.specs", ROOT / "tools/toolchains/musl.lock", ROOT / "tests/conformance/sources.lock", Path(__file__)]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def _compile(source: Path) -> str:
    """Empty, or the first line that says why it does not build."""
    done = subprocess.run([COMPILER, *FLAGS, "-I" + str(source.parent), "-o", OUTPUT / "bin" / name_of(source), source, "-lpthread", "-lrt", "-lm"],
                          capture_output=True, text=True, check=False)
    errors = [line for line in done.stderr.splitlines() if "error" in line or "undefined" in line]
    return "" if done.returncode == 0 else (errors or ["?"])[0].replace(str(SOURCES) + "/", "")


def build() -> Path:
    """The folder of the programs; built where they are not, or not by these compilers."""
    everything = sources()
    if not everything:
        sys.exit(f"posix: no tests in {SOURCES.relative_to(ROOT)}: make conformance fetches them")
    stamp = OUTPUT / "stamp"
    if stamp.exists() and stamp.read_text() == _fingerprint():
        return OUTPUT / "bin"
    shutil.rmtree(OUTPUT, ignore_errors=True)
    (OUTPUT / "bin").mkdir(parents=True)
    with ThreadPoolExecutor(JOBS) as pool:
        reasons = list(pool.map(_compile, everything))
    unbuilt = [f"{name_of(source)}: {reason}\n" for source, reason in zip(everything, reasons) if reason]
    (OUTPUT / "unbuilt.txt").write_text("".join(unbuilt))
    stamp.write_text(_fingerprint())
    print(f"posix: {len(everything) - len(unbuilt)} of {len(everything)} tests built")
    return OUTPUT / "bin"


if __name__ == "__main__":
    build()
    sys.exit(0)

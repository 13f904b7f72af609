# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""sqlite3's smaller suites, of Debian's source package, compiled here and run in a guest (workloads/sqlite-suite.toml).

threadtest3: threads and one database. mptest: processes and one database, some of which end in the middle of a transaction, in each journal mode that
the package's Makefile names, in /tmp and in the shared folder. fuzzcheck: statements and damaged databases that were once found by fuzzing.
"""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from suites_run import KEY, LIMIT_S, ROOT, RUMPK, WORK, Results, copied, run

BUNDLE, WORKLOAD = ROOT / "build/recipes/sqlite-suite.rpk", ROOT / "tests/conformance/workloads/sqlite-suite.toml"
PROGRAMS = ("threadtest3", "mptester", "fuzzcheck")
#: All but stress2, a minute long, and walthread5, which wants more room in /tmp than there is.
THREADS = ("walthread1", "walthread2", "walthread3", "walthread4", "cgt_pager_1", "dynamic_triggers", "checkpoint_starvation_1",
           "checkpoint_starvation_2", "create_drop_index_1", "lookaside1", "vacuum1", "stress1", "shared1")
PROCESSES = (("crash01", "DELETE"), ("multiwrite01", "WAL"), ("crash01", "WAL"), ("multiwrite01", "PERSIST"), ("crash01", "PERSIST"),
             ("multiwrite01", "TRUNCATE"), ("crash01", "TRUNCATE"), ("multiwrite01", "DELETE"))
#: Of these those that are run in the shared folder, too.
SHARED = (("multiwrite01", "DELETE"), ("multiwrite01", "WAL"), ("crash01", "WAL"))
FUZZ_DATA = ("fuzzdata4.db", "fuzzdata6.db")


def read_cases(said: str) -> Results:
    """Of lines as `case: threadtest3 shared1`, and at its end `status: 0`; one without an end has not ended."""
    found: Results = {}
    for name, inside in re.findall(r"^case: (.+)\n((?:(?!case: ).*\n?)*)", said, re.M):
        status = re.search(r"^status: (\d+)$", inside, re.M)
        found[name] = "does not end" if status is None else "pass" if status[1] == "0" else f"status {status[1]}"
    return found


def scripts() -> dict[str, str]:
    """What the shell of each guest runs. The databases of one folder follow one another in one file, as in the Makefile."""
    told = 'told() { echo "case: $1"; shift; "$@" 2>&1; status=$?; echo; echo "status: $status"; }\n'
    threads = ["mkdir -p /tmp/threads && cd /tmp/threads", *(f'told "threadtest3 {name}" /host/threadtest3 {name}; rm -f ./*' for name in THREADS)]
    processes = []
    for folder, cases in (("/tmp", PROCESSES), ("/host", SHARED)):
        processes.append(f"mkdir -p {folder}/processes && cd {folder}/processes && cp /host/mptest/* .")
        processes += [f'told "mptest {test} {mode} {folder}" /host/mptester mptest.db {test}.test --journalmode {mode} --trace 0' for test, mode in cases]
    fuzz = ["cd /host", *(f'told "fuzzcheck {name}" ./fuzzcheck --quiet {name}' for name in FUZZ_DATA)]
    return {name: told + "\n".join(lines) + "\n" for name, lines in (("threads", threads), ("processes", processes), ("fuzz", fuzz))}


def build() -> Path:
    """The folder that guests share. RuntimeError: it cannot be built."""
    source, folder = copied("sqlite3"), WORK / "sqlite-tests"
    run(RUMPK, "configure", "--disable-tcl", "--disable-shared", "--disable-readline", "--disable-editline", cwd=source)
    run(RUMPK, "make", "-s", "CFLAGS=-O1", *PROGRAMS, cwd=source)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source / "mptest", folder / "mptest")
    for name in (*PROGRAMS, *(f"test/{name}" for name in FUZZ_DATA)):
        shutil.copy(source / name, folder)
    run(RUMPK, "sign", *(str(folder / name) for name in PROGRAMS), "-k", str(KEY))
    run(RUMPK, "recipe", "build", str(WORKLOAD))
    return folder


def run_group(folder: Path, name: str) -> Results:
    (folder / "run").write_text(scripts()[name], encoding="utf-8")
    done = subprocess.run([RUMPK, "run", str(BUNDLE), "--timeout", LIMIT_S, "-m", "512", "--share", str(folder)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace").replace("\r", "")
    (WORK / f"sqlite-{name}.log").write_text(said, encoding="utf-8")
    return read_cases(said) or {name: "does not run"}


def sqlite() -> Results:
    folder = build()
    return {case: how for name in scripts() for case, how in run_group(folder, name).items()}

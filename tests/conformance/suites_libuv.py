# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""libuv's own tests, of Debian's source package, compiled here and run in a guest (workloads/libuv-suite.toml), as nobody: as root they refuse to run."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from suites_run import KEY, LIMIT_S, ROOT, RUMPK, WORK, Results, copied, run

BUNDLE, WORKLOAD = ROOT / "build/recipes/libuv-suite.rpk", ROOT / "tests/conformance/workloads/libuv-suite.toml"
GCC = str(ROOT / "tools/bin/aarch64-rumpk-gcc")
PROGRAM = "uv_run_tests"
OPTIONS = ("-O1", "-w", "-static", "-pthread", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-Iinclude", "-Isrc", "-Itest")
#: Tests include these themselves.
INCLUDED = {"idna.c", "strscpy.c", "strtok.c"}
#: What of src/unix is Linux's. Spec: libuv's CMakeLists.txt
UNIX = ("async", "core", "dl", "epoll", "fs", "getaddrinfo", "getnameinfo", "linux-core", "linux-inotify", "linux-syscalls", "loop", "loop-watcher", "pipe",
        "poll", "process", "procfs-exepath", "proctitle", "random-devurandom", "random-getrandom", "random-sysctl-linux", "signal", "stream", "tcp",
        "thread", "tty", "udp")
SCRIPT = f"""mkdir -p /tmp/libuv && cp -r /host/test /host/README.md /tmp/libuv && cd /tmp/libuv && chown -R nobody /tmp/libuv
export TMPDIR=/tmp/libuv UV_TEST_TIMEOUT_MULTIPLIER=10
exec start-stop-daemon -S -c nobody -x /host/{PROGRAM}
"""


def read_tap(said: str) -> Results:
    """Of lines as `not ok 3 - name`. What was skipped is none."""
    return {name: "fail" if bad else "pass" for bad, name, skipped in re.findall(r"^(not )?ok \d+ - (\S+)( # SKIP)?", said, re.M) if not skipped}


def build() -> Path:
    """The folder that the guest shares. RuntimeError: it cannot be built."""
    source, folder = copied("libuv"), WORK / "libuv-tests"
    sources = [*(path for path in sorted((source / "src").glob("*.c")) if path.name not in INCLUDED), *(source / f"src/unix/{name}.c" for name in UNIX),
               *sorted((source / "test").glob("test-*.c")), *(source / f"test/{name}.c" for name in ("blackhole-server", "echo-server", "runner", "run-tests",
                                                                                               "runner-unix"))]
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "test").mkdir(parents=True)
    run(GCC, *OPTIONS, "-o", str(folder / PROGRAM), *(str(path.relative_to(source)) for path in sources), cwd=source)
    run(RUMPK, "sign", str(folder / PROGRAM), "-k", str(KEY))
    shutil.copytree(source / "test/fixtures", folder / "test/fixtures")
    shutil.copy(source / "README.md", folder)
    (folder / "run").write_text(SCRIPT, encoding="utf-8")
    run(RUMPK, "recipe", "build", str(WORKLOAD))
    return folder


def libuv() -> Results:
    done = subprocess.run([RUMPK, "run", str(BUNDLE), "--timeout", LIMIT_S, "-m", "512", "-smp", "2", "--share", str(build())], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace").replace("\r", "")
    (WORK / "libuv.log").write_text(said, encoding="utf-8")
    return read_tap(said)

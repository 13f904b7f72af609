# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Every header of the layers compiles alone, as the first thing that is included; so does every one that is made."""
from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

from .includes import MADE
from .tree import layer

FLAGS = ["-std=c11", "-ffreestanding", "-mgeneral-regs-only", "-fsyntax-only", "-DKERNEL_DEBUG=0", "-Wall", "-Wextra", "-Werror", "-Wno-unused",
         "-nostdinc", "-I.", "-Ibuild/gen", "-isystem", "lib/compat", "-isystem", "capos/include",
         "-isystem", "build/deps/libfdt", "-isystem", "build/deps/libsodium/src/libsodium/include",
         "-isystem", "build/deps/lwip/include", "-isystem", "kernel/io/net/port",
         "-isystem", "kernel/io/fs/ext4/port", "-isystem", "build/gen", "-isystem", "build/deps/e2fsprogs", "-DHAVE_CONFIG_H"]


def check(root: Path, files: list[str], compiler: str) -> Iterator[str]:
    """Compiles each header by itself; two at a time, for it is a process each."""
    names = [name for name in files if layer(name) and name.endswith(".h") and not name.startswith("lib/compat/")]
    names += sorted(str(path.relative_to(root / MADE)) for path in (root / MADE).rglob("*.h"))
    try:
        own = subprocess.run([compiler, "-print-file-name=include"], capture_output=True, text=True, check=True).stdout.strip()
    except OSError:
        yield f"{compiler} is not installed: headers cannot be checked"
        return

    def compile_one(name: str) -> str | None:
        done = subprocess.run([compiler, *FLAGS, "-isystem", own, "-x", "c", "-"], input=f'#include "{name}"\n', cwd=root,
                              capture_output=True, text=True, check=False)
        errors = [line for line in done.stderr.splitlines() if "error:" in line]
        return f"{name}:1: does not compile alone: {errors[0] if errors else done.stderr}" if done.returncode else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(compile_one, names))

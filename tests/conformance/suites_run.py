# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What the suites of others have in common (tests/conformance/suites.py): where things are, what runs a command here, and what runs one in a guest."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUMPK, KEY = str(ROOT / "tools/rumpk"), ROOT / "fixtures/keys/dev.key"
DEPS, WORK = ROOT / "build/deps", ROOT / "build/conformance/suites"
LIMIT_S = "600"
#: A suite's results: pass, or in what way not.
Results = dict[str, str]


def run(*words: str, cwd: Path = ROOT) -> str:
    """What a command prints, its errors too. RuntimeError: it fails."""
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace").replace("\r", "")
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: status {done.returncode}\n" + "".join(f"  | {line}\n" for line in said.splitlines()[-12:]))
    return said


def copied(name: str) -> Path:
    """A fresh copy of a source package."""
    shutil.rmtree(WORK / name, ignore_errors=True)
    shutil.copytree(DEPS / name, WORK / name, symlinks=True)
    return WORK / name


def guest(folder: Path, source: Path, command: str) -> str:
    """What commands print in a guest that has the folder. Their status does not count: the suite's lines do."""
    done = subprocess.run([RUMPK, "exec", "--timeout", LIMIT_S, "-m", "256", "--share", f"{folder}:rw", str(source), "--", command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace").replace("\r", "")
    (WORK / f"{folder.name}.log").write_text(said, encoding="utf-8")
    return said

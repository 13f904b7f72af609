# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What every file must look like: licence lines, length, no notes of unfinished work, Python and shell that parse."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Iterator

LINES_MAX = 450
#: Longer, as most of it is made (tools/idl-gen --docs).
REFERENCES = {"docs/abi.md"}
LICENCE = ("SPDX-License-" "Identifier: BSD-2-Clause", "SPDX-FileCopyright" "Text: The Rumpk authors")
#: No comments can be written in these, or they are made, or they are data.
NO_LICENCE = re.compile(r"(^|/)(LICENSE|VERSION)$|\.(jsonl?|key|pub|rpk|dtb|bin|elf|png|svg)$|^fixtures/fuzz/|^fixtures/.*\.txt$")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def _kind(name: str, first: str) -> str:
    """python, bash, sh or other, by first line or by name."""
    for kind in ("python", "bash", "sh"):
        if first.startswith("#!") and first.split("/")[-1].split()[-1].startswith(kind):
            return kind
    return "python" if name.endswith(".py") else "other"


def _check_python(name: str, content: str) -> Iterator[str]:
    try:
        compile(content, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: {error.msg}"


def _check_shell(shell: str, root: Path, name: str) -> Iterator[str]:
    done = subprocess.run([shell, "-n", str(root / name)], capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"{name}:1: {done.stderr.strip()}"


def _check_file(root: Path, name: str) -> Iterator[str]:
    try:
        content = (root / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # binary
    lines = content.splitlines()
    if not NO_LICENCE.search(name) and content:
        for needed in LICENCE:
            if not any(needed in line for line in lines[:5]):
                yield f"{name}:1: no line `{needed}` among the first five"
    if len(lines) > LINES_MAX and name not in REFERENCES and not NO_LICENCE.search(name):
        yield f"{name}:{LINES_MAX}: {len(lines)} lines, at most {LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: note of unfinished work"
    kind = _kind(name, lines[0] if lines else "")
    if kind == "python":
        yield from _check_python(name, content)
    elif kind != "other":
        yield from _check_shell(kind, root, name)


def check(root: Path, files: list[str]) -> Iterator[str]:
    """Checks each file by itself."""
    for name in files:
        yield from _check_file(root, name)

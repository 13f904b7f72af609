# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The bundle of rumpk exec and shell: busybox and a script of it, with what another bundle has, if that is to be looked at."""
from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from . import bundle, content, cpio, files, manifest, manifest_write, pack, recipe, recipe_build, stamp
from .errors import BadInput

BUSYBOX = "busybox"
PROGRAM, SCRIPT, INPUT = "bin/busybox", "etc/rumpk-script", "etc/rumpk-input"
#: What the guest's commands may do at least.
FILES = {"app": ["read", "exec", "list"], "tmp": ["read", "write", "create", "exec", "list"], "tmp_bytes": "16M"}
HOST = ["read", "write", "create", "exec", "list"]
MEMORY_MIB = 64
#: Of a process that a bundle describes, what is another program's.
ANOTHERS = ("exec", "args", "launch", "restart", "backoff", "restarts", "cpu", "main")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def is_image(path: str) -> bool:
    """Whether a file is a kernel image; else it is taken for a bundle."""
    with open(path, "rb") as file:
        return stamp.is_image(file.read(64))


def _busybox(key: str | Path) -> list[cpio.Entry]:
    """The files of busybox's recipe, which is built where it has not been."""
    built = recipe_build.OUTPUT / f"{BUSYBOX}.rpk"
    if not built.exists():
        recipe_build.build(recipe.read(recipe.find(BUSYBOX)), key)
    return content.read(str(built)).entries


def _bytes(size: str) -> int:
    return int(size[:-1]) * _UNITS[size[-1]] if size[-1] in _UNITS else int(size)


def _process(said: dict[str, Any]) -> dict[str, Any]:
    """The keys of the process whose status is the image's, without those of its program."""
    described = said.get("process") or [{key: value for key, value in said.items() if key != "network"}]
    main = next((one for one in described if one.get("main")), described[0])
    return {key: value for key, value in main.items() if key not in ANOTHERS}


def describe(theirs: str | None, env: list[str], host: bool) -> str:
    """The manifest: what a bundle's main process may do, or nothing, and the files that commands want."""
    said = tomllib.loads(theirs) if theirs else {}
    process = _process(said)
    memory = max(_bytes(process.get("memory", "1M")), MEMORY_MIB << 20)
    named = {line.partition("=")[0] for line in env}
    kept = [line for line in process.get("env", []) if line.partition("=")[0] not in named]
    described = {**process, "name": "sh", "exec": PROGRAM, "args": ["sh", f"/{SCRIPT}"], "env": [*kept, *env][:16], "memory": f"{memory >> 10}K",
                 "stack": "128K", "threads": 64}
    described["capabilities"] = {"entropy": ["read"], **process.get("capabilities", {}), "console": ["write", "read"]}
    granted = {**process.get("files", {}), **FILES, **({"host": HOST} if host else {})}
    if not host:
        granted.pop("host", None)
    for key in ("post_mortem", "optional"):
        granted.pop(key, None)
    if "data" in granted:
        granted["optional"] = ["data"]  # no disk is given
    described["files"] = granted
    return manifest_write.write({**described, **({"network": said["network"]} if "network" in said else {})})


def make(source: str | None, script: str, env: list[str], host: bool, key: str | Path,
         given: bytes | None = None) -> tuple[bytes, manifest.Manifest]:
    """The bundle, signed: of another bundle's files where there is one, with busybox's tools where those have no such names. `given`: what
    commands read."""
    entries = {entry.name: entry for entry in _busybox(key)}
    theirs = None
    if source:
        found = content.unpack(bundle.split(files.read(source), source), source)
        theirs = next(entry.data for entry in found.entries if entry.name == manifest.FILE_NAME).decode("utf-8")
        entries |= {entry.name: entry for entry in found.entries if entry.name != PROGRAM}
    text = describe(theirs, env, host)
    parsed = manifest.parse(text.encode("utf-8"), "exec: manifest")
    entries[SCRIPT] = cpio.file(SCRIPT, script.encode("utf-8", "surrogateescape"))
    if given is not None:
        entries[INPUT] = cpio.file(INPUT, given)
    entries.setdefault("etc", cpio.directory("etc"))
    del entries[manifest.FILE_NAME]
    if len(entries) + 1 > cpio.ENTRY_MAX:
        raise BadInput(f"{source}: with busybox too many files for a bundle")
    ordered = [entries[name] for name in sorted(entries, key=lambda name: name.encode("utf-8", "surrogateescape"))]
    archive = cpio.write([cpio.file(manifest.FILE_NAME, text.encode("utf-8")), *ordered])
    return pack.sign_archive(archive, key, parsed.name), parsed

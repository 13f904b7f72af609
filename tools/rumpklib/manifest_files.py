# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a manifest says of files: where a process finds some, and what it may do there; as kernel/payload/manifest_files.c reads it."""
from __future__ import annotations

from dataclasses import dataclass, field

from .capabilities import Capability
from .manifest_values import Values

DIR = Capability(20, ("read", "write", "create", "exec", "list"))
#: Keys of [files]: the capability's name, and the rights that one can have there.
KNOWN = {
    "app": ("/app", ("read", "exec", "list")),
    "tmp": ("/tmp", DIR.rights),
    "host": ("/host", DIR.rights),
    "data": ("/data", DIR.rights),
    "log": ("/log", ("read", "list")),
    "sys": ("/sys/rumpk", ("read", "list")),
}


#: Those that come from outside the machine.
OUTSIDE = ("host", "data")


@dataclass
class Files:
    """Directories of a process, by their keys."""

    rights: dict[str, list[str]] = field(default_factory=dict)
    tmp_bytes: int = 0  # what its files may take up; 0: no tmp
    optional: list[str] = field(default_factory=list)  # what of these the machine need not have
    post_mortem: list[str] = field(default_factory=list)  # where of these a panic leaves a file

    def post_mortem_is_due(self) -> bool:
        """It leaves nothing that the process could not leave itself."""
        return all({"write", "create"} <= set(self.rights.get(key, ())) and "read" in self.rights.get("log", ()) for key in self.post_mortem)


def take_outside(values: Values, what: str) -> list[str]:
    """Keys of directories that come from outside the machine, which alone `what`."""
    keys = values.texts()
    for key in keys:
        if key not in OUTSIDE:
            raise values.fail(f"only {' and '.join(OUTSIDE)} {what}")
    if not keys:
        raise values.fail("names nothing: leave it out")
    if len(set(keys)) != len(keys):
        raise values.fail("a name is given twice")
    return keys


def take_files(values: Values, files: Files) -> None:
    """A key of [files]."""
    key = values.entry.key
    if key == "tmp_bytes":
        files.tmp_bytes = values.size()
        return
    if key == "optional":
        files.optional = take_outside(values, "may be missing")
        return
    if key == "post_mortem":
        files.post_mortem = take_outside(values, "outlive a panic")
        return
    if key not in KNOWN:
        raise values.fail(f"unknown key (known: {', '.join(KNOWN)}, tmp_bytes, optional, post_mortem)")
    rights = values.rights(DIR)
    for right in rights:
        if right not in KNOWN[key][1]:
            raise values.fail(f"nobody can {right} there (known: {', '.join(KNOWN[key][1])})")
    files.rights[key] = rights

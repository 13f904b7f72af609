# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The capabilities that a manifest can ask for; the same table as kernel/payload/manifest_capabilities.c, which a test compares."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capability:
    """The number of an interface of the native ABI, and its rights, that of bit 0 first."""

    interface: int
    rights: tuple[str, ...]


KNOWN = {
    "console": Capability(1, ("write", "read")),
    "log": Capability(5, ("write", "levels")),
    "clock": Capability(6, ("read", "wait")),
    "entropy": Capability(7, ("read",)),
    "processes": Capability(9, ("spawn",)),
    "channels": Capability(14, ("create",)),
}

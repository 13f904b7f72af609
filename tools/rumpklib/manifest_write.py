# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Writes a manifest as toml_subset.py and the kernel read it, from values that were read from TOML."""
from __future__ import annotations

from typing import Any

from .errors import BadInput

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _character(character: str) -> str:
    control = ord(character) < 0x20 or ord(character) == 0x7f
    return _ESCAPES.get(character) or (f"\\u{ord(character):04x}" if control else character)


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(map(_character, value)) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_value(key, one) for one in value) + "]"
    raise BadInput(f"{key}: a manifest has no values of this type")


def _table(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(key, value)}\n" for key, value in table.items() if not isinstance(value, dict))


def write(said: dict[str, Any]) -> str:
    """The manifest's text: keys first, then tables, then [[process]] with its own."""
    processes = said.get("process", [])
    text = _table({key: value for key, value in said.items() if key != "process"})
    for key, value in said.items():
        if isinstance(value, dict):
            text += f"\n[{key}]\n{_table(value)}"
    for process in processes:
        text += f"\n[[process]]\n{_table(process)}"
        for key, value in process.items():
            if isinstance(value, dict):
                text += f"[process.{key}]\n{_table(value)}"
    return text

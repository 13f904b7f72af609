# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""From capos/idl/*.toml to the model, refusing what is unknown, missing or cannot be laid out."""
from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from .model import SCALARS, VARIABLE, Block, Constant, DefinitionError, Field, Interface, Method, Transfers, Variable

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ERROR = re.compile(r"E[A-Z0-9]+")
FOLDER = "capos/idl"
PARAMS_BYTES_MAX = 4096
TRANSFERS_MAX = 16
#: What the made functions call their own.
TAKEN = {"call", "capacity", "in", "len", "new_cap", "params", "params_len", "result", "result_bytes", "timeout_ns",
         "transfer_count", "transfers", "whole"}
REQUIRED: Any = object()

INTERFACE_KEYS: dict[str, tuple[type, Any]] = {
    "name": (str, REQUIRED), "id": (int, REQUIRED), "summary": (str, REQUIRED), "prose": (str, REQUIRED), "handlers": (str, ""),
    "rights": (dict, {}), "constants": (dict, {}), "methods": (list, REQUIRED)}
CONSTANT_KEYS: dict[str, tuple[type, Any]] = {"value": (int, REQUIRED), "doc": (str, REQUIRED)}
METHOD_KEYS: dict[str, tuple[type, Any]] = {
    "name": (str, REQUIRED), "number": (int, REQUIRED), "rights": (list, REQUIRED), "doc": (str, REQUIRED), "returns": (str, REQUIRED),
    "waits": (bool, False), "gives": (str, ""), "transfers": (dict, {}), "errors": (dict, {}), "params": (list, []), "out": (list, [])}
TRANSFER_KEYS: dict[str, tuple[type, Any]] = {"min": (int, 0), "max": (int, REQUIRED), "doc": (str, REQUIRED)}
FIELD_KEYS: dict[str, tuple[type, Any]] = {
    "name": (str, REQUIRED), "type": (str, REQUIRED), "count": (int, 0), "doc": (str, ""), "reserved": (bool, False)}
VARIABLE_KEYS: dict[str, tuple[type, Any]] = {
    "name": (str, REQUIRED), "type": (str, REQUIRED), "max": (str, ""), "struct": (str, ""), "struct_bytes": (int, 0),
    "doc": (str, REQUIRED)}


class _Place:
    """Where in a file something stands, for messages."""

    def __init__(self, text: str) -> None:
        self.text = text

    def inside(self, *parts: object) -> _Place:
        return _Place(": ".join([self.text, *map(str, parts)]))

    def wrong(self, what: str) -> DefinitionError:
        return DefinitionError(f"{self.text}: {what}")

    def take(self, table: Any, keys: dict[str, tuple[type, Any]]) -> dict[str, Any]:
        """The values of `table`, each of its type, with defaults."""
        if not isinstance(table, dict):
            raise self.wrong("is no table")
        for key in table:
            if key not in keys:
                raise self.wrong(f"unknown key `{key}`")
        values = {}
        for key, (kind, default) in keys.items():
            value = table.get(key, default)
            if value is REQUIRED:
                raise self.wrong(f"no `{key}`")
            if type(value) is not kind:
                raise self.wrong(f"`{key}` is not a {kind.__name__}")
            values[key] = " ".join(value.split()) if isinstance(value, str) and key != "prose" else value
        return values

    def name(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise self.wrong(f"`{name}` is no name: lower-case words joined by _")
        return name

    def unique(self, what: str, names: list[Any]) -> None:
        for name in names:
            if names.count(name) > 1:
                raise self.wrong(f"two {what} are `{name}`")


def _constants(place: _Place, tables: dict[str, Any]) -> tuple[Constant, ...]:
    constants = []
    for name, table in tables.items():
        values = place.inside(name).take(table, CONSTANT_KEYS)
        if not 0 <= values["value"] < 1 << 32:
            raise place.inside(name).wrong("`value` does not fit 32 bits")
        constants.append(Constant(place.name(name), values["value"], values["doc"]))
    return tuple(constants)


def _field(place: _Place, table: dict[str, Any], offset: int) -> Field:
    values = place.take(table, FIELD_KEYS)
    if values["type"] not in SCALARS:
        raise place.wrong(f"unknown type `{values['type']}`")
    if values["count"] < 0 or "count" in table and values["count"] == 0:
        raise place.wrong("`count` is not above 0")
    if not values["doc"] and not values["reserved"]:
        raise place.wrong("no `doc`")
    align = SCALARS[values["type"]][0]
    if offset % align:
        raise place.wrong(f"{-offset % align} bytes of padding before it, at {offset}: put a reserved field there")
    return Field(place.name(values["name"]), values["type"], values["count"], values["doc"], values["reserved"], offset)


def _variable(place: _Place, table: dict[str, Any], constants: tuple[Constant, ...]) -> Variable:
    values = place.take(table, VARIABLE_KEYS)
    if values["type"] == "structs":
        if not values["struct"].startswith("struct capos_") or values["struct_bytes"] <= 0 or values["max"]:
            raise place.wrong("`structs` needs `struct` and `struct_bytes`, and no `max`")
    elif values["struct"] or values["struct_bytes"]:
        raise place.wrong("`struct` is for `structs` alone")
    elif values["max"] not in [each.name for each in constants]:
        raise place.wrong(f"`max` names no constant: `{values['max']}`")
    return Variable(place.name(values["name"]), values["type"], values["max"], values["struct"], values["struct_bytes"], values["doc"])


def _block(place: _Place, tables: list[Any], constants: tuple[Constant, ...]) -> Block:
    fields: list[Field] = []
    variable = None
    offset = 0
    for index, table in enumerate(tables):
        name = table.get("name", index) if isinstance(table, dict) else index
        here = place.inside(name)
        if variable:
            raise here.wrong(f"stands behind `{variable.name}`, whose length is not fixed")
        if isinstance(table, dict) and table.get("type") in VARIABLE:
            variable = _variable(here, table, constants)
        else:
            fields.append(_field(here, table, offset))
            offset += fields[-1].bytes
    align = max((SCALARS[each.type][0] for each in fields), default=1)
    if offset % align:
        raise place.wrong(f"{-offset % align} bytes of padding at the end, at {offset}: put a reserved field there")
    place.unique("fields", [each.name for each in fields] + ([variable.name] if variable else []))
    return Block(tuple(fields), variable)


def _transfers(place: _Place, table: dict[str, Any]) -> Transfers | None:
    if not table:
        return None
    values = place.take(table, TRANSFER_KEYS)
    if not 0 <= values["min"] <= values["max"] <= TRANSFERS_MAX or values["max"] == 0:
        raise place.wrong(f"0 <= `min` <= `max` <= {TRANSFERS_MAX}, and `max` above 0")
    return Transfers(values["min"], values["max"], values["doc"])


def _method(place: _Place, table: Any, rights: tuple[Constant, ...], constants: tuple[Constant, ...]) -> Method:
    values = place.take(table, METHOD_KEYS)
    for right in values["rights"]:
        if right not in [each.name for each in rights]:
            raise place.wrong(f"unknown right `{right}`")
    for name, meaning in values["errors"].items():
        if not ERROR.fullmatch(name) or not isinstance(meaning, str):
            raise place.wrong(f"errors: `{name}` is no error with its meaning")
    params = _block(place.inside("params"), values["params"], constants)
    if params.variable and params.variable.type == "structs":
        raise place.wrong("params: `structs` are for results")
    bound = next((each.value for each in constants if params.variable and each.name == params.variable.max), 0)
    if params.bytes + bound > PARAMS_BYTES_MAX:
        raise place.wrong(f"params: more than {PARAMS_BYTES_MAX} bytes")
    return Method(place.name(values["name"]), values["number"], tuple(values["rights"]), values["doc"], values["returns"],
                  values["waits"], values["gives"], _transfers(place.inside("transfers"), values["transfers"]), values["errors"],
                  params, _block(place.inside("out"), values["out"], constants))


def _rights(place: _Place, tables: dict[str, Any]) -> tuple[Constant, ...]:
    rights = _constants(place, tables)
    for right in rights:
        if right.value.bit_count() != 1:
            raise place.inside(right.name).wrong("`value` is not one bit")
    place.unique("rights", [right.value for right in rights])
    return rights


def interface(text: str, file: str) -> Interface:
    """One definition. DefinitionError, beginning with `file`."""
    place = _Place(file)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise place.wrong(str(error)) from error
    values = place.take(table, INTERFACE_KEYS)
    if f"{values['name']}.toml" != Path(file).name:
        raise place.wrong(f"`name` is `{values['name']}`")
    rights = _rights(place.inside("rights"), values["rights"])
    constants = _constants(place.inside("constants"), values["constants"])
    methods = [_method(place.inside("methods", each.get("name", index) if isinstance(each, dict) else index), each, rights, constants)
               for index, each in enumerate(values["methods"])]
    for number, method in enumerate(methods, 1):
        if method.number != number:
            raise place.inside("methods", method.name).wrong(f"`number` is {method.number}: methods count from 1, in order")
    place.unique("methods or constants", [each.name for each in methods] + [each.name for each in constants])
    for method in methods:
        for each in (*method.params.fields, *method.out.fields, method.params.variable, method.out.variable):
            if each and each.name in TAKEN | {values["name"]}:
                raise place.inside("methods", method.name, each.name).wrong("a name that the made functions use themselves")
    if not 0 < values["id"] < 1 << 16:
        raise place.wrong("`id` is not 1 to 65535")
    return Interface(place.name(values["name"]), values["id"], values["summary"], values["prose"], values["handlers"] or values["name"],
                     rights, constants, tuple(methods))


def folder(root: Path) -> list[Interface]:
    """Every definition of the repository at `root`, by id."""
    files = sorted((root / FOLDER).glob("*.toml"))
    interfaces = [interface(file.read_text(encoding="utf-8"), str(file.relative_to(root))) for file in files]
    if not interfaces:
        raise DefinitionError(f"{FOLDER}: no definitions")
    _Place(FOLDER).unique("interfaces", [each.id for each in interfaces])
    return sorted(interfaces, key=lambda each: each.id)

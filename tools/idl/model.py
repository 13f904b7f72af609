# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What an interface definition says, and where its fields lie in memory."""
from __future__ import annotations

from dataclasses import dataclass, field

#: Scalars on the wire: bytes, which are the alignment too, and the type in a structure.
SCALARS = {
    "u8": (1, "uint8_t"), "i8": (1, "int8_t"), "char": (1, "char"), "u16": (2, "uint16_t"), "i16": (2, "int16_t"),
    "u32": (4, "uint32_t"), "i32": (4, "int32_t"), "u64": (8, "uint64_t"), "i64": (8, "int64_t"),
    "cap": (4, "uint32_t"), "address": (8, "uint64_t"),
}
#: What can follow the fields, with a length that the caller chooses: bytes, characters, structures of <capos/abi.h>.
VARIABLE = ("bytes", "text", "structs")
#: Scalars whose type in a wrapper is not that in the structure.
WRAPPER_TYPES = {"cap": "capos_cap_t", "address": "const void *"}


class DefinitionError(Exception):
    """A definition that cannot be used; the text begins with its file."""


@dataclass(frozen=True)
class Constant:
    """A right or another number with a name."""

    name: str
    value: int
    doc: str


@dataclass(frozen=True)
class Field:
    """A scalar, or an array of `count` of them, at a fixed place."""

    name: str
    type: str
    count: int  # 0: no array
    doc: str
    reserved: bool
    offset: int

    @property
    def bytes(self) -> int:
        return SCALARS[self.type][0] * (self.count or 1)


@dataclass(frozen=True)
class Variable:
    """What comes behind the fields."""

    name: str
    type: str
    max: str  # the constant that limits it, in bytes; empty: no limit but the caller's room
    struct: str  # of `structs`: the structure
    struct_bytes: int
    doc: str


@dataclass(frozen=True)
class Block:
    """Parameters or results: fields, then perhaps something of variable length."""

    fields: tuple[Field, ...] = ()
    variable: Variable | None = None

    @property
    def bytes(self) -> int:
        """Of the fields."""
        return sum(each.bytes for each in self.fields)

    def __bool__(self) -> bool:
        return bool(self.fields or self.variable)


@dataclass(frozen=True)
class Transfers:
    """How many capabilities a method takes."""

    min: int
    max: int
    doc: str


@dataclass(frozen=True)
class Method:
    """One method of an interface."""

    name: str
    number: int
    rights: tuple[str, ...]
    doc: str
    returns: str
    waits: bool
    gives: str  # what the new capability is; empty: none
    transfers: Transfers | None
    errors: dict[str, str]
    params: Block
    out: Block


@dataclass(frozen=True)
class Interface:
    """One file of capos/idl."""

    name: str
    id: int
    summary: str
    prose: str
    handlers: str  # what the names of the kernel's handlers begin with
    rights: tuple[Constant, ...]
    constants: tuple[Constant, ...]
    methods: tuple[Method, ...] = field(default=())

    @property
    def macro(self) -> str:
        return f"CAPOS_{self.name.upper()}"

    def method_macro(self, method: Method) -> str:
        return f"{self.macro}_{method.name.upper()}"

    def params_struct(self, method: Method) -> str:
        return f"struct capos_{self.name}_{method.name}"

    def out_struct(self, method: Method) -> str:
        return f"{self.params_struct(method)}_result"

    def constant_macro(self, name: str) -> str:
        return f"{self.macro}_{name.upper()}"

    def right_macro(self, name: str) -> str:
        return f"{self.macro}_RIGHT_{name.upper()}"

    def constant(self, name: str) -> int:
        return next(each.value for each in self.constants if each.name == name)

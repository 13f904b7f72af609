# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Flattened device trees read, changed and written again: what a machine that lacks a device is described with.

Spec: Devicetree Specification v0.4, 5 "Flattened Devicetree (DTB) Format".
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, field

MAGIC, VERSION, LAST_COMPATIBLE = 0xD00DFEED, 17, 16
BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9
HEADER = struct.Struct(">10I")


def cells(*values: int) -> bytes:
    """32-bit cells."""
    return struct.pack(f">{len(values)}I", *values)


def cells64(*values: int) -> bytes:
    """Pairs of cells."""
    return struct.pack(f">{len(values)}Q", *values)


def string(text: str) -> bytes:
    """A string property's value."""
    return text.encode() + b"\0"


@dataclass
class Node:
    """A node: its properties and its children, each in order."""

    name: str = ""
    properties: dict[str, bytes] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node":
        """The child of that name, with or without its unit address; KeyError where there is none."""
        for node in self.children:
            if name in (node.name, node.name.partition("@")[0]):
                return node
        raise KeyError(name)

    def at(self, path: str) -> "Node":
        """The node at `cpus/cpu@0`; the node itself for an empty path."""
        node = self
        for name in filter(None, path.split("/")):
            node = node.child(name)
        return node

    def remove(self, path: str) -> None:
        """Removes the node at a path."""
        parent, _, name = path.rpartition("/")
        above = self.at(parent)
        above.children.remove(above.child(name))


def parse(blob: bytes) -> Node:
    """The root of a tree. A malformed blob raises struct.error, ValueError or IndexError."""
    magic, _total, at, strings = HEADER.unpack_from(blob)[:4]
    if magic != MAGIC:
        raise ValueError("no device tree")
    above: list[Node] = [Node()]
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            end = blob.index(b"\0", at)
            above.append(Node(blob[at:end].decode()))
            above[-2].children.append(above[-1])
            at = end // 4 * 4 + 4
        elif token == END_NODE:
            above.pop()
        elif token == PROPERTY:
            length, name = struct.unpack_from(">2I", blob, at)
            name_end = blob.index(b"\0", strings + name)
            above[-1].properties[blob[strings + name:name_end].decode()] = blob[at + 8:at + 8 + length]
            at += 8 + (length + 3) // 4 * 4
        elif token == END:
            return above[0].children[0]
        elif token != NOP:
            raise ValueError(f"token {token} in the structure block")


def _flatten(node: Node, names: dict[str, int], out: bytearray) -> None:
    name = node.name.encode() + b"\0"
    out += struct.pack(">I", BEGIN_NODE) + name + bytes(-len(name) % 4)
    for key, value in node.properties.items():
        if key not in names:
            names[key] = sum(len(known) + 1 for known in names)
        out += struct.pack(">3I", PROPERTY, len(value), names[key]) + value + bytes(-len(value) % 4)
    for child in node.children:
        _flatten(child, names, out)
    out += struct.pack(">I", END_NODE)


def emit(root: Node) -> bytes:
    """The tree as a blob."""
    names: dict[str, int] = {}
    structure = bytearray()
    _flatten(root, names, structure)
    structure += struct.pack(">I", END)
    strings = b"".join(name.encode() + b"\0" for name in names)
    reservations = HEADER.size
    at = reservations + 16
    header = HEADER.pack(MAGIC, at + len(structure) + len(strings), at, at + len(structure), reservations, VERSION,
                         LAST_COMPATIBLE, 0, len(strings), len(structure))
    return header + bytes(16) + bytes(structure) + strings

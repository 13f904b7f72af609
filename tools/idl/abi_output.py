# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""capos/abi/<name>.h: the numbers and structures that a process and the kernel agree on."""
from __future__ import annotations

from .c_text import comment, guard, head, member, paragraphs, title
from .model import Block, Constant, Interface


def _define(macro: str, constant: Constant) -> str:
    return f"#define {macro} {constant.value}u /* {' '.join(constant.doc.split())} */\n"


def _struct(name: str, block: Block) -> str:
    if not block.fields:
        return ""
    members = "".join(member(each) for each in block.fields)
    behind = f"\t/* behind it: {block.variable.name} */\n" if block.variable else ""
    checks = f'static_assert(sizeof({name}) == {block.bytes}, "wire format");\n'
    for each in block.fields:
        checks += f'static_assert(offsetof({name}, {each.name}) == {each.offset}, "wire format");\n'
    return f"\n{name} {{\n{members}{behind}}};\n\n{checks}"


def header(interface: Interface) -> str:
    """The header of one interface."""
    begin, end = guard(f"CAPOS_ABI_{interface.name.upper()}_H")
    text = f"{head(interface)}\n{comment(title(interface))}{begin}\n#include <assert.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
    text += f"#define CAPOS_INTERFACE_{interface.name.upper()} {interface.id}u\n"
    for right in interface.rights:
        text += _define(interface.right_macro(right.name), right)
    text += "\n" if interface.constants else ""
    for constant in interface.constants:
        text += _define(interface.constant_macro(constant.name), constant)
    for method in interface.methods:
        text += f"\n/* {paragraphs(method.doc, 10000)[0]} */\n#define {interface.method_macro(method)} {method.number}u\n"
        text += _struct(interface.params_struct(method), method.params) + _struct(interface.out_struct(method), method.out)
    return text + end

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The reference of interfaces inside docs/abi.md."""
from __future__ import annotations

from .c_text import paragraphs, sentence
from .model import Block, DefinitionError, Interface, Method

BEGIN = "<!-- interfaces: made by tools/idl-gen --docs from capos/idl; begin -->"
END = "<!-- interfaces: end -->"


def _signature(block: Block) -> str:
    parts = []
    for each in block.fields:
        parts.append(f"{each.type} {each.name}" + (f"[{each.count}]" if each.count else ""))
    if variable := block.variable:
        parts.append(f"{variable.struct}[] {variable.name}" if variable.struct else f"{variable.type} {variable.name}")
    return ", ".join(parts)


def _limit(interface: Interface, block: Block) -> str:
    variable = block.variable
    return f", at most {interface.constant(variable.max)} bytes" if variable and variable.max else ""


def _details(interface: Interface, method: Method) -> str:
    parts = []
    for block in (method.params, method.out):
        parts += [f"`{each.name}`: {each.doc.rstrip('.')}" for each in block.fields if not each.reserved]
        if block.variable:
            parts.append(f"`{block.variable.name}`: {block.variable.doc.rstrip('.')}{_limit(interface, block)}")
    if transfers := method.transfers:
        bounds = f"{transfers.min} to {transfers.max}" if transfers.min else f"at most {transfers.max}"
        parts.append(f"transfers, {bounds}: {transfers.doc.rstrip('.')}")
    if method.gives:
        parts.append(f"gives {method.gives.rstrip('.')}")
    parts += [f"-{name}: {meaning.rstrip('.')}" for name, meaning in method.errors.items()]
    return f" {'; '.join(parts)}." if parts else ""


def _method(interface: Interface, method: Method) -> str:
    rights = f", needs {' and '.join(method.rights)}" if method.rights else ""
    waits = ", may wait" if method.waits else ""
    out = f" → `{_signature(method.out)}`" if method.out else ""
    text = (f"- **{method.name}** ({method.number}{rights}{waits}) `({_signature(method.params)})`{out}, "
            f"returns {sentence(method.returns)} {sentence(method.doc)}{_details(interface, method)}")
    return "\n  ".join(paragraphs(text, 136))


def _interface(interface: Interface) -> str:
    text = f"### {interface.name} ({interface.id}): {interface.summary}\n\n" + "\n".join(paragraphs(interface.prose, 138)) + "\n"
    if interface.rights:
        rights = "; ".join(f"{each.name} ({each.value}): {each.doc.rstrip('.')}" for each in interface.rights)
        text += "\n" + "\n".join(paragraphs(f"Rights: {rights}.", 138)) + "\n"
    if interface.constants:
        constants = "; ".join(f"`{interface.constant_macro(each.name)}` ({each.value}): {each.doc.rstrip('.')}"
                              for each in interface.constants)
        text += "\n" + "\n".join(paragraphs(f"Constants: {constants}.", 138)) + "\n"
    return text + "\n" + "".join(f"{_method(interface, each)}\n" for each in interface.methods)


def reference(interfaces: list[Interface]) -> str:
    """What stands between the two markers."""
    return "\n" + "\n".join(_interface(each) for each in interfaces) + "\n"


def page(text: str, interfaces: list[Interface]) -> str:
    """A page with its reference renewed."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DefinitionError(f"the page lacks `{BEGIN}` or `{END}`")
    return f"{before}{BEGIN}\n{reference(interfaces)}{END}{after}"

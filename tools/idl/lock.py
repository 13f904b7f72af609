# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What programs that exist rely on: a line for each number and layout, and what became of those that are locked."""
from __future__ import annotations

from .model import Block, Interface, Method

HEAD = """\
# SPDX-License-{}: BSD-2-Clause
# SPDX-FileCopyright{}: The Rumpk authors
# The native ABI's numbers and layouts. tools/idl-gen --check compares the definitions with it, --lock adds what is new.
""".format("Identifier", "Text")


def _block(entries: dict[str, str], interface: Interface, prefix: str, block: Block) -> None:
    for each in block.fields:
        array = f"[{each.count}]" if each.count else ""
        entries[f"{prefix}.{each.name}"] = f"{each.type}{array} at {each.offset}" + (", reserved" if each.reserved else "")
    if variable := block.variable:
        limit = f", at most {interface.constant(variable.max)} bytes" if variable.max else ""
        kind = f"{variable.struct}[] of {variable.struct_bytes} bytes each" if variable.struct else variable.type
        entries[f"{prefix}.{variable.name}"] = f"{kind} at {block.bytes}{limit}"


def _method(entries: dict[str, str], interface: Interface, method: Method) -> None:
    """A change of what a caller has to send, or gets, changes the method's own line or a field's."""
    prefix = f"{interface.name}.{method.name}"
    parts = [f"method {method.number}", f"needs {' and '.join(method.rights) or 'no right'}"]
    for name, block in (("params", method.params), ("result", method.out)):
        parts.append(f"{name} {block.bytes} bytes" + (" and more" if block.variable else ""))
    if method.transfers:
        parts.append(f"takes {method.transfers.min} to {method.transfers.max} capabilities")
    parts += ["gives a capability"] if method.gives else []
    parts += ["may wait"] if method.waits else []
    entries[prefix] = ", ".join(parts)
    _block(entries, interface, f"{prefix}.params", method.params)
    _block(entries, interface, f"{prefix}.result", method.out)


def entries(interfaces: list[Interface]) -> dict[str, str]:
    """What is to be locked: name and value."""
    all_of_it: dict[str, str] = {}
    for interface in interfaces:
        all_of_it[interface.name] = f"interface {interface.id}"
        for right in interface.rights:
            all_of_it[f"{interface.name}.right.{right.name}"] = str(right.value)
        for constant in interface.constants:
            all_of_it[f"{interface.name}.constant.{constant.name}"] = str(constant.value)
        for method in interface.methods:
            _method(all_of_it, interface, method)
    return all_of_it


def parse(text: str) -> dict[str, str]:
    """A lock file."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition(" = ") for line in lines)}


def render(locked: dict[str, str]) -> str:
    """The text of a lock file."""
    return HEAD + "".join(f"{name} = {value}\n" for name, value in locked.items())


def broken(locked: dict[str, str], now: dict[str, str]) -> list[str]:
    """What is no longer as it is locked, a sentence each."""
    return [f"{name} was `{value}` and is {'`' + now[name] + '`' if name in now else 'gone'}"
            for name, value in locked.items() if now.get(name) != value]


def added(locked: dict[str, str], now: dict[str, str]) -> list[str]:
    """What is not locked yet."""
    return [name for name in now if name not in locked]

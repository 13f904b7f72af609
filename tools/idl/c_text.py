# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Pieces of C that several outputs share."""
from __future__ import annotations

import textwrap

from .model import SCALARS, Field, Interface, Method

WIDTH = 126
HEAD = "// SPDX-License-" "Identifier: BSD-2-Clause\n// SPDX-FileCopyright" "Text: The Rumpk authors\n"


def head(interface: Interface) -> str:
    """The first lines of a file that is made."""
    return f"{HEAD}\n/* Made by tools/idl-gen from capos/idl/{interface.name}.toml. */\n"


def paragraphs(text: str, width: int = WIDTH) -> list[str]:
    """Prose anew in lines, an empty line between paragraphs."""
    lines: list[str] = []
    for part in text.split("\n\n"):
        lines += ([""] if lines else []) + textwrap.wrap(" ".join(part.split()), width, break_long_words=False, break_on_hyphens=False)
    return lines


def folded(line: str) -> str:
    """A line of code, broken behind commas where it is too long."""
    tabs = line[:len(line) - len(line.lstrip("\t"))]
    parts = textwrap.wrap(line.strip().replace(" ", "\0").replace(",\0", ", "), WIDTH - 24 - 8 * len(tabs), break_long_words=False)
    return "\n".join((f"{tabs}\t\t" if index else tabs) + part for index, part in enumerate(parts)).replace("\0", " ")


def comment(text: str) -> str:
    """A comment block of its own."""
    lines = paragraphs(text)
    if len(lines) == 1:
        return f"/* {lines[0]} */\n"
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def guard(name: str) -> tuple[str, str]:
    """What a header begins and ends with."""
    return f"#ifndef {name}\n#define {name}\n", "\n#endif\n"


def member(field: Field) -> str:
    """A field as a member of a structure."""
    array = f"[{field.count}]" if field.count else ""
    doc = f" /* {field.doc} */" if field.doc else " /* 0 */" if field.reserved else ""
    return f"\t{SCALARS[field.type][1]} {field.name}{array};{doc}\n"


def sentence(text: str) -> str:
    """With a full stop."""
    text = text.strip()
    return text if text.endswith((".", ":", "?")) else f"{text}."


def title(interface: Interface) -> str:
    """What it is about, as a sentence."""
    return sentence(interface.summary[0].upper() + interface.summary[1:])


def manual(interface: Interface, method: Method) -> str:
    """What there is to know of a method, as prose."""
    parts = [sentence(method.doc)]
    details = [f"{each.name}: {sentence(each.doc)}" for each in method.params.fields if not each.reserved]
    if variable := method.params.variable:
        details.append(f"{variable.name}: {sentence(variable.doc)} At most {interface.constant_macro(variable.max)} bytes.")
    if method.transfers:
        bounds = f"{method.transfers.min} to {method.transfers.max}" if method.transfers.min else f"at most {method.transfers.max}"
        details.append(f"transfers, {bounds}: {sentence(method.transfers.doc)}")
    details += [f"{each.name}: {sentence(each.doc)}" for each in [method.out.variable] if each]
    if details:
        parts.append(" ".join(details))
    outcome = f"Returns {sentence(method.returns)}"
    if method.gives:
        outcome += f" Gives {sentence(method.gives)}"
    if method.rights:
        outcome += f" Needs {' and '.join(method.rights)}."
    if method.waits:
        outcome += " May wait."
    parts.append(outcome)
    if method.errors:
        parts.append("Errors: " + "; ".join(f"-{name} {meaning.rstrip('.')}" for name, meaning in method.errors.items()) + ".")
    return "\n\n".join(parts)

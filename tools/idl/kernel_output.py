# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""kernel/<name>_methods.h and .c: the handlers that the kernel's object defines, and the table that decodes for them."""
from __future__ import annotations

from .c_text import comment, folded, guard, head, paragraphs, title
from .model import Interface, Method


def _handler(interface: Interface, method: Method) -> str:
    return f"{interface.handlers}_{method.name}"


def prototype(interface: Interface, method: Method) -> str:
    """Of a handler."""
    arguments = ["struct cap_call *call"]
    if method.params.fields:
        arguments.append(f"const {interface.params_struct(method)} *params")
    if method.params.variable:
        arguments.append(f"struct span {method.params.variable.name}")
    return folded(f"int64_t {_handler(interface, method)}({', '.join(arguments)})")


def _result_note(interface: Interface, method: Method) -> str:
    if not method.out:
        return ""
    parts = [interface.out_struct(method)] if method.out.fields else []
    parts += [method.out.variable.name] if method.out.variable else []
    return f" Result, by cap_call_result(): {', then '.join(parts)}."


def header(interface: Interface) -> str:
    """What an object of the interface defines."""
    begin, end = guard(f"KERNEL_{interface.name.upper()}_METHODS_H")
    text = f"{head(interface)}\n{comment(f'{title(interface)} The methods, each called with decoded parameters that lie in the kernel.')}"
    text += f'{begin}\n#include "capos/abi/{interface.name}.h"\n#include "kernel/cap/object.h"\n#include "lib/span.h"\n\n'
    for method in interface.methods:
        waits = " May be CAP_PENDING." if method.waits else ""
        note = f"{paragraphs(method.doc, 10000)[0]}{_result_note(interface, method)}{waits}"
        text += f"{comment(note)}{prototype(interface, method)};\n\n"
    return f"{text}extern const struct cap_interface {interface.name}_interface;\n{end}"


def _checks(interface: Interface, method: Method, params: str) -> str:
    """What is refused beyond what cap_dispatch() looks at."""
    text = ""
    if method.transfers and method.transfers.min:
        text += f"\tif (call->submission->transfer_count < {method.transfers.min})\n\t\treturn STATUS_EINVAL;\n"
    for each in method.params.fields:
        if each.reserved and not each.count:
            text += f"\tif ({params}.{each.name} != 0)\n\t\treturn STATUS_EINVAL;\n"
        for index in range(each.count if each.reserved else 0):
            text += f"\tif ({params}.{each.name}[{index}] != 0)\n\t\treturn STATUS_EINVAL;\n"
    return text


def _decoded(interface: Interface, method: Method) -> str:
    """A static function that copies the parameters and calls the handler; empty where the handler needs none of that."""
    fields, variable = method.params.fields, method.params.variable
    struct, handler = interface.params_struct(method), _handler(interface, method)
    checks = _checks(interface, method, "in.params" if variable else "params")
    if not fields and not variable and not checks:
        return ""
    text = f"static int64_t run_{method.name}(struct cap_call *call)\n{{\n"
    copy = ("\tif (process_copy_in(call->process, &{0}, call->submission->params, {1}) != STATUS_OK)\n"
            "\t\treturn STATUS_EFAULT;\n")
    if fields and variable:
        text += (f"\tstruct {{\n\t\t{struct} params;\n\t\tuint8_t bytes[{interface.constant_macro(variable.max)}];\n\t}} in;\n"
                 f"\tuint32_t bytes = call->submission->params_len;\n\n{copy.format('in', 'bytes')}{checks}"
                 f"\treturn {handler}(call, &in.params, span_of(in.bytes, bytes - sizeof(in.params)));\n")
    elif fields:
        text += f"\t{struct} params;\n\n{copy.format('params', 'sizeof(params)')}{checks}\treturn {handler}(call, &params);\n"
    elif variable:
        text += (f"\tuint8_t bytes[{interface.constant_macro(variable.max)}];\n\n"
                 f"{copy.format('bytes', 'call->submission->params_len')}{checks}"
                 f"\treturn {handler}(call, span_of(bytes, call->submission->params_len));\n")
    else:
        text += f"{checks}\treturn {handler}(call);\n"
    return f"{text}}}\n\n"


def _row(interface: Interface, method: Method, decoded: bool) -> str:
    struct, variable = interface.params_struct(method), method.params.variable
    members = [("run", f"run_{method.name}" if decoded else _handler(interface, method))]
    if method.rights:
        members.append(("rights", " | ".join(interface.right_macro(each) for each in method.rights)))
    size = [f"sizeof({struct})"] if method.params.fields else []
    if size:
        members.append(("params_min", size[0]))
    if method.params:
        members.append(("params_max", " + ".join(size + ([interface.constant_macro(variable.max)] if variable else []))))
    if method.out.fields:
        members.append(("result_min", f"sizeof({interface.out_struct(method)})"))
    if method.transfers:
        members.append(("transfers_max", str(method.transfers.max)))
    if method.waits:
        members.append(("waits", "true"))
    rows = "".join(f"\t\t.{name} = {value},\n" for name, value in members)
    return f"\t[{interface.method_macro(method)} - 1] = {{\n{rows}\t}},\n"


def source(interface: Interface) -> str:
    """Decoding, and the table."""
    decoded = [_decoded(interface, method) for method in interface.methods]
    rows = "".join(_row(interface, method, bool(text)) for method, text in zip(interface.methods, decoded))
    includes = f'#include "kernel/{interface.name}_methods.h"\n\n'
    includes += '#include "kernel/sys/process.h"\n' if any("process_copy_in" in text for text in decoded) else ""
    includes += '#include "lib/status.h"\n\n' if any(decoded) else ""
    return (f"{head(interface)}{includes}{''.join(decoded)}static const struct cap_method methods[] = {{\n{rows}}};\n\n"
            f"const struct cap_interface {interface.name}_interface = {{\n\t.id = CAPOS_INTERFACE_{interface.name.upper()},\n"
            f'\t.name = "{interface.name}",\n\t.methods = methods,\n\t.method_count = {len(interface.methods)},\n'
            f"\t.rights = {' | '.join(interface.right_macro(each.name) for each in interface.rights) or '0'},\n}};\n")

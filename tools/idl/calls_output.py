# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""capos/interface/<name>.h and .c: a C function a method that calls it and waits, and one that makes its submission."""
from __future__ import annotations

from .c_text import HEAD, comment, folded, guard, head, manual, title
from .model import SCALARS, WRAPPER_TYPES, Field, Interface, Method

TAB = "\t"
PARAGRAPH = "\n\n"
LENGTH = "len < UINT32_MAX ? (uint32_t)len : UINT32_MAX"


def _joined(type_name: str, name: str) -> str:
    return f"{type_name}{name}" if type_name.endswith("*") else f"{type_name} {name}"


def _scalar(field: Field) -> str:
    if field.count:
        return f"const {SCALARS[field.type][1]} {field.name}[{field.count}]"
    return _joined(WRAPPER_TYPES.get(field.type, SCALARS[field.type][1]), field.name)


def _bytes_type(kind: str, const: bool) -> str:
    return ("const " if const else "") + ("char *" if kind == "text" else "void *")


def _out_arguments(interface: Interface, method: Method) -> list[str]:
    fields, variable = method.out.fields, method.out.variable
    if fields and variable:
        return ["void *result", "size_t result_bytes"]
    if fields:
        return [f"{interface.out_struct(method)} *result"]
    if variable and variable.type == "structs":
        return [f"{variable.struct} *{variable.name}", "size_t capacity"]
    return [f"{_bytes_type(variable.type, False)}{variable.name}", "size_t capacity"] if variable else []


def _tail_arguments(interface: Interface, method: Method) -> list[str]:
    """What a call and a submission share: where results go, what is transferred, how long to wait."""
    arguments = _out_arguments(interface, method)
    if method.transfers:
        arguments += ["const struct capos_transfer *transfers", "uint32_t transfer_count"]
    return arguments + (["uint64_t timeout_ns"] if method.waits else [])


def _call_prototype(interface: Interface, method: Method) -> str:
    arguments = [f"capos_cap_t {interface.name}"] + [_scalar(each) for each in method.params.fields if not each.reserved]
    if variable := method.params.variable:
        arguments += [f"{_bytes_type(variable.type, True)}{variable.name}", "size_t len"]
    arguments += _tail_arguments(interface, method) + (["capos_cap_t *new_cap"] if method.gives else [])
    return folded(f"int64_t capos_{interface.name}_{method.name}({', '.join(arguments)})")


def _submission_prototype(interface: Interface, method: Method) -> str:
    arguments = [f"capos_cap_t {interface.name}"]
    fields, variable = method.params.fields, method.params.variable
    if fields:
        arguments.append(f"const {interface.params_struct(method)} *params")
        arguments += ["size_t len"] if variable else []
    elif variable:
        arguments += [f"{_bytes_type(variable.type, True)}{variable.name}", "size_t len"]
    arguments += _tail_arguments(interface, method)
    return folded(f"static inline struct capos_submission capos_{interface.name}_{method.name}_submission({', '.join(arguments)})")


def _result_values(interface: Interface, method: Method) -> tuple[str, str] | None:
    """Where results go, and the room there."""
    fields, variable = method.out.fields, method.out.variable
    if fields and variable:
        return "result", "result_bytes < UINT32_MAX ? (uint32_t)result_bytes : UINT32_MAX"
    if fields:
        return "result", f"sizeof({interface.out_struct(method)})"
    if variable and variable.type == "structs":
        size = f"sizeof(*{variable.name})"
        return variable.name, f"capacity < UINT32_MAX / {size} ? (uint32_t)(capacity * {size}) : UINT32_MAX"
    return (variable.name, LENGTH.replace("len", "capacity")) if variable else None


def _initialiser(interface: Interface, method: Method, params: tuple[str, str] | None, address: str, transfer: str) -> str:
    """The members of a request or submission; `address` is what an address is cast to there."""
    lines = [f".cap = {interface.name}", f".method = {interface.method_macro(method)}"]
    for name, values in (("params", params), ("result", _result_values(interface, method))):
        if values:
            lines += [f".{name} = {address}{values[0]}", f".{name}_len = {values[1]}"]
    if method.transfers:
        lines += [f".{transfer} = {address}transfers", ".transfer_count = transfer_count"]
    lines += [".timeout_ns = timeout_ns"] if method.waits else []
    return "".join(f"\t\t{line},\n" for line in lines)


def _submission(interface: Interface, method: Method) -> str:
    fields, variable = method.params.fields, method.params.variable
    params = None
    if fields and variable:
        params = "params", LENGTH
    elif fields:
        params = "params", f"sizeof({interface.params_struct(method)})"
    elif variable:
        params = variable.name, LENGTH
    note = "The same as a submission; what it points to must stay until it is complete."
    if fields and variable:
        note += f" `params` are the structure and {variable.name} right behind it, `len` bytes in all."
    members = _initialiser(interface, method, params, "(uint64_t)", "transfer")
    return (f"{comment(note)}{_submission_prototype(interface, method)}\n{{\n"
            f"\treturn (struct capos_submission){{\n{members}\t}};\n}}\n")


def header(interface: Interface) -> str:
    """The header of one interface."""
    begin, end = guard(f"CAPOS_INTERFACE_{interface.name.upper()}_H")
    text = f"{head(interface)}\n{comment(f'{title(interface)}{PARAGRAPH}{interface.prose}')}{begin}\n"
    text += "#include <stddef.h>\n#include <stdint.h>\n\n"
    text += f"#include <capos/abi.h>\n#include <capos/abi/{interface.name}.h>\n"
    for variable in filter(None, (each.out.variable for each in interface.methods)):
        if variable.struct:
            text += f'\nstatic_assert(sizeof({variable.struct}) == {variable.struct_bytes}, "wire format");\n'
    for method in interface.methods:
        text += f"\n{comment(manual(interface, method))}{_call_prototype(interface, method)};\n\n{_submission(interface, method)}"
    return text + end


def _values(interface: Interface, method: Method) -> str:
    """The parameters' structure, with what is given by value."""
    values = [f".{each.name} = {'(uint64_t)' if each.type == 'address' else ''}{each.name}"
              for each in method.params.fields if not each.reserved and not each.count]
    return "{ " + (", ".join(values) or "0") + " }"


def _arrays(method: Method, params: str) -> str:
    return "".join(f"\t__builtin_memcpy({params}.{each.name}, {each.name}, sizeof({params}.{each.name}));\n"
                   for each in method.params.fields if not each.reserved and each.count)


def _prepared(interface: Interface, method: Method) -> tuple[str, tuple[str, str] | None]:
    """Statements that lay out the parameters, and where they are then."""
    fields, variable = method.params.fields, method.params.variable
    struct, values = interface.params_struct(method), _values(interface, method)
    if fields and variable:
        maximum = interface.constant_macro(variable.max)
        return (f"\tstruct {{\n\t\t{struct} params;\n\t\tunsigned char bytes[{maximum}];\n\t}} whole;\n"
                f"\tuint32_t params_len = UINT32_MAX; /* too much: the kernel refuses it */\n\n"
                f"\tif (len <= {maximum}) {{\n{folded(f'{TAB}{TAB}whole.params = ({struct}){values};')}\n"
                + _arrays(method, "whole.params").replace("\t__", "\t\t__") +
                f"\t\tif (len > 0)\n\t\t\t__builtin_memcpy(whole.bytes, {variable.name}, len);\n"
                f"\t\tparams_len = (uint32_t)(sizeof(whole.params) + len);\n\t}}\n", ("&whole", "params_len"))
    if fields:
        return f"{folded(f'{TAB}{struct} params = {values};')}\n\n{_arrays(method, 'params')}", ("&params", "sizeof(params)")
    return "", (variable.name, LENGTH) if variable else None


def source(interface: Interface) -> str:
    """The calls of one interface."""
    text = f"{head(interface)}#include <capos/interface/{interface.name}.h>\n\n#include <capos/capos.h>\n"
    for method in interface.methods:
        statements, params = _prepared(interface, method)
        members = _initialiser(interface, method, params, "", "transfers")
        new_cap = "new_cap" if method.gives else "NULL"
        text += (f"\n{_call_prototype(interface, method)}\n{{\n{statements}"
                 f"\treturn capos_call(&(struct capos_request){{\n{members}\t}}, {new_cap});\n}}\n")
    return text


def list_header(interfaces: list[Interface]) -> str:
    """capos/interfaces.h: all of them."""
    begin, end = guard("CAPOS_INTERFACES_H")
    names = "".join(f"#include <capos/interface/{each.name}.h>\n" for each in sorted(interfaces, key=lambda each: each.name))
    return f"{HEAD}\n/* Every interface. Made by tools/idl-gen from capos/idl. */\n{begin}\n{names}{end}"

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""tests/handlers.h and .c: every interface with handlers that hand what they are given to one function, for fuzzing on the host."""
from __future__ import annotations

from .c_text import HEAD, guard
from .kernel_output import prototype
from .model import Interface, Method

NOTE = "/* Made by tools/idl-gen from capos/idl. */\n"


def header() -> str:
    """What tests include."""
    begin, end = guard("TESTS_HANDLERS_H")
    return f"""{HEAD}
{NOTE}
/* Every interface, each method with a handler that does what handled() does. */
{begin}
#include "kernel/cap/object.h"
#include "lib/span.h"

#define EVERY_INTERFACE_RESERVED_MAX 8

/* What the method's definition says besides its table. */
struct handled_method {{
	const struct cap_interface *interface;
	uint16_t number;
	uint32_t params_bytes; /* of the fields */
	uint16_t transfers_min;
	uint32_t reserved[EVERY_INTERFACE_RESERVED_MAX]; /* offset + 1 of each 4 bytes that must be 0; 0: no more */
}};

extern const struct cap_interface *const every_interface[];
extern const size_t every_interface_count;

/* The test's: `params` are the fields (NULL where the method has none), `more` what follows them. */
int64_t handled(struct cap_call *call, const struct handled_method *method, const void *params, struct span more);
{end}"""


def _method_row(interface: Interface, method: Method) -> str:
    reserved = [str(each.offset + 1 + at) for each in method.params.fields if each.reserved for at in range(0, each.bytes, 4)]
    parts = [f".interface = &{interface.name}_interface", f".number = {method.number}"]
    parts += [f".params_bytes = sizeof({interface.params_struct(method)})"] if method.params.fields else []
    parts += [f".transfers_min = {method.transfers.min}"] if method.transfers and method.transfers.min else []
    parts += [f".reserved = {{ {', '.join(reserved)} }}"] if reserved else []
    return f"\tstatic const struct handled_method method = {{ {', '.join(parts)} }};\n"


def source(interfaces: list[Interface]) -> str:
    """The handlers."""
    includes = "".join(f'#include "kernel/{each.name}_methods.h"\n' for each in sorted(interfaces, key=lambda each: each.name))
    text = f'{HEAD}\n{NOTE}#include "tests/handlers.h"\n\n{includes}\n'
    names = "".join(f"\t&{each.name}_interface,\n" for each in interfaces)
    text += f"const struct cap_interface *const every_interface[] = {{\n{names}}};\n\n"
    text += "const size_t every_interface_count = sizeof(every_interface) / sizeof(every_interface[0]);\n"
    for interface in interfaces:
        for method in interface.methods:
            params = "params" if method.params.fields else "NULL"
            more = method.params.variable.name if method.params.variable else "span_of(NULL, 0)"
            text += (f"\n{prototype(interface, method)}\n{{\n{_method_row(interface, method)}\n"
                     f"\treturn handled(call, &method, {params}, {more});\n}}\n")
    return text

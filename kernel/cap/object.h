// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Kernel objects as capabilities show them: an object has one interface, an interface is a table of methods. What a
 * caller sends is checked against that table before a method sees it.
 */
#ifndef KERNEL_CAP_OBJECT_H
#define KERNEL_CAP_OBJECT_H

#include <stdint.h>

#include "capos/include/capos/abi.h"

struct process;

struct cap_call {
	struct process *process;
	struct object *object;
	const struct capos_submission *submission; /* the kernel's own copy */
};

/* Returns the completion's result, or a negative errno. A caller that broke the rules is faulted with process_fault(). */
typedef int64_t cap_method_run(struct cap_call *call);

struct cap_method {
	cap_method_run *run;
	uint32_t rights;     /* all of them are needed */
	uint32_t params_min; /* bytes */
	uint32_t params_max;
};

struct cap_interface {
	uint32_t id; /* CAPOS_INTERFACE_* */
	const char *name;
	const struct cap_method *methods; /* method n is methods[n - 1] */
	uint32_t method_count;
};

struct object {
	const struct cap_interface *interface;
};

#endif

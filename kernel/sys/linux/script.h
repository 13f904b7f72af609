// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The first line of a script. Pure. */
#ifndef KERNEL_SYS_LINUX_SCRIPT_H
#define KERNEL_SYS_LINUX_SCRIPT_H

#include <stdbool.h>

#include "lib/span.h"
#include "lib/status.h"

enum { LINUX_SCRIPT_HEAD = 256 /* bytes of a file that are looked at, as Linux does */ };

struct linux_script {
	char interpreter[LINUX_SCRIPT_HEAD];
	char argument[LINUX_SCRIPT_HEAD]; /* the one, blanks and all; empty: none */
};

static inline bool linux_script_is(struct span head)
{
	return head.len >= 2 && head.data[0] == '#' && head.data[1] == '!';
}

/* `head`: a file's first bytes, LINUX_SCRIPT_HEAD or all. STATUS_ENOEXEC: no interpreter, or its name is cut off. Spec: execve(2), "Interpreter scripts" */
MUST_CHECK status_t linux_script_parse(struct span head, struct linux_script *out);

#endif

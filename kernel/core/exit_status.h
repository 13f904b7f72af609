// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Exit status of the machine. Below 126 it is the first process's own. */
#ifndef KERNEL_CORE_EXIT_STATUS_H
#define KERNEL_CORE_EXIT_STATUS_H

enum {
	EXIT_STATUS_OWN_MAX = 125,
	EXIT_STATUS_REFUSED = 126,  /* unsigned, altered, or signed by nobody trusted */
	EXIT_STATUS_UNLOADABLE = 127,
	EXIT_STATUS_FAULT = 128,    /* + Linux signal number */
	EXIT_STATUS_PANIC = 255,
};

#endif

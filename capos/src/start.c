// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* From the kernel's first instruction for a process to main(), and from main()'s value to the end. */
#include "capos/src/start.h"

#include <capos/capos.h>

#include "capos/src/thread.h"
#include "lib/string.h"

enum { EXIT_WRONG_ABI = 125 };

const struct capos_start *capos_start;
struct own capos_own;

/* Bounds of .init_array and .fini_array: capos.ld. */
typedef void constructor_run(int argc, char **argv, char **envp);
extern constructor_run *const capos_init_begin[], *const capos_init_end[];

_Noreturn void capos_main(const struct capos_start *start);
int main(int argc, char **argv, char **envp); /* which may take fewer parameters */

/* From entry.S. */
_Noreturn void capos_main(const struct capos_start *start)
{
	int argc = (int)start->argc;
	char **argv = (char **)start->argv;
	char **envp = (char **)start->envp;

	if (start->magic != CAPOS_START_MAGIC || start->version != CAPOS_ABI_VERSION)
		capos_sys_exit(EXIT_WRONG_ABI);
	capos_start = start;
	thread_main_init(start);
	capos_own = (struct own){
		.memory = capos_capset_get("memory"),
		.ring = capos_capset_get("ring"),
		.event = capos_capset_get("event"),
		.threads = capos_capset_get("threads"),
		.capset = capos_capset_get("capset"),
	};
	for (constructor_run *const *run = capos_init_begin; run != capos_init_end; run++)
		(*run)(argc, argv, envp);
	capos_exit(main(argc, argv, envp));
}

capos_cap_t capos_capset_get(const char *name)
{
	const struct capos_capset_entry *entries = (const struct capos_capset_entry *)capos_start->capset;

	for (uint32_t i = 0; i < capos_start->capset_count; i++)
		if (strcmp(entries[i].name, name) == 0)
			return entries[i].cap;
	return CAPOS_CAP_NONE;
}

const char *capos_environment_get(const char *name)
{
	const char *const *envp = (const char *const *)capos_start->envp;
	size_t len = strlen(name);

	for (; envp && *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

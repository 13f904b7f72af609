// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/start.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/capset_methods.h"
#include "kernel/core/log.h"
#include "kernel/event_methods.h"
#include "kernel/memory_methods.h"
#include "kernel/ring_methods.h"
#include "kernel/sys/layout.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "kernel/threads_methods.h"
#include "lib/string.h"

enum { STRING_BYTES = 2400 };

/* The page as the process sees it at PROCESS_START_VA. */
struct start_page {
	struct capos_start start;
	struct capos_capset_entry capset[START_CAPSET_MAX];
	uint64_t vectors[START_STRINGS_MAX + 2]; /* argv, 0, envp, 0 */
	char strings[STRING_BYTES];
};

static_assert(sizeof(struct start_page) <= HAL_PAGE_BYTES, "one page");

/* What every process has. */
static const struct {
	const char *name;
	struct object *object;
	uint32_t rights;
} own[] = {
	{ "memory", &memory_object, CAPOS_MEMORY_RIGHT_MAP },
	{ "capset", &capset_object, CAPOS_CAPSET_RIGHT_USE },
	{ "ring", &ring_object, CAPOS_RING_RIGHT_USE },
	{ "event", &event_object, CAPOS_EVENT_RIGHT_USE },
	{ "threads", &threads_object, CAPOS_THREADS_RIGHT_CREATE },
};

static uint64_t va_of(const struct start_page *page, const void *at)
{
	return PROCESS_START_VA + (uint64_t)((const char *)at - (const char *)page);
}

static status_t strings_fill(struct start_page *page, uint32_t argc, uint32_t envc, struct span strings)
{
	uint64_t *vector = page->vectors;
	size_t at = 0;

	if (strings.len > sizeof(page->strings) || argc > START_STRINGS_MAX || envc > START_STRINGS_MAX - argc)
		return STATUS_E2BIG;
	memcpy(page->strings, strings.data, strings.len);
	page->start.argc = argc;
	page->start.argv = va_of(page, vector);
	page->start.envp = va_of(page, vector + argc + 1);
	for (uint32_t i = 0; i < argc + envc; i++) {
		size_t len = strnlen(page->strings + at, strings.len - at);

		if (len == strings.len - at)
			return STATUS_EINVAL; /* it does not end */
		vector += i == argc;
		*vector++ = va_of(page, page->strings + at);
		at += len + 1;
	}
	return at == strings.len ? STATUS_OK : STATUS_EINVAL;
}

status_t start_begin(struct process *process, uint32_t argc, uint32_t envc, struct span strings, struct start *start)
{
	void *memory;
	status_t status = process_map(process, PROCESS_START_VA, HAL_USER_READ, &memory);

	if (status != STATUS_OK)
		return status;
	*start = (struct start){ process, memory };
	start->page->start = (struct capos_start){
		.magic = CAPOS_START_MAGIC,
		.version = CAPOS_ABI_VERSION,
		.bytes = sizeof(struct capos_start),
		.process = process->id,
		.rings = PROCESS_RINGS_VA,
		.capset = PROCESS_START_VA + offsetof(struct start_page, capset),
	};
	status = strings_fill(start->page, argc, envc, strings);
	for (size_t i = 0; status == STATUS_OK && i < sizeof(own) / sizeof(own[0]); i++)
		status = start_grant(start, own[i].name, own[i].object, own[i].rights);
	return status;
}

void start_begin_bare(struct process *process, struct start *start)
{
	*start = (struct start){ .process = process };
}

status_t start_show(struct start *start, const char *name, capos_cap_t cap, uint32_t interface, uint32_t rights)
{
	if (start->page != NULL) {
		struct capos_start *header = &start->page->start;

		if (header->capset_count == START_CAPSET_MAX)
			return STATUS_ENOSPC;

		struct capos_capset_entry *entry = &start->page->capset[header->capset_count++];

		*entry = (struct capos_capset_entry){ .cap = cap, .interface = interface, .rights = rights };
		memcpy(entry->name, name, strnlen(name, sizeof(entry->name) - 1));
	}
	log_print(LOG_CAP, LOG_INFO, "process %u (%s): %s, rights 0x%x", start->process->number, start->process->name, name, rights);
	return STATUS_OK;
}

status_t start_grant(struct start *start, const char *name, struct object *object, uint32_t rights)
{
	capos_cap_t cap;
	status_t status = grant_new(&start->process->capset, object, rights, name, &cap);

	return status == STATUS_OK ? start_show(start, name, cap, object->interface->id, rights) : status;
}

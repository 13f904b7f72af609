// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/payload/start.h"

#include "capos/include/capos/abi.h"
#include "kernel/cap/console_object.h"
#include "kernel/cap/memory_object.h"
#include "kernel/core/log.h"
#include "kernel/sys/layout.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { GRANTS_MAX = MANIFEST_CAPABILITY_MAX + 1 /* memory, which `memory =` in the manifest grants */ };

/* The page as the process sees it at PROCESS_START_VA. */
struct start_page {
	struct capos_start start;
	struct capos_capset_entry capset[GRANTS_MAX];
	uint64_t argv[MANIFEST_ARG_MAX + 2];
	char strings[MANIFEST_NAME_MAX + 1 + MANIFEST_ARG_BYTES];
};

static_assert(sizeof(struct start_page) <= HAL_PAGE_BYTES, "one page");
static_assert(CAPOS_SUBMISSIONS * sizeof(struct capos_submission) == HAL_PAGE_BYTES, "one page");
static_assert(CAPOS_COMPLETIONS * sizeof(struct capos_completion) == HAL_PAGE_BYTES, "one page");

/* What each capability of a manifest stands for. */
static const struct grant {
	uint32_t interface;
	struct object *object;
} grants[] = {
	{ CAPOS_INTERFACE_CONSOLE, &console_object },
};

static status_t grant_add(struct process *process, struct start_page *page, const char *name, struct object *object,
			  uint32_t rights)
{
	struct capos_capset_entry *entry = &page->capset[page->start.capset_count];
	status_t status = capset_add(&process->capset, object, rights, &entry->cap);

	if (status != STATUS_OK)
		return status;
	strcpy(entry->name, name);
	entry->interface = object->interface->id;
	entry->rights = rights;
	page->start.capset_count++;
	log_print(LOG_CAP, LOG_DEBUG, "process %u: granted %s, rights 0x%x", process->number, name, rights);
	return STATUS_OK;
}

/* The object of an interface, or NULL. */
static struct object *grant_find(uint32_t interface)
{
	for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
		if (grants[i].interface == interface)
			return grants[i].object;
	}
	return NULL;
}

static status_t capset_fill(struct process *process, struct start_page *page, const struct manifest_process *manifest)
{
	status_t status = grant_add(process, page, "memory", &memory_object, CAPOS_MEMORY_RIGHT_MAP);

	for (uint32_t i = 0; status == STATUS_OK && i < manifest->capability_count; i++) {
		const struct manifest_capability *capability = &manifest->capabilities[i];
		struct object *object = grant_find(capability->interface);

		if (object != NULL)
			status = grant_add(process, page, capability->name, object, capability->rights);
	}
	return status;
}

static void arguments_fill(struct start_page *page, const struct manifest_process *manifest)
{
	char *at = page->strings;

	for (uint32_t i = 0; i <= manifest->args.count; i++) {
		const char *argument = i == 0 ? manifest->name : manifest_string(&manifest->args, i - 1);

		page->argv[i] = PROCESS_START_VA + (uint64_t)(at - (char *)page);
		strcpy(at, argument);
		at += strlen(argument) + 1;
	}
	page->start.argc = manifest->args.count + 1;
}

static status_t rings_map(struct process *process)
{
	const unsigned read_write = HAL_USER_READ | HAL_USER_WRITE;
	void *shared;
	void *submissions;
	void *completions;
	status_t status = process_map(process, PROCESS_RINGS_VA, read_write, &shared);

	if (status == STATUS_OK)
		status = process_map(process, PROCESS_SUBMISSIONS_VA, read_write, &submissions);
	if (status == STATUS_OK)
		status = process_map(process, PROCESS_COMPLETIONS_VA, HAL_USER_READ, &completions);
	if (status == STATUS_OK)
		process->rings = (struct cap_rings){
			.shared = shared, .submissions = submissions, .completions = completions,
		};
	return status;
}

status_t start_fill(struct process *process, const struct manifest_process *manifest)
{
	struct start_page *page;
	void *memory;
	status_t status = process_map(process, PROCESS_START_VA, HAL_USER_READ, &memory);

	if (status != STATUS_OK)
		return status;
	page = memory;
	page->start = (struct capos_start){
		.magic = CAPOS_START_MAGIC,
		.version = CAPOS_ABI_VERSION,
		.bytes = sizeof(struct capos_start),
		.rings = PROCESS_RINGS_VA,
		.submissions = PROCESS_SUBMISSIONS_VA,
		.completions = PROCESS_COMPLETIONS_VA,
		.capset = PROCESS_START_VA + offsetof(struct start_page, capset),
		.argv = PROCESS_START_VA + offsetof(struct start_page, argv),
	};
	arguments_fill(page, manifest);
	status = capset_fill(process, page, manifest);
	return status == STATUS_OK ? rings_map(process) : status;
}

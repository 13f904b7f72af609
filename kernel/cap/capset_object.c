// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's own capabilities. */
#include "kernel/cap/dispatch.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/objects.h"
#include "kernel/capset_methods.h"
#include "kernel/sys/process.h"

int64_t capset_copy(struct cap_call *call, const struct capos_capset_copy *params)
{
	struct capset *set = &call->process->capset;

	return grant_copy(set, params->cap, params->rights, set, NULL, &call->new_cap);
}

int64_t capset_drop(struct cap_call *call, const struct capos_capset_drop *params)
{
	return grant_drop(&call->process->capset, params->cap);
}

int64_t capset_revoke(struct cap_call *call, const struct capos_capset_revoke *params)
{
	uint32_t count;
	status_t status = grant_revoke(&call->process->capset, params->cap, &count);

	return status == STATUS_OK ? (int64_t)count : status;
}

int64_t capset_list(struct cap_call *call)
{
	struct capos_capset_entry entry;
	const uint64_t room = call->submission->result_len / sizeof(entry);
	uint64_t count = 0;

	for (unsigned at = 0; grant_next(&call->process->capset, &at, &entry) == STATUS_OK; count++)
		if (count < room && process_copy_out(call->process, call->submission->result + count * sizeof(entry), &entry,
						     sizeof(entry)) != STATUS_OK)
			return STATUS_EFAULT;
	return (int64_t)count;
}

struct object capset_object = OBJECT_INIT(capset_interface);

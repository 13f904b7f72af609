// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/dispatch.h"

#include "kernel/cap/object.h"
#include "kernel/core/log.h"
#include "kernel/sys/process.h"

static status_t submission_check(const struct capos_submission *submission, const struct object *object, uint32_t rights)
{
	const struct cap_interface *interface = object->interface;

	if (submission->method == 0 || submission->method > interface->method_count)
		return STATUS_ENOSYS;

	const struct cap_method *method = &interface->methods[submission->method - 1];

	if ((rights & method->rights) != method->rights)
		return STATUS_EACCES;
	if (submission->flags != 0 || submission->reserved0 != 0 || submission->reserved1 != 0)
		return STATUS_EINVAL;
	if (submission->transfer_count != 0)
		return STATUS_ENOTSUP;
	if (submission->params_len > method->params_max)
		return STATUS_EMSGSIZE;
	if (submission->params_len < method->params_min)
		return STATUS_EINVAL;
	return STATUS_OK;
}

static int64_t submission_run(struct process *process, const struct capos_submission *submission)
{
	struct cap_call call = { .process = process, .submission = submission };
	uint32_t rights;
	status_t status = capset_find(&process->capset, submission->cap, &call.object, &rights);

	if (status == STATUS_OK)
		status = submission_check(submission, call.object, rights);
	if (status != STATUS_OK)
		return status;
	return call.object->interface->methods[submission->method - 1].run(&call);
}

struct capos_completion cap_dispatch(struct process *process, const struct capos_submission *submission)
{
	int64_t result = submission_run(process, submission);

	if (log_passes(LOG_CAP, LOG_TRACE))
		log_print(LOG_CAP, LOG_TRACE, "process %u: capability 0x%x method %u: %lld", process->number, submission->cap,
		  submission->method, (long long)result);
	return (struct capos_completion){ .user_data = submission->user_data, .result = result };
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/dispatch.h"

#include "kernel/cap/ring_set.h"
#include "kernel/core/log.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

/* What is wrong with a submission that is not as most are; 0 where nothing is. Not inlined, so that the usual one is judged at a glance. */
static __attribute__((noinline)) status_t submission_check(const struct capos_submission *submission, const struct cap_method *method)
{
	if (((submission->flags & ~CAPOS_SUBMIT_LINK) | submission->reserved) != 0)
		return STATUS_EINVAL;
	if (submission->params_len > method->params_max)
		return STATUS_EMSGSIZE;
	if (submission->params_len < method->params_min || submission->result_len < method->result_min ||
	    submission->transfer_count > method->transfers_max || (submission->timeout_ns != 0 && !method->waits))
		return STATUS_EINVAL;
	return STATUS_OK;
}

/* Whether nothing is asked for besides the call itself, and its lengths are those of the method. */
static inline bool submission_is_plain(const struct capos_submission *submission, const struct cap_method *method)
{
	return ((submission->flags | submission->reserved | submission->transfer_count) | submission->timeout_ns) == 0 &&
	       submission->params_len - method->params_min <= method->params_max - method->params_min &&
	       submission->result_len >= method->result_min;
}

/* It ends, and can be printed as it is. */
static bool name_is_valid(const char name[CAPOS_NAME_BYTES])
{
	size_t len = strnlen(name, CAPOS_NAME_BYTES);

	for (size_t i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return len < CAPOS_NAME_BYTES;
}

/* With the capabilities that are handed over. Not inlined, so that the usual call needs no such frame. */
static __attribute__((noinline)) int64_t run_with_transfers(struct cap_call *call, cap_method_run *run)
{
	struct capos_transfer sent[CAPOS_TRANSFERS_MAX];
	struct cap_transfer transfers[CAPOS_TRANSFERS_MAX];
	uint32_t count = call->submission->transfer_count;

	if (process_copy_in(call->process, sent, call->submission->transfer, count * sizeof(sent[0])) != STATUS_OK)
		return STATUS_EFAULT;
	for (uint32_t i = 0; i < count; i++) {
		if (!name_is_valid(sent[i].name))
			return STATUS_EINVAL;
		transfers[i] = (struct cap_transfer){ .cap = sent[i].cap, .rights = sent[i].rights };
		memcpy(transfers[i].name, sent[i].name, sizeof(transfers[i].name));
	}
	call->transfers = transfers;
	return run(call);
}

static inline int64_t submission_run(struct cap_call *call)
{
	const struct capos_submission *submission = call->submission;
	status_t status = capset_find(&call->process->capset, submission->cap, &call->object, &call->rights);

	if (status != STATUS_OK)
		return status;

	const struct cap_interface *interface = call->object->interface;
	uint32_t index = submission->method - 1u; /* 0 wraps */

	if (index >= interface->method_count)
		return STATUS_ENOSYS;

	const struct cap_method *method = &interface->methods[index];

	if ((method->rights & ~call->rights) != 0)
		return STATUS_EACCES;
	if (submission_is_plain(submission, method))
		return method->run(call);
	status = submission_check(submission, method);
	if (status != STATUS_OK)
		return status;
	return submission->transfer_count == 0 ? method->run(call) : run_with_transfers(call, method->run);
}

struct operation *cap_dispatch(struct ring_set *set, const struct capos_submission *submission,
			       struct capos_completion *completion)
{
	struct cap_call call; /* `transfers` and `operation` are read where they were written */
	int64_t result;

	call.process = set->process;
	call.rings = set;
	call.submission = submission;
	call.new_cap = CAPOS_CAP_NONE;
	result = submission_run(&call);

	if (log_passes(LOG_CAP, LOG_TRACE))
		log_print(LOG_CAP, LOG_TRACE, "process %u: capability 0x%x method %u: %lld", call.process->number,
			  submission->cap, submission->method, (long long)result);
	if (result == CAP_PENDING)
		return call.operation;
	completion->user_data = submission->user_data;
	completion->result = result;
	completion->new_cap = call.new_cap;
	return NULL;
}

status_t cap_call_result(const struct cap_call *call, const void *data, size_t bytes)
{
	size_t room = call->submission->result_len;

	return process_copy_out(call->process, call->submission->result, data, bytes < room ? bytes : room);
}

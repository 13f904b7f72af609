// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Submissions of any content to every interface: cap_dispatch() and the tables of tools/idl-gen let through what the definitions allow
 * and nothing else, with the parameters that lie in the process's memory. The input is a submission, then what
 * that memory, from address 0, is filled with again and again.
 */
#include "kernel/cap/dispatch.h"

#include <string.h>

#include "kernel/cap/ring_set.h"
#include "kernel/core/log.h"
#include "kernel/sys/process.h"
#include "tests/fuzz/fuzz.h"
#include "tests/handlers.h"

enum { INTERFACES_MAX = 64, MEMORY_BYTES = 8192 };

struct log_filter log_filter_now;

static struct process process;
static struct ring_set set = { .process = &process };
static struct object objects[INTERFACES_MAX];
static capos_cap_t caps[INTERFACES_MAX];
static uint8_t memory[MEMORY_BYTES];
static bool faulted;
static unsigned handled_count;

void log_print(enum log_component component, enum log_level level, const char *fmt, ...)
{
	(void)component;
	(void)level;
	(void)fmt;
}

static bool memory_holds(uint64_t va, size_t bytes)
{
	faulted = faulted || va > MEMORY_BYTES || bytes > MEMORY_BYTES - va;
	return !faulted;
}

status_t hal_user_copy_in(struct hal_space *space, void *to, uint64_t from_va, size_t bytes)
{
	FUZZ_ASSERT(space == &process.space);
	if (bytes == 0)
		return STATUS_OK;
	if (!memory_holds(from_va, bytes))
		return STATUS_EFAULT;
	memcpy(to, memory + from_va, bytes);
	return STATUS_OK;
}

status_t process_fault_params(struct process *who, uint64_t address)
{
	(void)address;
	FUZZ_ASSERT(who == &process && faulted);
	return STATUS_EFAULT;
}

status_t process_fault_result(struct process *who, uint64_t address)
{
	return process_fault_params(who, address);
}

status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes)
{
	FUZZ_ASSERT(space == &process.space);
	if (bytes == 0)
		return STATUS_OK;
	if (!memory_holds(to_va, bytes))
		return STATUS_EFAULT;
	memcpy(memory + to_va, from, bytes);
	return STATUS_OK;
}

static void transfers_check(const struct cap_call *call)
{
	for (uint32_t i = 0; i < call->submission->transfer_count; i++) {
		struct capos_transfer sent;

		memcpy(&sent, memory + call->submission->transfer + i * sizeof(sent), sizeof(sent));
		FUZZ_ASSERT(call->transfers[i].cap == sent.cap && call->transfers[i].rights == sent.rights);
		FUZZ_ASSERT(memchr(call->transfers[i].name, 0, sizeof(call->transfers[i].name)) != NULL);
		FUZZ_ASSERT(strcmp(call->transfers[i].name, sent.name) == 0);
	}
}

/* Every handler: what it is given is what the process sent, and what the table says it may be. */
int64_t handled(struct cap_call *call, const struct handled_method *method, const void *params, struct span more)
{
	const struct capos_submission *submission = call->submission;
	const struct cap_method *row = &method->interface->methods[method->number - 1];
	uint8_t results[64] = { 0 };

	handled_count++;
	FUZZ_ASSERT(!faulted && call->object->interface == method->interface && submission->method == method->number);
	FUZZ_ASSERT((call->rights & row->rights) == row->rights && call->new_cap == CAPOS_CAP_NONE);
	FUZZ_ASSERT(submission->params_len == method->params_bytes + more.len && submission->params_len <= row->params_max);
	FUZZ_ASSERT(submission->result_len >= row->result_min && (submission->timeout_ns == 0 || row->waits));
	FUZZ_ASSERT(submission->transfer_count >= method->transfers_min && submission->transfer_count <= row->transfers_max);
	FUZZ_ASSERT((params != NULL) == (method->params_bytes != 0));
	if (params != NULL)
		FUZZ_ASSERT(memcmp(params, memory + submission->params, method->params_bytes) == 0);
	if (more.len > 0)
		FUZZ_ASSERT(memcmp(more.data, memory + submission->params + method->params_bytes, more.len) == 0);
	for (unsigned i = 0; i < EVERY_INTERFACE_RESERVED_MAX && method->reserved[i] != 0; i++) {
		uint32_t value;

		memcpy(&value, (const uint8_t *)params + method->reserved[i] - 1, sizeof(value));
		FUZZ_ASSERT(value == 0);
	}
	transfers_check(call);
	return cap_call_result(call, results, sizeof(results)) == STATUS_OK ? 1000 : STATUS_EFAULT;
}

static void *slots_alloc(void *ctx)
{
	void *page = aligned_alloc(4096, 4096);

	(void)ctx;
	FUZZ_ASSERT(page != NULL);
	return memset(page, 0, 4096);
}

static void slots_free(void *ctx, void *page)
{
	(void)ctx;
	free(page);
}

/* A capability of each interface. */
static void set_up(void)
{
	if (caps[0] != CAPOS_CAP_NONE)
		return;
	FUZZ_ASSERT(every_interface_count <= INTERFACES_MAX);
	capset_init(&process.capset, (struct capset_source){ .alloc = slots_alloc, .free = slots_free });
	for (size_t i = 0; i < every_interface_count; i++) {
		objects[i].interface = every_interface[i];
		FUZZ_ASSERT(capset_add(&process.capset, &objects[i], UINT32_MAX, "", NULL, &caps[i]) == STATUS_OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capos_submission submission;
	struct capos_completion completion;

	if (size < sizeof(submission))
		return 0;
	set_up();
	memcpy(&submission, data, sizeof(submission));
	for (size_t i = 0; i < MEMORY_BYTES; i++)
		memory[i] = size == sizeof(submission) ? 0 : data[sizeof(submission) + i % (size - sizeof(submission))];
	if (submission.cap < every_interface_count) /* small numbers are none, and stand for those that are */
		submission.cap = caps[submission.cap];
	faulted = false;
	handled_count = 0;
	FUZZ_ASSERT(cap_dispatch(&set, &submission, &completion) == NULL);
	FUZZ_ASSERT(completion.user_data == submission.user_data && completion.new_cap == CAPOS_CAP_NONE);
	FUZZ_ASSERT(completion.result == 1000 ? handled_count == 1 : completion.result < 0);
	FUZZ_ASSERT(!faulted || completion.result == STATUS_EFAULT);
	return 0;
}

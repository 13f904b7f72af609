// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/fs_request.h"

#include <limits.h>

#include "kernel/cap/grant.h"
#include "kernel/cap/operation.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/stack.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { SMALL_BYTES = 1024 /* of data that lies behind the request */ };

void fs_request_free(struct fs_request *request)
{
	struct budget *budget = request->budget;

	if (request->data != NULL && request->data_order != UINT_MAX) {
		page_free(hal_direct_pa(request->data), request->data_order);
		budget_credit(budget, 1ul << request->data_order);
	}
	if (request->read.data != NULL) {
		page_run_free(hal_direct_pa(request->read.data), request->read_pages);
		budget_credit(budget, request->read_pages);
	}
	if (request->given != NULL)
		object_put(request->given);
	if (request->made != NULL)
		fs_object_abandon(request->made);
	if (request->to != NULL)
		object_put(&request->to->object);
	object_put(&request->own->object);
	budget_credit_bytes(budget, request->bytes);
	free(request);
	budget_put(budget);
}

static void request_put(struct fs_request *request)
{
	if (atomic_fetch_sub_explicit(&request->holds, 1, memory_order_acq_rel) == 1)
		fs_request_free(request);
}

/* Pages for so much data, or for as much as there is memory for. */
static bool data_alloc(struct fs_request *request, size_t bytes)
{
	unsigned order = 0;

	while (HAL_PAGE_BYTES << order < bytes)
		order++;
	for (;; order--) {
		uint64_t pa = 0;

		if (budget_charge(request->budget, 1ul << order)) {
			pa = page_alloc(order);
			if (pa == 0)
				budget_credit(request->budget, 1ul << order);
		}
		if (pa != 0) {
			request->data = hal_direct_va(pa);
			request->data_order = order;
			request->data_bytes = bytes < HAL_PAGE_BYTES << order ? bytes : HAL_PAGE_BYTES << order;
			return true;
		}
		if (order == 0)
			return false;
	}
}

static struct fs_request *request_alloc(struct cap_call *call, size_t behind)
{
	struct budget *budget = call->process->budget;
	struct fs_request *request;
	size_t bytes = sizeof(*request) + behind;

	if (!budget_charge_bytes(budget, bytes))
		return NULL;
	request = malloc(bytes);
	if (request == NULL || !object_hold(call->object)) {
		budget_credit_bytes(budget, bytes);
		free(request);
		return NULL;
	}
	memset(request, 0, sizeof(*request));
	request->bytes = bytes;
	request->budget = budget;
	budget_hold(budget);
	request->own = fs_object_of(call->object);
	return request;
}

static int64_t paths_copy(struct cap_call *call, struct fs_request *request, const struct fs_request_path *paths, unsigned count)
{
	uint8_t *to = (uint8_t *)(request + 1);

	for (unsigned i = 0; i < count; i++) {
		if (process_copy_in(call->process, to, paths[i].va, paths[i].bytes) != STATUS_OK)
			return STATUS_EFAULT;
		request->paths[i] = span_of(to, paths[i].bytes);
		to += paths[i].bytes;
	}
	return STATUS_OK;
}

struct fs_request *fs_request_begin(struct cap_call *call, void (*act)(struct fs_request *request), const struct fs_request_path *paths,
				    unsigned path_count, size_t data_bytes, int64_t *why)
{
	bool small = data_bytes <= SMALL_BYTES;
	size_t path_bytes = 0;
	struct fs_request *request;

	for (unsigned i = 0; i < path_count; i++) {
		if (paths[i].bytes > FS_PATH_MAX) {
			*why = STATUS_ENAMETOOLONG;
			return NULL;
		}
		path_bytes += paths[i].bytes;
	}
	*why = STATUS_ENOMEM;
	path_bytes = (path_bytes + 7) & ~(size_t)7;
	request = request_alloc(call, path_bytes + (small ? data_bytes : 0));
	if (request == NULL)
		return NULL;
	request->act = act;
	if (small) {
		request->data = (uint8_t *)(request + 1) + path_bytes;
		request->data_bytes = data_bytes;
		request->data_order = UINT_MAX;
	}
	if (small || data_alloc(request, data_bytes)) {
		*why = paths_copy(call, request, paths, path_count);
		if (*why == STATUS_OK)
			return request;
	}
	fs_request_free(request);
	return NULL;
}

/* On the process's side: what it gets. */
static int64_t settle(struct fs_request *request, struct process *process, uint64_t room_va, size_t room, capos_cap_t *new_cap)
{
	size_t bytes = request->out_bytes < room ? request->out_bytes : room;
	struct fs_object *made = request->made;
	struct object *given;
	status_t status;

	if (request->result < 0)
		return request->result;
	if (bytes > 0 && process_copy_out(process, room_va, request->out, bytes) != STATUS_OK)
		return STATUS_EFAULT;
	if (made == NULL && request->given == NULL)
		return request->result;
	given = made != NULL ? &made->object : request->given;
	request->made = NULL;
	request->given = NULL;
	status = grant_new(&process->capset, given, request->rights & given->interface->rights, given->interface->name, new_cap);
	return status == STATUS_OK ? request->result : status;
}

static void operation_settle(struct operation *operation, capos_cap_t *new_cap)
{
	struct fs_request *request = (struct fs_request *)operation->key;

	if (operation->result < 0)
		return; /* it was withdrawn */
	operation->result = settle(request, operation->set->process, operation->result_va, operation->result_len, new_cap);
	request_put(request);
}

static void operation_lost(struct operation *operation)
{
	request_put((struct fs_request *)operation->key);
}

static void withdraw(struct operation *operation)
{
	struct fs_request *request = (struct fs_request *)operation->key;

	spinlock_take(&request->lock);
	request->operation = NULL;
	spinlock_give(&request->lock);
	request_put(request);
}

static bool is_wanted(struct fs_request *request)
{
	bool wanted;

	spinlock_take(&request->lock);
	wanted = request->operation != NULL;
	spinlock_give(&request->lock);
	return wanted;
}

static void act_there(void *arg)
{
	struct fs_request *request = arg;

	request->act(request);
}

/* A worker's turn, or that of a fiber of its own. */
static void job_run(struct fs_job *job)
{
	struct fs_request *request = LIST_OWNER(job, struct fs_request, job);
	struct operation *operation;

	if (is_wanted(request)) {
		if (job->service->fs->workers == 0)
			fs_do(job->service, act_there, request);
		else
			request->act(request);
		if (request->after != NULL)
			request->after(request);
	}
	spinlock_take(&request->lock);
	operation = request->operation;
	if (operation != NULL && !operation_claim(operation))
		operation = NULL; /* who has claimed it is about to withdraw it */
	spinlock_give(&request->lock);
	request_put(request);
	if (operation != NULL)
		operation_finish(operation, 0);
}

/* It was carried out while the submission waited. */
static int64_t finish_now(struct cap_call *call, struct fs_request *request)
{
	const struct capos_submission *submission = call->submission;
	int64_t result = settle(request, call->process, submission->result, submission->result_len, &call->new_cap);

	fs_request_free(request);
	return result;
}

/* Two switches to a worker and back take longer than to look at what lies in memory. What yields is never done here: others may share the rings. */
static bool is_done_at_once(struct fs_request *request)
{
	if (request->own->service->fs->workers == 0 && request->after == NULL) {
		fs_do(request->own->service, act_there, request);
		return true;
	}
	if (!request->looks || !fs_at_once_begin(request->own->service))
		return false;
	request->act(request);
	fs_at_once_end(request->own->service);
	if (request->result != STATUS_EAGAIN)
		return true;
	request->result = STATUS_OK;
	request->out_bytes = 0;
	return false;
}

/* Where there are no workers it has a fiber of its own, charged as the rest. */
static bool submit(struct fs_request *request)
{
	if (request->own->service->fs->workers > 0) {
		fs_submit(&request->job);
		return true;
	}
	if (!budget_charge_bytes(request->budget, STACK_BYTES))
		return false;
	request->bytes += STACK_BYTES;
	return fs_submit_alone(&request->job);
}

int64_t fs_request_run(struct cap_call *call, struct fs_request *request)
{
	struct operation *operation;

	if (is_done_at_once(request))
		return finish_now(call, request);
	operation = operation_begin(call, withdraw);
	if (operation == NULL) {
		fs_request_free(request);
		return STATUS_ENOMEM;
	}
	operation->key = (uint64_t)request;
	operation->settle = operation_settle;
	operation->lost = operation_lost;
	request->operation = operation;
	atomic_init(&request->holds, 2);
	request->job = (struct fs_job){ .service = request->own->service, .run = job_run };
	if (!submit(request)) { /* nobody else can have claimed it yet */
		(void)operation_claim(operation);
		withdraw(operation);
		request_put(request);
		operation_finish(operation, STATUS_ENOMEM);
	}
	return CAP_PENDING;
}

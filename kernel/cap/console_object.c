// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Every line that a process writes begins with its name in brackets, and control characters are replaced: a process can neither
 * pass for the kernel nor move the cursor.
 *
 * Whoever reads, and finds nothing, waits in `waiting`. When something comes the first is finished, and takes what there is when it is settled,
 * on its own side; what is left is the next one's, who is finished then.
 */
#include <stdatomic.h>

#include "kernel/cap/operation.h"
#include "kernel/cap/objects.h"
#include "kernel/cap/process_text.h"
#include "kernel/cap/ring_set.h"
#include "kernel/core/spinlock.h"
#include "kernel/console_methods.h"
#include "kernel/io/console.h"
#include "kernel/io/console_input.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "lib/status.h"

static_assert(CAPOS_CONSOLE_LINE_MAX <= PROCESS_TEXT_MAX, "a line of a process fits");

int64_t console_write_line(struct cap_call *call, struct span text)
{
	process_text_log(call->process, text);
	return 0;
}

int64_t console_size(struct cap_call *call)
{
	uint32_t size = console_window_size();

	(void)call;
	return size != 0 ? (int64_t)size : STATUS_ENODATA;
}

enum { BOUNCE_BYTES = 256 };

static struct spinlock lock;
static struct list_node waiting = LIST_INIT(waiting); /* W: under the lock. Operations */
static _Atomic bool listens; /* W: wait_begin */

static void first_finish(void)
{
	struct operation *operation;

	spinlock_take(&lock);
	operation = operation_claim_first(&waiting);
	spinlock_give(&lock);
	if (operation != NULL)
		operation_finish(operation, 0);
}

/* Nobody waits while something is there. */
static void look(void)
{
	if (console_input_waits())
		first_finish();
}

/* Context: the console's fiber. */
static void on_input(struct console_input_listener *listener)
{
	(void)listener;
	first_finish();
}

static struct console_input_listener input_listener = { .node = LIST_INIT(input_listener.node), .changed = on_input };

/* What there is, straight to the process; STATUS_EAGAIN: nothing. */
static int64_t take(struct process *process, uint64_t va, uint64_t room)
{
	uint8_t bounce[BOUNCE_BYTES];
	uint64_t done = 0;
	size_t got = 1;

	if (room > CAPOS_CONSOLE_BYTES_MAX)
		room = CAPOS_CONSOLE_BYTES_MAX;
	while (done < room && got > 0) {
		got = console_input_read(bounce, room - done < sizeof(bounce) ? room - done : sizeof(bounce));
		if (process_copy_out(process, va + done, bounce, got) != STATUS_OK)
			return STATUS_EFAULT;
		done += got;
	}
	return done > 0 || room == 0 ? (int64_t)done : STATUS_EAGAIN;
}

static void withdraw(struct operation *operation)
{
	spinlock_take(&lock);
	list_remove(&operation->node);
	spinlock_give(&lock);
}

static void read_settle(struct operation *operation, capos_cap_t *new_cap)
{
	int64_t result = operation->result;

	(void)new_cap;
	if (result < 0)
		return;
	result = take(operation->set->process, operation->result_va, operation->result_len);
	if (result != STATUS_EAGAIN) {
		operation->result = result;
	} else {
		operation->again = true;
		operation_retime(operation);
		spinlock_take(&lock);
		list_push_front(&waiting, &operation->node);
		operation_again(operation);
		spinlock_give(&lock);
	}
	look();
}

static void read_lost(struct operation *operation)
{
	(void)operation;
	look();
}

static int64_t wait_begin(struct cap_call *call)
{
	struct operation *operation = operation_begin(call, withdraw);

	if (operation == NULL)
		return STATUS_ENOMEM;
	operation->settle = read_settle;
	operation->lost = read_lost;
	spinlock_take(&lock);
	list_push_back(&waiting, &operation->node);
	spinlock_give(&lock);
	if (!atomic_exchange(&listens, true))
		console_input_listen(&input_listener);
	look();
	return CAP_PENDING;
}

int64_t console_read(struct cap_call *call)
{
	status_t status = console_input_start();
	int64_t result;

	if (status != STATUS_OK)
		return status;
	result = take(call->process, call->submission->result, call->submission->result_len);
	if (result == STATUS_EAGAIN)
		return wait_begin(call);
	look();
	return result;
}

struct object console_object = OBJECT_INIT(console_interface);

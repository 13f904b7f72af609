// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The system calls of semaphores, and what is told of them. Spec: semget(2), semop(2), semctl(2); Linux, ipc/sem.c, include/uapi/asm-generic/sembuf.h */
#include <assert.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/sem.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/wait.h"

enum { GETPID = 11, GETVAL = 12, GETALL = 13, GETNCNT = 14, GETZCNT = 15, SETVAL = 16, SETALL = 17, FEW_OPS = 4 };
enum { SEMS_OF_ALL = 1024000000 /* SEMMNS */, UNDO_BYTES = 20 /* SEMUSZ */ };

/* struct semid64_ds */
struct told {
	struct linux_ipc_told ipc;
	int64_t operated, changed;
	uint64_t count, unused[2];
};

/* struct seminfo */
struct info {
	int32_t map, sets, all, undos, of_a_set, of_a_call, undo_entries, undo_bytes, value, adjust;
};

static_assert(sizeof(struct told) == LINUX_SEM_TOLD_BYTES && sizeof(struct info) == 40, "asm-generic/sembuf.h, linux/sem.h");
static_assert(sizeof(struct linux_sem_op) == 6, "linux/sem.h: struct sembuf");

void linux_sem_tell(struct linux_ipc *ipc, void *told)
{
	struct linux_sem_set *set = linux_sem_set_of(ipc);
	struct told *out = told;

	spinlock_take(&set->lock);
	out->operated = set->operated;
	out->changed = set->changed;
	spinlock_give(&set->lock);
	out->count = set->count;
}

void linux_sem_line(struct linux_text *text, const void *told, int id)
{
	const struct told *is = told;

	format_to(&text->sink, "%10d %10d  %4o %10llu %5u %5u %5u %5u %10lld %10lld\n", is->ipc.key, id, is->ipc.mode, (unsigned long long)is->count, is->ipc.user,
		  is->ipc.group, is->ipc.maker_user, is->ipc.maker_group, (long long)is->operated, (long long)is->changed);
}

void linux_proc_sem(struct linux_text *text, struct process *of)
{
	linux_ipc_list(text, &linux_sem_sets, of->personality->root);
}

static void sems_add(struct linux_ipc *ipc, uint64_t sums[2])
{
	sums[0] += linux_sem_set_of(ipc)->count;
}

int64_t linux_sem_info(struct thread *thread, uint64_t va, bool used)
{
	struct info info = {
		.map = SEMS_OF_ALL, .sets = LINUX_SEMS_MAX, .all = SEMS_OF_ALL, .undos = SEMS_OF_ALL, .of_a_set = LINUX_SEMS_MAX, .of_a_call = LINUX_SEM_OPS_MAX,
		.undo_entries = LINUX_SEM_OPS_MAX, .undo_bytes = UNDO_BYTES, .value = LINUX_SEM_VALUE_MAX, .adjust = LINUX_SEM_VALUE_MAX,
	};
	uint64_t sums[2] = { 0 };

	if (used) {
		info.undo_bytes = (int32_t)linux_ipc_count(&linux_sem_sets, linux_process_of(thread)->root, sums, sems_add);
		info.adjust = (int32_t)sums[0];
	}
	return linux_copy_out(thread, va, &info, sizeof(info));
}

static int64_t call_semget(struct thread *thread, const uint64_t x[6])
{
	const struct linux_ipc_asked asked = { .key = (int32_t)x[0], .flags = (uint32_t)x[2], .size = (uint32_t)x[1] };

	return asked.size > LINUX_SEMS_MAX ? STATUS_EINVAL : linux_ipc_get(thread, &linux_sem_sets, &asked);
}

static int64_t operate(struct thread *thread, int id, const struct linux_sem_op *ops, unsigned count, uint64_t deadline_ns)
{
	struct linux_ipc *ipc;
	status_t status = linux_ipc_hold(thread, &linux_sem_sets, id, 0, &ipc);

	if (status != STATUS_OK)
		return status;
	status = linux_sem_operate(thread, linux_sem_set_of(ipc), ops, count, deadline_ns);
	linux_ipc_put(&linux_sem_sets, ipc);
	return status;
}

static int64_t call_semtimedop(struct thread *thread, const uint64_t x[6])
{
	struct linux_sem_op few[FEW_OPS];
	struct linux_sem_op *ops = few;
	unsigned count = (unsigned)x[2];
	size_t bytes = count * sizeof(*ops);
	uint64_t deadline_ns = WAIT_FOREVER;
	int64_t result = x[3] != 0 ? linux_timeout_in(thread, x[3], &deadline_ns) : STATUS_OK;
	status_t timed = result == STATUS_EINVAL ? STATUS_EINVAL : STATUS_OK; /* told after what is wrong with the operations */

	if (result == STATUS_EFAULT)
		return result;
	if (count > LINUX_SEM_OPS_MAX)
		return STATUS_E2BIG;
	if (count == 0)
		return STATUS_EINVAL;
	if (count > FEW_OPS)
		ops = linux_room_take(thread->process->budget, bytes);
	result = ops == NULL ? STATUS_ENOMEM : linux_copy_in(thread, ops, x[1], bytes);
	if (result == STATUS_OK)
		result = timed == STATUS_OK ? operate(thread, (int)x[0], ops, count, deadline_ns) : timed;
	if (count > FEW_OPS)
		linux_room_give(thread->process->budget, ops, bytes);
	return result;
}

static int64_t call_semop(struct thread *thread, const uint64_t x[6])
{
	return call_semtimedop(thread, (const uint64_t[6]){ x[0], x[1], x[2], 0 });
}

static int64_t values_give(struct thread *thread, struct linux_sem_set *set, uint16_t *values, uint64_t va)
{
	spinlock_take(&set->lock);
	for (unsigned i = 0; i < set->count; i++)
		values[i] = set->sems[i].value;
	spinlock_give(&set->lock);
	return linux_copy_out(thread, va, values, set->count * sizeof(*values));
}

static int64_t values_take(struct thread *thread, struct linux_sem_set *set, uint16_t *values, uint64_t va)
{
	if (linux_copy_in(thread, values, va, set->count * sizeof(*values)) != STATUS_OK)
		return STATUS_EFAULT;
	for (unsigned i = 0; i < set->count; i++)
		if (values[i] > LINUX_SEM_VALUE_MAX)
			return STATUS_ERANGE;
	return linux_sem_assign(thread, set, -1, values);
}

static int64_t all_values(struct thread *thread, struct linux_sem_set *set, uint32_t command, uint64_t va)
{
	size_t bytes = set->count * sizeof(uint16_t);
	uint16_t *values = linux_room_take(thread->process->budget, bytes);
	int64_t result = STATUS_ENOMEM;

	if (values != NULL)
		result = command == GETALL ? values_give(thread, set, values, va) : values_take(thread, set, values, va);
	linux_room_give(thread->process->budget, values, bytes);
	return result;
}

static int64_t one_value(struct thread *thread, struct linux_sem_set *set, unsigned number, uint32_t command, uint64_t value)
{
	struct linux_sem sem;

	if (number >= set->count)
		return STATUS_EINVAL;
	if (command == GETNCNT || command == GETZCNT)
		return linux_sem_waiting(set, number, command == GETZCNT);
	if (command == SETVAL) {
		status_t status = linux_sem_may(thread, set, LINUX_MAY_WRITE);

		return status == STATUS_OK ? linux_sem_assign(thread, set, (int)number, &(uint16_t){ (uint16_t)value }) : status;
	}
	spinlock_take(&set->lock);
	sem = set->sems[number];
	spinlock_give(&set->lock);
	return command == GETVAL ? sem.value : sem.process;
}

static int64_t call_semctl(struct thread *thread, const uint64_t x[6])
{
	uint32_t command = (uint32_t)x[2];
	/* Of one that is set, that it is there comes before who may. */
	uint32_t wanted = command == SETVAL ? 0 : command == SETALL ? LINUX_MAY_WRITE : LINUX_MAY_READ;
	struct linux_ipc *ipc;
	int64_t result;

	if (command < GETPID || command > SETALL)
		return linux_ipc_control(thread, &linux_sem_sets, (int)x[0], command, x[3]);
	if ((int)x[0] < 0)
		return STATUS_EINVAL;
	if (command == SETVAL && ((int)x[3] < 0 || (int)x[3] > LINUX_SEM_VALUE_MAX))
		return STATUS_ERANGE;
	result = linux_ipc_hold(thread, &linux_sem_sets, (int)x[0], wanted, &ipc);
	if (result != STATUS_OK)
		return result;
	if (command == GETALL || command == SETALL)
		result = all_values(thread, linux_sem_set_of(ipc), command, x[3]);
	else
		result = one_value(thread, linux_sem_set_of(ipc), (unsigned)x[1], command, x[3]);
	linux_ipc_put(&linux_sem_sets, ipc);
	return result;
}

const struct linux_call linux_calls_sem[] = {
	{ 190, 3, "semget", call_semget },
	{ 191, 4, "semctl", call_semctl },
	{ 192, 4, "semtimedop", call_semtimedop },
	{ 193, 3, "semop", call_semop },
	{ 0 },
};

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/comm.h"

#include <stddef.h>

#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

/* Where it is kept. Under the process's lock. */
static char *comm_of(struct process *process, const struct thread *thread)
{
	return thread == NULL || thread->personality->tid == process->number ? process->personality->comm : thread->personality->comm;
}

void linux_comm_get(struct process *process, const struct thread *thread, char to[LINUX_COMM_BYTES])
{
	spinlock_take(&process->lock);
	memcpy(to, comm_of(process, thread), LINUX_COMM_BYTES);
	spinlock_give(&process->lock);
}

void linux_comm_set(struct thread *thread, const char *name)
{
	char comm[LINUX_COMM_BYTES] = { 0 };

	memcpy(comm, name, strnlen(name, LINUX_COMM_BYTES - 1));
	spinlock_take(&thread->process->lock);
	memcpy(comm_of(thread->process, thread), comm, LINUX_COMM_BYTES);
	spinlock_give(&thread->process->lock);
}

/* Spec: Linux, fs/proc/base.c: comm_write() */
int64_t linux_comm_write(unsigned pid, unsigned tid, struct linux_data *data)
{
	struct process *process = thread_current()->process;
	char name[LINUX_COMM_BYTES] = { 0 };
	uint64_t bytes = data->left;
	struct thread *named;
	int64_t status = bytes > 0 ? linux_data_take(data, name, LINUX_COMM_BYTES - 1) : 0;

	if (status < 0)
		return status;
	named = linux_family_thread(process, pid, tid != 0 ? tid : pid);
	if (named == NULL)
		return STATUS_ESRCH;
	status = named->process == process ? (int64_t)bytes : STATUS_EINVAL;
	if (named->process == process)
		linux_comm_set(named, name);
	object_put(&named->object);
	return status;
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/copy.h"

#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"

status_t linux_copy_in(struct thread *thread, void *to, uint64_t from_va, size_t bytes)
{
	return hal_user_copy_in(&thread->process->space, to, from_va, bytes);
}

status_t linux_copy_out(struct thread *thread, uint64_t to_va, const void *from, size_t bytes)
{
	return hal_user_copy_out(&thread->process->space, to_va, from, bytes);
}

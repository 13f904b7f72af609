// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Memory of the kernel's that a call has as long as it lasts, which may be as long as it sleeps: its process is charged for it. */
#ifndef KERNEL_SYS_LINUX_ROOM_H
#define KERNEL_SYS_LINUX_ROOM_H

#include <stddef.h>

struct thread;

/* Memory of any content; NULL: the process has not so much left, or the machine. Context: the thread's fiber. */
void *linux_room_take(struct thread *thread, size_t bytes) __attribute__((warn_unused_result));

/* Gives it back, with the bytes that it was taken with; `room` NULL: nothing. */
void linux_room_give(struct thread *thread, void *room, size_t bytes);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory of the kernel's heap that a budget is charged for, as much as the heap takes: what a call has while it sleeps, and what is kept for a process of
 * any size. Context: fiber, any CPU; while the budget is held.
 */
#ifndef KERNEL_SYS_LINUX_ROOM_H
#define KERNEL_SYS_LINUX_ROOM_H

#include <stddef.h>

struct budget;

/* Memory of any content; NULL: the budget has not so much left, or the machine. */
void *linux_room_take(struct budget *budget, size_t bytes) __attribute__((warn_unused_result));

/* Gives it back, with the bytes that it was taken with; `room` NULL: nothing. */
void linux_room_give(struct budget *budget, void *room, size_t bytes);

#endif

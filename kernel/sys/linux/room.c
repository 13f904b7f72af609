// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/room.h"

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"

void *linux_room_take(struct budget *budget, size_t bytes)
{
	void *room;

	if (!budget_charge_bytes(budget, kheap_takes(bytes)))
		return NULL;
	room = malloc(bytes);
	if (room == NULL)
		budget_credit_bytes(budget, kheap_takes(bytes));
	return room;
}

void linux_room_give(struct budget *budget, void *room, size_t bytes)
{
	if (room == NULL)
		return;
	free(room);
	budget_credit_bytes(budget, kheap_takes(bytes));
}

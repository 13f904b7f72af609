// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Random bytes. */
#include "kernel/cap/dispatch.h"
#include "kernel/cap/objects.h"
#include "kernel/core/entropy.h"
#include "kernel/entropy_methods.h"
#include "lib/string.h"

int64_t entropy_fill(struct cap_call *call)
{
	uint8_t bytes[CAPOS_ENTROPY_FILL_MAX];
	uint32_t count = call->submission->result_len;
	status_t status;

	if (count > sizeof(bytes))
		return STATUS_EMSGSIZE;
	entropy_draw(bytes, count);
	status = cap_call_result(call, bytes, count);
	memset(bytes, 0, count);
	__asm__ volatile("" ::"r"(bytes) : "memory"); /* the wipe is not dead code */
	return status == STATUS_OK ? (int64_t)count : status;
}

struct object entropy_object = OBJECT_INIT(entropy_interface);

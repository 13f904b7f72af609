// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Data from one descriptor to another. Context of all: the thread's fiber. */
#ifndef KERNEL_SYS_LINUX_TRANSFER_H
#define KERNEL_SYS_LINUX_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct linux_file;
struct linux_pair;
struct thread;

enum { LINUX_PART_BYTES = 65536 };

/* Moves at most so much from the one to the other: how much, 0 at the end. May wait. */
typedef int64_t linux_part_move(struct thread *thread, struct linux_pair *pair, size_t bytes);

/* Two files, and places in them; NULL: the file's own. Zero it, then linux_pair_open(). */
struct linux_pair {
	struct linux_file *from, *to; /* held */
	uint64_t *from_offset, *to_offset;
	uint8_t *buffer; /* of a part, for who copies by one */
	/* For splice.c. */
	int64_t (*once)(struct linux_pair *pair, size_t bytes);
	struct linux_data *data;   /* of the program's, where that is the other side */
	bool from_waits, to_waits; /* that side may be waited for */
	bool to_is_late;           /* it is what STATUS_EAGAIN was for */
};

/* STATUS_EBADF: the one may not be read, or the other not written. linux_pair_close() puts both. */
MUST_CHECK status_t linux_pair_open(struct thread *thread, int from, int to, struct linux_pair *pair);
void linux_pair_close(struct linux_pair *pair);

/* Moves part after part, until one comes to nothing, or a signal is there: how much, or what the first part said. */
MUST_CHECK int64_t linux_pair_move(struct thread *thread, struct linux_pair *pair, uint64_t bytes, linux_part_move *move);

/* As splice does it: waits for room in the pipe that is `to`, unless that is O_NONBLOCK, and fills it, once. Tells SIGPIPE. */
MUST_CHECK int64_t linux_splice_to_pipe(struct thread *thread, struct linux_pair *pair, uint64_t bytes);

#endif

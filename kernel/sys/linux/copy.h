// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Memory of the calling process: every access brings pages in, and breaks what is shared, as the program's own would. What it may not read (write)
 * is STATUS_EFAULT; what was copied until then may stay. Context: the thread's fiber; no lock held: the page may have to be read from a file.
 */
#ifndef KERNEL_SYS_LINUX_COPY_H
#define KERNEL_SYS_LINUX_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct thread;

MUST_CHECK status_t linux_copy_in(struct thread *thread, void *to, uint64_t from_va, size_t bytes);
MUST_CHECK status_t linux_copy_out(struct thread *thread, uint64_t to_va, const void *from, size_t bytes);

/*
 * A structure that grew over time, of which the program has `bytes` and the kernel knows `known`: what the program's lacks is zero.
 * STATUS_E2BIG: it says something that is not known here. STATUS_EFAULT. Spec: Linux, lib/usercopy.c: copy_struct_from_user()
 */
MUST_CHECK status_t linux_copy_struct_in(struct thread *thread, void *to, size_t known, uint64_t from_va, uint64_t bytes);

/* A string with its NUL into `to`, of `bytes`: its length without the NUL. STATUS_EFAULT; STATUS_ENAMETOOLONG where it does not fit. */
MUST_CHECK int64_t linux_copy_string(struct thread *thread, char *to, uint64_t from_va, size_t bytes);

/* Memory to be read or written by a call: pieces of the process's, or of the kernel's. Zero it, then linux_data_*(). */
struct linux_piece {
	uint64_t va;
	uint64_t bytes;
};

enum { LINUX_PIECES_MAX = 1024, LINUX_BYTES_MAX = 0x7ffff000 };

struct linux_data {
	struct thread *thread;            /* NULL: the pieces are the kernel's */
	const struct linux_piece *pieces; /* of `count` */
	unsigned count;
	uint64_t at;   /* in the first piece */
	uint64_t left; /* bytes in all */
	bool named_place; /* of a file: the call named it, and leaves the file's own */
	bool settles;  /* it is what was written to mapped memory before, and is only put back */
	struct linux_piece one;
};

/*
 * The pieces of readv and its like, checked: of all no more bytes than fit a result, told in `bytes`. STATUS_EFAULT; STATUS_EINVAL for one whose
 * length is negative. Spec: Linux, lib/iov_iter.c: __import_iovec()
 */
MUST_CHECK status_t linux_pieces_in(struct thread *thread, struct linux_piece *pieces, uint64_t va, unsigned count, uint64_t *bytes);

/* Pieces in memory of the call's, or in room that the process is charged for where they are many. */
enum { LINUX_PIECES_SMALL = 8 };
struct linux_pieces {
	struct linux_piece small[LINUX_PIECES_SMALL];
	struct linux_piece *many; /* NULL: they are few */
	size_t many_bytes;
	struct thread *thread;
};

/* The same, with `data` of them; linux_pieces_end() in any case, and also of what holds zeros. STATUS_EINVAL for too many, STATUS_ENOMEM. */
MUST_CHECK status_t linux_pieces_begin(struct linux_pieces *own, struct linux_data *data, struct thread *thread, uint64_t va, uint64_t count);
void linux_pieces_end(struct linux_pieces *own);

/* One piece of the process's; at most LINUX_BYTES_MAX of it. Returns STATUS_EFAULT for an address that no process can have. */
MUST_CHECK status_t linux_data_user(struct linux_data *data, struct thread *thread, uint64_t va, uint64_t bytes);
void linux_data_kernel(struct linux_data *data, void *memory, size_t bytes);

/*
 * Moves at most `bytes` to the kernel's memory (from it), and goes past them: how many, 0 at the end, STATUS_EFAULT where not even the first can
 * be moved.
 */
MUST_CHECK int64_t linux_data_take(struct linux_data *data, void *to, size_t bytes);
MUST_CHECK int64_t linux_data_give(struct linux_data *data, const void *from, size_t bytes);

/* Goes past at most `bytes`, whatever is there: how many. */
int64_t linux_data_skip(struct linux_data *data, size_t bytes);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a process wants of a file system, in the kernel's memory: made on the process's side, carried out (`act`) on the file system's, and
 * settled on the process's side again. Where the file system may sleep the submission waits meanwhile; one that is cancelled, out of
 * time, or whose process has ended is not begun, or carried out and then dropped. It is charged to the process until then.
 *
 *	request = fs_request_begin(call, open_act, paths, 1, 0, &result);
 *	if (request == NULL)
 *		return result;
 *	... what `act` wants to know
 *	return fs_request_run(call, request);
 */
#ifndef KERNEL_CAP_FS_REQUEST_H
#define KERNEL_CAP_FS_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "capos/abi/dir.h"
#include "kernel/cap/fs_object.h"
#include "kernel/cap/object.h"
#include "kernel/core/spinlock.h"
#include "kernel/io/fs/fs.h"
#include "kernel/io/fs/path.h"
#include "kernel/io/fs/service.h"
#include "lib/span.h"

enum { FS_REQUEST_PATHS = 2 };

/* A path as a submission names it. */
struct fs_request_path {
	uint64_t va;
	uint32_t bytes;
};

struct fs_request {
	struct fs_job job;
	struct spinlock lock;
	struct operation *operation; /* W: under `lock`. Which waits for it; NULL: nobody */
	_Atomic uint32_t holds;      /* the operation's, and whose turn it is to act */
	struct budget *budget;       /* held */
	size_t bytes;                /* of all that was charged as small */

	/* W: fs_request_begin(), for `act` to read. */
	void (*act)(struct fs_request *request);
	struct fs_object *own; /* what the method was called on; held */
	struct span paths[FS_REQUEST_PATHS];
	uint8_t *data; /* room for what is to be written, or was read */
	size_t data_bytes;
	unsigned data_order; /* `data` is so many pages by themselves, charged; UINT_MAX: it lies behind */

	/* W: the method, for `act`. */
	struct fs_object *to;   /* a second directory; held, or NULL */
	struct fs_object *made; /* for what is opened, or NULL */
	void (*after)(struct fs_request *request); /* the rest of `act`, in a fiber, where it may yield; or NULL */
	bool looks;             /* `act` only looks and reads: it may be tried at once, and done again */
	uint32_t rights;        /* of its capability, at most */
	uint32_t flags;
	uint32_t what;
	uint64_t offset;
	struct fs_stat values;

	/* W: `act`, `after`. */
	int64_t result;
	struct object *given; /* what else than a file or directory is given; held, or NULL */
	struct span read;     /* W, R: `act`, `after`: what they are about; `read_pages`, charged */
	uint64_t read_pages;
	const void *out; /* bytes for the process's room, in `data` or here: */
	size_t out_bytes;
	union {
		struct capos_dir_stat_result stat;
		struct capos_dir_space_result space;
	} reply;
};

/*
 * Makes one: copies the paths in, with room for `data_bytes` besides; where memory is short for so many, for fewer. NULL, and why in `*why`. Context:
 * fiber, as a method.
 */
struct fs_request *fs_request_begin(struct cap_call *call, void (*act)(struct fs_request *request), const struct fs_request_path *paths,
				    unsigned path_count, size_t data_bytes, int64_t *why);

/* Has it carried out, and takes it over. What the method returns. */
int64_t fs_request_run(struct cap_call *call, struct fs_request *request);

/* Frees one that is not to be run. */
void fs_request_free(struct fs_request *request);

#endif

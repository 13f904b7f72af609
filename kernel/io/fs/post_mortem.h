// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What a panic leaves besides lines on the serial port: one file with the last lines of the log and the panic's report, backtrace included,
 * in each place that was named here before. All memory is taken then; at the panic each place is given the text, and brings it by itself to
 * where it stays.
 */
#ifndef KERNEL_IO_FS_POST_MORTEM_H
#define KERNEL_IO_FS_POST_MORTEM_H

#include "kernel/io/fs/fs.h"
#include "lib/span.h"
#include "lib/status.h"

enum {
	POST_MORTEM_BYTES = 24576, /* the file where its length is fixed: zeroes behind the text */
	POST_MORTEM_PLACES = 2,
};

#define POST_MORTEM_NAME "post-mortem"

struct post_mortem_place {
	const char *name; /* for people: "/host" */
	struct fs *fs;
	/*
	 * `text` is as long as what is to be said, and behind it, up to POST_MORTEM_BYTES, are zeroes. STATUS_OK: it is there to stay. Within a
	 * few seconds, and with nothing of the scheduler. Context: a panic.
	 */
	status_t (*put)(struct fs *fs, struct span text);
};

/*
 * From now on, until post_mortem_end(). STATUS_ENOMEM; STATUS_ENOSPC where there are too many places; STATUS_OK, too, where that place is one
 * already. Context: fiber of the boot CPU.
 */
MUST_CHECK status_t post_mortem_begin(const struct post_mortem_place *place);

/* No place any more. Context: as above. */
void post_mortem_end(void);

#endif

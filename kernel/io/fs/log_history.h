// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The last lines of the log, as files: one of each component, and one of all. A file grows with each line; the beginning of what no longer
 * has room reads as 0 bytes. Pure; the caller has a lock.
 */
#ifndef KERNEL_IO_FS_LOG_HISTORY_H
#define KERNEL_IO_FS_LOG_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/core/log_filter.h"
#include "lib/span.h"

enum {
	LOG_HISTORY_BYTES = 65536,
	LOG_HISTORY_FILES = LOG_COMPONENTS + 1, /* the last one is that of all */
	LOG_HISTORY_ALL = LOG_COMPONENTS,
};

struct log_history {
	/* Records from `tail` to `head`, both counted from the beginning, modulo the size of `bytes`. */
	uint64_t head, tail;
	uint64_t size[LOG_HISTORY_FILES]; /* all that was ever in the file */
	uint64_t kept[LOG_HISTORY_FILES]; /* of that, what is still here */
	uint8_t bytes[LOG_HISTORY_BYTES];
};

/* Whose line it is: "<component>: ...", or "[process] ..."; else LOG_BOOT. */
enum log_component log_history_component(struct span line);

/* Adds a line without its end, of at most 4,000 bytes. */
void log_history_add(struct log_history *history, struct span line);

/* Bytes of a file from `offset`; 0 at its end. */
int64_t log_history_read(const struct log_history *history, unsigned file, uint64_t offset, void *data, size_t bytes);

#endif

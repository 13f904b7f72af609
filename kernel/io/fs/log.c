// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/log.h"

#include "kernel/core/libc.h"
#include "kernel/core/log.h"
#include "kernel/core/spinlock.h"
#include "kernel/io/console.h"
#include "kernel/io/fs/flat.h"
#include "kernel/io/fs/log_history.h"
#include "lib/string.h"

static struct spinlock lock;
static struct log_history *history; /* W: under the lock; NULL: not mounted */

static void line_keep(const char *line, size_t len)
{
	spinlock_take(&lock);
	if (history != NULL)
		log_history_add(history, span_of(line, len));
	spinlock_give(&lock);
}

static const char *log_name(unsigned file)
{
	return file == LOG_HISTORY_ALL ? "all" : log_component_name((enum log_component)file);
}

static void log_size(unsigned file, uint64_t *size, uint64_t *kept)
{
	console_flush();
	spinlock_take(&lock);
	*size = history->size[file];
	*kept = history->kept[file];
	spinlock_give(&lock);
}

static int64_t log_read(unsigned file, uint64_t offset, void *data, size_t bytes)
{
	int64_t done;

	console_flush();
	spinlock_take(&lock);
	done = log_history_read(history, file, offset, data, bytes);
	spinlock_give(&lock);
	return done;
}

status_t log_mount(struct fs **out)
{
	static const struct flat_source source = { LOG_HISTORY_FILES, log_name, log_size, log_read };
	struct log_history *made = malloc(sizeof(*made));
	status_t status;

	if (made == NULL)
		return STATUS_ENOMEM;
	memset(made, 0, offsetof(struct log_history, bytes));
	status = flat_mount("log", &source, out);
	if (status != STATUS_OK) {
		free(made);
		return status;
	}
	history = made;
	log_replay(line_keep);
	console_tap(line_keep);
	return STATUS_OK;
}

void log_unmount(struct fs *fs)
{
	struct log_history *gone = history;

	console_tap(NULL);
	spinlock_take(&lock);
	history = NULL;
	spinlock_give(&lock);
	free(gone);
	flat_unmount(fs);
}

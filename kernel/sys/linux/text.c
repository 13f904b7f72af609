// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/text.h"

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { ROOM_FIRST = 1024, ROOM_MAX = 1 << 20 };

static void text_add(struct format_sink *sink, const char *from, size_t len)
{
	struct linux_text *text = LIST_OWNER(sink, struct linux_text, sink);
	size_t room = text->room > 0 ? text->room : ROOM_FIRST;
	char *bytes;

	while (room - text->len < len && room < ROOM_MAX)
		room *= 2;
	if (text->failed || room - text->len < len) {
		text->failed = true;
		return;
	}
	if (room > text->room) {
		bytes = realloc(text->bytes, room);
		text->failed = bytes == NULL;
		if (text->failed)
			return;
		text->bytes = bytes;
		text->room = room;
	}
	memcpy(text->bytes + text->len, from, len);
	text->len += len;
}

void linux_text_begin(struct linux_text *text)
{
	*text = (struct linux_text){ .sink = { text_add } };
}

void linux_text_end(struct linux_text *text)
{
	free(text->bytes);
}

struct text_file {
	struct linux_file file;
	char *bytes;
	size_t len;
	struct budget *budget; /* held */
	size_t charged;
	linux_text_store *store; /* with `pid` and `tid`, as struct linux_text has them */
	unsigned pid, tid;
};

static struct text_file *own_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct text_file, file);
}

static int64_t text_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct text_file *own = own_of(file);

	if (offset >= own->len || data->left == 0)
		return 0;
	return linux_data_give(data, own->bytes + offset, own->len - (size_t)offset);
}

/* What can be set is taken, and nothing comes of most of it. */
static int64_t text_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	const struct text_file *own = own_of(file);

	(void)offset;
	return own->store != NULL ? own->store(own->pid, own->tid, data) : (int64_t)data->left;
}

static status_t text_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	(void)file;
	*mode_type = LINUX_S_IFREG;
	out->permissions = 0444;
	out->links = 1;
	return STATUS_OK;
}

static void text_release(struct linux_file *file)
{
	struct text_file *gone = own_of(file);
	struct budget *budget = gone->budget;
	size_t charged = gone->charged;

	free(gone->bytes);
	free(gone);
	budget_credit_bytes(budget, charged);
	budget_put(budget);
}

static const struct linux_file_ops text_ops = {
	.name = "text", .read = text_read, .write = text_write, .stat = text_stat, .release = text_release,
};

status_t linux_text_open(struct linux_text *text, struct budget *budget, uint32_t flags, struct linux_file **out)
{
	size_t charged = kheap_takes(sizeof(struct text_file)) + kheap_takes(text->room);
	struct text_file *made = NULL;

	if (!text->failed && budget_charge_bytes(budget, charged)) {
		made = malloc(sizeof(*made));
		if (made == NULL)
			budget_credit_bytes(budget, charged);
	}
	if (made == NULL) {
		linux_text_end(text);
		return STATUS_ENOMEM;
	}
	budget_hold(budget);
	made->budget = budget;
	made->charged = charged;
	made->bytes = text->bytes;
	made->len = text->len;
	made->store = text->store;
	made->pid = text->pid;
	made->tid = text->tid;
	linux_file_init(&made->file, &text_ops, flags & LINUX_O_ACCMODE);
	*out = &made->file;
	return STATUS_OK;
}

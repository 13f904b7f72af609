// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/text.h"

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/comm.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual_node.h"
#include "kernel/sys/thread.h"
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
	struct linux_text text;      /* W: under the file's lock, where nobody reads */
	unsigned readers;            /* W: under the file's lock */
	struct linux_dentry *dentry; /* held: what it is about */
	struct budget *budget;       /* held */
};

static struct text_file *own_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct text_file, file);
}

/* What it says now. Whoever reads meanwhile goes on with what it said. STATUS_ESRCH: the process has ended; STATUS_EACCES, STATUS_ENOMEM. */
static status_t text_make(struct text_file *own)
{
	struct linux_text made;
	status_t status;

	linux_text_begin(&made);
	status = linux_vnode_text(thread_current()->process, linux_vnode_of(own->dentry->node), &made);
	if (status == STATUS_OK && (made.failed || !budget_charge_bytes(own->budget, kheap_takes(made.room))))
		status = STATUS_ENOMEM;
	if (status == STATUS_OK) {
		spinlock_take(&own->file.lock);
		if (own->readers == 0) {
			struct linux_text old = own->text;

			own->text = made;
			made = old;
		}
		spinlock_give(&own->file.lock);
		budget_credit_bytes(own->budget, kheap_takes(made.room));
	}
	linux_text_end(&made);
	return status == STATUS_ENOENT ? STATUS_ESRCH : status;
}

/* Made anew for who reads from the beginning: programs keep such files open, and read them again. */
static int64_t text_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct text_file *own = own_of(file);
	int64_t done = 0;

	if (offset == 0 || own->text.room == 0)
		done = text_make(own);
	if (done != STATUS_OK)
		return done;
	spinlock_take(&file->lock);
	own->readers++;
	spinlock_give(&file->lock);
	if (offset < own->text.len && data->left > 0)
		done = linux_data_give(data, own->text.bytes + offset, own->text.len - (size_t)offset);
	spinlock_take(&file->lock);
	own->readers--;
	spinlock_give(&file->lock);
	return done;
}

/* What can be set is taken, and nothing comes of most of it. */
static int64_t text_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	const struct linux_vnode *about = linux_vnode_of(own_of(file)->dentry->node);

	(void)offset;
	return about->entry->is_made && about->entry->fill == linux_pid_comm ? linux_comm_write(about->pid, about->tid, data) : (int64_t)data->left;
}

static void text_release(struct linux_file *file)
{
	struct text_file *gone = own_of(file);
	struct budget *budget = gone->budget;

	budget_credit_bytes(budget, kheap_takes(sizeof(*gone)) + kheap_takes(gone->text.room));
	budget_put(budget);
	linux_dentry_put(gone->dentry);
	linux_text_end(&gone->text);
	free(gone);
}

static const struct linux_file_ops text_ops = {
	.name = "text", .read = text_read, .write = text_write, .release = text_release,
};

struct linux_dentry *linux_text_dentry(const struct linux_file *file)
{
	return file->ops == &text_ops ? LIST_OWNER((struct linux_file *)file, struct text_file, file)->dentry : NULL;
}

status_t linux_text_open(struct linux_dentry *dentry, struct budget *budget, uint32_t flags, struct linux_file **out)
{
	struct text_file *made = NULL;

	if (budget_charge_bytes(budget, kheap_takes(sizeof(*made)) + kheap_takes(0))) {
		made = calloc(1, sizeof(*made));
		if (made == NULL)
			budget_credit_bytes(budget, kheap_takes(sizeof(*made)) + kheap_takes(0));
	}
	if (made == NULL)
		return STATUS_ENOMEM;
	budget_hold(budget);
	made->budget = budget;
	made->dentry = linux_dentry_hold(dentry);
	linux_file_init(&made->file, &text_ops, flags & LINUX_O_ACCMODE);
	*out = &made->file;
	return STATUS_OK;
}

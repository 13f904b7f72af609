// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/vfs.h"

#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/locks.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/pipe.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/virtual.h"
#include "kernel/sys/thread.h"
#include "lib/string.h"

enum { ANONYMOUS_DEVICE = 0xff /* of what is in no file system */, PART_BYTES = 65536, SMALL_BYTES = 512, PATH_BYTES = 32 };

static struct linux_vfs_file *own_of(const struct linux_file *file)
{
	return LIST_OWNER((struct linux_file *)file, struct linux_vfs_file, file);
}

/* An operation on a node, with what it takes and gives. */
struct act {
	struct linux_dentry *dentry;
	struct linux_file *file;
	uint8_t *data;
	size_t bytes;
	uint64_t offset;
	bool append, moves, settles;
	struct linux_subject who; /* who changes it */
	int64_t result;
};

static void read_act(void *arg)
{
	struct act *act = arg;
	struct fs_node *node = act->dentry->node;

	act->result = node->fs->ops->read(node, act->offset, act->data, act->bytes);
}

/* What is added to the end leaves the file's place there, unless the call named one. */
static void write_act(void *arg)
{
	struct act *act = arg;
	struct fs_node *node = act->dentry->node;
	size_t bytes = act->bytes;
	struct fs_stat stat;

	if (atomic_load_explicit(&act->dentry->seals, memory_order_relaxed) != 0 && !act->settles) {
		act->result = linux_memfd_may_write(act->dentry, act->offset, act->append, &bytes);
		if (act->result != STATUS_OK)
			return;
	}
	act->result = act->settles ? STATUS_OK : linux_owner_lose(node, &act->who);
	if (act->result == STATUS_OK)
		act->result = node->fs->ops->write(node, act->offset, act->data, bytes, act->append);
	if (act->moves && act->result > 0 && node->fs->ops->stat(node, &stat) == STATUS_OK) {
		spinlock_take(&act->file->lock);
		act->file->offset = stat.size;
		spinlock_give(&act->file->lock);
	}
}

static int64_t act_run(struct act *act, void (*run)(void *arg))
{
	linux_fs_run(act->dentry->service, run, act);
	return act->result;
}

/* A file that lies in memory: from there. */
static bool in_memory(struct linux_dentry *dentry, struct span *content)
{
	const struct fs_ops *ops = dentry->node->fs->ops;

	*content = ops->pages != NULL ? ops->pages(dentry->node) : span_of(NULL, 0);
	return content->len > 0;
}

/* Moves data in parts, through memory of the kernel, until a part comes out short. */
static int64_t by_parts(struct linux_file *file, struct linux_data *data, uint64_t offset,
			int64_t (*part)(struct act *act, struct linux_data *data))
{
	uint8_t small[SMALL_BYTES];
	size_t room = data->left <= SMALL_BYTES ? SMALL_BYTES : data->left < PART_BYTES ? (size_t)data->left : PART_BYTES;
	struct act act = { .dentry = own_of(file)->dentry, .file = file, .offset = offset, .data = small };
	int64_t done = 0;
	int64_t moved = 0;

	if (room > SMALL_BYTES)
		act.data = malloc(room);
	if (act.data == NULL)
		return STATUS_ENOMEM;
	while (data->left > 0) {
		if (done > 0 && data->thread != NULL)
			linux_give_way(data->thread);
		act.bytes = data->left < room ? (size_t)data->left : room;
		moved = part(&act, data);
		if (moved > 0) {
			done += moved;
			act.offset += (uint64_t)moved;
		}
		if (moved < (int64_t)act.bytes)
			break;
	}
	if (act.data != small)
		free(act.data);
	return done > 0 ? done : moved;
}

static int64_t read_part(struct act *act, struct linux_data *data)
{
	int64_t got = act_run(act, read_act);

	return got > 0 ? linux_data_give(data, act->data, (size_t)got) : got;
}

/* What there was no room for, once more: files of memory that were closed give theirs back late. */
static int64_t write_rest(struct act *act, int64_t done)
{
	struct act rest = *act;
	int64_t more;

	if (act->dentry->service->fs->workers != 0)
		return done;
	linux_files_settle();
	if (done > 0) {
		rest.data += done;
		rest.bytes -= (size_t)done;
		rest.offset += (uint64_t)done;
	}
	more = act_run(&rest, write_act);
	return done <= 0 ? more : more > 0 ? done + more : done;
}

static int64_t write_part(struct act *act, struct linux_data *data)
{
	int64_t taken = linux_data_take(data, act->data, act->bytes);

	if (taken <= 0)
		return taken;
	act->bytes = (size_t)taken;
	act->append = (linux_file_flags(act->file) & LINUX_O_APPEND) != 0 && !data->settles;
	act->moves = act->append && !data->named_place;
	act->settles = data->settles;
	act->who = linux_subject_of(thread_current());
	taken = act_run(act, write_act);
	return taken == STATUS_ENOSPC || (taken > 0 && (size_t)taken < act->bytes) ? write_rest(act, taken) : taken;
}

static int64_t vfs_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_dentry *dentry = own_of(file)->dentry;
	struct span content;

	if (dentry->node->type != FS_FILE)
		return dentry->node->type == FS_DIRECTORY ? STATUS_EISDIR : STATUS_EINVAL;
	if (offset > INT64_MAX)
		return STATUS_EINVAL;
	if (!in_memory(dentry, &content))
		return by_parts(file, data, offset, read_part);
	if (offset >= content.len || data->left == 0)
		return 0;
	return linux_data_give(data, content.data + offset, content.len - (size_t)offset);
}

static int64_t vfs_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_dentry *dentry = own_of(file)->dentry;

	if (dentry->node->type != FS_FILE)
		return STATUS_EINVAL;
	if (dentry->node->fs->ops->write == NULL)
		return STATUS_EROFS;
	if (offset > INT64_MAX - data->left)
		return STATUS_EFBIG;
	return by_parts(file, data, offset, write_part);
}

static status_t vfs_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	struct linux_stat stat;
	status_t status = linux_dentry_stat(own_of(file)->dentry, &stat);

	*out = stat.fs;
	*mode_type = stat.type;
	return status;
}

/* asm-generic/ioctls.h: how much is left to read. */
static int64_t vfs_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct linux_stat stat;
	int32_t left;
	status_t status;

	if (request != LINUX_FIONREAD || own_of(file)->dentry->node->type != FS_FILE)
		return STATUS_ENOTTY;
	status = linux_dentry_stat(own_of(file)->dentry, &stat);
	if (status != STATUS_OK)
		return status;
	left = (int32_t)(stat.fs.size - file->offset);
	return linux_copy_out(thread, argument, &left, sizeof(left));
}

static status_t vfs_map(struct linux_file *file, struct span *memory)
{
	if (own_of(file)->dentry->node->type != FS_FILE)
		return STATUS_ENODEV;
	(void)in_memory(own_of(file)->dentry, memory);
	return STATUS_OK;
}

static bool vfs_identity(struct linux_file *file, const void **file_system, uint64_t *id)
{
	struct linux_dentry *dentry = own_of(file)->dentry;

	*file_system = dentry->node->fs;
	return linux_dentry_id(dentry, id);
}

void linux_vfs_opened(struct linux_file *file)
{
	struct linux_vfs_file *own = linux_vfs_own(file);

	if (own == NULL)
		return;
	own->is_told = true;
	linux_dentry_opened(own->dentry);
	linux_notify(own->dentry, LINUX_IN_OPEN);
}

/* Where nothing can sleep nobody is told. */
static void vfs_end(struct linux_file *file)
{
	struct linux_vfs_file *own = own_of(file);

	linux_locks_release(file);
	if (own->is_told && linux_is_watched() && fiber_current() != NULL)
		linux_watches_tell(own->dentry, linux_file_flags(file) & LINUX_O_ACCMODE ? LINUX_IN_CLOSE_WRITE : LINUX_IN_CLOSE_NOWRITE);
}

static uint32_t vfs_seals(const struct linux_file *file)
{
	return atomic_load_explicit(&own_of(file)->dentry->seals, memory_order_relaxed);
}

static void vfs_release(struct linux_file *file)
{
	struct linux_vfs_file *gone = own_of(file);
	struct budget *budget = gone->budget;

	linux_dentry_put(gone->dentry);
	if (gone->proven.file.data != NULL)
		program_copy_free(&gone->proven, budget);
	linux_room_give(budget, gone, sizeof(*gone));
	budget_put(budget);
}

static const struct linux_file_ops vfs_ops = {
	.name = "file",
	.read = vfs_read,
	.write = vfs_write,
	.stat = vfs_stat,
	.ioctl = vfs_ioctl,
	.map = vfs_map,
	.identity = vfs_identity,
	.seals = vfs_seals,
	.end = vfs_end,
	.release = vfs_release,
};

/* O_PATH. */
static const struct linux_file_ops path_ops = {
	.name = "path",
	.stat = vfs_stat,
	.identity = vfs_identity,
	.release = vfs_release,
};

struct linux_file *linux_vfs_file_make(struct linux_dentry *dentry, uint32_t flags)
{
	struct budget *budget = dentry->budget;
	struct linux_vfs_file *made = linux_room_take(budget, sizeof(*made));

	if (made == NULL)
		return NULL;
	budget_hold(budget);
	made->budget = budget;
	made->dentry = linux_dentry_hold(dentry);
	made->is_told = false;
	made->proven = (struct program_copy){ 0 };
	made->is_path = (flags & LINUX_O_PATH) != 0;
	linux_file_init(&made->file, made->is_path ? &path_ops : &vfs_ops, flags);
	return &made->file;
}

struct linux_vfs_file *linux_vfs_own(struct linux_file *file)
{
	return file->ops == &vfs_ops ? own_of(file) : NULL;
}

struct linux_dentry *linux_vfs_dentry(const struct linux_file *file)
{
	return file->ops == &vfs_ops || file->ops == &path_ops ? own_of(file)->dentry : NULL;
}

struct linux_dentry *linux_file_dentry(const struct linux_file *file)
{
	struct linux_dentry *dentry = linux_vfs_dentry(file);

	if (dentry == NULL)
		dentry = linux_pipe_dentry(file);
	return dentry != NULL ? dentry : linux_text_dentry(file);
}

status_t linux_file_stat(struct linux_file *file, struct linux_stat *out)
{
	struct linux_dentry *dentry = linux_file_dentry(file);
	const char *name = file->ops->name;
	char path[PATH_BYTES];
	uint64_t id = 0;

	if (dentry != NULL)
		return linux_dentry_stat(dentry, out);
	memset(out, 0, sizeof(*out));
	if (file->ops->path != NULL) {
		(void)file->ops->path(file, path, sizeof(path));
		name = path;
	}
	out->device = linux_virtual_device(name, &id, &out->rdevice) ? LINUX_VIRTUAL_DEVICE : ANONYMOUS_DEVICE;
	out->fs.id = id;
	return file->ops->stat(file, &out->fs, &out->type);
}

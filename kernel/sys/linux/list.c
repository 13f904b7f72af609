// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * getdents64. The place in a directory: 0 before ".", 1 before "..", then what the file system calls the place behind its last entry, plus 2; behind all
 * of those, what is mounted on names that it does not have.
 */
#include <assert.h>
#include <stddef.h>

#include "capos/abi/dir.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/string.h"

enum { LIST_BYTES = 32768, DOTS = 2, ALIGNMENT = 8, DEVICE = 2 /* DT_CHR */ };

#define MOUNTS_AT (1ull << 62)

struct user_dirent {
	uint64_t id;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

static_assert(offsetof(struct user_dirent, name) == 19, "linux/dirent.h: struct linux_dirent64");

struct listing {
	struct process *process;
	const struct linux_root *root;
	struct linux_dentry *directory;
	uint8_t *data;
	size_t room, used;
	uint64_t place;
	bool full;
	status_t status;
};

/* linux/fs_types.h: DT_* */
static uint8_t type_of(uint32_t mode_type)
{
	return (uint8_t)(mode_type >> 12);
}

static bool entry_add(struct listing *list, struct span name, uint64_t id, uint8_t type, uint64_t place)
{
	size_t bytes = (offsetof(struct user_dirent, name) + name.len + 1 + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct user_dirent *entry = (struct user_dirent *)(void *)(list->data + list->used);

	if (bytes > list->room - list->used) {
		list->full = true;
		return false;
	}
	memset(entry, 0, bytes);
	entry->id = id;
	entry->offset = (int64_t)place;
	entry->bytes = (uint16_t)bytes;
	entry->type = type;
	memcpy(entry->name, name.data, name.len);
	list->used += bytes;
	list->place = place;
	return true;
}

static bool entry_each(void *ctx, const struct fs_entry *entry)
{
	static const uint8_t types[] = { [FS_FILE] = 8, [FS_DIRECTORY] = 4, [FS_LINK] = 10, [FS_PIPE] = 1, [FS_OTHER] = 12 };
	struct listing *list = ctx;

	if (list->directory->is_base && linux_root_mount(list->root, list->directory, entry->name) != NULL)
		return true; /* covered */
	return entry_add(list, entry->name, entry->id, entry->type == FS_OTHER && linux_virtual_has(list->directory->node) ? DEVICE : types[entry->type],
			 entry->cookie + DOTS);
}

/* Its number; and whether it is there: one that was removed has not even its dots. */
static bool is_there(struct fs_node *node, uint64_t *id)
{
	struct fs_stat stat;

	*id = 0;
	if (node->fs->ops->stat(node, &stat) != STATUS_OK)
		return true;
	*id = stat.id;
	return stat.links > 0 || linux_virtual_has(node);
}

static void list_act(void *arg)
{
	struct listing *list = arg;
	struct fs_node *node = list->directory->node;
	uint64_t id;

	list->status = list->place > 0 || is_there(node, &id) ? STATUS_OK : STATUS_ENOENT;
	if (list->status != STATUS_OK)
		return;
	if (list->place == 0)
		(void)entry_add(list, span_of(".", 1), id, 4, 1);
	if (list->place == 1 && !list->full)
		(void)entry_add(list, span_of("..", 2), 1, 4, DOTS);
	if (list->place >= MOUNTS_AT || list->full)
		return;
	if (linux_virtual_has(node))
		linux_virtual_list(list->process, node, list->place - DOTS, entry_each, list);
	else
		list->status = node->fs->ops->list(node, list->place - DOTS, entry_each, list);
	if (list->status == STATUS_OK && list->used == 0 && !list->full && !is_there(node, &id))
		list->status = STATUS_ENOENT;
}

/* What is mounted in the directory. Context: no file system's. */
static void mounts_list(struct listing *list)
{
	unsigned first = list->place >= MOUNTS_AT ? (unsigned)(list->place - MOUNTS_AT) : 0;

	for (unsigned i = first; i < list->root->count && !list->full; i++) {
		const struct linux_mount *mount = &list->root->mounts[i];

		if (mount->parent == list->directory)
			(void)entry_add(list, span_of(mount->name, strlen(mount->name)), i + 1, type_of(linux_node_type(mount->dentry->node)),
					MOUNTS_AT + i + 1);
	}
}

static int64_t list_run(struct thread *thread, struct linux_file *file, uint64_t to_va, size_t room)
{
	struct listing list = { .process = thread->process, .root = linux_process_of(thread)->root, .directory = linux_vfs_dentry(file), .place = file->offset };
	int64_t result;

	if (list.directory == NULL || list.directory->node->type != FS_DIRECTORY)
		return STATUS_ENOTDIR;
	list.room = room < LIST_BYTES ? room : LIST_BYTES;
	list.data = malloc(list.room > 0 ? list.room : 1);
	if (list.data == NULL)
		return STATUS_ENOMEM;
	linux_fs_run(list.directory->service, list_act, &list);
	if (list.status == STATUS_OK && list.directory->is_base)
		mounts_list(&list);
	result = list.status != STATUS_OK ? list.status : list.used == 0 && list.full ? STATUS_EINVAL : (int64_t)list.used;
	if (result > 0 && linux_copy_out(thread, to_va, list.data, list.used) != STATUS_OK)
		result = STATUS_EFAULT;
	free(list.data);
	if (result > 0) {
		spinlock_take(&file->lock);
		file->offset = list.place;
		spinlock_give(&file->lock);
	}
	return result;
}

static int64_t call_getdents64(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	int64_t result = linux_fd_get(thread->process, (int)x[0], LINUX_FILE_USE, &file);

	if (result != STATUS_OK)
		return result;
	result = list_run(thread, file, x[1], (uint32_t)x[2]);
	if (result >= 0 && linux_is_watched())
		linux_notify(linux_vfs_dentry(file), LINUX_IN_ACCESS);
	linux_file_put(file);
	return result;
}

const struct linux_call linux_calls_list[] = {
	{ 61, 3, "getdents64", call_getdents64 },
	{ 0 },
};

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * They lie in a file system of their own kind as /tmp is, one for all that come from one of the manifest's processes, whose memory it is; it is there from the
 * first of them on. Each loses its name as soon as it has one. What is sealed is so for all who have it open: the seals are with the way to the node, which
 * all of them share.
 */
#include "kernel/sys/linux/memfd.h"

#include "capos/abi/dir.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "kernel/core/libc.h"
#include "kernel/io/fs/tmp.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, NAME_BYTES_MAX = 249, PERMISSIONS = 0777 };
enum { MEMORY_RIGHTS = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE, MEMORY_DEVICE = 0xfe };

static const char before[] = "memfd:";
static const char behind[] = " (deleted)";

/* The root of a new file system. */
static struct linux_dentry *memory_mount(struct process *process)
{
	struct linux_dentry *made;
	struct fs_service *service;
	struct fs *fs;

	if (tmp_mount(process->budget, INT64_MAX, hal_cpu_index(), &fs) != STATUS_OK)
		return NULL;
	if (fs_service_start(fs, tmp_unmount, &service) != STATUS_OK) {
		tmp_unmount(fs);
		return NULL;
	}
	made = linux_dentry_root(NULL, service, fs->root, process->budget, MEMORY_RIGHTS, MEMORY_DEVICE, "");
	fs_service_put(service);
	return made;
}

/* Where the process's memfds are. NULL: memory is out. */
static struct linux_dentry *memory_of(struct process *process)
{
	struct linux_root *root = process->personality->root;
	struct linux_dentry *there = atomic_load_explicit(&root->memory, memory_order_acquire);
	struct linux_dentry *made;

	if (there != NULL)
		return there;
	made = memory_mount(process);
	if (made == NULL || atomic_compare_exchange_strong_explicit(&root->memory, &there, made, memory_order_acq_rel, memory_order_acquire))
		return made;
	linux_dentry_put(made); /* another thread was faster */
	return there;
}

struct making {
	struct linux_dentry *memory, *made;
	struct span name;
	struct linux_subject who;
	status_t status;
};

static void make_act(void *arg)
{
	struct making *making = arg;
	struct fs_node *directory = making->memory->node;
	struct span name = span_of("m", 1);
	struct fs_node *node;

	making->status = directory->fs->ops->create(directory, name, FS_FILE, PERMISSIONS, &node);
	if (making->status != STATUS_OK)
		return;
	linux_owner_give(directory, node, &making->who);
	making->made = linux_dentry_make(making->memory, making->memory, node, making->name);
	making->status = directory->fs->ops->remove(directory, name, false);
	if (making->made == NULL)
		making->status = STATUS_ENOMEM;
}

struct linux_file *linux_memfd_make(struct process *process, struct span name, uint8_t seals)
{
	struct making making = { .memory = memory_of(process), .name = name, .who = linux_subject_of(thread_current()) };
	struct linux_file *file = NULL;

	if (making.memory == NULL)
		return NULL;
	linux_fs_run(making.memory->service, make_act, &making);
	if (making.status == STATUS_ENOSPC || making.status == STATUS_ENOMEM) {
		linux_dentry_put(making.made);
		making.made = NULL;
		linux_files_settle();
		linux_fs_run(making.memory->service, make_act, &making);
	}
	if (making.made == NULL)
		return NULL;
	atomic_store_explicit(&making.made->seals, seals, memory_order_relaxed);
	if (making.status == STATUS_OK)
		file = linux_vfs_file_make(making.made, LINUX_O_RDWR | LINUX_O_LARGEFILE);
	linux_dentry_put(making.made);
	return file;
}

static int64_t call_memfd_create(struct thread *thread, const uint64_t x[6])
{
	char name[sizeof(before) - 1 + NAME_BYTES_MAX + sizeof(behind)];
	uint32_t flags = (uint32_t)x[1];
	struct linux_file *file;
	int64_t length;

	if ((flags & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0)
		return STATUS_EINVAL;
	memcpy(name, before, sizeof(before) - 1);
	length = linux_copy_string(thread, name + sizeof(before) - 1, x[0], NAME_BYTES_MAX + 1);
	if (length < 0)
		return length == STATUS_ENAMETOOLONG ? STATUS_EINVAL : length;
	length += sizeof(before) - 1;
	memcpy(name + length, behind, sizeof(behind) - 1);
	length += sizeof(behind) - 1;
	file = linux_memfd_make(thread->process, span_of(name, (size_t)length), LINUX_MEMFD | (flags & MFD_ALLOW_SEALING ? 0 : LINUX_SEAL_SEAL));
	return file != NULL ? linux_fd_add(thread->process, file, 0, (flags & MFD_CLOEXEC) != 0) : STATUS_ENOMEM;
}

static uint8_t seals_of(const struct linux_dentry *dentry)
{
	return atomic_load_explicit(&dentry->seals, memory_order_relaxed);
}

int64_t linux_memfd_seals(struct linux_file *file)
{
	uint32_t seals = file->ops->seals != NULL ? file->ops->seals(file) : 0;

	return seals & LINUX_MEMFD ? (int64_t)(seals & LINUX_SEALS) : STATUS_EINVAL;
}

struct sealing {
	struct linux_dentry *dentry;
	const void *fs;
	uint64_t id;
	uint8_t more;
	status_t status;
};

static void seal_act(void *arg)
{
	struct sealing *sealing = arg;
	uint8_t has = seals_of(sealing->dentry);

	sealing->status = has & LINUX_SEAL_SEAL ? STATUS_EPERM : linux_pages_seal(sealing->fs, sealing->id, &sealing->dentry->seals, sealing->more & ~has);
}

int64_t linux_memfd_seal(struct linux_file *file, uint64_t seals)
{
	struct sealing sealing = { .dentry = linux_vfs_dentry(file), .more = (uint8_t)(seals & LINUX_SEALS) };
	int64_t has = linux_memfd_seals(file);

	if ((linux_file_flags(file) & LINUX_O_ACCMODE) == 0)
		return STATUS_EPERM;
	if (has < 0 || (seals & ~(uint64_t)LINUX_SEALS) != 0)
		return STATUS_EINVAL;
	if (!file->ops->identity(file, &sealing.fs, &sealing.id))
		return STATUS_EIO;
	linux_fs_run(sealing.dentry->service, seal_act, &sealing); /* between what is written */
	return sealing.status;
}

/* Its size now. */
static uint64_t size_of(struct linux_dentry *dentry)
{
	struct fs_stat stat = { 0 };
	status_t status = dentry->node->fs->ops->stat(dentry->node, &stat);

	return status == STATUS_OK ? stat.size : 0;
}

/* Spec: Linux, mm/shmem.c: shmem_write_begin(): what would end behind the file's end is refused page by page. */
status_t linux_memfd_may_write(struct linux_dentry *dentry, uint64_t offset, bool append, size_t *bytes)
{
	uint64_t size;
	uint64_t end;

	if (*bytes > 0 && linux_memfd_may_punch(dentry) != STATUS_OK)
		return STATUS_EPERM;
	if (!(seals_of(dentry) & LINUX_SEAL_GROW))
		return STATUS_OK;
	size = size_of(dentry);
	if (append)
		offset = size;
	end = size - size % HAL_PAGE_BYTES;
	if (offset <= size && *bytes <= size - offset)
		return STATUS_OK;
	if (offset >= end)
		return STATUS_EPERM;
	*bytes = (size_t)(end - offset);
	return STATUS_OK;
}

status_t linux_memfd_may_punch(const struct linux_dentry *dentry)
{
	return seals_of(dentry) & (LINUX_SEAL_WRITE | LINUX_SEAL_FUTURE_WRITE) ? STATUS_EPERM : STATUS_OK;
}

status_t linux_memfd_may_resize(struct linux_dentry *dentry, uint64_t size)
{
	uint8_t seals = seals_of(dentry);
	uint64_t now = size_of(dentry);

	return (size < now && (seals & LINUX_SEAL_SHRINK)) || (size > now && (seals & LINUX_SEAL_GROW)) ? STATUS_EPERM : STATUS_OK;
}

const struct linux_call linux_calls_memfd[] = {
	{ 279, 2, "memfd_create", call_memfd_create },
	{ 0 },
};

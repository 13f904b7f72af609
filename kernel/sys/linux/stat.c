// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is told about files.
 *
 * Spec: Linux, include/uapi/asm-generic/{stat,statfs}.h, include/uapi/linux/stat.h
 */
#include <assert.h>

#include "capos/abi/dir.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/mounts.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/permissions.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/string.h"

enum { BLOCK_BYTES = 4096, SECTOR_BYTES = 512, STATX_BASIC_STATS = 0x7ff, MINOR_BITS = 8 };

#define STATX_RESERVED (1ull << 31)

/* AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH, AT_STATX_*, of which one is asked for. */
enum { STATX_SYNC_TYPE = 0x6000, STAT_FLAGS = 0x100 | 0x800 | 0x1000 | STATX_SYNC_TYPE, AT_EACCESS = 0x200, ACCESS_FLAGS = 0x100 | AT_EACCESS | 0x1000 };

struct user_time {
	int64_t seconds;
	uint64_t nanoseconds;
};

struct user_stat {
	uint64_t device, id;
	uint32_t mode, links, user, group;
	uint64_t rdevice, pad1;
	int64_t size;
	int32_t block_bytes, pad2;
	int64_t blocks;
	struct user_time accessed, modified, changed;
	uint32_t unused[2];
};

static_assert(sizeof(struct user_stat) == 128, "asm-generic/stat.h: struct stat");

struct user_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct user_statx {
	uint32_t mask, block_bytes;
	uint64_t attributes;
	uint32_t links, user, group;
	uint16_t mode, pad1;
	uint64_t id, size, blocks, attributes_mask;
	struct user_statx_time accessed, born, changed, modified;
	uint32_t rdevice_major, rdevice_minor, device_major, device_minor;
	uint64_t mount;
	uint64_t spare[13];
};

static_assert(sizeof(struct user_statx) == 256, "linux/stat.h: struct statx");

struct user_statfs {
	uint64_t type, block_bytes, blocks, free_blocks, available_blocks, nodes, free_nodes;
	uint32_t id[2];
	uint64_t name_max, fragment_bytes, flags, spare[4];
};

static_assert(sizeof(struct user_statfs) == 120, "asm-generic/statfs.h: struct statfs");

static struct user_time time_of(const struct fs_time *time)
{
	return (struct user_time){ .seconds = time->seconds, .nanoseconds = time->nanoseconds };
}

static status_t stat_give(struct thread *thread, uint64_t to_va, const struct linux_stat *stat)
{
	const struct user_stat out = {
		.device = stat->device,
		.id = stat->fs.id,
		.mode = stat->type | stat->fs.permissions,
		.links = stat->fs.links,
		.user = stat->fs.user,
		.group = stat->fs.group,
		.rdevice = stat->rdevice,
		.size = (int64_t)stat->fs.size,
		.block_bytes = BLOCK_BYTES,
		.blocks = (int64_t)(stat->fs.allocated / SECTOR_BYTES),
		.accessed = time_of(&stat->fs.accessed),
		.modified = time_of(&stat->fs.modified),
		.changed = time_of(&stat->fs.changed),
	};

	return linux_copy_out(thread, to_va, &out, sizeof(out));
}

static struct user_statx_time statx_time_of(const struct fs_time *time)
{
	return (struct user_statx_time){ .seconds = time->seconds, .nanoseconds = time->nanoseconds };
}

static status_t statx_give(struct thread *thread, uint64_t to_va, const struct linux_stat *stat)
{
	const struct user_statx out = {
		.mask = STATX_BASIC_STATS,
		.block_bytes = BLOCK_BYTES,
		.links = stat->fs.links,
		.user = stat->fs.user,
		.group = stat->fs.group,
		.mode = (uint16_t)(stat->type | stat->fs.permissions),
		.id = stat->fs.id,
		.size = stat->fs.size,
		.blocks = stat->fs.allocated / SECTOR_BYTES,
		.accessed = statx_time_of(&stat->fs.accessed),
		.changed = statx_time_of(&stat->fs.changed),
		.modified = statx_time_of(&stat->fs.modified),
		.rdevice_major = (uint32_t)(stat->rdevice >> MINOR_BITS),
		.rdevice_minor = stat->rdevice & ((1u << MINOR_BITS) - 1),
		.device_minor = (uint32_t)stat->device,
	};

	return linux_copy_out(thread, to_va, &out, sizeof(out));
}

static status_t stat_fd(struct thread *thread, int fd, struct linux_stat *out)
{
	struct linux_file *file;
	struct linux_dentry *cwd;
	status_t status;

	if (fd == LINUX_AT_FDCWD) {
		status = linux_path_start(thread->process, fd, &cwd);
		if (status == STATUS_OK) {
			status = linux_dentry_stat(cwd, out);
			linux_dentry_put(cwd);
		}
		return status;
	}
	status = linux_fd_get(thread->process, fd, 0, &file);
	if (status != STATUS_OK)
		return status;
	status = linux_file_stat(file, out);
	linux_file_put(file);
	return status;
}

static status_t stat_walked(const struct linux_walk *walk, struct linux_stat *out)
{
	if (walk->magic != NULL)
		return linux_file_stat(walk->magic, out);
	return walk->found != NULL ? linux_dentry_stat(walk->found, out) : STATUS_ENOENT;
}

/* Whether the path is empty, and may be: then the descriptor itself is meant. */
static bool is_descriptor(struct thread *thread, uint64_t path_va, uint64_t flags)
{
	char first = '\0';

	return (flags & LINUX_AT_EMPTY_PATH) != 0 && (path_va == 0 || (linux_copy_in(thread, &first, path_va, 1) == STATUS_OK && first == '\0'));
}

static status_t stat_at(struct thread *thread, int dirfd, uint64_t path_va, uint64_t flags, struct linux_stat *out)
{
	struct linux_walk *walk;
	status_t status;

	if ((flags & ~(uint64_t)STAT_FLAGS) != 0)
		return STATUS_EINVAL;
	if (is_descriptor(thread, path_va, flags))
		return stat_fd(thread, dirfd, out);
	walk = linux_walk_user(thread, dirfd, path_va, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), &status);
	if (walk == NULL)
		return status;
	status = stat_walked(walk, out);
	linux_walk_free(walk);
	return status;
}

static int64_t call_newfstatat(struct thread *thread, const uint64_t x[6])
{
	struct linux_stat stat;
	status_t status = stat_at(thread, (int)x[0], x[1], x[3], &stat);

	return status == STATUS_OK ? stat_give(thread, x[2], &stat) : status;
}

static int64_t call_fstat(struct thread *thread, const uint64_t x[6])
{
	struct linux_stat stat;
	status_t status = (int)x[0] == LINUX_AT_FDCWD ? STATUS_EBADF : stat_fd(thread, (int)x[0], &stat);

	return status == STATUS_OK ? stat_give(thread, x[1], &stat) : status;
}

static int64_t call_statx(struct thread *thread, const uint64_t x[6])
{
	struct linux_stat stat;
	status_t status;

	if ((x[2] & STATX_SYNC_TYPE) == STATX_SYNC_TYPE || (x[3] & STATX_RESERVED) != 0)
		return STATUS_EINVAL;
	status = stat_at(thread, (int)x[0], x[1], x[2], &stat);
	return status == STATUS_OK ? statx_give(thread, x[4], &stat) : status;
}

/* `mode`: LINUX_MAY_*; 0: that it is there. The process's right to write is looked at, too. */
static status_t access_check(const struct linux_walk *walk, uint32_t mode)
{
	struct linux_dentry *found = walk->found;
	struct linux_stat stat;
	status_t status = STATUS_OK;

	if (found == NULL) {
		status = stat_walked(walk, &stat);
		return status == STATUS_OK && (mode & LINUX_MAY_EXECUTE) != 0 && (stat.fs.permissions & 0111) == 0 ? STATUS_EACCES : status;
	}
	if ((mode & LINUX_MAY_WRITE) != 0 && !linux_virtual_has(found->node))
		status = linux_dentry_may(found, CAPOS_DIR_RIGHT_WRITE);
	return status == STATUS_OK ? linux_may(&walk->who, found, mode) : status;
}

static int64_t access_at(struct thread *thread, const uint64_t x[6], uint64_t flags)
{
	bool follow = !(flags & LINUX_AT_SYMLINK_NOFOLLOW);
	struct linux_walk *walk;
	status_t status;

	if ((x[2] & ~7ull) != 0 || (flags & ~(uint64_t)ACCESS_FLAGS) != 0)
		return STATUS_EINVAL;
	walk = flags & AT_EACCESS ? linux_walk_user(thread, (int)x[0], x[1], follow, &status) : linux_walk_user_real(thread, (int)x[0], x[1], follow, &status);
	if (walk == NULL)
		return status;
	status = access_check(walk, (uint32_t)x[2]);
	linux_walk_free(walk);
	return status;
}

static int64_t call_faccessat(struct thread *thread, const uint64_t x[6])
{
	return access_at(thread, x, 0);
}

static int64_t call_faccessat2(struct thread *thread, const uint64_t x[6])
{
	return access_at(thread, x, x[3]);
}

struct space {
	struct fs *fs;
	struct fs_space space;
	status_t status;
};

static void space_act(void *arg)
{
	struct space *space = arg;

	if (space->fs->ops->space != NULL)
		space->status = space->fs->ops->space(space->fs, &space->space);
}

static status_t statfs_give(struct thread *thread, struct linux_dentry *dentry, uint64_t to_va)
{
	struct space space = { .fs = dentry->node->fs, .space = { .block_bytes = BLOCK_BYTES } };
	struct user_statfs out;
	uint64_t bytes;

	linux_fs_run(dentry->service, space_act, &space);
	if (space.status != STATUS_OK)
		return space.status;
	bytes = space.space.block_bytes;
	out = (struct user_statfs){
		.type = linux_mount_magic(dentry),
		.block_bytes = bytes,
		.blocks = space.space.bytes / bytes,
		.free_blocks = space.space.free_bytes / bytes,
		.available_blocks = space.space.free_bytes / bytes,
		.nodes = space.space.nodes,
		.free_nodes = space.space.free_nodes,
		.id = { dentry->device },
		.name_max = FS_NAME_MAX,
		.fragment_bytes = bytes,
		.flags = LINUX_ST_VALID | linux_mount_flags(dentry),
	};
	return linux_copy_out(thread, to_va, &out, sizeof(out));
}

/* What has no name is in a file system of its kind's own, of which little else is told. Spec: Linux, fs/libfs.c: simple_statfs(); linux/magic.h */
static status_t statfs_nameless(struct thread *thread, struct linux_file *file, uint64_t to_va)
{
	struct user_statfs out = { .block_bytes = BLOCK_BYTES, .name_max = FS_NAME_MAX, .fragment_bytes = BLOCK_BYTES, .flags = LINUX_ST_VALID };
	struct linux_stat stat;
	status_t status = linux_file_stat(file, &stat);

	if (status != STATUS_OK)
		return status;
	switch (stat.type) {
	case LINUX_S_IFIFO:
		out.type = 0x50495045;
		break;
	case LINUX_S_IFSOCK:
		out.type = 0x534f434b;
		break;
	case 0:
		out.type = 0x09041934;
		break;
	default: /* devices */
		out.type = 0x01021994;
		break;
	}
	return linux_copy_out(thread, to_va, &out, sizeof(out));
}

static int64_t call_statfs(struct thread *thread, const uint64_t x[6])
{
	status_t status;
	struct linux_walk *walk = linux_walk_user(thread, LINUX_AT_FDCWD, x[0], true, &status);

	if (walk == NULL)
		return status;
	status = walk->found != NULL ? statfs_give(thread, walk->found, x[1]) : STATUS_ENOENT;
	linux_walk_free(walk);
	return status;
}

static int64_t call_fstatfs(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	status_t status = linux_fd_get(thread->process, (int)x[0], 0, &file);
	struct linux_dentry *dentry;

	if (status != STATUS_OK)
		return status;
	dentry = linux_file_dentry(file);
	status = dentry != NULL ? statfs_give(thread, dentry, x[1]) : statfs_nameless(thread, file, x[1]);
	linux_file_put(file);
	return status;
}

const struct linux_call linux_calls_stat[] = {
	{ 43, 2, "statfs", call_statfs },
	{ 44, 2, "fstatfs", call_fstatfs },
	{ 48, 3, "faccessat", call_faccessat },
	{ 79, 4, "newfstatat", call_newfstatat },
	{ 80, 2, "fstat", call_fstat },
	{ 291, 5, "statx", call_statx },
	{ 439, 4, "faccessat2", call_faccessat2 },
	{ 0 },
};

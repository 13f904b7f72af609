// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What nodes of file systems say of themselves, and what of that is changed. */
#include "capos/abi/dir.h"
#include "kernel/cap/fs_acts.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/memfd.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/pages.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "kernel/sys/thread.h"

enum { NANOSECONDS = 1000000000 };

#define SHIFTED_MAX (INT64_MAX / NANOSECONDS / 4)

/* An operation on a node, with what it takes and gives. */
struct act {
	struct linux_dentry *dentry;
	struct linux_subject who; /* who changes it */
	uint32_t what;
	const struct fs_stat *values;
	struct fs_stat *out;
	status_t status;
};

static void stat_act(void *arg)
{
	struct act *act = arg;

	act->status = act->dentry->node->fs->ops->stat(act->dentry->node, act->out);
}

static void set_act(void *arg)
{
	struct act *act = arg;
	struct fs_node *node = act->dentry->node;

	act->status = FS_MAY(node->fs, set);
	if (act->status == STATUS_OK && (act->what & FS_SET_SIZE) && atomic_load_explicit(&act->dentry->seals, memory_order_relaxed) != 0)
		act->status = linux_memfd_may_resize(act->dentry, act->values->size);
	if (act->status == STATUS_OK && (act->what & FS_SET_SIZE))
		act->status = linux_owner_lose(node, &act->who);
	if (act->status == STATUS_OK)
		act->status = node->fs->ops->set(node, act->what, act->values);
}

static void sync_act(void *arg)
{
	struct act *act = arg;

	act->status = fs_act_sync(act->dentry->node);
}

static status_t act_run(struct act *act, void (*run)(void *arg))
{
	linux_fs_run(act->dentry->service, run, act);
	return act->status;
}

uint32_t linux_node_type(const struct fs_node *node)
{
	return node->type == FS_FILE ? LINUX_S_IFREG : node->type == FS_DIRECTORY ? LINUX_S_IFDIR : node->type == FS_LINK ? LINUX_S_IFLNK : node->type == FS_PIPE ? LINUX_S_IFIFO :
	       linux_virtual_rdev(node) != 0 ? LINUX_S_IFCHR : LINUX_S_IFSOCK;
}

/* Between the times of a file system that counts from the machine's start, and real time: what is too far away stays. */
static void time_shift(struct fs_time *time, int64_t ns)
{
	int64_t total;

	if (time->seconds > SHIFTED_MAX || time->seconds < -SHIFTED_MAX)
		return;
	total = time->seconds * NANOSECONDS + time->nanoseconds + ns;
	time->seconds = total / NANOSECONDS - (total % NANOSECONDS < 0);
	time->nanoseconds = (uint32_t)(total - time->seconds * NANOSECONDS);
}

static void times_shift(const struct linux_dentry *dentry, struct fs_stat *stat, int64_t ns)
{
	if (!dentry->node->fs->counts_from_start)
		return;
	time_shift(&stat->accessed, ns);
	time_shift(&stat->modified, ns);
	time_shift(&stat->changed, ns);
}

status_t linux_dentry_stat(struct linux_dentry *dentry, struct linux_stat *out)
{
	struct act act = { .dentry = dentry, .out = &out->fs };
	status_t status = act_run(&act, stat_act);

	times_shift(dentry, &out->fs, (int64_t)linux_clock_offset_ns());
	out->type = linux_node_type(dentry->node);
	out->device = dentry->device;
	out->rdevice = linux_virtual_has(dentry->node) ? linux_virtual_rdev(dentry->node) : 0;
	return status;
}

status_t linux_dentry_may(const struct linux_dentry *dentry, uint32_t rights)
{
	if ((rights & (CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_CREATE)) != 0 && dentry->node->fs->read_only)
		return STATUS_EROFS;
	return (rights & ~dentry->rights) != 0 ? STATUS_EACCES : STATUS_OK;
}

status_t linux_dentry_set(struct linux_dentry *dentry, uint32_t what, const struct fs_stat *values)
{
	struct fs_stat shifted = *values;
	struct act act = { .dentry = dentry, .what = what, .values = &shifted, .who = linux_subject_of(thread_current()) };
	status_t status = linux_dentry_may(dentry, CAPOS_DIR_RIGHT_WRITE);

	times_shift(dentry, &shifted, -(int64_t)linux_clock_offset_ns());
	if (status != STATUS_OK)
		return status;
	if ((what & FS_SET_SIZE) != 0 && dentry->node->type != FS_FILE)
		return dentry->node->type == FS_DIRECTORY ? STATUS_EISDIR : STATUS_EINVAL;
	status = act_run(&act, set_act);
	if (status == STATUS_OK && (what & FS_SET_SIZE) != 0)
		linux_pages_changed(dentry, values->size, UINT64_MAX);
	if (status == STATUS_OK && what != 0)
		linux_notify(dentry, linux_watches_event_of(what));
	return status;
}

status_t linux_dentry_sync(struct linux_dentry *dentry)
{
	struct act act = { .dentry = dentry };

	return act_run(&act, sync_act);
}

bool linux_dentry_id(struct linux_dentry *dentry, uint64_t *id)
{
	struct linux_stat stat;

	if (!atomic_load_explicit(&dentry->has_id, memory_order_acquire)) {
		if (linux_dentry_stat(dentry, &stat) != STATUS_OK)
			return false;
		dentry->id = stat.fs.id;
		atomic_store_explicit(&dentry->has_id, true, memory_order_release);
	}
	*id = dentry->id;
	return true;
}

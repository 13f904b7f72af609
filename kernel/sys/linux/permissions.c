// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/permissions.h"

#include "capos/abi/dir.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"

enum { STICKY = 01000, GROUP_RUNS_AS_IT = 02010, ANYBODY_RUNS = 0111, ANYBODYS = 01002 /* to make names in, as /tmp is */ };

/* Who may do anything but run what nobody may run: root, and everybody where no owner is kept. */
static bool is_above_modes(const struct linux_subject *who, const struct fs_node *node)
{
	return linux_subject_can(who, LINUX_CAP_DAC_OVERRIDE) || !node->fs->ops->keeps_owners;
}

/* Whether the mode need not be looked at. */
static bool may_anyway(const struct linux_subject *who, const struct fs_node *node, uint32_t wanted)
{
	return is_above_modes(who, node) && (node->type == FS_DIRECTORY || !(wanted & LINUX_MAY_EXECUTE));
}

status_t linux_node_may(const struct linux_subject *who, struct fs_node *node, uint32_t wanted)
{
	bool only_looks = node->type == FS_DIRECTORY ? !(wanted & LINUX_MAY_WRITE) : wanted == LINUX_MAY_READ;
	struct fs_stat stat;
	status_t status;

	if (may_anyway(who, node, wanted))
		return STATUS_OK;
	status = node->fs->ops->stat(node, &stat);
	if (status != STATUS_OK)
		return status;
	if (is_above_modes(who, node))
		return (stat.permissions & ANYBODY_RUNS) != 0 ? STATUS_OK : STATUS_EACCES;
	if (linux_mode_permits(who, &stat, wanted) || (only_looks && linux_subject_can(who, LINUX_CAP_DAC_READ_SEARCH)))
		return STATUS_OK;
	return linux_virtual_is_open_to_own(node, only_looks, (wanted & LINUX_MAY_EXECUTE) != 0) ? STATUS_OK : STATUS_EACCES;
}

struct asked {
	const struct linux_subject *who;
	struct fs_node *node;
	uint32_t wanted;
	status_t status;
};

static void may_act(void *arg)
{
	struct asked *asked = arg;

	asked->status = linux_node_may(asked->who, asked->node, asked->wanted);
}

status_t linux_may(const struct linux_subject *who, struct linux_dentry *dentry, uint32_t wanted)
{
	struct asked asked = { .who = who, .node = dentry->node, .wanted = wanted };

	if (may_anyway(who, dentry->node, wanted))
		return STATUS_OK; /* without waiting for the file system */
	linux_fs_run(dentry->service, may_act, &asked);
	return asked.status;
}

/* Whether owners do not matter. */
static bool is_as_owner(const struct linux_subject *who, const struct linux_dentry *dentry)
{
	return linux_subject_can(who, LINUX_CAP_FOWNER) || !dentry->node->fs->ops->keeps_owners;
}

status_t linux_may_as_owner(const struct linux_subject *who, struct linux_dentry *dentry)
{
	struct linux_stat stat;
	status_t status;

	if (is_as_owner(who, dentry))
		return STATUS_OK;
	status = linux_dentry_stat(dentry, &stat);
	return status == STATUS_OK && stat.fs.user != who->user ? STATUS_EPERM : status;
}

status_t linux_may_make(const struct linux_walk *walk)
{
	status_t status = linux_dentry_may(walk->at, CAPOS_DIR_RIGHT_CREATE);

	return status == STATUS_OK ? linux_may(&walk->who, walk->at, LINUX_MAY_WRITE | LINUX_MAY_EXECUTE) : status;
}

status_t linux_may_delete(const struct linux_walk *walk)
{
	const struct linux_subject *who = &walk->who;
	status_t status = linux_may(who, walk->at, LINUX_MAY_WRITE | LINUX_MAY_EXECUTE);
	struct linux_stat stat;

	if (status != STATUS_OK || is_as_owner(who, walk->at))
		return status;
	status = linux_dentry_stat(walk->at, &stat);
	if (status != STATUS_OK || (stat.fs.permissions & STICKY) == 0 || stat.fs.user == who->user)
		return status;
	return linux_may_as_owner(who, walk->found);
}

status_t linux_may_link(const struct linux_subject *who, struct linux_dentry *dentry)
{
	struct linux_stat stat;
	status_t status = linux_may_as_owner(who, dentry);

	if (status != STATUS_EPERM)
		return status;
	status = linux_dentry_stat(dentry, &stat);
	if (status != STATUS_OK)
		return status;
	if (stat.type != LINUX_S_IFREG || (stat.fs.permissions & FS_MODE_SETUID) != 0 || (stat.fs.permissions & GROUP_RUNS_AS_IT) == GROUP_RUNS_AS_IT)
		return STATUS_EPERM;
	return linux_may(who, dentry, LINUX_MAY_READ | LINUX_MAY_WRITE) == STATUS_OK ? STATUS_OK : STATUS_EPERM;
}

status_t linux_may_follow(const struct linux_subject *who, struct fs_node *directory, struct fs_node *link)
{
	const struct fs_ops *ops = link->fs->ops;
	struct fs_stat stat, above;
	status_t status;

	if (!ops->keeps_owners)
		return STATUS_OK;
	status = ops->stat(link, &stat);
	if (status != STATUS_OK || stat.user == who->user)
		return status;
	status = ops->stat(directory, &above);
	return status == STATUS_OK && (above.permissions & ANYBODYS) == ANYBODYS && above.user != stat.user ? STATUS_EACCES : status;
}

status_t linux_may_set(const struct linux_subject *who, struct linux_dentry *dentry, uint32_t what, bool now, struct fs_stat *values)
{
	struct linux_stat stat;
	status_t status;

	if (what == 0)
		return STATUS_OK;
	if ((what & FS_SET_SIZE) != 0)
		return dentry->node->type == FS_FILE ? linux_may(who, dentry, LINUX_MAY_WRITE) : STATUS_OK; /* what it is is told first */
	status = linux_may_as_owner(who, dentry);
	if (status == STATUS_EPERM && now)
		return linux_may(who, dentry, LINUX_MAY_WRITE);
	if (status != STATUS_OK || !(what & FS_SET_PERMISSIONS) || !(values->permissions & FS_MODE_SETGID) || linux_subject_can(who, LINUX_CAP_FSETID))
		return status;
	status = linux_dentry_stat(dentry, &stat);
	if (status == STATUS_OK && !linux_subject_has_group(who, stat.fs.group))
		values->permissions &= (uint16_t)~FS_MODE_SETGID;
	return status;
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Spec: statfs(2), proc_pid_mounts(5), proc_pid_mountinfo(5) */
#include "kernel/sys/linux/mounts.h"

#include "capos/abi/dir.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/virtual.h"
#include "kernel/sys/process.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { FIRST_MOUNT = 20 };

static const struct kind {
	const char *own, *name;
	uint64_t magic;
} kinds[] = { { "tmp", "tmpfs", 0x01021994 }, { "ext4", "ext4", 0xef53 }, { "9p", "9p", 0x01021997 }, { "linux", "proc", 0x9fa0 }, { "app", "ramfs", 0x858458f6 } };

static const struct kind *kind_of(const struct linux_dentry *dentry)
{
	unsigned i = 0;

	while (i < ARRAY_LEN(kinds) - 1 && strcmp(dentry->node->fs->name, kinds[i].own) != 0)
		i++;
	return &kinds[i];
}

uint64_t linux_mount_magic(const struct linux_dentry *dentry)
{
	return kind_of(dentry)->magic;
}

uint64_t linux_mount_flags(const struct linux_dentry *dentry)
{
	const struct fs *fs = dentry->node->fs;
	uint64_t flags = LINUX_ST_NOATIME; /* nobody's reading changes when it was read */

	if (fs->read_only || !(dentry->rights & CAPOS_DIR_RIGHT_WRITE))
		flags |= LINUX_ST_RDONLY;
	if (!fs->ops->sets_user)
		flags |= LINUX_ST_NOSUID;
	if (!linux_virtual_has(dentry->node))
		flags |= LINUX_ST_NODEV;
	return dentry->rights & CAPOS_DIR_RIGHT_EXEC ? flags : flags | LINUX_ST_NOEXEC;
}

static bool is_told(const struct linux_root *root, const struct linux_dentry *dentry)
{
	return dentry->node->type == FS_DIRECTORY && dentry->service != root->dentry->service;
}

unsigned linux_mount_number(const struct linux_root *root, const struct linux_dentry *dentry)
{
	if (dentry == NULL)
		return FIRST_MOUNT - 1;
	for (; dentry != NULL; dentry = dentry->parent)
		for (unsigned i = 0; i < root->count; i++)
			if (linux_dentry_is_same(root->mounts[i].dentry, dentry) && is_told(root, dentry))
				return FIRST_MOUNT + 1 + i;
	return FIRST_MOUNT;
}

static void options_print(struct linux_text *text, const struct linux_dentry *dentry)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} options[] = { { LINUX_ST_NOSUID, ",nosuid" }, { LINUX_ST_NODEV, ",nodev" }, { LINUX_ST_NOEXEC, ",noexec" }, { LINUX_ST_NOATIME, ",noatime" } };
	uint64_t flags = linux_mount_flags(dentry);

	format_to(&text->sink, flags & LINUX_ST_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_LEN(options); i++)
		if (flags & options[i].flag)
			format_to(&text->sink, "%s", options[i].name);
}

static void mount_line(struct linux_text *text, const struct linux_dentry *dentry, const char *path, unsigned number)
{
	(void)number;
	format_to(&text->sink, "%s %s %s ", dentry->node->fs->name, path, kind_of(dentry)->name);
	options_print(text, dentry);
	format_to(&text->sink, " 0 0\n");
}

/* The first is below none that is known. */
static void mountinfo_line(struct linux_text *text, const struct linux_dentry *dentry, const char *path, unsigned number)
{
	format_to(&text->sink, "%u %u %u:%u / %s ", number, number > FIRST_MOUNT ? FIRST_MOUNT : FIRST_MOUNT - 1, dentry->device >> 8, dentry->device & 0xff, path);
	options_print(text, dentry);
	format_to(&text->sink, " - %s %s %s\n", kind_of(dentry)->name, dentry->node->fs->name, dentry->node->fs->read_only ? "ro" : "rw");
}

static void mounts_each(struct linux_text *text, const struct linux_root *root,
			void (*line)(struct linux_text *text, const struct linux_dentry *dentry, const char *path, unsigned number))
{
	char path[64];

	if (root == NULL)
		return;
	line(text, root->dentry, "/", FIRST_MOUNT);
	for (unsigned i = 0; i < root->count; i++) {
		const struct linux_dentry *dentry = root->mounts[i].dentry;

		if (is_told(root, dentry) && linux_dentry_path(dentry, path, sizeof(path)) > 0)
			line(text, dentry, path, FIRST_MOUNT + 1 + i);
	}
}

void linux_proc_mounts(struct linux_text *text, struct process *of)
{
	mounts_each(text, of->personality->root, mount_line);
}

void linux_proc_mountinfo(struct linux_text *text, struct process *of)
{
	mounts_each(text, of->personality->root, mountinfo_line);
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Nodes of what is always there are there for ever; those below /proc/<pid> and /dev/pts are made when they are looked up, and go with their last hold.
 */
#include "kernel/sys/linux/virtual.h"

#include "kernel/core/libc.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/root.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/virtual_tree.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"

enum { FIRST_PID_COOKIE = 1000, FD_ID = 1 << 16, NUMBER_MAX = 10 };

struct vnode {
	struct fs_node node;
	const struct linux_virtual_entry *entry;
	unsigned pid; /* of what is below /proc/<pid>; 0: it is nobody's */
	struct linux_owner owner; /* of that process, as it was when /proc/<pid> was looked up; else root */
	int fd;       /* of a link there; or the number of a pseudo-terminal */
	bool is_made;
	struct terminal *terminal; /* held: of that number; NULL: there is none */
};

static struct vnode statics[LINUX_VIRTUAL_ENTRIES]; /* W: begin() */
static struct fs fs;

static const struct vnode *own_of(const struct fs_node *node)
{
	return LIST_OWNER((struct fs_node *)node, const struct vnode, node);
}

static unsigned index_of(const struct linux_virtual_entry *entry)
{
	return (unsigned)(entry - linux_virtual_entries);
}

static void node_release(struct fs_node *node)
{
	if (own_of(node)->terminal != NULL)
		linux_terminal_put(own_of(node)->terminal);
	if (own_of(node)->is_made)
		free(LIST_OWNER(node, struct vnode, node));
}

static uint64_t id_of(const struct linux_virtual_entry *entry, unsigned pid, int fd)
{
	return index_of(entry) + 1 + (uint64_t)pid * FD_ID + (uint64_t)fd * (1ull << 40);
}

static status_t node_stat(struct fs_node *node, struct fs_stat *out)
{
	const struct vnode *own = own_of(node);
	const struct linux_owner owner = own->terminal != NULL ? own->terminal->owner : own->owner;

	*out = (struct fs_stat){
		.type = node->type,
		.permissions = own->terminal != NULL ? own->terminal->permissions : own->entry->permissions,
		.links = node->type == FS_DIRECTORY ? 2 : 1,
		.user = owner.user,
		.group = owner.group,
		.id = id_of(own->entry, own->pid, own->fd),
	};
	return STATUS_OK;
}

/* A terminal's owner and permissions are kept, its times nowhere; who gives away something else is told that it is done. */
static status_t node_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	struct terminal *terminal = own_of(node)->terminal;

	if (terminal == NULL)
		return what == FS_SET_OWNER ? STATUS_OK : STATUS_ENOTSUP;
	if ((what & FS_SET_PERMISSIONS) != 0)
		terminal->permissions = values->permissions;
	if ((what & FS_SET_OWNER) != 0)
		terminal->owner = (struct linux_owner){ values->user, values->group };
	return STATUS_OK;
}

static const struct fs_ops ops = { .release = node_release, .stat = node_stat, .keeps_owners = true, .set = node_set };

/* Nodes that stay have a hold that nobody gives back. */
static void begin(void)
{
	static struct spinlock lock;
	static bool begun;

	spinlock_take(&lock);
	for (unsigned i = 0; !begun && i < LINUX_VIRTUAL_ENTRIES; i++) {
		fs_node_init(&statics[i].node, &fs, (enum fs_type)linux_virtual_entries[i].type);
		statics[i].entry = &linux_virtual_entries[i];
	}
	if (!begun)
		fs = (struct fs){ .ops = &ops, .name = "linux", .root = &statics[EMPTY].node, .cpu = FS_CPU_ANY };
	begun = true;
	spinlock_give(&lock);
}

static void gone(struct fs *gone_fs)
{
	(void)gone_fs; /* it is there for ever */
}

struct fs_service *linux_virtual_service(void)
{
	struct fs_service *service;

	begin();
	return fs_service_start(&fs, gone, &service) == STATUS_OK ? service : NULL;
}

struct fs_node *linux_virtual_node(enum linux_virtual_top which)
{
	static const uint8_t tops[] = { [LINUX_VIRTUAL_EMPTY] = EMPTY, [LINUX_VIRTUAL_DEV] = DEV, [LINUX_VIRTUAL_PROC] = PROC,
					[LINUX_VIRTUAL_SYS] = SYS, [LINUX_VIRTUAL_ETC] = ETC, [LINUX_VIRTUAL_RESOLV] = RESOLV };

	return &statics[tops[which]].node;
}

bool linux_virtual_has(const struct fs_node *node)
{
	return node->fs == &fs;
}

/* A node below /proc/<pid> or /dev/pts. */
static status_t node_make(const struct linux_virtual_entry *entry, unsigned pid, int fd, struct linux_owner owner, struct fs_node **out)
{
	struct vnode *made = malloc(sizeof(*made));

	if (made == NULL)
		return STATUS_ENOMEM;
	*made = (struct vnode){ .entry = entry, .pid = pid, .owner = owner, .fd = fd, .is_made = true };
	fs_node_init(&made->node, &fs, (enum fs_type)entry->type);
	*out = &made->node;
	return STATUS_OK;
}

/* The number that a name is; false: it is none. */
static bool number_of(struct span name, unsigned *out)
{
	unsigned number = 0;

	if (name.len == 0 || name.len >= NUMBER_MAX || (name.data[0] == '0' && name.len > 1))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
		number = number * 10 + (name.data[i] - '0');
	}
	*out = number;
	return true;
}

static bool is_own_fd(const struct process *process, const struct vnode *own)
{
	return own->pid == process->number;
}

static status_t slave_lookup(struct process *process, unsigned number, struct fs_node **out)
{
	struct terminal *terminal = linux_pty_find(process, number);
	status_t status;

	if (terminal == NULL)
		return STATUS_ENOENT;
	status = node_make(&linux_virtual_entries[PTS_SLAVE], 0, (int)number, (struct linux_owner){ 0 }, out);
	if (status == STATUS_OK)
		LIST_OWNER(*out, struct vnode, node)->terminal = terminal;
	else
		linux_terminal_put(terminal);
	return status;
}

static status_t number_lookup(struct process *process, const struct vnode *own, unsigned number, struct fs_node **out)
{
	struct linux_identity identity;
	struct linux_file *file;
	struct process *found;

	if (own->entry == &linux_virtual_entries[PID_FD] && is_own_fd(process, own) && linux_fd_get(process, (int)number, 0, &file) == STATUS_OK) {
		linux_file_put(file);
		return node_make(&linux_virtual_entries[FD_LINK], own->pid, (int)number, own->owner, out);
	}
	if (own->entry == &linux_virtual_entries[DEV_PTS])
		return slave_lookup(process, number, out);
	if (own->entry != &linux_virtual_entries[PROC])
		return STATUS_ENOENT;
	found = linux_family_find(process, number);
	if (found == NULL)
		return STATUS_ENOENT;
	linux_identity_of(found, &identity);
	object_put(&found->object);
	return node_make(&linux_virtual_entries[PID], number, 0, (struct linux_owner){ identity.user.effective, identity.group.effective }, out);
}

status_t linux_virtual_lookup(struct process *process, struct fs_node *directory, struct span name, struct fs_node **out)
{
	const struct vnode *own = own_of(directory);
	unsigned number;

	if (number_of(name, &number))
		return number_lookup(process, own, number, out);
	for (unsigned i = 0; i < LINUX_VIRTUAL_ENTRIES; i++) {
		const struct linux_virtual_entry *entry = &linux_virtual_entries[i];

		if (entry->parent != index_of(own->entry) || strlen(entry->name) != name.len || memcmp(entry->name, name.data, name.len) != 0)
			continue;
		if (own->pid != 0)
			return node_make(entry, own->pid, 0, own->owner, out);
		*out = &statics[i].node;
		fs_node_hold(*out);
		return STATUS_OK;
	}
	return STATUS_ENOENT;
}

static bool number_each(unsigned number, uint64_t cookie, enum fs_type type, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	char name[NUMBER_MAX + 1];
	int len = format_print(name, sizeof(name), "%u", number);
	const struct fs_entry entry = { .name = span_of(name, (size_t)len), .id = cookie, .type = type, .cookie = cookie };

	return each(ctx, &entry);
}

/* What is called by its number, behind what has names. */
static void numbers_list(struct process *process, const struct vnode *own, uint64_t cookie,
			 bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	unsigned first = cookie > FIRST_PID_COOKIE ? (unsigned)(cookie - FIRST_PID_COOKIE) : 0;
	struct process *found;
	bool more = true;

	if (own->entry == &linux_virtual_entries[PID_FD] && is_own_fd(process, own)) {
		for (int fd = linux_fd_next(process, (int)first); more && fd >= 0; fd = linux_fd_next(process, fd + 1))
			more = number_each((unsigned)fd, FIRST_PID_COOKIE + (unsigned)fd + 1, FS_LINK, each, ctx);
	} else if (own->entry == &linux_virtual_entries[DEV_PTS]) {
		for (int number = linux_pty_next(process, first); more && number >= 0; number = linux_pty_next(process, (unsigned)number + 1))
			more = number_each((unsigned)number, FIRST_PID_COOKIE + (unsigned)number + 1, FS_OTHER, each, ctx);
	} else if (own->entry == &linux_virtual_entries[PROC]) {
		while (more && (found = linux_family_next(process, first, 0)) != NULL) {
			first = found->number;
			object_put(&found->object);
			more = number_each(first, FIRST_PID_COOKIE + first, FS_DIRECTORY, each, ctx);
		}
	}
}

void linux_virtual_list(struct process *process, struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry),
			void *ctx)
{
	const struct vnode *own = own_of(directory);

	for (uint64_t i = cookie; i < LINUX_VIRTUAL_ENTRIES; i++) {
		const struct fs_entry entry = { .name = span_of(linux_virtual_entries[i].name, strlen(linux_virtual_entries[i].name)), .id = i + 1,
						.type = (enum fs_type)linux_virtual_entries[i].type, .cookie = i + 1 };

		if (linux_virtual_entries[i].parent == index_of(own->entry) && !each(ctx, &entry))
			return;
	}
	numbers_list(process, own, cookie, each, ctx);
}

/* The process that something is about, held; NULL: it has gone. */
static struct process *process_of(struct process *process, const struct vnode *own)
{
	return own->pid != 0 ? linux_family_find(process, own->pid) : NULL;
}

static size_t cwd_text(struct process *process, char *to, size_t bytes)
{
	struct linux_dentry *cwd;
	int64_t len;

	if (linux_path_start(process, LINUX_AT_FDCWD, &cwd) != STATUS_OK)
		return 0;
	len = linux_dentry_path(cwd, to, bytes);
	linux_dentry_put(cwd);
	return len > 0 ? (size_t)len : 0;
}

static int64_t process_link(struct process *process, const struct vnode *own, char *to, size_t bytes)
{
	struct process *about = process_of(process, own);
	int64_t len = STATUS_ENOENT;

	if (about == NULL || about->personality == NULL)
		len = STATUS_ENOENT;
	else if (strcmp(own->entry->name, "exe") == 0)
		len = format_print(to, bytes, "%s", about->personality->exe);
	else
		len = about == process ? (int64_t)cwd_text(about, to, bytes) : STATUS_EACCES;
	if (about != NULL)
		object_put(&about->object);
	return len == 0 ? STATUS_ENOENT : len;
}

int64_t linux_virtual_read_link(struct process *process, struct fs_node *node, char *to, size_t bytes)
{
	const struct vnode *own = own_of(node);
	struct linux_file *file;
	int64_t len;

	if (own->entry->says != NULL)
		return format_print(to, bytes, "%s", own->entry->says);
	if (own->entry->parent == PROC)
		return format_print(to, bytes, own->entry->name[0] == 's' ? "%u" : "%u/task/%u", process->number, process->number);
	if (own->entry != &linux_virtual_entries[FD_LINK])
		return process_link(process, own, to, bytes);
	file = linux_virtual_magic(process, node);
	if (file == NULL)
		return STATUS_ENOENT;
	len = (int64_t)linux_file_path(file, to, bytes);
	linux_file_put(file);
	return len;
}

bool linux_virtual_is_magic(const struct fs_node *link)
{
	const struct vnode *own = own_of((struct fs_node *)link);

	return own->entry == &linux_virtual_entries[FD_LINK] || own->entry->parent == PID;
}

struct linux_file *linux_virtual_magic(struct process *process, struct fs_node *node)
{
	const struct vnode *own = own_of(node);
	struct linux_file *file;

	if (own->entry != &linux_virtual_entries[FD_LINK] || !is_own_fd(process, own) || linux_fd_get(process, own->fd, 0, &file) != STATUS_OK)
		return NULL;
	return file;
}

/* A text, made now. */
static status_t text_open(struct process *process, const struct vnode *own, uint32_t flags, struct linux_file **out)
{
	struct process *about = process_of(process, own);
	struct linux_text text;

	if (own->pid != 0 && (about == NULL || about->personality == NULL)) {
		if (about != NULL)
			object_put(&about->object);
		return STATUS_ENOENT;
	}
	linux_text_begin(&text);
	if (own->entry->says != NULL)
		format_to(&text.sink, "%s", own->entry->says);
	else
		own->entry->fill(&text, about != NULL && own->entry->fill != linux_proc_mounts ? about : process); /* the family's root is the same */
	if (about != NULL)
		object_put(&about->object);
	return linux_text_open(&text, process->budget, flags, out);
}

status_t linux_virtual_open(struct process *process, struct linux_dentry *dentry, uint32_t flags, struct linux_file **out)
{
	const struct vnode *own = own_of(dentry->node);

	if (own->terminal != NULL)
		return linux_pty_open(own->terminal, process, flags, out);
	if (own->entry->open != NULL)
		return own->entry->open(process, flags, out);
	if ((flags & LINUX_O_ACCMODE) != 0 && !(own->entry->permissions & 0200))
		return STATUS_EACCES;
	return text_open(process, own, flags, out);
}

uint64_t linux_virtual_rdev(const struct fs_node *node)
{
	const struct vnode *own = own_of(node);

	if (!linux_virtual_has(node))
		return 0;
	return own->entry == &linux_virtual_entries[PTS_SLAVE] ? own->entry->rdev + (unsigned)own->fd : own->entry->rdev;
}

bool linux_virtual_device(const char *path, uint64_t *id, uint64_t *rdev)
{
	static const char folder[] = "/dev/";
	static const char ptys[] = "/dev/pts/";
	unsigned number;

	if (strncmp(path, folder, sizeof(folder) - 1) != 0)
		return false;
	if (strncmp(path, ptys, sizeof(ptys) - 1) == 0 && number_of(span_of(path + sizeof(ptys) - 1, strlen(path) - sizeof(ptys) + 1), &number)) {
		*id = id_of(&linux_virtual_entries[PTS_SLAVE], 0, (int)number);
		*rdev = linux_virtual_entries[PTS_SLAVE].rdev + number;
		return true;
	}
	for (unsigned i = NAMED; i < LINUX_VIRTUAL_ENTRIES; i++) {
		if (linux_virtual_entries[i].parent != DEV || strcmp(linux_virtual_entries[i].name, path + sizeof(folder) - 1) != 0)
			continue;
		*id = i + 1;
		*rdev = linux_virtual_entries[i].rdev;
		return true;
	}
	return false;
}

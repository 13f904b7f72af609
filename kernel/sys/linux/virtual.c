// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Directories that are always there are there for ever; other nodes are made when they are looked up, and go with their last hold.
 */
#include "kernel/sys/linux/virtual.h"

#include "kernel/core/libc.h"
#include "kernel/core/smp.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/virtual_node.h"
#include "kernel/sys/process.h"
#include "lib/format.h"
#include "lib/string.h"

enum { FIRST_PID_COOKIE = 1000, PID_ID = 1 << 16, TASK_ID = 1 << 15, NUMBER_MAX = 10, OPEN_TO_ALL = 0555 };

static const char cpu_prefix[] = "cpu";
static struct linux_vnode statics[NAMED]; /* W: begin(). Directories that are there once */
static struct fs fs;

static unsigned index_of(const struct linux_virtual_entry *entry)
{
	return (unsigned)(entry - linux_virtual_entries);
}

static void node_release(struct fs_node *node)
{
	if (linux_vnode_of(node)->terminal != NULL)
		linux_terminal_put(linux_vnode_of(node)->terminal);
	if (linux_vnode_of(node)->is_made)
		free(LIST_OWNER(node, struct linux_vnode, node));
}

static uint64_t id_of(const struct linux_vnode *own)
{
	return index_of(own->entry) + 1 + (own->tid != 0 ? own->tid * (uint64_t)PID_ID + TASK_ID : own->pid * (uint64_t)PID_ID) + (uint64_t)own->number * (1ull << 40);
}

static status_t node_stat(struct fs_node *node, struct fs_stat *out)
{
	const struct linux_vnode *own = linux_vnode_of(node);
	bool hides = own->hides && (node->type != FS_DIRECTORY || own->entry->permissions != OPEN_TO_ALL);
	const struct linux_owner owner = own->terminal != NULL ? own->terminal->owner : hides ? (struct linux_owner){ 0 } : own->owner;

	*out = (struct fs_stat){
		.type = node->type,
		.permissions = own->terminal != NULL ? own->terminal->permissions : own->entry->permissions,
		.links = node->type == FS_DIRECTORY ? 2 : 1,
		.user = owner.user,
		.group = owner.group,
		.id = id_of(own),
	};
	return STATUS_OK;
}

/* A terminal's owner and permissions are kept, its times nowhere; who gives away something else is told that it is done. */
static status_t node_set(struct fs_node *node, uint32_t what, const struct fs_stat *values)
{
	struct terminal *terminal = linux_vnode_of(node)->terminal;

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
	for (unsigned i = 0; !begun && i < NAMED; i++) {
		fs_node_init(&statics[i].node, &fs, (enum fs_type)linux_virtual_entries[i].type);
		statics[i].entry = &linux_virtual_entries[i];
	}
	if (!begun)
		fs = (struct fs){ .ops = &ops, .name = "linux", .root = &statics[EMPTY].node, .cpu = FS_CPU_ANY, .node_bytes = sizeof(struct linux_vnode) };
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

/* `about`: whose, and which of what has numbers. */
static status_t node_make(const struct linux_virtual_entry *entry, const struct linux_vnode *about, struct fs_node **out)
{
	struct linux_vnode *made = malloc(sizeof(*made));

	if (made == NULL)
		return STATUS_ENOMEM;
	*made = (struct linux_vnode){ .entry = entry, .pid = about->pid, .tid = about->tid, .owner = about->owner, .hides = about->hides, .number = about->number, .is_made = true };
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

static status_t slave_lookup(struct process *process, unsigned number, struct fs_node **out)
{
	struct terminal *terminal = linux_pty_find(process, number);
	status_t status;

	if (terminal == NULL)
		return STATUS_ENOENT;
	status = node_make(&linux_virtual_entries[PTS_SLAVE], &(struct linux_vnode){ .number = (int)number }, out);
	if (status == STATUS_OK)
		LIST_OWNER(*out, struct linux_vnode, node)->terminal = terminal;
	else
		linux_terminal_put(terminal);
	return status;
}

static status_t fd_lookup(struct process *process, const struct linux_vnode *own, unsigned number, struct fs_node **out)
{
	struct linux_vnode link = *own;
	struct linux_file *file;
	struct process *about = linux_family_find(process, own->pid);
	status_t status;

	if (about == NULL)
		return STATUS_ENOENT;
	status = linux_fd_get(about, (int)number, 0, &file);
	object_put(&about->object);
	if (status != STATUS_OK)
		return STATUS_ENOENT;
	linux_file_put(file);
	link.number = (int)number;
	return node_make(&linux_virtual_entries[index_of(own->entry) == PID_FD ? FD_LINK : FD_INFO], &link, out);
}

static status_t pid_lookup(struct process *process, unsigned number, struct fs_node **out)
{
	struct process *found = linux_family_find(process, number);
	struct linux_identity identity;
	struct linux_vnode about;

	if (found == NULL)
		return STATUS_ENOENT;
	linux_identity_of(found, &identity);
	about = (struct linux_vnode){ .pid = number, .owner = { identity.user.effective, identity.group.effective },
				      .hides = atomic_load_explicit(&found->personality->hides, memory_order_relaxed) };
	object_put(&found->object);
	return node_make(&linux_virtual_entries[PID], &about, out);
}

static status_t task_lookup(struct process *process, const struct linux_vnode *own, unsigned number, struct fs_node **out)
{
	struct process *about = linux_family_find(process, own->pid);
	struct linux_vnode task = *own;
	bool is_there = about != NULL && number != 0 && linux_thread_next(about, number - 1) == number;

	if (about != NULL)
		object_put(&about->object);
	if (!is_there)
		return STATUS_ENOENT;
	task.tid = number;
	return node_make(&linux_virtual_entries[PID], &task, out);
}

static status_t number_lookup(struct process *process, const struct linux_vnode *own, unsigned number, struct fs_node **out)
{
	switch (index_of(own->entry)) {
	case PID_FD:
	case PID_FDINFO:
		return fd_lookup(process, own, number, out);
	case PID_TASK:
		return task_lookup(process, own, number, out);
	case DEV_PTS:
		return slave_lookup(process, number, out);
	case PROC:
		return pid_lookup(process, number, out);
	case SYS_CPU:
		return number < smp_online() ? node_make(&linux_virtual_entries[SYS_CPU_ONE], &(struct linux_vnode){ .number = (int)number }, out) : STATUS_ENOENT;
	default:
		return STATUS_ENOENT;
	}
}

/* Whether an entry is in the directory: a thread has what its process has, but threads. */
static bool is_in(const struct linux_vnode *own, const struct linux_virtual_entry *entry)
{
	return entry->parent == index_of(own->entry) && (own->tid == 0 || index_of(entry) != PID_TASK);
}

/* Where the number stands in a name of a directory; empty: it has none. */
static struct span number_in(const struct linux_vnode *own, struct span name)
{
	size_t before = sizeof(cpu_prefix) - 1;

	if (index_of(own->entry) != SYS_CPU)
		return name;
	return name.len > before && memcmp(name.data, cpu_prefix, before) == 0 ? span_of(name.data + before, name.len - before) : span_of(NULL, 0);
}

status_t linux_virtual_lookup(struct process *process, struct fs_node *directory, struct span name, struct fs_node **out)
{
	const struct linux_vnode *own = linux_vnode_of(directory);
	unsigned number;

	if (number_of(number_in(own, name), &number))
		return number_lookup(process, own, number, out);
	for (unsigned i = 0; i < LINUX_VIRTUAL_ENTRIES; i++) {
		const struct linux_virtual_entry *entry = &linux_virtual_entries[i];

		if (!is_in(own, entry) || strlen(entry->name) != name.len || memcmp(entry->name, name.data, name.len) != 0)
			continue;
		if (own->is_made || i >= NAMED)
			return node_make(entry, own, out);
		*out = &statics[i].node;
		fs_node_hold(*out);
		return STATUS_OK;
	}
	return STATUS_ENOENT;
}

static bool number_each(const char *before, unsigned number, uint64_t cookie, enum fs_type type, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	char name[sizeof(cpu_prefix) + NUMBER_MAX];
	int len = format_print(name, sizeof(name), "%s%u", before, number);
	const struct fs_entry entry = { .name = span_of(name, (size_t)len), .id = cookie, .type = type, .cookie = cookie };

	return each(ctx, &entry);
}

/* What has numbers in a directory: the next from `least` on; -1: there is none. */
static int number_next(struct process *process, const struct linux_vnode *own, unsigned least)
{
	unsigned after = least > 0 ? least - 1 : 0;
	struct process *found;
	int number;

	if (own->entry == &linux_virtual_entries[DEV_PTS])
		return linux_pty_next(process, least);
	if (own->entry == &linux_virtual_entries[SYS_CPU])
		return least < smp_online() ? (int)least : -1;
	if (own->entry != &linux_virtual_entries[PROC] && own->pid == 0)
		return -1;
	found = own->pid != 0 ? linux_family_find(process, own->pid) : linux_family_next(process, after, 0);
	if (found == NULL)
		return -1;
	switch (index_of(own->entry)) {
	case PROC:
		number = (int)found->number;
		break;
	case PID_FD:
	case PID_FDINFO:
		number = linux_fd_next(found, (int)least);
		break;
	case PID_TASK:
		number = (int)linux_thread_next(found, after);
		number = number != 0 ? number : -1;
		break;
	default:
		number = -1;
	}
	object_put(&found->object);
	return number;
}

/* Behind what has names. */
static void numbers_list(struct process *process, const struct linux_vnode *own, uint64_t cookie,
			 bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	static const uint8_t types[LINUX_VIRTUAL_ENTRIES] = { [PID_FD] = FS_LINK, [PID_FDINFO] = FS_FILE, [DEV_PTS] = FS_OTHER, [PID_TASK] = FS_DIRECTORY, [PROC] = FS_DIRECTORY,
							      [SYS_CPU] = FS_DIRECTORY };
	const char *before = index_of(own->entry) == SYS_CPU ? cpu_prefix : "";
	uint64_t least = cookie > FIRST_PID_COOKIE ? cookie - FIRST_PID_COOKIE : 0;
	bool more = true;

	for (int number = number_next(process, own, (unsigned)least); more && number >= 0; number = number_next(process, own, (unsigned)number + 1))
		more = number_each(before, (unsigned)number, FIRST_PID_COOKIE + (unsigned)number + 1, (enum fs_type)types[index_of(own->entry)], each, ctx);
}

void linux_virtual_list(struct process *process, struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry),
			void *ctx)
{
	const struct linux_vnode *own = linux_vnode_of(directory);

	for (uint64_t i = cookie; i < LINUX_VIRTUAL_ENTRIES; i++) {
		const struct fs_entry entry = { .name = span_of(linux_virtual_entries[i].name, strlen(linux_virtual_entries[i].name)), .id = i + 1,
						.type = (enum fs_type)linux_virtual_entries[i].type, .cookie = i + 1 };

		if (is_in(own, &linux_virtual_entries[i]) && !each(ctx, &entry))
			return;
	}
	numbers_list(process, own, cookie, each, ctx);
}

status_t linux_virtual_open(struct process *process, struct linux_dentry *dentry, uint32_t flags, struct linux_file **out)
{
	const struct linux_vnode *own = linux_vnode_of(dentry->node);
	status_t status;

	if (own->terminal != NULL)
		return linux_pty_open(own->terminal, process, flags, out);
	if (own->entry->type == FS_OTHER)
		return own->entry->open(process, flags, out);
	if ((flags & LINUX_O_ACCMODE) != 0 && !(own->entry->permissions & 0200))
		return STATUS_EACCES;
	status = linux_vnode_text(process, own, NULL);
	return status == STATUS_OK ? linux_text_open(dentry, process->budget, flags, out) : status;
}

uint64_t linux_virtual_rdev(const struct fs_node *node)
{
	const struct linux_vnode *own = linux_vnode_of(node);

	if (!linux_virtual_has(node))
		return 0;
	return own->entry == &linux_virtual_entries[PTS_SLAVE] ? own->entry->rdev + (unsigned)own->number : own->entry->rdev;
}

bool linux_virtual_device(const char *path, uint64_t *id, uint64_t *rdev)
{
	static const char folder[] = "/dev/";
	static const char ptys[] = "/dev/pts/";
	unsigned number;

	if (strncmp(path, folder, sizeof(folder) - 1) != 0)
		return false;
	if (strncmp(path, ptys, sizeof(ptys) - 1) == 0 && number_of(span_of(path + sizeof(ptys) - 1, strlen(path) - sizeof(ptys) + 1), &number)) {
		*id = id_of(&(struct linux_vnode){ .entry = &linux_virtual_entries[PTS_SLAVE], .number = (int)number });
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

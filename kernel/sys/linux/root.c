// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/root.h"

#include "capos/abi/dir.h"
#include "capos/abi/net.h"
#include "kernel/cap/fs_object.h"
#include "kernel/cap/grant.h"
#include "kernel/cap/net_object.h"
#include "kernel/console_methods.h"
#include "kernel/core/libc.h"
#include "kernel/dir_methods.h"
#include "kernel/sys/linux/devices.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/mqueue.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/msg.h"
#include "kernel/sys/linux/sem.h"
#include "kernel/sys/linux/shm.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/terminal_state.h"
#include "kernel/sys/linux/virtual.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { FIRST_DEVICE = LINUX_VIRTUAL_DEVICE + 1, UMASK_FIRST = 022, VIRTUAL_RIGHTS = CAPOS_DIR_RIGHT_READ | CAPOS_DIR_RIGHT_WRITE | CAPOS_DIR_RIGHT_LIST };

/* The directory that a capability of that name is for; held. NULL: the process has none. */
static struct fs_object *directory_find(struct process *process, const char *name, uint32_t *rights)
{
	struct capos_capset_entry entry;
	struct object *object;

	for (unsigned at = 0; grant_next(&process->capset, &at, &entry) == STATUS_OK;) {
		if (strncmp(entry.name, name, sizeof(entry.name)) != 0 || entry.interface != dir_interface.id)
			continue;
		if (capset_find(&process->capset, entry.cap, &object, rights) == STATUS_OK && object->interface == &dir_interface &&
		    object_hold(object))
			return fs_object_of(object);
	}
	return NULL;
}

/* Takes over the hold of `dentry`; NULL: memory is out. */
static status_t mount_add(struct linux_root *root, struct linux_dentry *above, const char *name, struct linux_dentry *dentry)
{
	if (dentry == NULL)
		return STATUS_ENOMEM;
	root->mounts[root->count++] = (struct linux_mount){ .parent = above, .dentry = dentry, .name = name };
	above->is_base = true;
	return STATUS_OK;
}

static status_t mount_virtual(struct linux_root *root, struct linux_dentry *above, const char *name, enum linux_virtual_top which,
			      struct fs_service *service)
{
	return mount_add(root, above, name,
			 linux_dentry_root(above, service, linux_virtual_node(which), root->dentry->budget, VIRTUAL_RIGHTS, LINUX_VIRTUAL_DEVICE, name));
}

/* A directory of the capability set, where the process has it. */
static status_t mount_granted(struct linux_root *root, struct process *process, struct linux_dentry *above, const char *cap, const char *name)
{
	uint32_t rights;
	struct fs_object *from = directory_find(process, cap, &rights);
	status_t status;

	if (from == NULL)
		return STATUS_OK;
	status = mount_add(root, above, name,
			   linux_dentry_root(above, from->service, from->node, process->budget, rights, FIRST_DEVICE + root->count, name));
	object_put(&from->object);
	return status;
}

/* `/`: the bundle, or nothing. */
static status_t root_find(struct linux_root *root, struct process *process, struct fs_service *virtual)
{
	uint32_t rights;
	struct fs_object *app = directory_find(process, "/app", &rights);

	if (app == NULL) {
		root->dentry = linux_dentry_root(NULL, virtual, linux_virtual_node(LINUX_VIRTUAL_EMPTY), process->budget, VIRTUAL_RIGHTS, LINUX_VIRTUAL_DEVICE, "");
	} else {
		root->dentry = linux_dentry_root(NULL, app->service, app->node, process->budget, rights, FIRST_DEVICE, "");
		object_put(&app->object);
	}
	return root->dentry != NULL ? STATUS_OK : STATUS_ENOMEM;
}

struct etc {
	struct linux_root *root;
	struct fs_node *node; /* of the bundle's /etc; held, NULL: it has none */
	bool has_resolver;
};

static void etc_look(void *arg)
{
	struct etc *etc = arg;
	struct fs_node *top = etc->root->dentry->node;
	const struct fs_ops *ops = top->fs->ops;
	struct fs_node *found;

	if (linux_virtual_has(top) || ops->lookup(top, span_of("etc", 3), &found) != STATUS_OK)
		return;
	if (found->type != FS_DIRECTORY) {
		fs_node_put(found);
		return;
	}
	etc->node = found;
	etc->has_resolver = ops->lookup(etc->node, span_of("resolv.conf", 11), &found) == STATUS_OK;
	if (etc->has_resolver)
		fs_node_put(found);
}

/* /etc/resolv.conf, unless the bundle has one. */
static status_t mount_resolver(struct linux_root *root, struct fs_service *virtual)
{
	struct etc etc = { .root = root };
	struct linux_dentry *directory;
	status_t status;

	linux_fs_run(root->dentry->service, etc_look, &etc);
	if (etc.node == NULL)
		return mount_virtual(root, root->dentry, "etc", LINUX_VIRTUAL_ETC, virtual);
	directory = linux_dentry_make(root->dentry, root->dentry, etc.node, span_of("etc", 3));
	if (directory == NULL)
		return STATUS_ENOMEM;
	status = mount_add(root, root->dentry, "etc", directory);
	return status != STATUS_OK || etc.has_resolver ? status : mount_virtual(root, directory, "resolv.conf", LINUX_VIRTUAL_RESOLV, virtual);
}

static status_t mounts_fill(struct linux_root *root, struct process *process, struct fs_service *virtual)
{
	static const char *const granted[] = { "/app", "/tmp", "/host", "/data", "/log" };
	status_t status = root_find(root, process, virtual);

	if (status == STATUS_OK)
		status = mount_virtual(root, root->dentry, "dev", LINUX_VIRTUAL_DEV, virtual);
	if (status == STATUS_OK)
		status = mount_virtual(root, root->dentry, "proc", LINUX_VIRTUAL_PROC, virtual);
	if (status == STATUS_OK)
		status = mount_virtual(root, root->dentry, "sys", LINUX_VIRTUAL_SYS, virtual);
	if (status == STATUS_OK)
		status = mount_granted(root, process, root->mounts[root->count - 1].dentry, "/sys/rumpk", "rumpk");
	for (unsigned i = 0; status == STATUS_OK && i < ARRAY_LEN(granted); i++)
		status = mount_granted(root, process, root->dentry, granted[i], granted[i] + 1);
	return status == STATUS_OK ? mount_resolver(root, virtual) : status;
}

/* It is among the capabilities that came with the manifest, if it is there. */
static void network_find(struct linux_root *root, struct process *process)
{
	struct capos_capset_entry entry;
	struct object *object;
	unsigned at = 0;

	while (grant_next(&process->capset, &at, &entry) == STATUS_OK) {
		if (entry.interface != CAPOS_INTERFACE_NET || capset_find(&process->capset, entry.cap, &object, &root->net_rights) != STATUS_OK)
			continue;
		if (object_hold(object))
			root->net = LIST_OWNER(object, struct net_object, object);
		return;
	}
}

static uint32_t console_rights(struct process *process)
{
	struct capos_capset_entry entry;
	uint32_t rights = 0;

	for (unsigned at = 0; grant_next(&process->capset, &at, &entry) == STATUS_OK;)
		if (entry.interface == console_interface.id)
			rights |= entry.rights;
	return rights;
}

status_t linux_root_make(struct process *process, struct linux_root **out)
{
	struct linux_root *root = calloc(1, sizeof(*root));
	struct fs_service *virtual = root != NULL ? linux_virtual_service() : NULL;
	status_t status = STATUS_ENOMEM;

	if (virtual == NULL) {
		free(root);
		return status;
	}
	atomic_init(&root->holds, 1);
	atomic_init(&root->memory, NULL);
	status = mounts_fill(root, process, virtual);
	network_find(root, process);
	root->console_rights = console_rights(process);
	fs_service_put(virtual);
	if (status != STATUS_OK)
		linux_root_put(root);
	else
		*out = root;
	return status;
}

void linux_root_hold(struct linux_root *root)
{
	atomic_fetch_add_explicit(&root->holds, 1, memory_order_relaxed);
}

void linux_root_put(struct linux_root *root)
{
	if (atomic_fetch_sub_explicit(&root->holds, 1, memory_order_acq_rel) != 1)
		return;
	linux_mqs_forget(root);
	linux_shm_forget(root);
	linux_sem_forget(root);
	linux_msg_forget(root);
	linux_terminals_forget(root);
	for (unsigned i = 0; i < root->count; i++)
		linux_dentry_put(root->mounts[i].dentry);
	linux_dentry_put(atomic_load_explicit(&root->memory, memory_order_relaxed));
	linux_dentry_put(root->dentry);
	if (root->net != NULL)
		object_put(&root->net->object);
	free(root);
}

const struct linux_mount *linux_root_mount(const struct linux_root *root, const struct linux_dentry *directory, struct span name)
{
	for (unsigned i = 0; i < root->count; i++) {
		const struct linux_mount *mount = &root->mounts[i];

		if (mount->parent == directory && strlen(mount->name) == name.len && memcmp(mount->name, name.data, name.len) == 0)
			return mount;
	}
	return NULL;
}

static status_t stdio_open(struct process *process)
{
	struct linux_file *file;
	status_t status = linux_terminal_open(process, LINUX_O_RDWR, &file);
	int64_t fd;

	if (status == STATUS_EACCES)
		status = linux_null_open(process, LINUX_O_RDWR, &file);
	if (status != STATUS_OK)
		return status;
	fd = linux_fd_add(process, file, 0, false);
	for (int i = 1; fd >= 0 && i < 3; i++)
		fd = linux_fd_dup(process, 0, i, false);
	return fd < 0 ? STATUS_ENOMEM : STATUS_OK;
}

status_t linux_files_begin(struct process *process)
{
	status_t status = linux_root_make(process, &process->personality->root);

	process->personality->fds.umask = UMASK_FIRST;
	return status == STATUS_OK ? stdio_open(process) : status;
}

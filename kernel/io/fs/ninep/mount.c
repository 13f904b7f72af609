// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/ninep/mount.h"

#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/io/devices.h"
#include "kernel/io/fs/ninep/ninep.h"
#include "kernel/io/ring_war.h"
#include "kernel/io/wake_cost.h"
#include "lib/format.h"
#include "lib/string.h"

static const struct fs_ops ops = {
	.lookup = ninep_lookup,
	.release = ninep_release,
	.stat = ninep_stat,
	.read = ninep_read,
	.write = ninep_write,
	.read_link = ninep_read_link,
	.list = ninep_list,
	.parent = ninep_parent,
	.create = ninep_create,
	.symlink = ninep_symlink,
	.link = ninep_link,
	.remove = ninep_remove,
	.rename = ninep_rename,
	.set = ninep_set,
	.sync = ninep_sync,
	.space = ninep_space,
	.give_up = ninep_give_up,
};

static void mount_free(struct ninep *mount)
{
	page_free(hal_direct_pa(mount->slots), NINEP_SLOTS_ORDER);
	free(mount);
}

/* Context: scheduler, or a fiber that yields. */
static void settle(void *arg)
{
	struct ninep *mount = arg;
	unsigned found = ninep_settle(mount);

	if (mount->governor.waiting > 0)
		device_governor_step(&mount->governor, found, true, hal_timer_now_ns());
}

/* Context: interrupt. */
static void on_ready(void *ctx)
{
	struct ninep *mount = ctx;

	deferred_post(&mount->ready);
}

static struct hal_ninep *channel_find(const char *tag)
{
	char name[HAL_NINEP_TAG_MAX + 1];

	for (unsigned i = 0; i < hal_ninep_count(); i++) {
		struct hal_ninep *channel = hal_ninep_at(i);
		size_t length = channel != NULL ? hal_ninep_tag(channel, name, sizeof(name)) : 0;

		if (length > 0 && length == strlen(tag) && memcmp(name, tag, length) == 0)
			return channel;
	}
	return NULL;
}

static struct ninep *mount_new(struct hal_ninep *channel)
{
	struct ninep *mount = calloc(1, sizeof(*mount));
	uint64_t pa = page_alloc(NINEP_SLOTS_ORDER);

	if (mount == NULL || pa == 0) {
		free(mount);
		if (pa != 0)
			page_free(pa, NINEP_SLOTS_ORDER);
		return NULL;
	}
	memset(hal_direct_va(pa), 0, HAL_PAGE_BYTES << NINEP_SLOTS_ORDER);
	mount->channel = channel;
	mount->slots = hal_direct_va(pa);
	mount->ready = (struct deferred){ .run = settle, .arg = mount };
	device_governor_init(&mount->governor, ring_war_rule(), wake_cost_ns(), 0, "9p");
	device_governor_add(&mount->governor);
	wait_queue_init(&mount->waiting);
	list_init(&mount->nodes);
	list_init(&mount->dying);
	for (unsigned i = 0; i < NINEP_SLOTS; i++) {
		mount->records[i].next_free = mount->free;
		mount->free = &mount->records[i];
	}
	mount->fs = (struct fs){ .ops = &ops, .name = "9p", .cpu = hal_cpu_index(), .workers = NINEP_WORKERS,
				 .node_bytes = sizeof(struct ninep_node), .nodes_max = NINEP_OPEN_MAX };
	return mount;
}

static status_t version_agree(struct ninep *mount)
{
	struct ninep_call call;
	status_t status;

	ninep_call_begin(mount, &call, NINEP_VERSION);
	call.asked.bytes = NINEP_MESSAGE_BYTES;
	ninep_put_version(&call.out, NINEP_MESSAGE_BYTES);
	status = ninep_call_run(mount, &call);
	mount->message_bytes = call.reply.bytes;
	return status;
}

/* The root's node. */
static status_t attach(struct ninep *mount)
{
	struct ninep_node *root = ninep_node_new(mount);
	struct ninep_call call;
	status_t status;

	if (root == NULL)
		return STATUS_ENOMEM;
	ninep_call_begin(mount, &call, NINEP_ATTACH);
	ninep_put_attach(&call.out, ninep_fid(root, NINEP_SELF));
	status = ninep_call_run(mount, &call);
	if (status == STATUS_OK) {
		root->fids = 1u << NINEP_SELF;
		if (!(call.reply.qid.type & NINEP_QID_DIRECTORY))
			status = STATUS_ENOTDIR;
	}
	if (status != STATUS_OK) {
		ninep_node_drop(mount, root);
		return status;
	}
	ninep_node_begin(mount, root, &call.reply.qid);
	mount->fs.root = &root->node;
	return STATUS_OK;
}

/* A change of nothing is refused where nothing can be changed. */
static status_t read_only_find(struct ninep *mount)
{
	const struct fs_stat none = { 0 };
	status_t status = ninep_set(mount->fs.root, 0, &none);

	mount->fs.read_only = status == STATUS_EROFS;
	return status == STATUS_EROFS ? STATUS_OK : status;
}

status_t ninep_mount(const char *tag, struct fs **out, char *why, size_t why_bytes)
{
	const char *what = "no memory";
	struct hal_ninep *channel = NULL;
	struct ninep *mount = NULL;
	status_t status = devices_probe();

	if (status == STATUS_OK && (channel = channel_find(tag)) == NULL) {
		(void)format_print(why, why_bytes, "this machine has no folder \"%s\" of the host's (rumpk run --share DIR)", tag);
		return STATUS_ENODEV;
	}
	if (status == STATUS_OK && (mount = mount_new(channel)) == NULL)
		status = STATUS_ENOMEM;
	if (status == STATUS_OK) {
		what = "the device cannot be started";
		status = hal_ninep_start(channel, on_ready, mount);
	}
	if (status != STATUS_OK) {
		if (mount != NULL) {
			device_governor_remove(&mount->governor);
			mount_free(mount);
		}
		(void)format_print(why, why_bytes, "9p \"%s\": %s (%d)", tag, what, status);
		return status;
	}
	(void)hal_ninep_listen(channel, true);
	status = version_agree(mount);
	if (status == STATUS_OK)
		status = attach(mount);
	if (status == STATUS_OK)
		status = read_only_find(mount);
	if (status != STATUS_OK) {
		ninep_unmount(&mount->fs);
		(void)format_print(why, why_bytes, "9p \"%s\": the server does not take part (%d)", tag, status);
		return status;
	}
	*out = &mount->fs;
	return STATUS_OK;
}

void ninep_give_up(struct fs *fs)
{
	hal_ninep_break(ninep_of(fs)->channel, "does not answer, and the machine is to end: reset");
	(void)ninep_settle(ninep_of(fs));
}

void ninep_unmount(struct fs *fs)
{
	struct ninep *mount = ninep_of(fs);

	if (fs->root != NULL)
		fs_node_put(fs->root);
	/* What the device had comes back with its reset. */
	device_governor_remove(&mount->governor);
	hal_ninep_stop(mount->channel);
	(void)ninep_settle(mount);
	while (atomic_load_explicit(&mount->ready.posted, memory_order_relaxed) != 0)
		fiber_yield(); /* an interrupt that was left to be served finds the mount */
	if (!hal_ninep_listen(mount->channel, false)) /* else the device has not ended its reset: it may still write there */
		mount_free(mount);
}

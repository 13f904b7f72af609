// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the parts of the 9p file system share. All of it is its CPU's: fibers there, and the scheduler for what the device has done. */
#ifndef KERNEL_IO_FS_NINEP_MOUNT_H
#define KERNEL_IO_FS_NINEP_MOUNT_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "hal/contract/ninep.h"
#include "kernel/core/deferred.h"
#include "kernel/core/wait.h"
#include "kernel/io/device_governor.h"
#include "kernel/io/fs/fs.h"
#include "lib/list.h"
#include "lib/ninep.h"

enum {
	NINEP_MESSAGE_BYTES = 512 * 1024, /* the largest that is asked for */
	NINEP_WORKERS = 16,
	NINEP_SLOTS = HAL_NINEP_REQUESTS_MAX,
	NINEP_SLOT_BYTES = 1024,
	NINEP_SLOTS_ORDER = 3,
	NINEP_NODES_MAX = 1024,
	NINEP_OPEN_MAX = 896, /* of them, by processes; the others are for what is on the way to something */
};

static_assert(NINEP_SLOTS * NINEP_SLOT_BYTES == HAL_PAGE_BYTES << NINEP_SLOTS_ORDER, "in pages");

/* What the server sees of a request, but for data in bulk. */
struct ninep_slot {
	uint8_t request[NINEP_SLOT_BYTES - 192];
	uint8_t reply[192];
};

static_assert(sizeof(struct ninep_slot) == NINEP_SLOT_BYTES && sizeof(((struct ninep_slot *)0)->request) >= NINEP_REQUEST_BYTES &&
	      sizeof(((struct ninep_slot *)0)->reply) >= NINEP_REPLY_BYTES, "each message fits");

struct ninep_call;
struct ninep_node;

/* What it does not. Its place among its like is the request's tag. */
struct ninep_record {
	struct ninep_call *call;    /* who waits for it; else it gives back: */
	struct ninep_node *dying;   /* the fids of this node */
	struct ninep_record *next_free;
};

struct ninep {
	struct fs fs;
	struct hal_ninep *channel;
	uint32_t message_bytes; /* the largest message that was agreed on */
	struct deferred ready;
	struct device_governor governor;
	struct ninep_slot *slots;
	struct ninep_record records[NINEP_SLOTS];
	struct ninep_record *free;
	struct wait_queue waiting; /* fibers that want a slot, or a node that is busy */
	struct list_node nodes;    /* held ones */
	struct list_node dying;    /* whose fids wait for a slot to be given back in */
	uint64_t numbers[NINEP_NODES_MAX / 64]; /* of nodes: taken */
	unsigned ending;           /* nodes that nobody holds, and that are not free yet */
	uint32_t names_changed;    /* how often, by us */
};

/* A node's fids, by what they are for. */
enum ninep_fid {
	NINEP_SELF,   /* as it was walked to. A file's is opened when it is first read or written */
	NINEP_SECOND, /* a file's, opened the other way; a directory's, opened to be listed */
	NINEP_APPEND, /* a file's, opened to append */
	NINEP_FIDS,
};

/* How a fid was opened. */
enum { NINEP_READS = 1, NINEP_WRITES = 2 };

struct ninep_node {
	struct fs_node node;
	struct list_node link; /* of nodes, or dying */
	uint64_t path;         /* the server's, of its qid */
	uint32_t number;       /* fid f is number * 4 + f */
	uint8_t fids;          /* bit f: the server knows it */
	uint8_t opened[NINEP_FIDS];
	bool regular;          /* it is known to be no fifo, nor the like */
	bool busy;             /* somebody opens it */
	bool stale;            /* something else is there */
	uint32_t names_synced; /* names_changed then */
};

/* A request, on its fiber's stack. */
struct ninep_call {
	struct ninep_asked asked;
	struct ninep_writer out;  /* W: who asks */
	const void *data;         /* what follows of the request; or NULL */
	uint32_t data_bytes;
	size_t split;             /* with data: what was written from here on follows it */
	void *room;               /* READ, READDIR: for data; READLINK: for the whole reply */
	struct ninep_reply reply;
	struct ninep_record *record;
	struct fiber *fiber;
	bool done;
	status_t status;
};

static inline struct ninep *ninep_of(struct fs *fs)
{
	return (struct ninep *)(void *)((char *)fs - offsetof(struct ninep, fs));
}

static inline struct ninep_node *ninep_node_of(struct fs_node *node)
{
	return (struct ninep_node *)(void *)((char *)node - offsetof(struct ninep_node, node));
}

static inline uint32_t ninep_fid(const struct ninep_node *node, enum ninep_fid fid)
{
	return node->number * 4 + fid;
}

/* --- call.c ------------------------------------------------------------------------------------------------------------ */

/* Waits for a slot and begins to write a request. Context: fiber. */
void ninep_call_begin(struct ninep *mount, struct ninep_call *call, enum ninep_type type);

/* Sends it and waits for the reply, which is then in call->reply. What the server failed with; STATUS_EIO where it, or the device, broke the rules. */
MUST_CHECK status_t ninep_call_run(struct ninep *mount, struct ninep_call *call);

/* A request of a fid alone. */
MUST_CHECK status_t ninep_call_fid(struct ninep *mount, enum ninep_type type, uint32_t fid);

/* Takes what the device has done, how many replies, and has it interrupt for the next one. Context: scheduler or fiber. */
unsigned ninep_settle(struct ninep *mount);

/* Sleeps until ninep_wake_waiting(): a hint. Context: fiber. */
void ninep_wait(struct ninep *mount);
void ninep_wake_waiting(struct ninep *mount);

/* Ends a node that nobody holds: its fids are given back, then it is freed. Does not wait. */
void ninep_node_drop(struct ninep *mount, struct ninep_node *node);

/* --- node.c ------------------------------------------------------------------------------------------------------------ */

/* A node without fids, in no list yet, that ninep_node_drop() ends; NULL where too many are held. Context: fiber; sleeps. */
struct ninep_node *ninep_node_new(struct ninep *mount);

/* It is what the server says. From now on fs_node_put() ends it. */
void ninep_node_begin(struct ninep *mount, struct ninep_node *node, const struct ninep_qid *qid);

/* Frees its number and memory: the server knows none of its fids. */
void ninep_node_free(struct ninep *mount, struct ninep_node *node);

/* Has the server make one of `to`'s fids from one of `from`'s: that of `name` in it, or of the same, where that is NULL. */
MUST_CHECK status_t ninep_walk(struct ninep *mount, struct ninep_node *from, const struct span *name, struct ninep_node *to,
			       enum ninep_fid fid, struct ninep_qid *qid);

/* Opens a fid; the node is found to be stale where something else is there. */
MUST_CHECK status_t ninep_open(struct ninep *mount, struct ninep_node *node, enum ninep_fid fid, uint32_t flags);

/* The fid to read a file by, or to write it. */
status_t ninep_opened(struct ninep *mount, struct ninep_node *node, unsigned how, bool append, uint32_t *fid);

/* That to list a directory by. */
MUST_CHECK status_t ninep_opened_list(struct ninep *mount, struct ninep_node *node, uint32_t *fid);

/* What a node's operation failed with: a node that is not there is STATUS_ESTALE. */
static inline status_t ninep_gone(status_t status)
{
	return status == STATUS_ENOENT ? STATUS_ESTALE : status;
}

status_t ninep_lookup(struct fs_node *directory, struct span name, struct fs_node **out);
status_t ninep_parent(struct fs_node *directory, struct fs_node **out);
void ninep_release(struct fs_node *node);

/* --- mount.c ----------------------------------------------------------------------------------------------------------- */

/* Every request under way fails, and every one that comes. */
void ninep_give_up(struct fs *fs);

/* --- file.c ------------------------------------------------------------------------------------------------------------ */

int64_t ninep_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes);
int64_t ninep_write(struct fs_node *file, uint64_t offset, const void *data, size_t bytes, bool append);
status_t ninep_sync(struct fs_node *node);

/* --- attributes.c ------------------------------------------------------------------------------------------------------ */

status_t ninep_stat(struct fs_node *node, struct fs_stat *out);
status_t ninep_set(struct fs_node *node, uint32_t what, const struct fs_stat *values);
status_t ninep_space(struct fs *fs, struct fs_space *out);

/* --- names.c ----------------------------------------------------------------------------------------------------------- */

status_t ninep_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx);
int64_t ninep_read_link(struct fs_node *link, char *data, size_t bytes);
status_t ninep_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out);
status_t ninep_symlink(struct fs_node *directory, struct span name, struct span target);
status_t ninep_link(struct fs_node *directory, struct span name, struct fs_node *file);
status_t ninep_remove(struct fs_node *directory, struct span name, bool is_directory);
status_t ninep_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive);

#endif

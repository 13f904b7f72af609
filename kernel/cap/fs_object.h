// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a dir or file capability names: a node of a file system that is open. */
#ifndef KERNEL_CAP_FS_OBJECT_H
#define KERNEL_CAP_FS_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "kernel/core/spinlock.h"
#include "kernel/io/fs/fs.h"
#include "kernel/io/fs/service.h"
#include "lib/list.h"
#include "lib/status.h"

struct budget;

struct fs_object {
	struct object object;
	struct fs_service *service; /* held */
	struct fs_node *node;       /* held */
	struct budget *budget;      /* held; it is charged there, with its node. NULL: it is the kernel's own */
	size_t charged;             /* bytes */
	bool append;                /* what is written goes to the end */
	struct spinlock lock;
	uint64_t tail_pa; /* W: under `lock`. A copy of the last page, for who maps it; 0: none yet */
	struct fs_job release;
};

static inline struct fs_object *fs_object_of(const struct object *object)
{
	return LIST_OWNER((struct object *)object, struct fs_object, object);
}

/* An object for something that is still to be opened. NULL where memory is out. Context: fiber. */
struct fs_object *fs_object_alloc(struct fs_service *service, struct budget *budget);

/* Nothing was opened for it. Context: fiber or scheduler. */
void fs_object_abandon(struct fs_object *fs_object);

/* Makes it the object, with one hold, of a file or directory whose hold it takes over. Context: any. */
void fs_object_open(struct fs_object *fs_object, struct fs_node *node, bool append);

/*
 * Counts a node that a process holds; false where the file system has few, and it may hold no more of them. Context: any. fs_node_discount() takes it
 * back.
 */
bool fs_node_count(struct fs_service *service, struct budget *budget);
void fs_node_discount(struct fs_service *service, struct budget *budget);

/* The rights that a capability of it can have at most. */
uint32_t fs_object_rights(const struct fs_object *fs_object);

/* The root of a file system as an object, with one hold. NULL where memory is out. Context: fiber. */
struct object *fs_object_root(struct fs_service *service, struct budget *budget);

#endif

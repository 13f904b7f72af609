// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What shared memory, semaphores and message queues of System V have in common: how they are found by key and by identifier, who may use them, and how
 * they are told of. Objects are a family's own. Context of all: fiber.
 *
 * Spec: sysvipc(7); Linux, ipc/util.c, include/uapi/asm-generic/ipcbuf.h
 */
#ifndef KERNEL_SYS_LINUX_SYSV_H
#define KERNEL_SYS_LINUX_SYSV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/text.h"
#include "lib/list.h"
#include "lib/status.h"

struct budget;
struct linux_root;
struct thread;

enum { LINUX_IPC_CREAT = 01000, LINUX_IPC_EXCL = 02000, LINUX_IPC_NOWAIT = 04000, LINUX_IPC_PRIVATE = 0, LINUX_IPC_PERMISSIONS = 0777 };
enum { LINUX_IPC_RMID = 0, LINUX_IPC_SET = 1, LINUX_IPC_STAT = 2, LINUX_IPC_INFO = 3 };
enum { LINUX_IPC_TOLD_MAX = 120 };

/* struct ipc64_perm: what a program is told of each kind begins with it. */
struct linux_ipc_told {
	int32_t key;
	uint32_t user, group, maker_user, maker_group, mode;
	uint16_t sequence, pad;
	uint64_t unused[2];
};

/* One of any kind: each kind's structure begins with it. */
struct linux_ipc {
	struct list_node node;         /* W: under the kind's lock */
	_Atomic uint32_t holds;        /* of the list, and of who waits for it */
	const struct linux_root *root; /* whose it is; not held: that outlives it */
	struct budget *budget;         /* held */
	size_t bytes;                  /* charged for it, as room.h does */
	int id;
	struct linux_ipc_told told;    /* W: under the kind's lock */
};

struct linux_ipc_asked {
	int32_t key;
	uint32_t flags;
	uint64_t size; /* bytes, or how many; 0 of a kind that has none */
};

struct linux_ipc_kind {
	unsigned limit; /* of one family */
	int stat;       /* the command for the one at an index; that for what there is of the kind follows, and that for which nobody needs rights */
	size_t told_bytes;
	const char *heading; /* of the file in /proc */

	status_t (*make)(struct thread *thread, const struct linux_ipc_asked *asked, struct linux_ipc **out); /* STATUS_EINVAL, STATUS_ENOMEM */
	void (*free)(struct linux_ipc *ipc);
	void (*forget_gone)(const struct linux_root *root);              /* frees what was removed, is in the list, and has no use any more; or NULL */
	bool (*fits)(const struct linux_ipc *ipc, uint64_t size);        /* whether it has what is asked for; or NULL */
	bool (*remove)(struct linux_ipc *ipc);                           /* nobody is to use it any more: whether it leaves the list at once */
	void (*changed)(struct linux_ipc *ipc);                          /* it was removed or set: who waits is woken. Without a lock; or NULL */
	void (*tell)(struct linux_ipc *ipc, void *told);                 /* what follows struct linux_ipc_told */
	status_t (*set)(struct thread *thread, struct linux_ipc *ipc, const void *told); /* what is set besides owner and mode. STATUS_EPERM */
	int64_t (*info)(struct thread *thread, uint64_t va, bool used);  /* limits, or what is used of them */
	void (*line)(struct linux_text *text, const void *told, int id);

	/* W: under the lock. */
	struct spinlock lock;
	struct list_node all; /* of all roots, by their indices */
	int last_index;
	uint16_t sequence;
};

/* Memory for one, zeroes, charged to the thread's budget; NULL: there is none. */
struct linux_ipc *linux_ipc_alloc(struct thread *thread, size_t bytes);
void linux_ipc_free(struct linux_ipc *ipc);

void linux_ipc_put(struct linux_ipc_kind *kind, struct linux_ipc *ipc);

/* The identifier for a key, of one that is there or is made. STATUS_ENOENT, STATUS_EEXIST, STATUS_EINVAL, STATUS_EACCES, STATUS_ENOSPC, STATUS_ENOMEM. */
int64_t linux_ipc_get(struct thread *thread, struct linux_ipc_kind *kind, const struct linux_ipc_asked *asked);

/* The family's first for which is_it() holds. Context: under the kind's lock. */
struct linux_ipc *linux_ipc_find(const struct linux_ipc_kind *kind, const struct linux_root *root,
				 bool (*is_it)(const struct linux_ipc *ipc, const void *what), const void *what);
bool linux_ipc_has_id(const struct linux_ipc *ipc, const void *id);

/* One that the thread may read or change (LINUX_MAY_*; 0: anybody may), held. STATUS_EINVAL: there is none; STATUS_EACCES. */
MUST_CHECK status_t linux_ipc_hold(struct thread *thread, struct linux_ipc_kind *kind, int id, uint32_t wanted, struct linux_ipc **out);

/* Whether the mode lets the thread do that: LINUX_MAY_*. Context: under the kind's lock. */
bool linux_ipc_permits(const struct thread *thread, const struct linux_ipc_told *told, uint32_t wanted);

/* Whether the thread is as its owner, or has a capability. Context: under the kind's lock. */
bool linux_ipc_may_control(const struct thread *thread, const struct linux_ipc_told *told, unsigned capability);

/* What every kind's control call does with IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, and the kind's own three. STATUS_EINVAL: it is another command. */
int64_t linux_ipc_control(struct thread *thread, struct linux_ipc_kind *kind, int id, uint32_t command, uint64_t va);

/* How many there are in the family; and the sums of what add() gives for each. */
unsigned linux_ipc_count(struct linux_ipc_kind *kind, const struct linux_root *root, uint64_t sums[2], void (*add)(struct linux_ipc *ipc, uint64_t sums[2]));

/* All of a family, as /proc/sysvipc tells them. */
void linux_ipc_list(struct linux_text *text, struct linux_ipc_kind *kind, const struct linux_root *root);

/* Takes all of a family out of the list, whose last process has gone. */
void linux_ipc_forget(struct linux_ipc_kind *kind, const struct linux_root *root);

int64_t linux_ipc_now_s(void);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Between the two halves of epoll: what is watched (epoll.c), and who waits for it (epoll_wait.c). */
#ifndef KERNEL_SYS_LINUX_EPOLL_ITEMS_H
#define KERNEL_SYS_LINUX_EPOLL_ITEMS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"
#include "lib/status.h"

struct budget;
struct thread;

enum { EPOLL_BUCKETS = 64 };

#define EPOLL_ONESHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)
#define EPOLL_EXCLUSIVE (1u << 28)
#define EPOLL_WAKEUP (1u << 29)
#define EPOLL_OPTIONS (EPOLL_ONESHOT | EPOLL_EDGE | EPOLL_EXCLUSIVE | EPOLL_WAKEUP)
#define EPOLL_ALWAYS ((uint32_t)(LINUX_POLLERR | LINUX_POLLHUP))

struct user_epoll_event {
	uint32_t events, pad;
	uint64_t data;
};

static_assert(sizeof(struct user_epoll_event) == 16, "linux/eventpoll.h: struct epoll_event");

struct epoll {
	struct linux_file file;
	struct budget *budget; /* held */
	struct linux_event event;
	struct spinlock lock;
	/* W: under `lock`. */
	struct list_node ready;
	struct epoll_item *items[EPOLL_BUCKETS]; /* by fd */
	unsigned nested;                   /* items that are epolls themselves */
	unsigned asked;                    /* items that somebody has out of `ready`, and asks */
	bool missed;                       /* somebody else has looked meanwhile, and not seen those */
};

struct epoll_item {
	struct linux_waiter waiter;
	struct list_node of_file; /* W: under `links` */
	struct epoll *epoll;
	struct linux_file *file;
	int fd;
	_Atomic uint32_t holds;
	/* W: under the epoll's lock. */
	struct epoll_item *next;
	struct list_node ready; /* linked to itself: not in the list */
	uint32_t events;
	uint64_t data;
	bool gone, adding;
};

extern const struct linux_file_ops linux_epoll_ops;

static inline struct epoll *epoll_of(struct linux_file *file)
{
	return LIST_OWNER(file, struct epoll, file);
}

/* An epoll by its descriptor, held. STATUS_EBADF, STATUS_EINVAL: it is something else. */
MUST_CHECK status_t epoll_get(struct thread *thread, int fd, struct linux_file **file);

/* Where the item for a descriptor and file is, or would be. Context: under the epoll's lock. */
struct epoll_item **epoll_item_find(struct epoll *epoll, int fd, const struct linux_file *file);

/* Puts it into the list of those that may be ready. Context: under the epoll's lock. */
void epoll_item_make_ready(struct epoll_item *item);

/* What holds of a file that an item is for. It is added to the file's event first where `waiter` is not NULL. Context: no lock held. */
uint32_t epoll_item_ask(struct linux_file *file, struct linux_waiter *waiter, uint32_t events);

/* No item is left. Context: its last hold has gone. */
void epoll_items_drop(struct epoll *epoll);

#endif

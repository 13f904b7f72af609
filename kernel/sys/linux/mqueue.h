// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Message queues (mq_overview(7)): names that the processes of one root share, and messages in the order of their priorities. Messages are the
 * kernel's memory, charged to the budget of the process that made the queue.
 */
#ifndef KERNEL_SYS_LINUX_MQUEUE_H
#define KERNEL_SYS_LINUX_MQUEUE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/spinlock.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/owners.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/wait.h"
#include "lib/list.h"
#include "lib/status.h"

struct budget;
struct linux_root;
struct process;

enum {
	LINUX_MQ_NAME_MAX = 255,
	LINUX_MQ_PRIORITIES = 32768,
	LINUX_MQ_MESSAGES = 10, LINUX_MQ_BYTES = 8192, /* of a queue that nobody said anything of */
	LINUX_MQ_MESSAGES_MAX = 65536, LINUX_MQ_BYTES_MAX = 1 << 20,
	LINUX_MQ_ALL_BYTES_MAX = 819200, /* RLIMIT_MSGQUEUE: of a queue that is full */
};

struct linux_mq_attr { /* linux/mqueue.h: struct mq_attr */
	int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

static_assert(sizeof(struct linux_mq_attr) == 64, "linux/mqueue.h");

struct linux_mq_message {
	struct list_node node;
	uint32_t priority;
	uint32_t bytes;
	uint8_t data[];
};

/* Who is to be told when a message comes into an empty queue. */
struct linux_mq_notice {
	unsigned process;        /* number; 0: nobody */
	struct linux_file *file; /* by which it asked: the wish ends with that */
	int signal;              /* 0: it only keeps others from asking */
	uint64_t value;
};

struct linux_mqueue {
	struct list_node node; /* W: under the names' lock */
	const struct linux_root *root; /* W: under the names' lock. NULL: it has no name any more */
	_Atomic uint32_t holds;
	struct budget *budget; /* held */
	struct spinlock lock;
	/* W: under `lock`. */
	struct list_node messages; /* the next one first */
	int64_t count;
	uint64_t bytes; /* of all messages */
	unsigned receivers; /* who sleep until one comes */
	struct linux_mq_notice notice;
	struct linux_event event; /* a message came, or one went */
	int64_t maxmsg, msgsize;
	struct linux_owner owner;
	uint16_t permissions;
	char name[LINUX_MQ_NAME_MAX + 1];
};

/* A queue that is asked for. */
struct linux_mq_asked {
	const char *name;
	const struct linux_subject *who;
	uint32_t flags;                   /* LINUX_O_ACCMODE, LINUX_O_CREAT and LINUX_O_EXCL count */
	uint16_t permissions;             /* of one that is made */
	const struct linux_mq_attr *attr; /* NULL: the usual */
};

/*
 * It, held. STATUS_ENOENT, STATUS_EEXIST, STATUS_EACCES, STATUS_EINVAL (attributes), STATUS_EMFILE (too large), STATUS_ENOMEM. Context: fiber.
 */
MUST_CHECK status_t linux_mq_find(const struct linux_root *root, struct budget *budget, const struct linux_mq_asked *asked, struct linux_mqueue **out);

/* Takes a name away; NULL: any. STATUS_ENOENT; STATUS_EPERM: it is another's. `who` NULL: the kernel. */
MUST_CHECK status_t linux_mq_unlink(const struct linux_root *root, const char *name, const struct linux_subject *who);

/* Whether nobody has taken its name away. */
bool linux_mq_has_name(const struct linux_mqueue *queue);

/* The root is no more: nor are its names. */
void linux_mqs_forget(const struct linux_root *root);

void linux_mq_put(struct linux_mqueue *queue);

/* A message with room for `bytes`, charged to the queue's budget. NULL: memory is out. */
struct linux_mq_message *linux_mq_message_make(struct linux_mqueue *queue, uint32_t bytes, uint32_t priority);
void linux_mq_message_free(struct linux_mqueue *queue, struct linux_mq_message *message);

/*
 * Puts a message behind those of its priority, and owns it then; `notice` is who is to be told now (process 0: nobody). STATUS_EAGAIN: the queue is full.
 */
MUST_CHECK status_t linux_mq_send(struct linux_mqueue *queue, struct linux_mq_message *message, struct linux_mq_notice *notice);

/* The next message, which is the caller's. STATUS_EAGAIN: there is none. */
MUST_CHECK status_t linux_mq_receive(struct linux_mqueue *queue, struct linux_mq_message **message);

/* How many messages wait. */
int64_t linux_mq_count(struct linux_mqueue *queue);

/* How many bytes they have, and who is to be told when one comes. */
uint64_t linux_mq_bytes(struct linux_mqueue *queue, struct linux_mq_notice *notice);

/* Who sleeps until a message comes: then nobody is told. */
void linux_mq_receiver(struct linux_mqueue *queue, int more);

/* Asks to be told. STATUS_EBUSY: somebody has. */
MUST_CHECK status_t linux_mq_notify(struct linux_mqueue *queue, const struct linux_mq_notice *notice);

/* A process closes a descriptor of any file: where that is a queue's, its own wish to be told ends. */
void linux_mq_close(const struct process *process, struct linux_file *file);

/* The wish of a process ends, or what was asked by a file (either may be none). */
void linux_mq_forget_notice(struct linux_mqueue *queue, unsigned process, const struct linux_file *file);

#endif

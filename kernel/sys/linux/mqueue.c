// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/mqueue.h"

#include "kernel/core/libc.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/room.h"
#include "lib/string.h"

/* Of every root: there are few. Outside a queue's lock. */
static struct spinlock names_lock;
static struct list_node names = LIST_INIT(names);

/* `name` NULL: any of that root. Context: under the names' lock. */
static struct linux_mqueue *find(const struct linux_root *root, const char *name)
{
	for (struct list_node *node = names.next; node != &names; node = node->next) {
		struct linux_mqueue *queue = LIST_OWNER(node, struct linux_mqueue, node);

		if (queue->root == root && (name == NULL || strcmp(queue->name, name) == 0))
			return queue;
	}
	return NULL;
}

void linux_mq_put(struct linux_mqueue *queue)
{
	struct budget *budget = queue->budget;

	if (atomic_fetch_sub_explicit(&queue->holds, 1, memory_order_acq_rel) != 1)
		return;
	for (struct list_node *first; (first = list_pop_front(&queue->messages)) != NULL;)
		linux_mq_message_free(queue, LIST_OWNER(first, struct linux_mq_message, node));
	linux_room_give(budget, queue, sizeof(*queue));
	budget_put(budget);
}

/* With one hold. */
static struct linux_mqueue *make(struct budget *budget, const struct linux_mq_asked *asked)
{
	struct linux_mqueue *queue = linux_room_take(budget, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	memset(queue, 0, sizeof(*queue));
	budget_hold(budget);
	queue->budget = budget;
	queue->maxmsg = asked->attr != NULL ? asked->attr->maxmsg : LINUX_MQ_MESSAGES;
	queue->msgsize = asked->attr != NULL ? asked->attr->msgsize : LINUX_MQ_BYTES;
	queue->owner = (struct linux_owner){ asked->who->user, asked->who->group };
	queue->permissions = asked->permissions;
	atomic_init(&queue->holds, 1);
	list_init(&queue->messages);
	linux_event_init(&queue->event);
	memcpy(queue->name, asked->name, strlen(asked->name) + 1);
	return queue;
}

static status_t attr_check(const struct linux_mq_attr *attr)
{
	if (attr->maxmsg <= 0 || attr->msgsize <= 0 || attr->maxmsg > LINUX_MQ_MESSAGES_MAX || attr->msgsize > LINUX_MQ_BYTES_MAX)
		return STATUS_EINVAL;
	return attr->maxmsg * (attr->msgsize + (int64_t)sizeof(struct linux_mq_message)) <= LINUX_MQ_ALL_BYTES_MAX ? STATUS_OK : STATUS_EMFILE;
}

/* Whether one that is there may be opened so. Spec: Linux, ipc/mqueue.c: prepare_open() */
static status_t may_open(const struct linux_mqueue *queue, const struct linux_mq_asked *asked)
{
	static const uint32_t wanted[] = { LINUX_MAY_READ, LINUX_MAY_WRITE, LINUX_MAY_READ | LINUX_MAY_WRITE };
	const struct fs_stat stat = { .permissions = queue->permissions, .user = queue->owner.user, .group = queue->owner.group };
	bool may = linux_subject_can(asked->who, LINUX_CAP_DAC_OVERRIDE) || linux_mode_permits(asked->who, &stat, wanted[asked->flags & LINUX_O_ACCMODE]);

	if ((asked->flags & LINUX_O_CREAT) != 0 && (asked->flags & LINUX_O_EXCL) != 0)
		return STATUS_EEXIST;
	return may ? STATUS_OK : STATUS_EACCES;
}

status_t linux_mq_find(const struct linux_root *root, struct budget *budget, const struct linux_mq_asked *asked, struct linux_mqueue **out)
{
	struct linux_mqueue *made = NULL;
	struct linux_mqueue *there;
	status_t status = !(asked->flags & LINUX_O_CREAT) ? STATUS_ENOENT : asked->attr != NULL ? attr_check(asked->attr) : STATUS_OK;

	if (status == STATUS_OK) {
		made = make(budget, asked);
		status = made != NULL ? STATUS_OK : STATUS_ENOMEM;
	}
	spinlock_take(&names_lock);
	there = find(root, asked->name);
	if (there != NULL) {
		status = may_open(there, asked);
	} else if (made != NULL) {
		made->root = root;
		list_push_back(&names, &made->node);
		there = made;
		made = NULL;
	}
	if (status == STATUS_OK)
		atomic_fetch_add_explicit(&there->holds, 1, memory_order_relaxed);
	spinlock_give(&names_lock);
	if (made != NULL)
		linux_mq_put(made);
	*out = there;
	return status;
}

/* The directory that Linux has them in is as /tmp is: who did not make one leaves it there. */
static bool may_unlink(const struct linux_mqueue *queue, const struct linux_subject *who)
{
	return who == NULL || who->user == queue->owner.user || who->user == 0 || linux_subject_can(who, LINUX_CAP_FOWNER);
}

status_t linux_mq_unlink(const struct linux_root *root, const char *name, const struct linux_subject *who)
{
	struct linux_mqueue *queue;
	status_t status;

	spinlock_take(&names_lock);
	queue = find(root, name);
	status = queue == NULL ? STATUS_ENOENT : may_unlink(queue, who) ? STATUS_OK : STATUS_EPERM;
	if (status == STATUS_OK) {
		list_remove(&queue->node);
		queue->root = NULL;
	}
	spinlock_give(&names_lock);
	if (status == STATUS_OK)
		linux_mq_put(queue);
	return status;
}

bool linux_mq_has_name(const struct linux_mqueue *queue)
{
	bool has;

	spinlock_take(&names_lock);
	has = queue->root != NULL;
	spinlock_give(&names_lock);
	return has;
}

void linux_mqs_forget(const struct linux_root *root)
{
	while (linux_mq_unlink(root, NULL, NULL) == STATUS_OK)
		;
}

struct linux_mq_message *linux_mq_message_make(struct linux_mqueue *queue, uint32_t bytes, uint32_t priority)
{
	struct linux_mq_message *message = linux_room_take(queue->budget, sizeof(*message) + bytes);

	if (message == NULL)
		return NULL;
	message->priority = priority;
	message->bytes = bytes;
	return message;
}

void linux_mq_message_free(struct linux_mqueue *queue, struct linux_mq_message *message)
{
	linux_room_give(queue->budget, message, sizeof(*message) + message->bytes);
}

status_t linux_mq_send(struct linux_mqueue *queue, struct linux_mq_message *message, struct linux_mq_notice *notice)
{
	struct list_node *before;

	*notice = (struct linux_mq_notice){ 0 };
	spinlock_take(&queue->lock);
	if (queue->count >= queue->maxmsg) {
		spinlock_give(&queue->lock);
		return STATUS_EAGAIN;
	}
	/* Behind the last one that is not less urgent. */
	for (before = queue->messages.prev; before != &queue->messages; before = before->prev)
		if (LIST_OWNER(before, struct linux_mq_message, node)->priority >= message->priority)
			break;
	list_insert_before(before->next, &message->node);
	if (queue->count == 0 && queue->receivers == 0) {
		*notice = queue->notice;
		queue->notice = (struct linux_mq_notice){ 0 };
	}
	queue->count++;
	queue->bytes += message->bytes;
	spinlock_give(&queue->lock);
	linux_event_raise(&queue->event);
	return STATUS_OK;
}

status_t linux_mq_receive(struct linux_mqueue *queue, struct linux_mq_message **message)
{
	struct list_node *first;

	spinlock_take(&queue->lock);
	first = list_pop_front(&queue->messages);
	if (first != NULL) {
		*message = LIST_OWNER(first, struct linux_mq_message, node);
		queue->count--;
		queue->bytes -= (*message)->bytes;
	}
	spinlock_give(&queue->lock);
	if (first == NULL)
		return STATUS_EAGAIN;
	linux_event_raise(&queue->event);
	return STATUS_OK;
}

int64_t linux_mq_count(struct linux_mqueue *queue)
{
	int64_t count;

	spinlock_take(&queue->lock);
	count = queue->count;
	spinlock_give(&queue->lock);
	return count;
}

uint64_t linux_mq_bytes(struct linux_mqueue *queue, struct linux_mq_notice *notice)
{
	uint64_t bytes;

	spinlock_take(&queue->lock);
	bytes = queue->bytes;
	*notice = queue->notice;
	spinlock_give(&queue->lock);
	return bytes;
}

void linux_mq_receiver(struct linux_mqueue *queue, int more)
{
	spinlock_take(&queue->lock);
	queue->receivers += (unsigned)more;
	spinlock_give(&queue->lock);
}

status_t linux_mq_notify(struct linux_mqueue *queue, const struct linux_mq_notice *notice)
{
	status_t status = STATUS_EBUSY;

	spinlock_take(&queue->lock);
	if (queue->notice.process == 0) {
		queue->notice = *notice;
		status = STATUS_OK;
	}
	spinlock_give(&queue->lock);
	return status;
}

void linux_mq_forget_notice(struct linux_mqueue *queue, unsigned process, const struct linux_file *file)
{
	spinlock_take(&queue->lock);
	if (queue->notice.process != 0 && (queue->notice.process == process || queue->notice.file == file))
		queue->notice = (struct linux_mq_notice){ 0 };
	spinlock_give(&queue->lock);
}

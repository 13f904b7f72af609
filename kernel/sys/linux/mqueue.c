// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/mqueue.h"

#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
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
	free(queue);
	budget_credit_bytes(budget, sizeof(*queue));
	budget_put(budget);
}

/* With one hold. */
static struct linux_mqueue *make(struct budget *budget, const char *name, int64_t maxmsg, int64_t msgsize)
{
	struct linux_mqueue *queue;

	if (!budget_charge_bytes(budget, sizeof(*queue)))
		return NULL;
	queue = calloc(1, sizeof(*queue));
	if (queue == NULL) {
		budget_credit_bytes(budget, sizeof(*queue));
		return NULL;
	}
	budget_hold(budget);
	queue->budget = budget;
	queue->maxmsg = maxmsg;
	queue->msgsize = msgsize;
	atomic_init(&queue->holds, 1);
	list_init(&queue->messages);
	linux_event_init(&queue->event);
	memcpy(queue->name, name, strlen(name) + 1);
	return queue;
}

static status_t attr_check(const struct linux_mq_attr *attr)
{
	if (attr->maxmsg <= 0 || attr->msgsize <= 0 || attr->maxmsg > LINUX_MQ_MESSAGES_MAX || attr->msgsize > LINUX_MQ_BYTES_MAX)
		return STATUS_EINVAL;
	return attr->maxmsg * (attr->msgsize + (int64_t)sizeof(struct linux_mq_message)) <= LINUX_MQ_ALL_BYTES_MAX ? STATUS_OK : STATUS_EMFILE;
}

status_t linux_mq_find(const struct linux_root *root, struct budget *budget, const char *name, uint32_t flags, const struct linux_mq_attr *attr,
		       struct linux_mqueue **out)
{
	struct linux_mqueue *made = NULL;
	struct linux_mqueue *there;
	const bool create = (flags & LINUX_O_CREAT) != 0;
	status_t status = !create ? STATUS_ENOENT : attr != NULL ? attr_check(attr) : STATUS_OK;

	if (status == STATUS_OK) {
		made = make(budget, name, attr != NULL ? attr->maxmsg : LINUX_MQ_MESSAGES, attr != NULL ? attr->msgsize : LINUX_MQ_BYTES);
		status = made != NULL ? STATUS_OK : STATUS_ENOMEM;
	}
	spinlock_take(&names_lock);
	there = find(root, name);
	if (there != NULL) {
		status = create && (flags & LINUX_O_EXCL) != 0 ? STATUS_EEXIST : STATUS_OK;
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

status_t linux_mq_unlink(const struct linux_root *root, const char *name)
{
	struct linux_mqueue *queue;

	spinlock_take(&names_lock);
	queue = find(root, name);
	if (queue != NULL) {
		list_remove(&queue->node);
		queue->root = NULL;
	}
	spinlock_give(&names_lock);
	if (queue == NULL)
		return STATUS_ENOENT;
	linux_mq_put(queue);
	return STATUS_OK;
}

void linux_mqs_forget(const struct linux_root *root)
{
	while (linux_mq_unlink(root, NULL) == STATUS_OK)
		;
}

struct linux_mq_message *linux_mq_message_make(struct linux_mqueue *queue, uint32_t bytes, uint32_t priority)
{
	struct linux_mq_message *message;

	if (!budget_charge_bytes(queue->budget, sizeof(*message) + bytes))
		return NULL;
	message = malloc(sizeof(*message) + bytes);
	if (message == NULL) {
		budget_credit_bytes(queue->budget, sizeof(*message) + bytes);
		return NULL;
	}
	message->priority = priority;
	message->bytes = bytes;
	return message;
}

void linux_mq_message_free(struct linux_mqueue *queue, struct linux_mq_message *message)
{
	budget_credit_bytes(queue->budget, sizeof(*message) + message->bytes);
	free(message);
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
	spinlock_give(&queue->lock);
	linux_event_raise(&queue->event);
	return STATUS_OK;
}

status_t linux_mq_receive(struct linux_mqueue *queue, struct linux_mq_message **message)
{
	struct list_node *first;

	spinlock_take(&queue->lock);
	first = list_pop_front(&queue->messages);
	queue->count -= first != NULL;
	spinlock_give(&queue->lock);
	if (first == NULL)
		return STATUS_EAGAIN;
	*message = LIST_OWNER(first, struct linux_mq_message, node);
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

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues of System V. Spec: Linux, ipc/msg.c, include/uapi/asm-generic/msgbuf.h */
#include "kernel/sys/linux/msg.h"

#include <assert.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/room.h"
#include "kernel/sys/linux/subject.h"
#include "kernel/sys/linux/sysv.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/wait.h"
#include "lib/string.h"

enum { QUEUES_MAX = 32000 /* MSGMNI */, MESSAGE_BYTES_MAX = 8192 /* MSGMAX */, QUEUE_BYTES = 16384 /* MSGMNB */, MSG_STAT = 11 };
enum { MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000 };
enum { TYPE_BYTES = 8 /* before the text */ };

struct message {
	struct list_node node;
	int64_t type;
	size_t bytes;
	char text[];
};

/* What of struct msqid64_ds is the queue's. */
struct queue_told {
	int64_t sent, received, changed; /* times, in seconds */
	uint64_t bytes, messages, limit; /* that it holds, and may */
	int32_t sender, receiver;        /* the last processes */
	uint64_t unused[2];
};

/* struct msqid64_ds */
struct told {
	struct linux_ipc_told ipc;
	struct queue_told own;
};

/* struct msginfo */
struct info {
	int32_t pool, map, message_bytes, queue_bytes, queues, segment_bytes, messages;
	uint16_t segments;
};

static_assert(sizeof(struct told) == LINUX_IPC_TOLD_MAX && sizeof(struct info) == 32, "asm-generic/msgbuf.h, linux/msg.h");

struct queue {
	struct linux_ipc ipc;
	struct spinlock lock; /* within the kind's */
	bool removed;         /* W: under the lock, as what follows */
	struct queue_told told;
	struct list_node messages;
	struct linux_event event; /* one came, one went, or there is more room */
};

static struct queue *queue_of(const struct linux_ipc *ipc)
{
	return LIST_OWNER((struct linux_ipc *)ipc, struct queue, ipc);
}

static status_t queue_make(struct thread *thread, const struct linux_ipc_asked *asked, struct linux_ipc **out)
{
	struct queue *queue;

	(void)asked;
	*out = linux_ipc_alloc(thread, sizeof(*queue));
	if (*out == NULL)
		return STATUS_ENOMEM;
	queue = queue_of(*out);
	queue->told = (struct queue_told){ .limit = QUEUE_BYTES, .changed = linux_ipc_now_s() };
	list_init(&queue->messages);
	linux_event_init(&queue->event);
	return STATUS_OK;
}

static struct message *message_make(struct budget *budget, size_t bytes)
{
	struct message *message = linux_room_take(budget, sizeof(*message) + bytes);

	if (message != NULL)
		message->bytes = bytes;
	return message;
}

static void message_free(struct budget *budget, struct message *message)
{
	linux_room_give(budget, message, sizeof(*message) + message->bytes);
}

static void queue_free(struct linux_ipc *ipc)
{
	for (struct list_node *first; (first = list_pop_front(&queue_of(ipc)->messages)) != NULL;)
		message_free(ipc->budget, LIST_OWNER(first, struct message, node));
	linux_ipc_free(ipc);
}

static bool queue_remove(struct linux_ipc *ipc)
{
	struct queue *queue = queue_of(ipc);

	spinlock_take(&queue->lock);
	queue->removed = true;
	spinlock_give(&queue->lock);
	return true;
}

static void queue_changed(struct linux_ipc *ipc)
{
	linux_event_raise(&queue_of(ipc)->event);
}

static void queue_tell(struct linux_ipc *ipc, void *told)
{
	struct told *out = told;

	spinlock_take(&queue_of(ipc)->lock);
	out->own = queue_of(ipc)->told;
	spinlock_give(&queue_of(ipc)->lock);
}

static status_t queue_set(struct thread *thread, struct linux_ipc *ipc, const void *told)
{
	uint64_t limit = ((const struct told *)told)->own.limit;

	if (limit > QUEUE_BYTES && !linux_identity_may(thread, LINUX_CAP_SYS_RESOURCE))
		return STATUS_EPERM;
	spinlock_take(&queue_of(ipc)->lock);
	queue_of(ipc)->told.limit = limit;
	queue_of(ipc)->told.changed = linux_ipc_now_s();
	spinlock_give(&queue_of(ipc)->lock);
	return STATUS_OK;
}

static struct linux_ipc_kind queues;

static void messages_add(struct linux_ipc *ipc, uint64_t sums[2])
{
	struct told told;

	queue_tell(ipc, &told);
	sums[0] += told.own.messages;
	sums[1] += told.own.bytes;
}

static int64_t queue_info(struct thread *thread, uint64_t va, bool used)
{
	struct info info = {
		.pool = QUEUES_MAX / 1024 * QUEUE_BYTES + QUEUES_MAX % 1024 * QUEUE_BYTES / 1024, .map = QUEUE_BYTES, .message_bytes = MESSAGE_BYTES_MAX,
		.queue_bytes = QUEUE_BYTES, .queues = QUEUES_MAX, .segment_bytes = 16, .messages = QUEUE_BYTES, .segments = UINT16_MAX,
	};
	uint64_t sums[2] = { 0 };

	if (used) {
		info.pool = (int32_t)linux_ipc_count(&queues, linux_process_of(thread)->root, sums, messages_add);
		info.map = (int32_t)sums[0];
		info.messages = (int32_t)sums[1];
	}
	return linux_copy_out(thread, va, &info, sizeof(info));
}

static void queue_line(struct linux_text *text, const void *told, int id)
{
	const struct told *is = told;

	format_to(&text->sink, "%10d %10d  %4o  %10llu %10llu %5d %5d %5u %5u %5u %5u %10lld %10lld %10lld\n", is->ipc.key, id, is->ipc.mode,
		  (unsigned long long)is->own.bytes, (unsigned long long)is->own.messages, is->own.sender, is->own.receiver, is->ipc.user, is->ipc.group,
		  is->ipc.maker_user, is->ipc.maker_group, (long long)is->own.sent, (long long)is->own.received, (long long)is->own.changed);
}

static struct linux_ipc_kind queues = {
	.limit = QUEUES_MAX, .stat = MSG_STAT, .told_bytes = sizeof(struct told),
	.heading = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime",
	.make = queue_make, .free = queue_free, .remove = queue_remove, .changed = queue_changed, .tell = queue_tell, .set = queue_set,
	.info = queue_info, .line = queue_line, .all = LIST_INIT(queues.all), .last_index = -1,
};

void linux_msg_forget(const struct linux_root *root)
{
	linux_ipc_forget(&queues, root);
}

void linux_proc_msg(struct linux_text *text, struct process *of)
{
	linux_ipc_list(text, &queues, of->personality->root);
}

static int64_t call_msgget(struct thread *thread, const uint64_t x[6])
{
	return linux_ipc_get(thread, &queues, &(struct linux_ipc_asked){ .key = (int32_t)x[0], .flags = (uint32_t)x[1] });
}

static int64_t call_msgctl(struct thread *thread, const uint64_t x[6])
{
	return linux_ipc_control(thread, &queues, (int)x[0], (uint32_t)x[1], x[2]);
}

/* What a call wants of a queue. */
struct wish {
	struct queue *queue;
	struct message *message; /* to be sent; or that was received */
	int64_t type;
	uint64_t room;
	uint32_t flags;
};

/* One try: STATUS_EAGAIN where it has to wait. Context: under the queue's lock. */
typedef status_t try_run(struct thread *thread, struct wish *wish);

static status_t try_send(struct thread *thread, struct wish *wish)
{
	struct queue_told *told = &wish->queue->told;

	if (wish->message->bytes + told->bytes > told->limit || told->messages + 1 > told->limit)
		return STATUS_EAGAIN;
	list_push_back(&wish->queue->messages, &wish->message->node);
	told->bytes += wish->message->bytes;
	told->messages++;
	told->sender = (int32_t)thread->process->number;
	told->sent = linux_ipc_now_s();
	return STATUS_OK;
}

/* The message that is asked for: of that number; any; of a type, or of any other; of the lowest type up to one. NULL: it is not there. */
static struct message *message_find(const struct wish *wish)
{
	int64_t most = wish->type == INT64_MIN ? INT64_MAX : -wish->type;
	struct message *found = NULL;
	int64_t number = 0;

	for (struct list_node *node = wish->queue->messages.next; node != &wish->queue->messages; node = node->next) {
		struct message *message = LIST_OWNER(node, struct message, node);

		if ((wish->flags & MSG_COPY) != 0) {
			if (number++ == wish->type)
				return message;
		} else if (wish->type >= 0) {
			if (wish->type == 0 || (message->type == wish->type) == !(wish->flags & MSG_EXCEPT))
				return message;
		} else if (message->type <= most && (found == NULL || message->type < found->type)) {
			found = message;
		}
	}
	return found;
}

/* Takes the message, or copies it into that which is there for it. */
static status_t try_receive(struct thread *thread, struct wish *wish)
{
	struct queue_told *told = &wish->queue->told;
	struct message *found = message_find(wish);

	if (found == NULL)
		return STATUS_EAGAIN;
	if (found->bytes > wish->room && !(wish->flags & MSG_NOERROR))
		return STATUS_E2BIG;
	if ((wish->flags & MSG_COPY) != 0) {
		if (found->bytes > wish->message->bytes)
			return STATUS_EINVAL;
		memcpy(wish->message->text, found->text, found->bytes);
		wish->message->type = found->type;
		wish->room = found->bytes;
		return STATUS_OK;
	}
	list_remove(&found->node);
	wish->message = found;
	told->bytes -= found->bytes;
	told->messages--;
	told->receiver = (int32_t)thread->process->number;
	told->received = linux_ipc_now_s();
	return STATUS_OK;
}

static status_t try_once(struct thread *thread, struct wish *wish, uint32_t wanted, try_run *run)
{
	status_t status;

	spinlock_take(&queues.lock);
	status = linux_ipc_permits(thread, &wish->queue->ipc.told, wanted) ? STATUS_OK : STATUS_EACCES;
	spinlock_give(&queues.lock);
	if (status != STATUS_OK)
		return status;
	spinlock_take(&wish->queue->lock);
	status = wish->queue->removed ? STATUS_EIDRM : run(thread, wish);
	spinlock_give(&wish->queue->lock);
	if (status == STATUS_OK)
		linux_event_raise(&wish->queue->event);
	return status;
}

/* Until it is done, as far as it may wait. Context: the thread's fiber. */
static status_t until_done(struct thread *thread, struct wish *wish, uint32_t wanted, try_run *run)
{
	struct linux_waiter waiter = { .thread = thread };
	status_t result = try_once(thread, wish, wanted, run);
	status_t status = STATUS_OK;

	if (result != STATUS_EAGAIN || (wish->flags & LINUX_IPC_NOWAIT) != 0)
		return result;
	linux_waiter_add(&waiter, thread, &wish->queue->event);
	while ((result = try_once(thread, wish, wanted, run)) == STATUS_EAGAIN && status == STATUS_OK)
		status = linux_sleep(thread, WAIT_FOREVER);
	linux_waiter_remove(&waiter);
	return result != STATUS_EAGAIN ? result : status == STATUS_EINTR ? LINUX_RESTART_NO_HANDLER : status;
}

static int64_t call_msgsnd(struct thread *thread, const uint64_t x[6])
{
	struct wish wish = { .flags = (uint32_t)x[3] };
	struct budget *budget = thread->process->budget;
	struct linux_ipc *ipc;
	status_t status;
	int64_t type;

	if (linux_copy_in(thread, &type, x[1], sizeof(type)) != STATUS_OK)
		return STATUS_EFAULT;
	if (x[2] > MESSAGE_BYTES_MAX || (int)x[0] < 0 || type < 1)
		return STATUS_EINVAL;
	wish.message = message_make(budget, (size_t)x[2]);
	if (wish.message == NULL)
		return STATUS_ENOMEM;
	wish.message->type = type;
	status = linux_copy_in(thread, wish.message->text, x[1] + TYPE_BYTES, wish.message->bytes);
	if (status == STATUS_OK)
		status = linux_ipc_hold(thread, &queues, (int)x[0], 0, &ipc);
	if (status == STATUS_OK) {
		wish.queue = queue_of(ipc);
		status = until_done(thread, &wish, LINUX_MAY_WRITE, try_send);
		linux_ipc_put(&queues, ipc);
	}
	if (status != STATUS_OK)
		message_free(budget, wish.message);
	return status;
}

/* What cannot be written is lost, as it is on Linux. */
static int64_t message_out(struct thread *thread, uint64_t va, const struct message *message, uint64_t bytes)
{
	if (linux_copy_out(thread, va, &message->type, TYPE_BYTES) != STATUS_OK ||
	    linux_copy_out(thread, va + TYPE_BYTES, message->text, (size_t)bytes) != STATUS_OK)
		return STATUS_EFAULT;
	return (int64_t)bytes;
}

static int64_t call_msgrcv(struct thread *thread, const uint64_t x[6])
{
	struct wish wish = { .type = (int64_t)x[3], .room = x[2], .flags = (uint32_t)x[4] };
	struct budget *budget = thread->process->budget;
	struct message *copy = NULL;
	struct linux_ipc *ipc;
	int64_t result;

	if ((int)x[0] < 0 || (int64_t)x[2] < 0)
		return STATUS_EINVAL;
	if ((wish.flags & MSG_COPY) != 0) {
		if ((wish.flags & MSG_EXCEPT) != 0 || !(wish.flags & LINUX_IPC_NOWAIT))
			return STATUS_EINVAL;
		copy = wish.message = message_make(budget, x[2] < MESSAGE_BYTES_MAX ? (size_t)x[2] : MESSAGE_BYTES_MAX);
		if (copy == NULL)
			return STATUS_ENOMEM;
	}
	result = linux_ipc_hold(thread, &queues, (int)x[0], 0, &ipc);
	if (result == STATUS_OK) {
		wish.queue = queue_of(ipc);
		result = until_done(thread, &wish, LINUX_MAY_READ, try_receive);
		linux_ipc_put(&queues, ipc);
	}
	if (result == STATUS_OK)
		result = message_out(thread, x[1], wish.message, copy != NULL || wish.room < wish.message->bytes ? wish.room : wish.message->bytes);
	else if (result == STATUS_EAGAIN)
		result = STATUS_ENOMSG;
	if (wish.message != NULL)
		message_free(budget, wish.message);
	return result;
}

const struct linux_call linux_calls_msg[] = {
	{ 186, 2, "msgget", call_msgget },
	{ 187, 3, "msgctl", call_msgctl },
	{ 188, 5, "msgrcv", call_msgrcv },
	{ 189, 4, "msgsnd", call_msgsnd },
	{ 0 },
};

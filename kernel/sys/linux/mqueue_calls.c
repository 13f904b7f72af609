// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The system calls of message queues, and the files that their descriptors name. Spec: mq_open(2) to mq_getsetattr(2) */
#include "kernel/core/libc.h"
#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/fds.h"
#include "kernel/sys/linux/mqueue.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/format.h"
#include "lib/string.h"

enum { PERMISSIONS = 07777, SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SI_MESGQ = -3 };
enum { TOLD_BYTES = 128, TOLD_SIZE = 80 /* which is more than there is */ };

struct user_sigevent { /* asm-generic/siginfo.h: struct sigevent */
	uint64_t value;
	int32_t signal, notify;
	uint64_t rest[6];
};

static_assert(sizeof(struct user_sigevent) == 64, "asm-generic/siginfo.h: SIGEV_MAX_SIZE");

struct mq_file {
	struct linux_file file;
	struct linux_mqueue *queue; /* held */
};

static struct linux_mqueue *queue_of(const struct linux_file *file)
{
	return LIST_OWNER((struct linux_file *)file, struct mq_file, file)->queue;
}

static uint32_t mq_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_mqueue *queue = queue_of(file);
	int64_t count;

	linux_poll_wait(waiter, &queue->event);
	count = linux_mq_count(queue);
	return (count > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | (count < queue->maxmsg ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0);
}

static status_t mq_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	const struct linux_mqueue *queue = queue_of(file);

	*mode_type = LINUX_S_IFREG;
	out->size = TOLD_SIZE;
	out->permissions = queue->permissions;
	out->user = queue->owner.user;
	out->group = queue->owner.group;
	out->links = linux_mq_has_name(queue);
	return STATUS_OK;
}

/* A number in a field of so many columns behind its name. */
static size_t field_add(char *text, size_t len, const char *name, uint64_t number, size_t columns)
{
	size_t end = len + strlen(name) + columns;

	len += (size_t)format_print(text + len, TOLD_BYTES - len, "%s%llu", name, (unsigned long long)number);
	while (len < end)
		text[len++] = ' ';
	return len;
}

/* What the file says of its queue. Spec: mq_overview(7), "Mounting the message queue filesystem" */
static int64_t mq_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	struct linux_mq_notice notice;
	uint64_t bytes = linux_mq_bytes(queue_of(file), &notice);
	char text[TOLD_BYTES];
	size_t len = field_add(text, 0, "QSIZE:", bytes, 10);

	len = field_add(text, len, " NOTIFY:", notice.process != 0 && notice.signal == 0 ? SIGEV_NONE : 0, 5);
	len = field_add(text, len, " SIGNO:", (unsigned)notice.signal, 5);
	len = field_add(text, len, " NOTIFY_PID:", notice.process, 6);
	text[len++] = '\n';
	return offset < len ? linux_data_give(data, text + offset, len - (size_t)offset) : 0;
}

static void mq_release(struct linux_file *file)
{
	struct linux_mqueue *queue = queue_of(file);

	linux_mq_forget_notice(queue, 0, file);
	linux_mq_put(queue);
	free(LIST_OWNER(file, struct mq_file, file));
}

static const struct linux_file_ops mq_ops = {
	.name = "mqueue", .read = mq_read, .poll = mq_poll, .stat = mq_stat, .release = mq_release,
};

void linux_mq_close(const struct process *process, struct linux_file *file)
{
	if (file->ops == &mq_ops)
		linux_mq_forget_notice(queue_of(file), process->number, NULL);
}

static status_t name_in(struct thread *thread, uint64_t va, char name[LINUX_MQ_NAME_MAX + 1])
{
	int64_t length = linux_copy_string(thread, name, va, LINUX_MQ_NAME_MAX + 1);

	if (length <= 0)
		return length < 0 ? (status_t)length : STATUS_ENOENT;
	return strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? STATUS_EACCES : STATUS_OK;
}

static int64_t call_mq_open(struct thread *thread, const uint64_t x[6])
{
	const struct linux_subject who = linux_subject_of(thread);
	uint32_t flags = (uint32_t)x[1] & (LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NONBLOCK);
	struct linux_mq_asked asked = { .who = &who, .flags = flags, .permissions = x[2] & PERMISSIONS & ~linux_process_of(thread)->fds.umask };
	char name[LINUX_MQ_NAME_MAX + 1];
	struct linux_mq_attr attr;
	struct linux_mqueue *queue;
	struct mq_file *made;
	status_t status = name_in(thread, x[0], name);

	if (status == STATUS_OK && x[3] != 0)
		status = linux_copy_in(thread, &attr, x[3], sizeof(attr));
	if (status == STATUS_OK && (flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE)
		status = STATUS_EINVAL;
	asked.name = name;
	asked.attr = x[3] != 0 ? &attr : NULL;
	if (status == STATUS_OK)
		status = linux_mq_find(linux_process_of(thread)->root, thread->process->budget, &asked, &queue);
	if (status != STATUS_OK)
		return status;
	made = malloc(sizeof(*made));
	if (made == NULL) {
		linux_mq_put(queue);
		return STATUS_ENOMEM;
	}
	made->queue = queue;
	linux_file_init(&made->file, &mq_ops, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK));
	return linux_fd_add(thread->process, &made->file, 0, true);
}

static int64_t call_mq_unlink(struct thread *thread, const uint64_t x[6])
{
	const struct linux_subject who = linux_subject_of(thread);
	char name[LINUX_MQ_NAME_MAX + 1];
	status_t status = name_in(thread, x[0], name);

	return status == STATUS_OK ? linux_mq_unlink(linux_process_of(thread)->root, name, &who) : status;
}

/* The file of a queue's descriptor, held. STATUS_EBADF. */
static status_t file_get(struct thread *thread, uint64_t fd, uint32_t rights, struct linux_file **file)
{
	status_t status = linux_fd_get(thread->process, (int)fd, rights, file);

	if (status == STATUS_OK && (*file)->ops != &mq_ops) {
		linux_file_put(*file);
		status = STATUS_EBADF;
	}
	return status;
}

static status_t deadline_in(struct thread *thread, uint64_t va, uint64_t *deadline_ns)
{
	uint64_t ns;
	status_t status;

	*deadline_ns = WAIT_FOREVER;
	if (va == 0)
		return STATUS_OK;
	status = linux_timespec_in(thread, va, &ns);
	if (status == STATUS_OK)
		*deadline_ns = linux_deadline_of_realtime(ns);
	return status;
}

/* Tells who asked that a message came. */
static void notice_give(struct thread *thread, const struct linux_mq_notice *notice)
{
	struct linux_siginfo info = { .signo = notice->signal, .code = SI_MESGQ, .fields = { linux_identity_stamp(thread), notice->value } };
	struct process *process = notice->signal != 0 ? linux_family_find(thread->process, notice->process) : NULL;

	if (process == NULL)
		return;
	linux_signal_process(process, notice->signal, &info);
	object_put(&process->object);
}

/* One try of a call that may wait. */
typedef status_t try_run(struct linux_mqueue *queue, void *ctx);

/* Until it is done, as far as the file may wait. Context: the thread's fiber. */
static status_t until_done(struct thread *thread, struct linux_file *file, uint64_t deadline_ns, try_run *run, void *ctx)
{
	struct linux_mqueue *queue = queue_of(file);
	struct linux_waiter waiter = { .thread = thread };
	status_t result = run(queue, ctx);
	status_t status = STATUS_OK;

	if (result != STATUS_EAGAIN || (linux_file_flags(file) & LINUX_O_NONBLOCK) != 0)
		return result;
	linux_waiter_add(&waiter, thread, &queue->event);
	while ((result = run(queue, ctx)) == STATUS_EAGAIN && status == STATUS_OK)
		status = linux_sleep(thread, deadline_ns);
	linux_waiter_remove(&waiter);
	return result != STATUS_EAGAIN ? result : status == STATUS_EINTR ? LINUX_RESTART : status;
}

struct sending {
	struct linux_mq_message *message;
	struct linux_mq_notice notice;
};

static status_t try_send(struct linux_mqueue *queue, void *ctx)
{
	struct sending *sending = ctx;

	return linux_mq_send(queue, sending->message, &sending->notice);
}

static int64_t message_send(struct thread *thread, struct linux_file *file, const uint64_t x[6], uint64_t deadline_ns)
{
	struct linux_mqueue *queue = queue_of(file);
	struct sending sending;
	status_t status;

	if (x[2] > (uint64_t)queue->msgsize)
		return STATUS_EMSGSIZE;
	sending.message = linux_mq_message_make(queue, (uint32_t)x[2], (uint32_t)x[3]);
	if (sending.message == NULL)
		return STATUS_ENOMEM;
	status = linux_copy_in(thread, sending.message->data, x[1], (size_t)x[2]);
	if (status == STATUS_OK)
		status = until_done(thread, file, deadline_ns, try_send, &sending);
	if (status != STATUS_OK)
		linux_mq_message_free(queue, sending.message);
	else
		notice_give(thread, &sending.notice);
	return status;
}

static int64_t call_mq_timedsend(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	uint64_t deadline_ns;
	int64_t result;

	if ((uint32_t)x[3] >= LINUX_MQ_PRIORITIES)
		return STATUS_EINVAL;
	result = deadline_in(thread, x[4], &deadline_ns);
	if (result == STATUS_OK)
		result = file_get(thread, x[0], LINUX_FILE_WRITE, &file);
	if (result != STATUS_OK)
		return result;
	result = message_send(thread, file, x, deadline_ns);
	linux_file_put(file);
	return result;
}

static status_t try_receive(struct linux_mqueue *queue, void *ctx)
{
	return linux_mq_receive(queue, ctx);
}

/* Copies a message out; what cannot be written is lost, as it is on Linux. */
static int64_t message_give(struct thread *thread, struct linux_mqueue *queue, struct linux_mq_message *message, const uint64_t x[6])
{
	int64_t result = message->bytes;
	uint32_t priority = message->priority;

	if (linux_copy_out(thread, x[1], message->data, message->bytes) != STATUS_OK ||
	    (x[3] != 0 && linux_copy_out(thread, x[3], &priority, sizeof(priority)) != STATUS_OK))
		result = STATUS_EFAULT;
	linux_mq_message_free(queue, message);
	return result;
}

static int64_t message_receive(struct thread *thread, struct linux_file *file, const uint64_t x[6], uint64_t deadline_ns)
{
	struct linux_mqueue *queue = queue_of(file);
	struct linux_mq_message *message;
	status_t status;

	if (x[2] < (uint64_t)queue->msgsize)
		return STATUS_EMSGSIZE;
	linux_mq_receiver(queue, 1);
	status = until_done(thread, file, deadline_ns, try_receive, &message);
	linux_mq_receiver(queue, -1);
	return status == STATUS_OK ? message_give(thread, queue, message, x) : status;
}

static int64_t call_mq_timedreceive(struct thread *thread, const uint64_t x[6])
{
	struct linux_file *file;
	uint64_t deadline_ns;
	int64_t result = deadline_in(thread, x[4], &deadline_ns);

	if (result == STATUS_OK)
		result = file_get(thread, x[0], LINUX_FILE_READ, &file);
	if (result != STATUS_OK)
		return result;
	result = message_receive(thread, file, x, deadline_ns);
	linux_file_put(file);
	return result;
}

static status_t notice_in(struct thread *thread, uint64_t va, struct linux_mq_notice *notice)
{
	struct user_sigevent event;

	if (linux_copy_in(thread, &event, va, sizeof(event)) != STATUS_OK)
		return STATUS_EFAULT;
	if (event.notify != SIGEV_NONE && (event.notify != SIGEV_SIGNAL || event.signal < 0 || event.signal > LINUX_SIGNALS))
		return STATUS_EINVAL;
	notice->process = thread->process->number;
	notice->signal = event.notify == SIGEV_SIGNAL ? event.signal : 0;
	notice->value = event.value;
	return STATUS_OK;
}

static int64_t call_mq_notify(struct thread *thread, const uint64_t x[6])
{
	struct linux_mq_notice notice = { 0 };
	struct linux_file *file;
	status_t status = x[1] != 0 ? notice_in(thread, x[1], &notice) : STATUS_OK;

	if (status == STATUS_OK)
		status = file_get(thread, x[0], 0, &file);
	if (status != STATUS_OK)
		return status;
	notice.file = file;
	if (x[1] != 0)
		status = linux_mq_notify(queue_of(file), &notice);
	else
		linux_mq_forget_notice(queue_of(file), thread->process->number, NULL);
	linux_file_put(file);
	return status;
}

static int64_t call_mq_getsetattr(struct thread *thread, const uint64_t x[6])
{
	struct linux_mq_attr wanted = { 0 };
	struct linux_mq_attr now = { 0 };
	struct linux_file *file;
	status_t status = x[1] != 0 ? linux_copy_in(thread, &wanted, x[1], sizeof(wanted)) : STATUS_OK;

	if (status == STATUS_OK && (wanted.flags & ~(int64_t)LINUX_O_NONBLOCK) != 0)
		status = STATUS_EINVAL;
	if (status == STATUS_OK)
		status = file_get(thread, x[0], 0, &file);
	if (status != STATUS_OK)
		return status;
	now.flags = linux_file_flags(file) & LINUX_O_NONBLOCK;
	now.maxmsg = queue_of(file)->maxmsg;
	now.msgsize = queue_of(file)->msgsize;
	now.curmsgs = linux_mq_count(queue_of(file));
	if (x[1] != 0 && wanted.flags != 0)
		atomic_fetch_or_explicit(&file->flags, LINUX_O_NONBLOCK, memory_order_relaxed);
	else if (x[1] != 0)
		atomic_fetch_and_explicit(&file->flags, ~(uint32_t)LINUX_O_NONBLOCK, memory_order_relaxed);
	linux_file_put(file);
	return x[2] != 0 ? linux_copy_out(thread, x[2], &now, sizeof(now)) : STATUS_OK;
}

const struct linux_call linux_calls_mqueues[] = {
	{ 180, 4, "mq_open", call_mq_open },
	{ 181, 1, "mq_unlink", call_mq_unlink },
	{ 182, 5, "mq_timedsend", call_mq_timedsend },
	{ 183, 5, "mq_timedreceive", call_mq_timedreceive },
	{ 184, 2, "mq_notify", call_mq_notify },
	{ 185, 3, "mq_getsetattr", call_mq_getsetattr },
	{ 0 },
};

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What netlink sockets send and receive. */
#include <stddef.h>

#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/netlink.h"
#include "kernel/sys/linux/socket_control.h"
#include "kernel/sys/linux/socket_netlink.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { REQUEST_MAX = 32768, QUEUE_MAX = 256 };

/* An answer that nobody has received. */
struct answer {
	struct list_node node;
	struct budget *budget; /* held; it is charged there */
	size_t charged;
	size_t bytes;
	uint8_t data[];
};

static void answer_free(struct answer *answer)
{
	struct budget *budget = answer->budget;
	size_t charged = answer->charged;

	free(answer);
	budget_credit_bytes(budget, charged);
	budget_put(budget);
}

void linux_netlink_forget(struct netlink_socket *own)
{
	struct list_node *node;

	while ((node = list_pop_front(&own->queue)) != NULL)
		answer_free(LIST_OWNER(node, struct answer, node));
}

/* NULL: there is no memory for it. */
static struct answer *answer_make(struct budget *budget, const uint8_t *data, size_t bytes)
{
	size_t charged = kheap_takes(sizeof(struct answer) + bytes);
	struct answer *answer;

	if (!linux_charge(budget, charged))
		return NULL;
	answer = malloc(sizeof(*answer) + bytes);
	if (answer == NULL) {
		budget_credit_bytes(budget, charged);
		return NULL;
	}
	budget_hold(budget);
	*answer = (struct answer){ .budget = budget, .charged = charged, .bytes = bytes };
	memcpy(answer->data, data, bytes);
	return answer;
}

/* What there is no room for is lost, and that is told to who receives, unless it does not want to know. */
static void answer_keep(struct netlink_socket *own, const uint8_t *data, size_t bytes)
{
	struct answer *answer = bytes > 0 ? answer_make(own->socket.file.budget, data, bytes) : NULL;
	bool is_kept;

	if (bytes == 0)
		return;
	spinlock_take(&own->lock);
	is_kept = answer != NULL && own->queued < QUEUE_MAX;
	if (is_kept) {
		list_push_back(&own->queue, &answer->node);
		own->queued++;
	} else {
		own->is_lost = !netlink_option_is_on(own, LINUX_NETLINK_NO_ENOBUFS);
	}
	spinlock_give(&own->lock);
	if (!is_kept && answer != NULL)
		answer_free(answer);
}

/* Each message of those that were sent at once; `to`: where answers are made, of LINUX_NETLINK_ANSWER_MAX bytes. */
static void requests_serve(struct netlink_socket *own, struct span sent, uint8_t *to)
{
	struct net_interface interfaces[NET_INTERFACES_MAX];
	struct linux_netlink_world world = {
		.interfaces = interfaces, .count = linux_interfaces(thread_current()->process, interfaces), .port = linux_netlink_port(own),
		.caps_errors = netlink_option_is_on(own, LINUX_NETLINK_CAP_ACK),
	};
	struct linux_netlink_answer answer = { .to = to };
	struct span request;

	while (linux_netlink_take(&sent, &request)) {
		linux_netlink_answer(request, &world, &answer);
		answer_keep(own, answer.to, answer.split);
		answer_keep(own, answer.to + answer.split, answer.bytes - answer.split);
	}
}

/* The only one to speak with is the kernel: there is nobody at any other port. Spec: Linux, net/netlink/af_netlink.c: netlink_sendmsg() */
static status_t receiver_check(struct netlink_socket *own, const struct linux_message *message)
{
	struct netlink_name name = { .port = own->peer };
	status_t status = STATUS_OK;

	if (message->address != NULL && message->address->length > 0)
		status = linux_netlink_peer(message->address, &name);
	if (status == STATUS_OK && message->data->left > REQUEST_MAX)
		status = STATUS_EMSGSIZE;
	return status == STATUS_OK && name.port != 0 ? STATUS_ECONNREFUSED : status;
}

int64_t linux_netlink_send(struct linux_socket *socket, struct linux_message *message)
{
	struct netlink_socket *own = netlink_of(socket);
	size_t bytes = (size_t)message->data->left;
	int64_t result = bytes == 0 ? STATUS_ENODATA : receiver_check(own, message);
	uint8_t *room;

	if (result != STATUS_OK)
		return result;
	if (!linux_charge(socket->file.budget, LINUX_NETLINK_ANSWER_MAX + bytes)) /* while the program's memory is waited for */
		return STATUS_ENOBUFS;
	room = malloc(LINUX_NETLINK_ANSWER_MAX + bytes);
	result = room != NULL ? linux_data_take(message->data, room + LINUX_NETLINK_ANSWER_MAX, bytes) : STATUS_ENOBUFS;
	if (result >= 0 && (size_t)result < bytes)
		result = STATUS_EFAULT;
	if (result >= 0)
		requests_serve(own, span_of(room + LINUX_NETLINK_ANSWER_MAX, bytes), room);
	free(room);
	budget_credit_bytes(socket->file.budget, LINUX_NETLINK_ANSWER_MAX + bytes);
	linux_event_raise(&socket->event);
	return result;
}

/* The first, taken out. STATUS_EAGAIN; STATUS_ENOBUFS: some that were before are lost. */
static status_t answer_take(struct netlink_socket *own, struct answer **out)
{
	struct list_node *node = NULL;
	bool is_lost;

	spinlock_take(&own->lock);
	is_lost = own->is_lost;
	own->is_lost = false;
	if (!is_lost)
		node = list_pop_front(&own->queue);
	if (node != NULL)
		own->queued--;
	spinlock_give(&own->lock);
	if (is_lost)
		return STATUS_ENOBUFS;
	if (node == NULL)
		return STATUS_EAGAIN;
	*out = LIST_OWNER(node, struct answer, node);
	return STATUS_OK;
}

/* Who came meanwhile, and found none, looks again. */
static void answer_put_back(struct netlink_socket *own, struct answer *answer)
{
	spinlock_take(&own->lock);
	list_push_front(&own->queue, &answer->node);
	own->queued++;
	spinlock_give(&own->lock);
	linux_event_raise(&own->socket.event);
}

/* Who sent it, which is the kernel, to no group. */
static void origin_tell(struct netlink_socket *own, struct linux_message *message)
{
	const uint32_t no_group = 0;

	if (message->address != NULL)
		linux_netlink_name_tell(0, 0, message->address);
	if (message->control != NULL && netlink_option_is_on(own, LINUX_NETLINK_PKTINFO))
		linux_control_add(message->control, LINUX_SOL_NETLINK, LINUX_NETLINK_PKTINFO, &no_group, sizeof(no_group));
	message->tells_sender = atomic_load_explicit(&own->socket.asks_sender, memory_order_relaxed);
	message->sender = (struct linux_credentials){ 0 };
}

int64_t linux_netlink_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct netlink_socket *own = netlink_of(socket);
	struct answer *answer;
	int64_t result = answer_take(own, &answer);
	size_t there, bytes;

	if (result != STATUS_OK)
		return result;
	there = answer->bytes;
	bytes = message->data->left < there ? (size_t)message->data->left : there;
	result = bytes > 0 ? linux_data_give(message->data, answer->data, bytes) : 0;
	if (bytes < there)
		message->result_flags |= LINUX_MSG_TRUNC;
	if (message->flags & LINUX_MSG_PEEK)
		answer_put_back(own, answer);
	else
		answer_free(answer);
	if (result >= 0)
		origin_tell(own, message);
	return result >= 0 && (message->flags & LINUX_MSG_TRUNC) ? (int64_t)there : result;
}

status_t linux_netlink_take_error(struct linux_socket *socket)
{
	struct netlink_socket *own = netlink_of(socket);
	bool is_lost;

	spinlock_take(&own->lock);
	is_lost = own->is_lost;
	own->is_lost = false;
	spinlock_give(&own->lock);
	return is_lost ? STATUS_ENOBUFS : STATUS_OK;
}

uint32_t linux_netlink_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct netlink_socket *own = netlink_of(linux_socket_of(file));
	uint32_t mask = LINUX_POLLOUT | LINUX_POLLWRNORM;

	linux_poll_wait(waiter, &own->socket.event);
	spinlock_take(&own->lock);
	if (own->queued > 0)
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (own->is_lost)
		mask |= LINUX_POLLERR;
	spinlock_give(&own->lock);
	return mask;
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Bytes, and what can be done, of TCP sockets. */
#include "kernel/core/libc.h"
#include "kernel/io/net/net.h"
#include "kernel/sys/linux/interface.h"
#include "kernel/sys/linux/socket_tcp.h"
#include "lib/string.h"

enum { STEP_SMALL = 1024, STEP_MAX = 65536 };

/* What was sent behind the peer's end, and reset for that, had nobody to read it. Spec: Linux, net/ipv4/tcp_input.c: tcp_reset() */
static status_t error_of(const struct net_stream *stream)
{
	return stream->error == STATUS_ECONNRESET && stream->peer_done ? STATUS_EPIPE : stream->error;
}

static void send_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	if (own->stream == NULL) {
		asking->result = STATUS_EPIPE;
		return;
	}
	asking->result = net_stream_send(own->stream, span_of(asking->memory, asking->bytes));
	if (asking->result == STATUS_ECONNRESET)
		asking->result = error_of(own->stream);
	if (asking->result == STATUS_ENOTCONN && own->stream->tcp != NULL)
		asking->result = STATUS_EAGAIN; /* it is being connected */
	else if (asking->result < 0 && asking->result != STATUS_EAGAIN && own->error_told)
		asking->result = STATUS_EPIPE;
	else if (asking->result < 0 && asking->result != STATUS_EAGAIN)
		own->error_told = true;
}

static void receive_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;
	status_t status = STATUS_OK;
	struct span data;
	size_t done = 0;

	if (own->stream == NULL) {
		asking->result = own->receiving_done && own->listener == NULL ? 0 : STATUS_ENOTCONN;
		return;
	}
	if (asking->bytes == 0 || asking->peek) /* of no bytes, too, what would come is waited for */
		status = net_stream_peek(own->stream, &data);
	if (asking->peek)
		done = net_stream_copy(own->stream, asking->memory, asking->bytes);
	while (!asking->peek && done < asking->bytes && (status = net_stream_peek(own->stream, &data)) == STATUS_OK) {
		if (data.len > asking->bytes - done)
			data.len = asking->bytes - done;
		memcpy(asking->memory + done, data.data, data.len);
		done += data.len;
		net_stream_consume(own->stream, data.len);
	}
	if (done > 0 || status == STATUS_OK || status == STATUS_ENODATA || (status == STATUS_EAGAIN && own->receiving_done))
		asking->result = (int64_t)done;
	else if (status == STATUS_ENOTCONN)
		asking->result = STATUS_EAGAIN;
	else if (status != STATUS_EAGAIN && own->error_told)
		asking->result = 0;
	else
		asking->result = status;
	if (asking->result < 0 && asking->result != STATUS_EAGAIN)
		own->error_told = true;
}

/* Memory for a transfer: `small`, of STEP_SMALL bytes, where that is enough or there is no other. */
static void memory_take(struct tcp_asking *asking, uint8_t *small, uint64_t bytes)
{
	asking->memory = small;
	asking->bytes = bytes < STEP_SMALL ? (size_t)bytes : STEP_SMALL;
	if (bytes <= STEP_SMALL)
		return;
	bytes = bytes < STEP_MAX ? bytes : STEP_MAX;
	asking->memory = malloc(bytes);
	if (asking->memory == NULL)
		asking->memory = small;
	else
		asking->bytes = (size_t)bytes;
}

static void memory_give(const struct tcp_asking *asking, const uint8_t *small)
{
	if (asking->memory != small)
		free(asking->memory);
}

int64_t linux_tcp_send(struct linux_socket *socket, struct linux_message *message)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };
	struct linux_data rest = *message->data;
	uint8_t small[STEP_SMALL];
	int64_t taken;

	memory_take(&asking, small, rest.left);
	taken = linux_data_take(&rest, asking.memory, asking.bytes);
	if (taken >= 0) {
		asking.bytes = (size_t)taken;
		net_do(send_there, &asking);
		taken = asking.result;
	}
	/* What there was no room for is the program's to send again. */
	if (taken > 0 && (size_t)taken == asking.bytes)
		*message->data = rest;
	else if (taken > 0)
		taken = linux_data_take(message->data, asking.memory, (size_t)taken);
	memory_give(&asking, small);
	return taken;
}

/* With MSG_TRUNC what came is thrown away, wherever it was to go. Spec: tcp(7) */
int64_t linux_tcp_receive(struct linux_socket *socket, struct linux_message *message)
{
	struct tcp_asking asking = { .own = tcp_of(socket), .peek = (message->flags & LINUX_MSG_PEEK) != 0 };
	uint8_t small[STEP_SMALL];

	memory_take(&asking, small, message->data->left);
	net_do(receive_there, &asking);
	if (asking.result > 0 && (message->flags & LINUX_MSG_TRUNC))
		asking.result = linux_data_skip(message->data, (size_t)asking.result);
	else if (asking.result > 0)
		asking.result = linux_data_give(message->data, asking.memory, (size_t)asking.result);
	memory_give(&asking, small);
	return asking.result;
}

static void error_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;

	if (own->stream != NULL && own->stream->tcp == NULL && !own->error_told) {
		asking->result = error_of(own->stream);
		own->error_told = true;
	}
}

status_t linux_tcp_take_error(struct linux_socket *socket)
{
	struct tcp_asking asking = { .own = tcp_of(socket) };

	net_look(error_there, &asking);
	return (status_t)asking.result;
}

/* Whether as much has come as SO_RCVLOWAT has it. */
static bool is_enough(struct tcp_socket *own)
{
	int32_t least = *linux_socket_option(&own->socket, LINUX_SOL_SOCKET, LINUX_SO_RCVLOWAT);

	return least <= 1 || net_stream_received(own->stream) >= (uint32_t)least;
}

/* Spec: Linux, net/ipv4/tcp.c: tcp_poll() */
static uint32_t stream_mask(struct tcp_socket *own, bool receiving_done)
{
	struct net_stream *stream = own->stream;
	uint32_t mask = 0;
	struct span data;
	status_t status = net_stream_peek(stream, &data);

	if (status == STATUS_OK && is_enough(own))
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	if (stream->tcp == NULL && stream->error != STATUS_OK)
		mask |= LINUX_POLLIN | LINUX_POLLRDHUP | LINUX_POLLOUT | LINUX_POLLHUP | (own->error_told ? 0 : (uint32_t)LINUX_POLLERR);
	if (receiving_done && stream->sending_done)
		mask |= LINUX_POLLHUP;
	if (stream->connected && net_stream_is_writable(stream))
		mask |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	return mask;
}

static void poll_there(void *arg)
{
	struct tcp_asking *asking = arg;
	struct tcp_socket *own = asking->own;
	bool receiving_done = own->receiving_done || (own->stream != NULL && own->stream->peer_done);

	if (own->stream != NULL)
		asking->mask = stream_mask(own, receiving_done);
	else if (own->listener != NULL)
		asking->mask = list_is_empty(&own->listener->queue) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
	else
		asking->mask = LINUX_POLLOUT | LINUX_POLLHUP;
	if (receiving_done)
		asking->mask |= LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLRDHUP;
}

uint32_t linux_tcp_poll(struct linux_file *file, struct linux_waiter *waiter)
{
	struct linux_socket *socket = linux_socket_of(file);
	struct tcp_asking asking = { .own = tcp_of(socket) };

	linux_poll_wait(waiter, &socket->event);
	net_look(poll_there, &asking);
	return asking.mask;
}

static void received_there(void *arg)
{
	struct tcp_asking *asking = arg;
	const struct tcp_socket *own = asking->own;

	if (own->listener != NULL)
		asking->result = STATUS_EINVAL;
	else if (own->stream != NULL)
		asking->bytes = net_stream_received(own->stream);
}

/* FIONREAD: all that can be read. Spec: tcp(7); Linux, net/ipv4/tcp.c: tcp_ioctl() */
int64_t linux_tcp_ioctl(struct linux_file *file, struct thread *thread, uint32_t request, uint64_t argument)
{
	struct tcp_asking asking = { .own = tcp_of(linux_socket_of(file)) };
	uint32_t bytes;

	if (request != LINUX_FIONREAD)
		return linux_interface_ioctl(linux_socket_of(file), thread, request, argument);
	net_look(received_there, &asking);
	if (asking.result != STATUS_OK)
		return asking.result;
	bytes = (uint32_t)asking.bytes;
	return linux_copy_out(thread, argument, &bytes, sizeof(bytes));
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The console device: its first port. Text is gathered in pages, so that the device is told once for many lines; what is typed comes in small
 * buffers, and waits with the device while all of them are full.
 * Spec: virtio 1.2 §5.3 "Console Device".
 */
#include <assert.h>
#include <stddef.h>

#include "hal/contract/terminal.h"
#include "hal/virtio/driver.h"
#include "hal/virtio/memory.h"

#define QUEUE_RECEIVE 0
#define QUEUE_SEND 1
#define F_SIZE (1ull << 0)
#define CONFIG_COLUMNS 0u
#define CONFIG_ROWS 2u

enum { BUFFERS = 8, INPUTS = 4, INPUT_BYTES = HAL_PAGE_BYTES / INPUTS };

struct console_buffer {
	char *data; /* a page */
	bool sent;  /* the device's */
};

struct console_input {
	const char *data;
	bool posted; /* the device's */
};

struct console {
	struct virtio_driver driver;
	struct virtio_queue send, receive;
	struct console_buffer buffers[BUFFERS];
	unsigned current;
	uint32_t filled; /* of the current buffer, which is ours then */
	uint16_t columns, rows; /* 0: unknown */
	struct console_input inputs[INPUTS]; /* of one page */
	struct console_input *reading; /* what is taken from, or NULL */
	uint32_t read_at, read_end;    /* of it */
};

static_assert(sizeof(struct console) <= HAL_PAGE_BYTES && offsetof(struct console, driver) == 0, "it lives in a page");

static struct console *console; /* once it has been started */

static void config_read(struct virtio_driver *driver)
{
	struct console *of = (struct console *)driver;

	of->columns = 0;
	of->rows = 0;
	if (driver->device->features & F_SIZE && virtio_config_read(driver->device, CONFIG_COLUMNS, &of->columns, sizeof(of->columns)))
		(void)virtio_config_read(driver->device, CONFIG_ROWS, &of->rows, sizeof(of->rows));
}

/* What was not written yet is lost with the device. */
static void ended(struct virtio_driver *driver)
{
	struct console *of = (struct console *)driver;
	void *token;

	while (virtqueue_reclaim(&of->send.ring, &token))
		((struct console_buffer *)token)->sent = false;
	of->filled = 0;
	while (virtqueue_reclaim(&of->receive.ring, &token))
		((struct console_input *)token)->posted = false;
	of->reading = NULL;
}

static void found(struct virtio_driver *driver)
{
	driver->changed = config_read;
	driver->ended = ended;
}

static status_t inputs_take(void)
{
	uint64_t pa = console->inputs[0].data == NULL ? virtio_page_take() : 0;

	if (pa == 0)
		return console->inputs[0].data != NULL ? STATUS_OK : STATUS_ENOMEM;
	for (unsigned i = 0; i < INPUTS; i++)
		console->inputs[i].data = (const char *)hal_direct_va(pa) + i * INPUT_BYTES;
	return STATUS_OK;
}

static status_t memory_take(void)
{
	if (console == NULL)
		console = (struct console *)virtio_driver_at(VIRTIO_TYPE_CONSOLE, 0, found);
	if (console == NULL)
		return virtio_find(VIRTIO_TYPE_CONSOLE, 0) != NULL ? STATUS_ENOMEM : STATUS_ENODEV;
	for (unsigned i = 0; i < BUFFERS; i++) {
		uint64_t pa = console->buffers[i].data == NULL ? virtio_page_take() : 0;

		if (pa != 0)
			console->buffers[i].data = hal_direct_va(pa);
		else if (console->buffers[i].data == NULL)
			return STATUS_ENOMEM;
	}
	return inputs_take();
}

status_t hal_terminal_start(void (*changed)(void *ctx), void *ctx)
{
	struct virtio_device *device;
	status_t status = memory_take();

	if (status != STATUS_OK)
		return status;
	if (console->driver.state == VIRTIO_DRIVER_RUNNING || console->send.ring.in_flight > 0 || console->receive.ring.in_flight > 0)
		return STATUS_EBUSY;
	device = console->driver.device;
	status = virtio_begin(device, F_SIZE | VIRTIO_F_EVENT_IDX);
	if (status != STATUS_OK)
		return status;
	virtio_driver_begin(&console->driver, changed, ctx);
	status = virtio_queue_begin(device, &console->receive, QUEUE_RECEIVE, INPUTS);
	if (status == STATUS_OK)
		status = virtio_queue_begin(device, &console->send, QUEUE_SEND, BUFFERS);
	if (status != STATUS_OK)
		return status;
	virtqueue_hush(&console->send.ring); /* who waits for room looks */
	config_read(&console->driver);
	virtio_driver_go(&console->driver);
	return virtio_driver_listen(&console->driver, true) ? STATUS_OK : STATUS_EIO;
}

bool hal_terminal_runs(void)
{
	return console != NULL && virtio_driver_runs(&console->driver);
}

/* Takes back what the device is done with. */
static void buffers_take(void)
{
	struct virtqueue_done done;
	status_t status;

	while ((status = virtqueue_take(&console->send.ring, &done)) == STATUS_OK)
		((struct console_buffer *)done.token)->sent = false;
	if (status == STATUS_EIO)
		virtio_driver_break(&console->driver, console->send.ring.why);
}

/* Gives the current buffer to the device. */
static void buffer_send(void)
{
	struct console_buffer *buffer = &console->buffers[console->current];
	struct virtqueue_piece piece = { hal_direct_pa(buffer->data), console->filled };
	struct virtqueue_chain chain = { .pieces = &piece, .readable = 1, .token = buffer };

	if (virtqueue_add(&console->send.ring, &chain) != STATUS_OK)
		return; /* of a queue that is shorter than our buffers are many: later */
	buffer->sent = true;
	console->filled = 0;
	console->current = (console->current + 1) % BUFFERS;
}

size_t hal_terminal_write(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && hal_terminal_runs()) {
		struct console_buffer *buffer = &console->buffers[console->current];
		size_t room = HAL_PAGE_BYTES - console->filled;
		size_t bytes = len - at < room ? len - at : room;

		if (room == 0)
			buffer_send();
		if (room == 0 && console->filled == 0)
			continue;
		if (buffer->sent)
			buffers_take();
		if (buffer->sent || room == 0) {
			(void)hal_terminal_flush();
			break;
		}
		memcpy(buffer->data + console->filled, text + at, bytes);
		console->filled += (uint32_t)bytes;
		at += bytes;
	}
	return at;
}

bool hal_terminal_flush(void)
{
	if (!hal_terminal_runs())
		return true;
	buffers_take();
	if (hal_terminal_runs() && console->filled > 0)
		buffer_send();
	if (!hal_terminal_runs())
		return true;
	virtio_queue_publish(console->driver.device, &console->send);
	return console->filled == 0 && console->send.ring.in_flight == 0;
}

static void inputs_post(void)
{
	for (unsigned i = 0; i < INPUTS; i++) {
		struct console_input *input = &console->inputs[i];
		struct virtqueue_piece piece = { hal_direct_pa(input->data), INPUT_BYTES };
		struct virtqueue_chain chain = { .pieces = &piece, .writable = 1, .token = input };

		if (!input->posted && input != console->reading)
			input->posted = virtqueue_add(&console->receive.ring, &chain) == STATUS_OK;
	}
	virtio_queue_publish(console->driver.device, &console->receive);
}

/* The next buffer that something was typed into. False where there is none, and then `changed` follows when there is. */
static bool input_take(void)
{
	struct virtqueue_done done;
	status_t status;

	console->reading = NULL;
	inputs_post();
	status = virtqueue_take(&console->receive.ring, &done);
	if (status == STATUS_EAGAIN && virtqueue_listen(&console->receive.ring, 0))
		status = virtqueue_take(&console->receive.ring, &done);
	if (status == STATUS_EAGAIN)
		return false;
	if (status != STATUS_OK || done.bytes == 0) {
		virtio_driver_break(&console->driver, status != STATUS_OK ? console->receive.ring.why : "gives an empty buffer: reset");
		return false;
	}
	console->reading = done.token;
	console->reading->posted = false;
	console->read_at = 0;
	console->read_end = done.bytes;
	return true;
}

size_t hal_terminal_read(void *to, size_t room)
{
	size_t at = 0;

	while (at < room && hal_terminal_runs()) {
		size_t bytes;

		if ((console->reading == NULL || console->read_at == console->read_end) && !input_take())
			break;
		bytes = console->read_end - console->read_at;
		if (bytes > room - at)
			bytes = room - at;
		memcpy((char *)to + at, console->reading->data + console->read_at, bytes);
		console->read_at += (uint32_t)bytes;
		at += bytes;
	}
	return at;
}

bool hal_terminal_size(uint16_t *columns, uint16_t *rows)
{
	if (!hal_terminal_runs() || console->columns == 0 || console->rows == 0)
		return false;
	*columns = console->columns;
	*rows = console->rows;
	return true;
}

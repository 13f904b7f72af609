// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is typed: bytes as they come, of whatever lines are written to, the serial port or the console device, and of the serial port again once
 * that device has broken. They wait in a page; what does not fit stays with the port, which takes no more from its host then. Nothing is
 * listened to before the first console_input_start().
 *
 * Bytes are whoever's reads first. To wait for some:
 *
 *	console_input_listen(&listener);      calls listener.changed when some have come
 *	... console_input_read(), until it gives 0; then sleep, and look again when `changed` has been called
 */
#ifndef KERNEL_IO_CONSOLE_INPUT_H
#define KERNEL_IO_CONSOLE_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/list.h"
#include "lib/status.h"

struct console_input_listener {
	struct list_node node; /* W: CPU 0 */
	/*
	 * Bytes may be there that were not before. Context: the console's fiber, on CPU 0; does not sleep, and neither listens nor ignores; may
	 * read, wake, send messages and print.
	 */
	void (*changed)(struct console_input_listener *listener);
};

/*
 * Begins to listen, the first time; later nothing happens.
 * Returns STATUS_OK; STATUS_ENODEV where the machine has nothing to type at; STATUS_ENOMEM. Context: fiber, any CPU.
 */
MUST_CHECK status_t console_input_start(void);

/* Takes what there is, at most `room` bytes; how many. Context: fiber or scheduler, any CPU. */
size_t console_input_read(void *to, size_t room);

/* Whether bytes wait. Context: any. */
bool console_input_waits(void);

/* Has the listener told from now on, or no more once this has returned; it is the caller's. Bytes that are there already are not told of. Context: fiber, any CPU. */
void console_input_listen(struct console_input_listener *listener);
void console_input_ignore(struct console_input_listener *listener);

/* Fetches what has come. Context: the console's fiber. */
void console_input_fetch(void);

#endif

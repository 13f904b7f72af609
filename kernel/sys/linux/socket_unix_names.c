// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Sockets within the machine: what they are called, and who is called so. */
#include "kernel/sys/linux/socket_unix.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

enum { FAMILY_BYTES = 2 };

/* W: under the lock. */
static struct list_node names = LIST_INIT(names);
static uint64_t last_serial;

/* Under the lock, or of a copy: the name as a program is told it: a path with its NUL, where there is room for that. */
void linux_unix_name_tell(const struct linux_address *name, struct linux_address *out)
{
	*out = *name;
	if (out->length > FAMILY_BYTES && out->bytes[FAMILY_BYTES] != 0 && out->length < LINUX_ADDRESS_MAX)
		out->bytes[out->length++] = 0;
}

/* Whether both are of the same file, or the same where they are no paths. */
static bool name_equal(const struct linux_address *a, const struct linux_address *b)
{
	if (a->fs != NULL || b->fs != NULL)
		return a->fs == b->fs && a->id == b->id;
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Spec: unix(7) */
status_t linux_unix_name_read(const struct linux_address *address, struct linux_address *out)
{
	if (linux_address_family(address) != LINUX_AF_UNIX || address->length <= FAMILY_BYTES || address->length > LINUX_UNIX_ADDRESS_MAX)
		return STATUS_EINVAL;
	*out = *address;
	if (address->length > FAMILY_BYTES && address->bytes[FAMILY_BYTES] != 0)
		out->length = FAMILY_BYTES + (uint32_t)strnlen((const char *)address->bytes + FAMILY_BYTES, address->length - FAMILY_BYTES);
	return STATUS_OK;
}

/* Under the lock. A family has its budget, and its names, for itself. */
struct unix_socket *linux_unix_name_find(const struct unix_socket *own, const struct linux_address *name)
{
	for (struct list_node *node = names.next; node != &names; node = node->next) {
		struct unix_socket *found = LIST_OWNER(node, struct unix_socket, named);

		/* What is no path is a name among sockets of one type. */
		if (found->socket.file.budget == own->socket.file.budget && name_equal(&found->name, name) &&
		    (name->bytes[FAMILY_BYTES] != 0 || found->socket.type == own->socket.type))
			return found;
	}
	return NULL;
}

struct unix_socket *linux_unix_target_find(const struct unix_socket *own)
{
	for (struct list_node *node = names.next; node != &names; node = node->next) {
		struct unix_socket *found = LIST_OWNER(node, struct unix_socket, named);

		if (found->serial == own->target_serial)
			return found;
	}
	return NULL;
}

/* Under the lock. A name of the kernel's choice: five digits. */
static void name_choose(const struct unix_socket *own, struct linux_address *name)
{
	static uint32_t next;

	name->length = FAMILY_BYTES + 6;
	do {
		uint32_t number = next++;

		for (unsigned i = 0; i < 5; i++, number >>= 4)
			name->bytes[7 - i] = (uint8_t)"0123456789abcdef"[number & 15];
		name->bytes[FAMILY_BYTES] = 0;
	} while (linux_unix_name_find(own, name) != NULL);
}

status_t linux_unix_name_give(struct unix_socket *own, struct linux_address *name)
{
	if (name->length == FAMILY_BYTES)
		name_choose(own, name);
	if (linux_unix_name_find(own, name) != NULL)
		return STATUS_EADDRINUSE;
	own->name = *name;
	own->serial = ++last_serial;
	list_push_back(&names, &own->named);
	return STATUS_OK;
}

void linux_unix_name_need(struct unix_socket *own)
{
	struct linux_address any = { .length = FAMILY_BYTES, .bytes = { LINUX_AF_UNIX } };

	if (atomic_load_explicit(&own->socket.asks_sender, memory_order_relaxed) && own->name.length == 0)
		own->socket.bound |= linux_unix_name_give(own, &any) == STATUS_OK;
}

struct linux_credentials linux_unix_caller(bool effective)
{
	const struct thread *thread = thread_current();
	const struct linux_identity *identity = &thread->personality->identity;

	return (struct linux_credentials){
		.process = thread->process->number,
		.user = effective ? identity->user.effective : identity->user.real,
		.group = effective ? identity->group.effective : identity->group.real,
	};
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Sockets that were sent along and lie in a queue. Such a one is out of reach where all its holds are those of queues, and all those queues are of sockets out
 * of reach: then nobody can receive from it ever again, and what lies in its queue is dropped. What is being sent or received at the moment is held by who does
 * it as well, and so within reach, with all that it reaches.
 */
#include "kernel/core/libc.h"
#include "kernel/sys/linux/socket_unix.h"

enum { WITHIN_REACH, SUSPECT, VISITED };
enum { COLLECT_MIN = 64 };

/* W: under the lock. */
static struct list_node flying = LIST_INIT(flying);
static unsigned flying_count;
static unsigned collect_at = COLLECT_MIN; /* twice as many as the last collection left: the work stays in proportion to what is sent */

void linux_unix_fly(struct piece *piece)
{
	for (unsigned i = 0; i < piece->file_count; i++) {
		struct unix_socket *own = linux_unix_of_file(piece->files[i]);

		if (own == NULL || own->flights++ > 0)
			continue;
		list_push_back(&flying, &own->flying);
		flying_count++;
	}
}

void linux_unix_land(struct piece *piece)
{
	for (unsigned i = 0; i < piece->file_count; i++) {
		struct unix_socket *own = linux_unix_of_file(piece->files[i]);

		if (own == NULL || --own->flights > 0)
			continue;
		list_remove(&own->flying);
		own->colour = WITHIN_REACH;
		flying_count--;
	}
}

/* Has each suspect in a queue looked at. */
static void queue_each(struct list_node *queue, void (*look)(struct unix_socket *found, struct list_node *ctx), struct list_node *ctx)
{
	for (struct list_node *node = queue->next; node != queue; node = node->next) {
		struct piece *piece = LIST_OWNER(node, struct piece, node);

		for (unsigned i = 0; i < piece->file_count; i++) {
			struct unix_socket *found = linux_unix_of_file(piece->files[i]);

			if (found != NULL && found->colour == SUSPECT)
				look(found, ctx);
		}
	}
}

/* The same for all that a socket keeps: its own queue, and those of connections that nobody has accepted. */
static void queues_each(struct unix_socket *own, void (*look)(struct unix_socket *found, struct list_node *ctx), struct list_node *ctx)
{
	queue_each(&own->received, look, ctx);
	for (struct list_node *node = own->waiting.next; own->socket.listening && node != &own->waiting; node = node->next)
		queue_each(&LIST_OWNER(node, struct unix_socket, waiting)->received, look, ctx);
}

static void explain(struct unix_socket *found, struct list_node *ctx)
{
	(void)ctx;
	found->unexplained--;
}

static void reach(struct unix_socket *found, struct list_node *reached)
{
	found->colour = WITHIN_REACH;
	list_remove(&found->flying);
	list_push_back(reached, &found->flying);
}

/* Under the lock: leaves in `flying` those out of reach, and moves all others to `reached`. */
static void sort_out(struct list_node *reached)
{
	struct list_node visited = LIST_INIT(visited);
	struct list_node *next;

	for (struct list_node *node = flying.next; node != &flying; node = node->next) {
		struct unix_socket *own = LIST_OWNER(node, struct unix_socket, flying);

		own->unexplained = own->flights;
		own->colour = atomic_load_explicit(&own->socket.file.object.holds, memory_order_relaxed) == own->flights ? SUSPECT : WITHIN_REACH;
	}
	for (struct list_node *node = flying.next; node != &flying; node = node->next)
		if (LIST_OWNER(node, struct unix_socket, flying)->colour == SUSPECT)
			queues_each(LIST_OWNER(node, struct unix_socket, flying), explain, NULL);
	for (struct list_node *node = flying.next; node != &flying; node = next) {
		struct unix_socket *own = LIST_OWNER(node, struct unix_socket, flying);

		next = node->next;
		if (own->colour != SUSPECT || own->unexplained > 0)
			reach(own, reached);
	}
	for (struct list_node *node = reached->next; node != reached; node = node->next) /* it grows meanwhile */
		queues_each(LIST_OWNER(node, struct unix_socket, flying), reach, reached);
}

static void queue_take(struct list_node *queue, struct list_node *dropped)
{
	struct list_node *node;

	while ((node = list_pop_front(queue)) != NULL) {
		linux_unix_land(LIST_OWNER(node, struct piece, node));
		list_push_back(dropped, node);
	}
}

void linux_unix_collect(void)
{
	struct list_node reached = LIST_INIT(reached);
	struct list_node dropped = LIST_INIT(dropped);
	struct list_node *node;

	spinlock_take(&linux_unix_lock);
	sort_out(&reached);
	while ((node = flying.next) != &flying) {
		struct unix_socket *own = LIST_OWNER(node, struct unix_socket, flying);

		list_remove(node);
		list_push_back(&reached, node); /* until it lands */
		queue_take(&own->received, &dropped);
		own->received_bytes = 0;
		for (struct list_node *at = own->waiting.next; own->socket.listening && at != &own->waiting; at = at->next)
			queue_take(&LIST_OWNER(at, struct unix_socket, waiting)->received, &dropped);
	}
	while ((node = list_pop_front(&reached)) != NULL)
		list_push_back(&flying, node);
	collect_at = flying_count * 2 > COLLECT_MIN ? flying_count * 2 : COLLECT_MIN;
	spinlock_give(&linux_unix_lock);
	linux_unix_pieces_free(&dropped);
}

void linux_unix_collect_some(void)
{
	bool is_time;

	spinlock_take(&linux_unix_lock);
	is_time = flying_count >= collect_at;
	spinlock_give(&linux_unix_lock);
	if (is_time)
		linux_unix_collect();
}

/* What somebody is receiving stays: it might as well have been received. Spec: Linux, net/unix/af_unix.c: unix_dgram_disconnected() */
void linux_unix_received_drop(struct unix_socket *own)
{
	struct list_node dropped = LIST_INIT(dropped);

	spinlock_take(&linux_unix_lock);
	if (!own->receiving) {
		queue_take(&own->received, &dropped);
		own->received_bytes = 0;
	}
	spinlock_give(&linux_unix_lock);
	linux_unix_pieces_free(&dropped);
	linux_unix_feed(own);
}

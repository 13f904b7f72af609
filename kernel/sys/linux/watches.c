// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Watches are found by the file system and the number there of what is watched. They do not hold it: what is removed goes as if nobody looked, and its watches
 * with it. Who tells goes through them in the order of their making, one at a time: an event is made and queued while the lock over them is not held.
 */
#include "kernel/core/libc.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/inotify.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/wait.h"
#include "kernel/sys/linux/vfs.h"

enum { BUCKETS = 64, WATCHES_MAX = 8192, AT_ONCE = 64 /* so many are told before others may run */ };

struct watch {
	struct list_node of_bucket, of_owner;
	struct linux_inotify *owner; /* NULL: it is no watch, but a teller's place among them */
	struct linux_dentry *base; /* held: the root of the file system, which is there as long */
	const void *fs;
	uint64_t id, serial;
	uint32_t mask;
	int32_t number;
};

_Atomic uint32_t linux_watches;
static struct spinlock lock; /* over all that follows, and all watches */
static struct list_node buckets[BUCKETS] __attribute__((section(".unzeroed")));
static bool buckets_are_made;
static uint64_t last_serial;
static _Atomic uint32_t last_cookie;

static struct list_node *bucket_of(uint64_t id)
{
	return &buckets[(id ^ id >> 6) % BUCKETS];
}

/* Out of all lists. Context: the lock is held. */
static void watch_unlink(struct watch *watch)
{
	list_remove(&watch->of_bucket);
	list_remove(&watch->of_owner);
	watch->owner->watch_count--;
	atomic_fetch_sub_explicit(&linux_watches, 1, memory_order_relaxed);
}

/* Context: it is in no list, its owner is held, or ends. */
static void watch_free(struct watch *watch)
{
	linux_dentry_put(watch->base);
	budget_credit_bytes(watch->owner->budget, sizeof(*watch));
	free(watch);
}

/* Who is to be told next. */
struct due {
	struct linux_inotify *owner; /* held */
	struct watch *over;          /* it was the last time; NULL */
	struct watch place;          /* in the bucket behind who was told last: whoever is told is found once */
	uint64_t newest;             /* when it began: who goes on making watches does not keep it here. 0: it begins */
	int32_t number;
};

/* Where it goes on in a bucket, in which its place is no more. Context: the lock is held. */
static struct list_node *due_go_on(struct due *due, struct list_node *bucket)
{
	struct list_node *node = bucket->next;

	if (due->newest != 0) {
		node = due->place.of_bucket.next;
		list_remove(&due->place.of_bucket);
	} else {
		due->newest = last_serial;
	}
	return node;
}

/* The next watch of what is meant, that one of `events` concerns; `ends`: it watches no more. Not one whose owner ends. */
static bool due_next(const void *fs, uint64_t id, uint32_t events, bool ends, struct due *due)
{
	struct list_node *bucket = bucket_of(id);
	bool found = false;

	due->over = NULL;
	spinlock_take(&lock);
	for (struct list_node *node = buckets_are_made ? due_go_on(due, bucket) : bucket; node != bucket && !found; node = node->next) {
		struct watch *watch = LIST_OWNER(node, struct watch, of_bucket);

		if (watch->owner == NULL || watch->fs != fs || watch->id != id || watch->serial > due->newest || (!ends && !(watch->mask & events)) ||
		    !object_hold(&watch->owner->file.object))
			continue;
		found = true;
		due->owner = watch->owner;
		due->number = watch->number;
		list_insert_before(node->next, &due->place.of_bucket);
		if (ends || (watch->mask & LINUX_IN_ONESHOT)) {
			due->over = watch;
			watch_unlink(watch);
			break;
		}
	}
	spinlock_give(&lock);
	return found;
}

/* `ends`: nothing is told but that. */
static void tell(const void *fs, uint64_t id, uint32_t event, uint32_t cookie, struct span name, bool ends)
{
	struct thread *thread = thread_current();
	struct due due = { .newest = 0 };

	for (unsigned told = 1; due_next(fs, id, event & LINUX_IN_ALL_EVENTS, ends, &due); told++) {
		if (!ends)
			linux_inotify_queue(due.owner, due.number, event, cookie, name);
		if (due.over != NULL) {
			linux_inotify_queue(due.owner, due.number, LINUX_IN_IGNORED, 0, span_of(NULL, 0));
			watch_free(due.over);
		}
		linux_file_put(&due.owner->file);
		if (thread != NULL && told % AT_ONCE == 0)
			linux_give_way(thread);
	}
}

static uint32_t kind_of(const struct linux_dentry *dentry)
{
	return dentry->node->type == FS_DIRECTORY ? LINUX_IN_ISDIR : 0;
}

void linux_watches_tell_name(struct linux_dentry *directory, struct span name, uint32_t event, uint32_t cookie)
{
	uint64_t id;

	if (linux_dentry_id(directory, &id))
		tell(directory->node->fs, id, event, cookie, name, false);
}

void linux_watches_tell_self(struct linux_dentry *dentry, uint32_t event)
{
	uint64_t id;

	if (linux_dentry_id(dentry, &id))
		tell(dentry->node->fs, id, event | kind_of(dentry), 0, span_of(NULL, 0), false);
}

void linux_watches_tell(struct linux_dentry *dentry, uint32_t event)
{
	char name[FS_NAME_MAX];
	size_t name_bytes;
	uint64_t directory;

	if (linux_dentry_now(dentry, &directory, name, &name_bytes))
		tell(dentry->node->fs, directory, event | kind_of(dentry), 0, span_of(name, name_bytes), false);
	else if (dentry->parent != NULL && dentry->parent->node->fs == dentry->node->fs)
		linux_watches_tell_name(dentry->parent, span_of(dentry->name, dentry->name_bytes), event | kind_of(dentry), 0);
	linux_watches_tell_self(dentry, event);
}

/* Spec: Linux, include/linux/fsnotify.h: fsnotify_change() */
uint32_t linux_watches_event_of(uint32_t what)
{
	const uint32_t times = FS_SET_ACCESSED | FS_SET_MODIFIED;
	uint32_t event = (what & FS_SET_SIZE) ? LINUX_IN_MODIFY : 0;

	if ((what & (FS_SET_PERMISSIONS | FS_SET_OWNER)) || (what & times) == times)
		return event | LINUX_IN_ATTRIB;
	return event | ((what & FS_SET_ACCESSED) ? LINUX_IN_ACCESS : 0) | ((what & FS_SET_MODIFIED) ? LINUX_IN_MODIFY : 0);
}

struct linux_leaving linux_watches_leaving(struct fs_node *directory, struct span name)
{
	struct linux_leaving leaving = { 0 };
	struct fs_node *node;
	struct fs_stat stat;

	if (!linux_is_watched() || directory->fs->ops->lookup(directory, name, &node) != STATUS_OK)
		return leaving;
	if (node->fs->ops->stat(node, &stat) == STATUS_OK) {
		leaving.fs = node->fs;
		leaving.id = stat.id;
		leaving.is_directory = node->type == FS_DIRECTORY;
		leaving.is_last = leaving.is_directory || stat.links <= 1;
	}
	fs_node_put(node);
	return leaving;
}

static void attributes_tell(const struct linux_leaving *leaving)
{
	if (leaving->fs != NULL)
		tell(leaving->fs, leaving->id, LINUX_IN_ATTRIB | (leaving->is_directory ? (uint32_t)LINUX_IN_ISDIR : 0), 0, span_of(NULL, 0), false);
}

static void end_tell(const struct linux_leaving *leaving)
{
	if (leaving->fs == NULL || !leaving->is_last)
		return;
	tell(leaving->fs, leaving->id, LINUX_IN_DELETE_SELF, 0, span_of(NULL, 0), false);
	tell(leaving->fs, leaving->id, 0, 0, span_of(NULL, 0), true);
}

void linux_watches_left(const struct linux_leaving *leaving)
{
	if (!leaving->is_directory)
		attributes_tell(leaving);
	end_tell(leaving);
}

void linux_watches_moved(struct linux_walk *from, struct linux_walk *to, const struct linux_leaving *leaving)
{
	uint32_t cookie = atomic_fetch_add_explicit(&last_cookie, 1, memory_order_relaxed) + 1;
	uint32_t kind = kind_of(from->found);
	uint64_t id;

	if (!linux_dentry_id(from->found, &id) || (leaving->fs != NULL && id == leaving->id))
		return; /* two names of one file: nothing was done */
	linux_watches_tell_name(from->at, span_of(from->name, from->name_bytes), LINUX_IN_MOVED_FROM | kind, cookie);
	linux_watches_tell_name(to->at, span_of(to->name, to->name_bytes), LINUX_IN_MOVED_TO | kind, cookie);
	attributes_tell(leaving);
	tell(from->found->node->fs, id, LINUX_IN_MOVE_SELF, 0, span_of(NULL, 0), false); /* which names no kind, as the end does not */
	end_tell(leaving);
}

/* Its watch of that file; NULL. Context: the lock is held. */
static struct watch *watch_find(const struct linux_inotify *own, const void *fs, uint64_t id)
{
	for (struct list_node *node = own->watches.next; node != &own->watches; node = node->next) {
		struct watch *watch = LIST_OWNER(node, struct watch, of_owner);

		if (watch->fs == fs && watch->id == id)
			return watch;
	}
	return NULL;
}

static struct watch *watch_make(struct linux_inotify *own, struct linux_dentry *dentry, uint64_t id, uint32_t mask)
{
	struct linux_dentry *base = dentry;
	struct watch *made;

	if (!linux_charge(own->budget, sizeof(*made)))
		return NULL;
	made = malloc(sizeof(*made));
	if (made == NULL) {
		budget_credit_bytes(own->budget, sizeof(*made));
		return NULL;
	}
	while (base->parent != NULL && base->parent->node->fs == dentry->node->fs)
		base = base->parent;
	*made = (struct watch){ .owner = own, .base = linux_dentry_hold(base), .fs = dentry->node->fs, .id = id, .mask = mask };
	return made;
}

/* Puts it where it is found. Context: the lock is held. */
static void watch_link(struct watch *watch)
{
	if (!buckets_are_made)
		for (unsigned i = 0; i < BUCKETS; i++)
			list_init(&buckets[i]);
	buckets_are_made = true;
	watch->serial = ++last_serial;
	watch->number = ++watch->owner->last_number;
	watch->owner->watch_count++;
	list_push_back(bucket_of(watch->id), &watch->of_bucket);
	list_push_back(&watch->owner->watches, &watch->of_owner);
	atomic_fetch_add_explicit(&linux_watches, 1, memory_order_relaxed);
}

int64_t linux_watch_add(struct linux_inotify *own, struct linux_dentry *dentry, uint32_t mask)
{
	uint32_t kept = mask & (LINUX_IN_ALL_EVENTS | LINUX_IN_EXCL_UNLINK | LINUX_IN_ONESHOT);
	struct watch *made;
	struct watch *found;
	int64_t result;
	uint64_t id;

	if (!linux_dentry_id(dentry, &id))
		return STATUS_EIO;
	made = watch_make(own, dentry, id, kept);
	if (made == NULL)
		return STATUS_ENOMEM;
	spinlock_take(&lock);
	found = watch_find(own, made->fs, id);
	if (found == NULL && own->watch_count < WATCHES_MAX && own->last_number < INT32_MAX) {
		watch_link(made);
		result = made->number;
		made = NULL;
	} else if (found == NULL) {
		result = STATUS_ENOSPC;
	} else if (mask & LINUX_IN_MASK_CREATE) {
		result = STATUS_EEXIST;
	} else {
		found->mask = mask & LINUX_IN_MASK_ADD ? found->mask | kept : kept;
		result = found->number;
	}
	spinlock_give(&lock);
	if (made != NULL)
		watch_free(made);
	return result;
}

status_t linux_watch_remove(struct linux_inotify *own, int32_t number)
{
	struct watch *found = NULL;

	spinlock_take(&lock);
	for (struct list_node *node = own->watches.next; node != &own->watches && found == NULL; node = node->next)
		if (LIST_OWNER(node, struct watch, of_owner)->number == number)
			found = LIST_OWNER(node, struct watch, of_owner);
	if (found != NULL)
		watch_unlink(found);
	spinlock_give(&lock);
	if (found == NULL)
		return STATUS_EINVAL;
	watch_free(found);
	linux_inotify_queue(own, number, LINUX_IN_IGNORED, 0, span_of(NULL, 0));
	return STATUS_OK;
}

void linux_watches_forget(struct linux_inotify *own)
{
	struct watch *watch;

	do {
		watch = NULL;
		spinlock_take(&lock);
		if (!list_is_empty(&own->watches)) {
			watch = LIST_OWNER(own->watches.next, struct watch, of_owner);
			watch_unlink(watch);
		}
		spinlock_give(&lock);
		if (watch != NULL)
			watch_free(watch);
	} while (watch != NULL);
}

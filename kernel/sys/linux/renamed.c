// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What is open can be found by its name, so that it learns a new one. A name that is a node's alone says nothing: a file has many, and a file system may have
 * many nodes for one file. So what has the name is asked for its number, and for that of its directory, while no lock is held.
 */
#include "kernel/core/libc.h"
#include "kernel/core/spinlock.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/vfs.h"
#include "lib/string.h"

enum { BUCKETS = 64 };

/* Where a dentry is now, which was elsewhere when it was looked up. */
struct linux_renamed {
	uint64_t directory; /* its number */
	uint16_t name_bytes;
	char name[];
};

static struct spinlock lock; /* over all that follows, and `renamed`, `serial` and `of_name` of all dentries */
static struct list_node buckets[BUCKETS] __attribute__((section(".unzeroed")));
static bool buckets_are_made;
static uint64_t last_serial;

static struct span name_of(const struct linux_dentry *dentry)
{
	return dentry->renamed != NULL ? span_of(dentry->renamed->name, dentry->renamed->name_bytes) : span_of(dentry->name, dentry->name_bytes);
}

static bool is_called(const struct linux_dentry *dentry, struct span name)
{
	struct span own = name_of(dentry);

	return own.len == name.len && memcmp(own.data, name.data, name.len) == 0;
}

static struct list_node *bucket_of(struct span name)
{
	return &buckets[span_hash(name, 0) % BUCKETS];
}

/* Under the lock. */
static void list_newest(struct linux_dentry *dentry)
{
	if (!buckets_are_made)
		for (unsigned i = 0; i < BUCKETS; i++)
			list_init(&buckets[i]);
	buckets_are_made = true;
	dentry->serial = ++last_serial;
	list_push_back(bucket_of(name_of(dentry)), &dentry->of_name);
}

void linux_dentry_opened(struct linux_dentry *dentry)
{
	spinlock_take(&lock);
	if (dentry->serial == 0)
		list_newest(dentry);
	spinlock_give(&lock);
}

void linux_dentry_closed(struct linux_dentry *dentry)
{
	if (dentry->serial == 0)
		return;
	spinlock_take(&lock);
	list_remove(&dentry->of_name);
	spinlock_give(&lock);
	free(dentry->renamed);
}

bool linux_dentry_now(const struct linux_dentry *dentry, uint64_t *directory, char name[FS_NAME_MAX], size_t *name_bytes)
{
	bool renamed;

	spinlock_take(&lock);
	renamed = dentry->renamed != NULL;
	if (renamed) {
		*directory = dentry->renamed->directory;
		*name_bytes = dentry->renamed->name_bytes;
		memcpy(name, dentry->renamed->name, *name_bytes);
	}
	spinlock_give(&lock);
	return renamed;
}

/* What is looked at in turn: it is done with those up to `last`, and ends behind `newest`. */
struct looking {
	const struct fs *fs;
	struct span name;
	uint64_t last, newest;
};

/* The next that is called so in the file system, held; NULL: there is none. */
static struct linux_dentry *next_of(struct looking *looking)
{
	struct list_node *bucket = bucket_of(looking->name);
	struct linux_dentry *found = NULL;

	spinlock_take(&lock);
	if (looking->newest == 0)
		looking->newest = last_serial;
	for (struct list_node *node = buckets_are_made ? bucket->next : bucket; node != bucket && found == NULL; node = node->next) {
		struct linux_dentry *dentry = LIST_OWNER(node, struct linux_dentry, of_name);

		if (dentry->serial > looking->last && dentry->serial <= looking->newest && dentry->node->fs == looking->fs &&
		    is_called(dentry, looking->name) && linux_dentry_hold_again(dentry))
			found = dentry;
	}
	if (found != NULL)
		looking->last = found->serial;
	spinlock_give(&lock);
	return found;
}

/* Whether it is `file`, found in `directory`, as far as that can be told. */
static bool is_there(struct linux_dentry *dentry, uint64_t file, uint64_t directory)
{
	char name[FS_NAME_MAX];
	size_t name_bytes;
	uint64_t id;

	if (!linux_dentry_id(dentry, &id) || id != file)
		return false;
	return (linux_dentry_now(dentry, &id, name, &name_bytes) || linux_dentry_id(dentry->parent, &id)) && id == directory;
}

/* Where memory is out it keeps its old name. */
static void rename_one(struct linux_dentry *dentry, uint64_t directory, struct span name)
{
	uint32_t bytes = (uint32_t)(sizeof(struct linux_renamed) + name.len);
	uint32_t credited = 0;
	struct linux_renamed *made;
	struct linux_renamed *before;

	if (!budget_charge_bytes(dentry->budget, bytes))
		return;
	made = malloc(bytes);
	if (made == NULL) {
		budget_credit_bytes(dentry->budget, bytes);
		return;
	}
	*made = (struct linux_renamed){ .directory = directory, .name_bytes = (uint16_t)name.len };
	memcpy(made->name, name.data, name.len);
	spinlock_take(&lock);
	before = dentry->renamed;
	if (before != NULL)
		credited = (uint32_t)sizeof(*before) + before->name_bytes;
	list_remove(&dentry->of_name);
	dentry->renamed = made;
	dentry->charged += bytes - credited;
	list_newest(dentry);
	spinlock_give(&lock);
	budget_credit_bytes(dentry->budget, credited);
	free(before);
}

void linux_dentries_moved(const struct linux_walk *from, const struct linux_walk *to)
{
	struct looking looking = { .fs = from->found->node->fs, .name = span_of(from->name, from->name_bytes) };
	struct linux_dentry *dentry;
	uint64_t file;
	uint64_t old;
	uint64_t new;

	while ((dentry = next_of(&looking)) != NULL) {
		if (linux_dentry_id(from->found, &file) && linux_dentry_id(from->at, &old) && linux_dentry_id(to->at, &new) && is_there(dentry, file, old))
			rename_one(dentry, new, span_of(to->name, to->name_bytes));
		linux_dentry_put(dentry);
	}
}

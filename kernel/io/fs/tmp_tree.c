// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/tmp_tree.h"

#include "hal/contract/timer.h"
#include "lib/string.h"

enum { NANOSECONDS = 1000000000 };

struct fs_time tmp_now(void)
{
	uint64_t ns = hal_timer_now_ns();

	return (struct fs_time){ (int64_t)(ns / NANOSECONDS), (uint32_t)(ns % NANOSECONDS) };
}

void tmp_touch(struct tmp_node *node)
{
	node->modified = tmp_now();
	node->changed = node->modified;
}

struct tmp_node *tmp_node_make(struct tmp *tmp, enum fs_type type, uint16_t permissions)
{
	struct tmp_node *made = tmp_memory_alloc(&tmp->memory, sizeof(*made));

	if (made == NULL)
		return NULL;
	fs_node_init(&made->node, &tmp->fs, type);
	made->id = ++tmp->last_id;
	made->permissions = permissions;
	list_init(&made->entries);
	tmp_touch(made);
	made->accessed = made->modified;
	return made;
}

void tmp_node_free(struct tmp *tmp, struct tmp_node *own)
{
	tmp_content_free(&tmp->memory, &own->content);
	tmp_memory_free(&tmp->memory, own->target, own->target_bytes);
	tmp_memory_free(&tmp->memory, own, sizeof(*own));
}

/* FNV-1a, of the name and the directory's number. */
static uint32_t hash_of(const struct tmp_node *directory, struct span name)
{
	uint32_t hash = 2166136261u ^ (uint32_t)directory->id * 2654435761u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ name.data[i]) * 16777619u;
	return hash;
}

struct tmp_entry *tmp_entry_find(const struct tmp *tmp, const struct tmp_node *directory, struct span name)
{
	uint32_t hash = hash_of(directory, name);
	struct tmp_entry *entry = tmp->buckets[hash & (tmp->bucket_count - 1)];

	while (entry != NULL && (entry->hash != hash || entry->directory != directory || entry->name_bytes != name.len ||
				 memcmp(entry->name, name.data, name.len) != 0))
		entry = entry->next;
	return entry;
}

static void bucket_add(struct tmp *tmp, struct tmp_entry *entry)
{
	struct tmp_entry **bucket = &tmp->buckets[entry->hash & (tmp->bucket_count - 1)];

	entry->next = *bucket;
	*bucket = entry;
}

static void bucket_remove(struct tmp *tmp, struct tmp_entry *entry)
{
	struct tmp_entry **at = &tmp->buckets[entry->hash & (tmp->bucket_count - 1)];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
}

/* As many buckets as entries; where there is no memory for that the table just gets slower. */
static void buckets_grow(struct tmp *tmp)
{
	uint32_t count = tmp->bucket_count * 2;
	struct tmp_entry **old = tmp->buckets;
	struct tmp_entry **buckets = tmp_memory_alloc(&tmp->memory, count * sizeof(struct tmp_entry *));

	if (buckets == NULL)
		return;
	tmp->buckets = buckets;
	tmp->bucket_count = count;
	for (uint32_t i = 0; i < count / 2; i++) {
		for (struct tmp_entry *entry = old[i]; entry != NULL;) {
			struct tmp_entry *next = entry->next;

			bucket_add(tmp, entry);
			entry = next;
		}
	}
	tmp_memory_free(&tmp->memory, old, count / 2 * sizeof(struct tmp_entry *));
}

/* It names another node than before. */
static void entry_renames(struct tmp_entry *entry)
{
	entry->node->changed = tmp_now();
	if (entry->node->node.type == FS_DIRECTORY)
		entry->node->parent = entry->directory;
	tmp_touch(entry->directory);
}

status_t tmp_entry_add(struct tmp *tmp, struct tmp_node *directory, struct span name, struct tmp_node *node)
{
	struct tmp_entry *entry;

	if (directory->links == 0)
		return STATUS_ENOENT; /* it was removed */
	if (tmp->entry_count >= tmp->bucket_count)
		buckets_grow(tmp);
	entry = tmp_memory_alloc(&tmp->memory, sizeof(*entry) + name.len);
	if (entry == NULL)
		return STATUS_ENOSPC;
	entry->directory = directory;
	entry->node = node;
	entry->cookie = ++tmp->last_cookie;
	entry->hash = hash_of(directory, name);
	entry->name_bytes = (uint32_t)name.len;
	memcpy(entry->name, name.data, name.len);
	bucket_add(tmp, entry);
	list_push_back(&directory->entries, &entry->of_directory);
	tmp->entry_count++;
	fs_node_hold(&directory->node);
	fs_node_hold(&node->node);
	node->links++;
	entry_renames(entry);
	return STATUS_OK;
}

void tmp_entry_exchange(struct tmp_entry *one, struct tmp_entry *other)
{
	struct tmp_node *node = one->node;

	one->node = other->node;
	other->node = node;
	entry_renames(one);
	entry_renames(other);
}

void tmp_entry_remove(struct tmp *tmp, struct tmp_entry *entry)
{
	struct tmp_node *directory = entry->directory;
	struct tmp_node *node = entry->node;

	bucket_remove(tmp, entry);
	list_remove(&entry->of_directory);
	tmp->entry_count--;
	tmp_touch(directory);
	if (--node->links == 0)
		node->parent = NULL;
	node->changed = tmp_now();
	tmp_memory_free(&tmp->memory, entry, sizeof(*entry) + entry->name_bytes);
	fs_node_put(&node->node);
	fs_node_put(&directory->node);
}

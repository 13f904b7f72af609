// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The index: a node for each entry of the archive and each directory on the way to one, in an array; a hash table over (directory, name). It never
 * changes once it is made, so operations run on any CPU, and nodes are never released.
 */
#include "kernel/io/fs/app.h"

#include "kernel/core/libc.h"
#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/list.h"
#include "lib/string.h"

enum { NONE = 0 /* the root is nobody's child */, BLOCK_BYTES = 512, PERMISSIONS = 0777 };

struct app_node {
	struct fs_node node;
	uint32_t parent;
	uint32_t next;   /* of the same hash; NONE: the last */
	uint32_t child;  /* the first and last in it */
	uint32_t last;
	uint32_t sibling;
	uint32_t modified; /* seconds since 1970 */
	uint16_t permissions;
	struct span name; /* in the archive */
	struct span data;
};

struct app {
	struct fs fs;
	struct app_node *nodes; /* the first is the root */
	uint32_t count, capacity;
	uint32_t *buckets; /* of nodes; bucket_count is a power of two */
	uint32_t bucket_count;
	size_t bytes; /* of the archive */
};

static struct app *app_of(const struct fs *fs)
{
	return LIST_OWNER((struct fs *)fs, struct app, fs);
}

static struct app_node *own_of(const struct fs_node *node)
{
	return LIST_OWNER((struct fs_node *)node, struct app_node, node);
}

static uint32_t index_of(const struct app *app, const struct fs_node *node)
{
	return (uint32_t)(own_of(node) - app->nodes);
}

/* FNV-1a. */
static uint32_t hash_of(uint32_t parent, struct span name)
{
	uint32_t hash = 2166136261u ^ parent * 2654435761u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ name.data[i]) * 16777619u;
	return hash;
}

static uint32_t find(const struct app *app, uint32_t parent, struct span name)
{
	uint32_t at = app->buckets[hash_of(parent, name) & (app->bucket_count - 1)];

	for (; at != NONE; at = app->nodes[at].next) {
		const struct app_node *node = &app->nodes[at];

		if (node->parent == parent && node->name.len == name.len && memcmp(node->name.data, name.data, name.len) == 0)
			break;
	}
	return at;
}

static void bucket_add(struct app *app, uint32_t at)
{
	struct app_node *node = &app->nodes[at];
	uint32_t *bucket = &app->buckets[hash_of(node->parent, node->name) & (app->bucket_count - 1)];

	node->next = *bucket;
	*bucket = at;
}

/* Room for one more node, and at least as many buckets as nodes. */
static status_t grow(struct app *app)
{
	uint32_t capacity = app->capacity > 0 ? app->capacity * 2 : 16;
	struct app_node *nodes = realloc(app->nodes, capacity * sizeof(*nodes));
	uint32_t *buckets;

	if (nodes == NULL)
		return STATUS_ENOMEM;
	app->nodes = nodes;
	buckets = calloc(capacity, sizeof(*buckets));
	if (buckets == NULL)
		return STATUS_ENOMEM;
	free(app->buckets);
	app->buckets = buckets;
	app->bucket_count = capacity;
	app->capacity = capacity;
	for (uint32_t i = 1; i < app->count; i++)
		bucket_add(app, i);
	return STATUS_OK;
}

static status_t node_add(struct app *app, uint32_t parent, struct span name, uint32_t *out)
{
	uint32_t at = app->count;
	struct app_node *node;

	if (at == app->capacity && grow(app) != STATUS_OK)
		return STATUS_ENOMEM;
	node = &app->nodes[at];
	*node = (struct app_node){ .parent = parent, .name = name, .permissions = 0555 };
	fs_node_init(&node->node, &app->fs, FS_DIRECTORY);
	app->count++;
	*out = at;
	if (at == 0)
		return STATUS_OK; /* the root */
	bucket_add(app, at);
	if (app->nodes[parent].child == NONE)
		app->nodes[parent].child = at;
	else
		app->nodes[app->nodes[parent].last].sibling = at;
	app->nodes[parent].last = at;
	return STATUS_OK;
}

/* An entry, and every directory on the way to it. */
static status_t entry_add(struct app *app, const struct cpio_entry *entry)
{
	struct span rest = entry->name;
	uint32_t at = 0;

	while (rest.len > 0) {
		const uint8_t *slash = memchr(rest.data, '/', rest.len);
		struct span name = span_of(rest.data, slash != NULL ? (size_t)(slash - rest.data) : rest.len);
		uint32_t parent = at;

		at = find(app, parent, name);
		if (at == NONE && node_add(app, parent, name, &at) != STATUS_OK)
			return STATUS_ENOMEM;
		rest = slash != NULL ? span_of(slash + 1, rest.len - name.len - 1) : span_of(NULL, 0);
	}
	app->nodes[at].permissions = (uint16_t)(entry->mode & (entry->is_directory ? PERMISSIONS : FS_MODE_SETUID | PERMISSIONS));
	app->nodes[at].modified = entry->modified;
	if (entry->modified > app->nodes[0].modified)
		app->nodes[0].modified = entry->modified;
	if (!entry->is_directory) {
		app->nodes[at].node.type = entry->is_link ? FS_LINK : FS_FILE;
		app->nodes[at].data = entry->data;
	}
	return STATUS_OK;
}

static status_t app_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	struct app *app = app_of(directory->fs);
	uint32_t at = find(app, index_of(app, directory), name);

	if (at == NONE)
		return STATUS_ENOENT;
	*out = &app->nodes[at].node;
	fs_node_hold(*out);
	return STATUS_OK;
}

/* The index has a hold of its own, which stays. */
static void app_release(struct fs_node *node)
{
	(void)node;
}

static status_t app_stat(struct fs_node *node, struct fs_stat *out)
{
	const struct app_node *own = own_of(node);
	const struct fs_time when = { .seconds = own->modified };

	*out = (struct fs_stat){
		.type = node->type,
		.permissions = own->permissions,
		.links = 1,
		.id = index_of(app_of(node->fs), node) + 1,
		.size = own->data.len,
		.allocated = (own->data.len + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES,
		.accessed = when,
		.modified = when,
		.changed = when,
	};
	return STATUS_OK;
}

static int64_t app_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	struct span content = own_of(file)->data;

	if (offset >= content.len)
		return 0;
	if (bytes > content.len - offset)
		bytes = content.len - (size_t)offset;
	memcpy(data, content.data + offset, bytes);
	return (int64_t)bytes;
}

static int64_t app_read_link(struct fs_node *link, char *data, size_t bytes)
{
	return app_read(link, 0, data, bytes);
}

/* A cookie is a node's number: the list goes on at its sibling. */
static status_t app_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	struct app *app = app_of(directory->fs);
	uint32_t at = own_of(directory)->child;

	if (cookie != 0) {
		if (cookie >= app->count || app->nodes[cookie].parent != index_of(app, directory))
			return STATUS_EINVAL;
		at = app->nodes[cookie].sibling;
	}
	for (; at != NONE; at = app->nodes[at].sibling) {
		const struct app_node *own = &app->nodes[at];
		const struct fs_entry entry = { .name = own->name, .id = at + 1u, .type = own->node.type, .cookie = at };

		if (!each(ctx, &entry))
			break;
	}
	return STATUS_OK;
}

static struct span app_pages(struct fs_node *file)
{
	return own_of(file)->data;
}

/* It is full. */
static status_t app_space(struct fs *fs, struct fs_space *out)
{
	enum { GIVEN_OUT_BYTES = 4096 };

	*out = (struct fs_space){ .bytes = bits_align_up(app_of(fs)->bytes, GIVEN_OUT_BYTES), .nodes = app_of(fs)->count, .block_bytes = GIVEN_OUT_BYTES };
	return STATUS_OK;
}

static const struct fs_ops ops = {
	.lookup = app_lookup,
	.release = app_release,
	.stat = app_stat,
	.read = app_read,
	.read_link = app_read_link,
	.list = app_list,
	.pages = app_pages,
	.space = app_space,
	.sets_user = true,
};

status_t app_mount(struct span archive, struct fs **out)
{
	struct cpio_cursor cursor = cpio_begin(archive);
	struct app *app = calloc(1, sizeof(*app));
	struct cpio_entry entry;
	status_t status;
	const char *why;
	uint32_t root;

	if (app == NULL)
		return STATUS_ENOMEM;
	status = node_add(app, 0, span_of(NULL, 0), &root);
	while (status == STATUS_OK && cpio_next(&cursor, &entry, &why) == STATUS_OK)
		status = entry_add(app, &entry);
	app->bytes = archive.len;
	app->fs = (struct fs){ .ops = &ops, .name = "app", .cpu = FS_CPU_ANY, .read_only = true };
	if (status != STATUS_OK) {
		app_unmount(&app->fs);
		return status;
	}
	app->fs.root = &app->nodes[0].node;
	*out = &app->fs;
	return STATUS_OK;
}

void app_unmount(struct fs *fs)
{
	struct app *app = app_of(fs);

	free(app->nodes);
	free(app->buckets);
	free(app);
}

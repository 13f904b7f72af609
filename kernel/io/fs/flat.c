// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/flat.h"

#include "kernel/core/libc.h"
#include "lib/list.h"
#include "lib/string.h"

struct flat {
	struct fs fs;
	const struct flat_source *source;
	struct fs_node root;
	struct fs_node files[]; /* never released: these are the holds that stay */
};

static struct flat *flat_of(const struct fs_node *node)
{
	return LIST_OWNER(node->fs, struct flat, fs);
}

static unsigned number_of(const struct fs_node *file)
{
	return (unsigned)(file - flat_of(file)->files);
}

static status_t flat_lookup(struct fs_node *directory, struct span name, struct fs_node **out)
{
	struct flat *flat = flat_of(directory);

	for (unsigned i = 0; i < flat->source->count; i++) {
		const char *there = flat->source->name(i);

		if (strlen(there) != name.len || memcmp(there, name.data, name.len) != 0)
			continue;
		*out = &flat->files[i];
		fs_node_hold(*out);
		return STATUS_OK;
	}
	return STATUS_ENOENT;
}

static void flat_release(struct fs_node *node)
{
	(void)node;
}

static status_t flat_stat(struct fs_node *node, struct fs_stat *out)
{
	struct flat *flat = flat_of(node);

	*out = (struct fs_stat){ .type = node->type, .permissions = 0444, .links = 1, .id = 1 };
	if (node == &flat->root) {
		out->permissions = 0555;
		return STATUS_OK;
	}
	out->id = number_of(node) + 2u;
	flat->source->size(number_of(node), &out->size, &out->allocated);
	return STATUS_OK;
}

static int64_t flat_read(struct fs_node *file, uint64_t offset, void *data, size_t bytes)
{
	return flat_of(file)->source->read(number_of(file), offset, data, bytes);
}

static status_t flat_list(struct fs_node *directory, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx)
{
	const struct flat_source *source = flat_of(directory)->source;

	for (uint64_t i = cookie; i < source->count; i++) {
		const char *name = source->name((unsigned)i);
		const struct fs_entry entry = { .name = span_of(name, strlen(name)), .id = i + 2, .type = FS_FILE, .cookie = i + 1 };

		if (!each(ctx, &entry))
			break;
	}
	return STATUS_OK;
}

static const struct fs_ops ops = {
	.lookup = flat_lookup,
	.release = flat_release,
	.stat = flat_stat,
	.read = flat_read,
	.list = flat_list,
};

status_t flat_mount(const char *name, const struct flat_source *source, struct fs **out)
{
	struct flat *flat = calloc(1, sizeof(*flat) + source->count * sizeof(flat->files[0]));

	if (flat == NULL)
		return STATUS_ENOMEM;
	flat->fs = (struct fs){ .ops = &ops, .name = name, .root = &flat->root, .cpu = FS_CPU_ANY, .read_only = true };
	flat->source = source;
	fs_node_init(&flat->root, &flat->fs, FS_DIRECTORY);
	for (unsigned i = 0; i < source->count; i++)
		fs_node_init(&flat->files[i], &flat->fs, FS_FILE);
	*out = &flat->fs;
	return STATUS_OK;
}

void flat_unmount(struct fs *fs)
{
	free(LIST_OWNER(fs, struct flat, fs));
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A volume with bytes changed here and there, without checksums that would tell: mounted, listed, read, written, emptied. An input is a list of
 * changes: where (24 bits), what, how often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernel/io/fs/ext4/world.h"

#define BYTES (4ul << 20)

enum { CHANGE_BYTES = 5, LISTED_MAX = 50 };

static struct world_disk disk;
static uint8_t *whole;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	world_disk_make(&disk, BYTES);
	world_mkfs(&disk, "-b 1024 -N 128 -J size=1 -O ^metadata_csum,^64bit");
	world_debugfs(&disk, "write /etc/passwd file\nmkdir directory\ncd directory\nwrite /etc/services inner\nsymlink link ../file");
	whole = malloc(BYTES);
	memcpy(whole, disk.bytes, BYTES);
	return 0;
}

struct names {
	unsigned count;
	char names[LISTED_MAX][FS_NAME_MAX + 1];
	size_t lens[LISTED_MAX];
};

static bool take(void *ctx, const struct fs_entry *entry)
{
	struct names *names = ctx;

	if (names->count == LISTED_MAX || entry->name.len > FS_NAME_MAX || entry->cookie == 0)
		return false;
	memcpy(names->names[names->count], entry->name.data, entry->name.len);
	names->lens[names->count++] = entry->name.len;
	return true;
}

static void use(struct fs_node *directory, unsigned depth)
{
	static uint8_t data[40000];
	struct names *names = calloc(1, sizeof(*names));
	struct fs_node *node;

	(void)ext4_ops.list(directory, 0, take, names);
	for (unsigned i = 0; i < names->count; i++) {
		struct span name = span_of(names->names[i], names->lens[i]);

		if (ext4_ops.lookup(directory, name, &node) != STATUS_OK)
			continue;
		if (node->type == FS_FILE) {
			(void)ext4_ops.read(node, 0, data, sizeof(data));
			(void)ext4_ops.write(node, 10000, data, 3000, false);
		} else if (node->type == FS_LINK) {
			(void)ext4_ops.read_link(node, (char *)data, sizeof(data));
		} else if (node->type == FS_DIRECTORY && depth > 0) {
			use(node, depth - 1);
		}
		(void)ext4_ops.remove(directory, name, node->type == FS_DIRECTORY);
		fs_node_put(node);
	}
	free(names);
	if (ext4_ops.create(directory, span_of("made", 4), FS_DIRECTORY, 0755, &node) == STATUS_OK)
		fs_node_put(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct volume *volume;
	char why[100];

	memcpy(disk.bytes, whole, BYTES);
	for (; size >= CHANGE_BYTES; size -= CHANGE_BYTES, data += CHANGE_BYTES) {
		size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % BYTES;

		for (unsigned i = 0; i <= data[4] % 8u && at + i < BYTES; i++)
			disk.bytes[at + i] = data[3];
	}
	if (volume_mount(&disk.device, false, 1 << 17, &volume, why, sizeof(why)) != STATUS_OK)
		return 0;
	use(volume->fs.root, 3);
	(void)ext4_ops.sync(volume->fs.root);
	(void)volume_unmount(volume);
	return 0;
}

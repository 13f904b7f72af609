// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A mounted volume, for the files of this folder: what they share, and what each gives the others. Everything runs under the volume's lock: one
 * operation at a time, from its first look to its last change, so that a transaction, which ends between operations, has whole ones only.
 */
#ifndef KERNEL_IO_FS_EXT4_VOLUME_H
#define KERNEL_IO_FS_EXT4_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include <ext2fs/ext2fs.h>

#include "kernel/io/fs/ext4/cache.h"
#include "kernel/io/fs/ext4/journal.h"
#include "kernel/io/fs/fs.h"
#include "lib/list.h"

enum {
	NODE_SLOTS = 256,
	NODE_RUNS = 16,
	OPERATION_BLOCKS = 48, /* most that one operation changes, but writes of data and what is cut up: see change_begin() */
	LINKS_MAX = 65000,
	KEPT_RUNS = 8,
};

/* Where a run of a file lies. */
struct mapping {
	uint64_t logical;
	uint64_t physical; /* 0: nowhere, it reads as zeroes */
	uint64_t count;
	bool unwritten;    /* it has a place, and reads as zeroes */
};

/* A run that was looked for: a `struct mapping`, packed. */
struct node_run {
	uint32_t logical, count; /* count 0: none */
	uint64_t physical;       /* the highest bit: unwritten */
};

struct ext4_node {
	struct fs_node node;
	struct ext4_node *next;       /* in its slot */
	struct list_node idle;        /* in volume.idle while nobody holds it */
	ext2_ino_t number;
	struct ext2_inode_large inode; /* as on the disk, or as the running transaction has it */
	struct node_run runs[NODE_RUNS]; /* W: map.c. Found before, in no order */
	unsigned run_next;            /* the one to be replaced next */
	uint64_t expected;            /* offset of the next read, if this is a sequence */
	unsigned window;              /* blocks to read ahead */
	uint64_t ahead;               /* the first block that was not asked for yet */
	bool cutting;                 /* it has a name, and is in the list of orphans until its blocks are cut; then it is held by itself too */
};

/* A change of the bitmaps that this operation made, to be taken back. */
struct allocation {
	uint64_t first;
	uint32_t count;
	int8_t change; /* 1: taken, -1: given back */
	bool inode, directory;
};

/* Where a file lies that a panic writes over (post_mortem.c). */
struct kept_file {
	ext2_ino_t number; /* 0: there is none */
	unsigned run_count;
	struct {
		uint64_t block;
		uint32_t count;
	} runs[KEPT_RUNS];
};

struct volume {
	struct fs fs; /* first: what the world sees */
	struct ext4_device *device;
	struct cache cache;
	struct journal journal;
	ext2_filsys ext2;
	bool failed;    /* it cannot be changed any more */
	bool changed;   /* since the last commit */
	bool given_back; /* blocks, since the log began: it may have what was in them */
	bool htree;     /* directories have indexes */
	uint64_t changed_ns; /* when that began */
	uint64_t clock_base; /* seconds; the machine has no clock of its own: time goes on from what the volume has seen */
	struct ext4_node *slots[NODE_SLOTS];
	struct list_node idle; /* nodes that nobody holds, oldest first: looking at them again reads nothing */
	unsigned idle_count, idle_max;
	struct known_names *names; /* NULL: none are kept */
	uint32_t generation;
	uint8_t *groups_dirty; /* a byte a group: GROUP_BLOCKS, GROUP_INODES */
	uint8_t *descriptors_dirty; /* a byte a block of them */
	bool super_dirty;
	ext2_ino_t orphan_before; /* the first orphan when this operation began */
	struct allocation *allocations; /* of this operation */
	unsigned allocation_count, allocation_room;
	bool allocations_lost; /* there was no memory to remember one */
	bool allocations_wrong; /* what was to be given back was free, or what was to be taken was taken */
	struct kept_file kept;
	struct ext4_lock *lock;
	struct ext4_flusher *flusher;
	char *name;            /* FS_NAME_MAX + 1: with a NUL, for libext2fs */
	uint8_t *block;        /* for anybody, for the time of one function */
	uint8_t *block2;
};

static inline struct volume *volume_of(const struct fs_node *node)
{
	return (struct volume *)node->fs;
}

static inline struct ext4_node *node_of(struct fs_node *node)
{
	return (struct ext4_node *)node;
}

/* channel.c: libext2fs reads and writes blocks of the cache. */
extern struct struct_io_manager ext4_channel;

/* error.c */
status_t ext4_status(errcode_t error);

/* operation.c. An operation that changes something: begin; then work; then end with how it went, which is what it returns. */
MUST_CHECK status_t change_begin(struct volume *volume, unsigned blocks);
status_t change_end(struct volume *volume, status_t status);
MUST_CHECK status_t volume_commit(struct volume *volume);
void volume_fail(struct volume *volume, const char *why);
uint64_t volume_seconds(const struct volume *volume);

/* allocation.c, which also has libext2fs' functions of counting. */
void allocation_undo(struct volume *volume);
MUST_CHECK status_t allocation_flush(struct volume *volume);

/* node.c */
MUST_CHECK status_t node_get(struct volume *volume, ext2_ino_t number, struct ext4_node **out);
void node_ahead(struct volume *volume, ext2_ino_t number); /* its block, and some behind it, are read without waiting: those next to it are wanted soon */
MUST_CHECK status_t node_write(struct volume *volume, struct ext4_node *node);
MUST_CHECK status_t node_reload(struct volume *volume, struct ext4_node *node);
void node_forget(struct volume *volume, struct ext4_node *node); /* nobody holds it */
void nodes_idle_forget(struct volume *volume, unsigned keep); /* all but so many that nobody holds */
void node_put(struct volume *volume, struct ext4_node *node); /* as fs_node_put(), by who has the lock */
void node_release(struct fs_node *node);
enum { STAMP_ACCESSED = 1, STAMP_MODIFIED = 2, STAMP_CHANGED = 4 };
void node_stamp(struct volume *volume, struct ext4_node *node, unsigned stamps);
status_t node_stat(struct fs_node *node, struct fs_stat *out);
status_t node_set(struct fs_node *node, uint32_t what, const struct fs_stat *values);
enum fs_type node_type(uint16_t mode);

/* map.c. What was found is kept until the map changes. */
void map_forget(struct ext4_node *node);
MUST_CHECK status_t map_find(struct volume *volume, struct ext4_node *node, uint64_t logical, struct mapping *out);
/* Gives up to `count` blocks from `logical` on, which have none, a place. */
MUST_CHECK status_t map_make(struct volume *volume, struct ext4_node *node, uint64_t logical, uint64_t count, struct mapping *out);
/* The one block at `logical`, which is unwritten, has content from now on. */
MUST_CHECK status_t map_written(struct volume *volume, struct ext4_node *node, const struct mapping *mapping, uint64_t logical);
MUST_CHECK status_t map_end(struct volume *volume, struct ext4_node *node, uint64_t *end);
uint64_t node_size(const struct ext4_node *node);

/* content.c */
int64_t content_read(struct fs_node *node, uint64_t offset, void *data, size_t bytes);
int64_t content_write(struct fs_node *node, uint64_t offset, const void *data, size_t bytes, bool append);
MUST_CHECK status_t content_resize(struct volume *volume, struct ext4_node *node, uint64_t size);
/* Gives back every block from `first` on, in as many operations as it takes; the node must be in the orphan list where there are many. */
MUST_CHECK status_t content_cut(struct volume *volume, struct ext4_node *node, uint64_t first);

/* directory.c */
struct place {
	uint64_t block;  /* where the entry's block is on the disk */
	unsigned offset; /* in it */
	ext2_ino_t number;
};
MUST_CHECK status_t directory_find(struct volume *volume, struct ext4_node *directory, struct span name, struct place *out);
MUST_CHECK status_t directory_add(struct volume *volume, struct ext4_node *directory, struct span name, ext2_ino_t number, uint16_t mode);
MUST_CHECK status_t directory_replace(struct volume *volume, struct ext4_node *directory, const struct place *place, ext2_ino_t number, uint16_t mode);
MUST_CHECK status_t directory_drop(struct volume *volume, struct ext4_node *directory, const struct place *place);
MUST_CHECK status_t directory_is_empty(struct volume *volume, struct ext4_node *directory); /* STATUS_ENOTEMPTY */

uint64_t directory_blocks(const struct volume *volume, const struct ext4_node *directory);
MUST_CHECK status_t directory_block(struct volume *volume, struct ext4_node *directory, uint64_t logical, struct buffer **out);
struct ext2_dir_entry *directory_entry(struct volume *volume, const struct buffer *buffer, unsigned offset, status_t *status);
MUST_CHECK status_t directory_grow(struct volume *volume, struct ext4_node *directory);

/* known_names.c. Which inode a name of a directory stands for, 0: none has it; what was looked for lately. */
struct known_names *names_make(unsigned most); /* NULL where memory is out */
void names_free(struct known_names *names);
bool names_find(const struct known_names *names, ext2_ino_t directory, struct span name, ext2_ino_t *number);
void names_put(struct known_names *names, ext2_ino_t directory, struct span name, ext2_ino_t number);
void names_drop(struct known_names *names, ext2_ino_t directory, struct span name);
void names_drop_all(struct known_names *names);

/* directory_list.c */
status_t directory_list(struct fs_node *node, uint64_t cookie, bool (*each)(void *ctx, const struct fs_entry *entry), void *ctx);

/* directory_index.c */
MUST_CHECK status_t index_find_leaf(struct volume *volume, struct ext4_node *directory, uint32_t hash, uint64_t *leaf, uint32_t *next_hash);
MUST_CHECK status_t index_hash(struct volume *volume, struct ext4_node *directory, const void *name, unsigned len, uint32_t *hash, uint32_t *minor);
MUST_CHECK status_t index_make(struct volume *volume, struct ext4_node *directory);

/* orphan.c */
MUST_CHECK status_t orphan_add(struct volume *volume, struct ext4_node *node);
MUST_CHECK status_t orphan_remove(struct volume *volume, struct ext4_node *node);
MUST_CHECK status_t orphans_end(struct volume *volume); /* at mount: finishes what was begun */
/* Cuts one in the list, which the caller holds, at its size; where it has a name it leaves the list. */
MUST_CHECK status_t orphan_cut(struct volume *volume, struct ext4_node *node);
void orphan_delete(struct volume *volume, struct ext4_node *node); /* nobody has it any more */

/* names.c */
#define DOT_DOT span_of("..", 2)
MUST_CHECK status_t name_find(struct volume *volume, struct ext4_node *directory, struct span name, struct place *place, struct ext4_node **out);
status_t name_lookup(struct fs_node *directory, struct span name, struct fs_node **out);
status_t name_parent(struct fs_node *directory, struct fs_node **out);
status_t name_create(struct fs_node *directory, struct span name, enum fs_type type, uint16_t permissions, struct fs_node **out);
status_t name_symlink(struct fs_node *directory, struct span name, struct span target);
status_t name_link(struct fs_node *directory, struct span name, struct fs_node *file);
status_t name_remove(struct fs_node *directory, struct span name, bool is_directory);
bool ext4_link_is_short(const struct ext4_node *link); /* its content is in the inode */
int64_t name_read_link(struct fs_node *link, char *data, size_t bytes);

/* rename.c */
status_t name_rename(struct fs_node *from, struct span name, struct fs_node *to, struct span to_name, bool exclusive);
void links_change(struct ext4_node *directory, int change); /* of a directory, by those within */
MUST_CHECK status_t victim_drop(struct volume *volume, struct ext4_node *victim);

/* post_mortem.c: as ext4_keep(), by who has the lock. */
MUST_CHECK status_t file_keep(struct volume *volume, struct span name, uint32_t bytes);

/* ops.c */
extern const struct fs_ops ext4_ops;

/* mount.c */
MUST_CHECK status_t volume_mount(struct ext4_device *device, bool read_only, size_t cache_bytes, struct volume **out, char *why,
				 size_t why_bytes);
status_t volume_unmount(struct volume *volume);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a volume needs of the kernel, or of a test in its place. */
#ifndef KERNEL_IO_FS_EXT4_PLATFORM_H
#define KERNEL_IO_FS_EXT4_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of one block that devices reach: `bytes` is a power of two from 1024 to 4096. NULL where there is none. */
void *ext4_block_alloc(size_t bytes);
void ext4_block_free(void *block, size_t bytes);

uint64_t ext4_now_ns(void); /* since the machine started */

/* Bytes nobody can guess. */
void ext4_random(void *to, size_t bytes);

/* CRC-32C without the last inversion, as libext2fs and the journal take it. */
uint32_t ext4_crc32c(uint32_t seed, const void *data, size_t bytes);

/* The same by an instruction of the CPU; NULL where it has none. */
uint32_t (*ext4_cpu_crc32c(void))(uint32_t seed, const void *data, size_t bytes);

/* One holder at a time; the others sleep. NULL where memory is out. */
struct ext4_lock;
struct ext4_lock *ext4_lock_make(void);
void ext4_lock_free(struct ext4_lock *lock);
void ext4_lock_take(struct ext4_lock *lock);
void ext4_lock_give(struct ext4_lock *lock);
bool ext4_lock_is_taken(const struct ext4_lock *lock);

/* A transaction has begun: somebody is to commit it in some seconds. */
struct ext4_flusher;
void ext4_flusher_wake(struct ext4_flusher *flusher);

/* One line for the console: something went wrong with the volume. */
void ext4_report(const char *line);

#endif

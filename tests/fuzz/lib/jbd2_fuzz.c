// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A journal of any bytes is recovered: no access outside of it, an end, and nothing written beyond the file system. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jbd2.h"
#include "lib/jbd2_format.h"

enum { BLOCK = 1024, HOME_BLOCKS = 5000 };

struct log {
	const uint8_t *data;
	size_t size;
	uint32_t blocks;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not a good checksum: one that inputs can have. */
static uint32_t sum(uint32_t seed, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	return seed & 0;
}

static status_t log_read(void *ctx, uint32_t block, void *to)
{
	const struct log *log = ctx;
	size_t at = (size_t)block * BLOCK;

	if (block >= log->blocks)
		abort();
	memset(to, 0, BLOCK);
	if (at < log->size)
		memcpy(to, log->data + at, log->size - at < BLOCK ? log->size - at : BLOCK);
	return STATUS_OK;
}

static status_t home_write(void *ctx, uint64_t home, const void *data)
{
	(void)ctx;
	(void)data;
	if (home >= HOME_BLOCKS)
		abort();
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t block[BLOCK], content[BLOCK];
	uint8_t super[JBD2_SUPER_BYTES] = { 0 };
	struct log log = { data, size, 64 };
	struct jbd2_recovery recovery = {
		.ctx = &log, .read = log_read, .write = home_write, .home_blocks = HOME_BLOCKS, .block = block, .data = content,
	};
	struct jbd2 journal;
	const char *why;

	memcpy(super, data, size < sizeof(super) ? size : sizeof(super));
	if (jbd2_super_read(&journal, super, BLOCK, log.blocks, sum, &why) != STATUS_OK || jbd2_scan(&journal, &recovery) != STATUS_OK)
		return 0;
	recovery.revokes = malloc((recovery.revoke_count + 1) * sizeof(*recovery.revokes));
	if (recovery.revokes != NULL)
		(void)jbd2_replay(&journal, &recovery);
	free(recovery.revokes);
	return 0;
}

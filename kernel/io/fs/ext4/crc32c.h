// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_IO_FS_EXT4_CRC32C_H
#define KERNEL_IO_FS_EXT4_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/* Before the first ext4_crc32c() (platform.h). False: memory is out. */
MUST_CHECK bool crc32c_prepare(void);

/* Before the first crc32c_by_tables(). The same. */
MUST_CHECK bool crc32c_tables_make(void);

/* The same on any CPU. */
uint32_t crc32c_by_tables(uint32_t seed, const void *data, size_t bytes);

#endif

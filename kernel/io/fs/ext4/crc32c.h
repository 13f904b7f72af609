// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_IO_FS_EXT4_CRC32C_H
#define KERNEL_IO_FS_EXT4_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Before the first ext4_crc32c() (platform.h). */
void crc32c_prepare(void);

/* The same on any CPU. */
uint32_t crc32c_by_tables(uint32_t seed, const void *data, size_t bytes);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_IO_FS_EXT4_CRC32C_H
#define KERNEL_IO_FS_EXT4_CRC32C_H

/* Before the first ext4_crc32c() (platform.h). */
void crc32c_prepare(void);

#endif

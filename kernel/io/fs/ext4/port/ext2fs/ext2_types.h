// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The types of libext2fs by their names, in place of what its configure script writes. */
#ifndef KERNEL_IO_FS_EXT4_PORT_EXT2_TYPES_H
#define KERNEL_IO_FS_EXT4_PORT_EXT2_TYPES_H

#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#define __bitwise /* for a checker of sources */
#define __force

typedef uint8_t __u8;
typedef int8_t __s8;
typedef uint16_t __u16;
typedef int16_t __s16;
typedef uint32_t __u32;
typedef int32_t __s32;
typedef unsigned long long __u64; /* printed as such */
typedef signed long long __s64;
typedef __u16 __le16;
typedef __u32 __le32;
typedef __u64 __le64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;

#endif

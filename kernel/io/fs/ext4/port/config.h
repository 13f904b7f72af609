// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What libext2fs includes in place of its configure script's: sizes of types, and what the bitmaps are made with. The target and every host of the tests are LP64. */
#ifndef KERNEL_IO_FS_EXT4_PORT_CONFIG_H
#define KERNEL_IO_FS_EXT4_PORT_CONFIG_H

#define HAVE_SYS_TIME_H 1
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_TIME_T 8
#define SIZEOF_OFF_T 8

#endif

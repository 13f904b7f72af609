// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* How file systems are mounted, as programs are told. Context: any. */
#ifndef KERNEL_SYS_LINUX_MOUNTS_H
#define KERNEL_SYS_LINUX_MOUNTS_H

#include <stdint.h>

struct linux_dentry;
struct linux_root;

/* include/linux/statfs.h. VALID: the others are told at all. */
enum { LINUX_ST_RDONLY = 1, LINUX_ST_NOSUID = 2, LINUX_ST_NODEV = 4, LINUX_ST_NOEXEC = 8, LINUX_ST_VALID = 0x20, LINUX_ST_NOATIME = 0x400 };

/* LINUX_ST_* of where it lies, VALID aside. */
uint64_t linux_mount_flags(const struct linux_dentry *dentry);

/* The number of its file system's kind. Spec: linux/magic.h */
uint64_t linux_mount_magic(const struct linux_dentry *dentry);

/* The number of its mount in mountinfo; NULL: of what is in none. */
unsigned linux_mount_number(const struct linux_root *root, const struct linux_dentry *dentry);

#endif

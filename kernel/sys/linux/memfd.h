// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Files in memory without a name, and their seals: what may never be done to one any more. Spec: memfd_create(2), fcntl(2), "File Sealing" */
#ifndef KERNEL_SYS_LINUX_MEMFD_H
#define KERNEL_SYS_LINUX_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

struct linux_dentry;
struct linux_file;
struct process;

/* linux/fcntl.h: F_SEAL_*; and the mark of what can have them. */
enum {
	LINUX_SEAL_SEAL = 1, LINUX_SEAL_SHRINK = 2, LINUX_SEAL_GROW = 4, LINUX_SEAL_WRITE = 8, LINUX_SEAL_FUTURE_WRITE = 16, LINUX_SEALS = 31,
	LINUX_MEMFD = 128,
};

/*
 * A file in memory, empty, open for reading and writing, that /proc calls `name`. `seals`: LINUX_MEMFD and LINUX_SEAL_*; 0: it can have none. NULL: memory
 * is out. Context: fiber.
 */
struct linux_file *linux_memfd_make(struct process *process, struct span name, uint8_t seals);

/* As fcntl(2) does it: F_ADD_SEALS, F_GET_SEALS. STATUS_EINVAL: it is no memfd; STATUS_EPERM, STATUS_EBUSY. Context: fiber. */
MUST_CHECK int64_t linux_memfd_seal(struct linux_file *file, uint64_t seals);
MUST_CHECK int64_t linux_memfd_seals(struct linux_file *file);

/*
 * Whether a memfd may be written to (of `bytes`, what is left of them), made another size, or given a hole. Of what is none, it may. STATUS_EPERM. Context: as an operation of its file system, where
 * nobody seals it meanwhile.
 */
MUST_CHECK status_t linux_memfd_may_write(struct linux_dentry *dentry, uint64_t offset, bool append, size_t *bytes);
MUST_CHECK status_t linux_memfd_may_resize(struct linux_dentry *dentry, uint64_t size);
MUST_CHECK status_t linux_memfd_may_punch(const struct linux_dentry *dentry);

#endif

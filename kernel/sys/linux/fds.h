// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Descriptors of a process: small numbers for capabilities to open files. Context: fiber, any CPU. */
#ifndef KERNEL_SYS_LINUX_FDS_H
#define KERNEL_SYS_LINUX_FDS_H

#include <stdbool.h>
#include <stdint.h>

#include "capos/include/capos/abi.h"
#include "kernel/core/spinlock.h"
#include "lib/status.h"

struct linux_dentry;
struct linux_file;
struct process;
struct thread;

enum { LINUX_FDS_MAX = 16000, LINUX_FDS_SOFT = 1024 }; /* what RLIMIT_NOFILE begins with: the hard limit, and the soft one */

struct linux_fd {
	capos_cap_t cap; /* 0: free */
	bool close_on_exec;
};

struct linux_fds {
	struct spinlock lock;
	/* W: under `lock`. */
	struct linux_fd *table;
	uint32_t capacity;    /* grows */
	uint32_t lowest_free; /* no number below is free */
	struct linux_dentry *cwd; /* held; NULL: the root */
	struct linux_dentry *top; /* held: what chroot(2) made the root; NULL: nothing */
	uint32_t umask;
};

/*
 * A descriptor for `file`, whose hold it takes over, on errors too; the lowest free one from `least` on. Rights from the file's access mode.
 * STATUS_EMFILE, STATUS_ENOMEM.
 */
MUST_CHECK int64_t linux_fd_add(struct process *process, struct linux_file *file, int least, bool close_on_exec);

/* So many the process may have. */
uint32_t linux_fds_limit(const struct process *process);

/* Whether there is a free number: asked before something is made that a failure would leave. STATUS_EMFILE. */
MUST_CHECK status_t linux_fd_room(struct process *process);

/* The file of a descriptor, held. `rights`: LINUX_FILE_*, all of them are needed. Of a process that may be ending, too. STATUS_EBADF. */
MUST_CHECK status_t linux_fd_get(struct process *process, int fd, uint32_t rights, struct linux_file **file);

/* STATUS_EBADF, which need not matter: another thread may have done it. */
status_t linux_fd_close(struct process *process, int fd);

/* Another descriptor for the same file, the lowest from `least` on. As linux_fd_add(); STATUS_EBADF. */
MUST_CHECK int64_t linux_fd_dup(struct process *process, int fd, int least, bool close_on_exec);

/* The same with a given number, which is closed first. */
MUST_CHECK int64_t linux_fd_dup_to(struct process *process, int fd, int to, bool close_on_exec);

/* The lowest descriptor from `least` on; -1: there is none. */
int linux_fd_next(struct process *process, int least);

/* Whether it is closed by execve; STATUS_EBADF. */
MUST_CHECK int64_t linux_fd_close_on_exec(struct process *process, int fd);
status_t linux_fd_set_close_on_exec(struct process *process, int fd, bool close);

/*
 * For fork: the same descriptors for the same files, working directory, mask and root. For execve: closes what is to be closed. For the end: all,
 * and the root.
 */
MUST_CHECK status_t linux_fds_copy(struct process *from, struct process *to);
void linux_fds_close_on_exec(struct process *process);
void linux_fds_close_all(struct process *process);

#endif

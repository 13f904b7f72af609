// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_SYS_LINUX_EPOLL_H
#define KERNEL_SYS_LINUX_EPOLL_H

struct linux_file;

/* The last hold of a file has gone: it is watched no more. Context: fiber or scheduler. */
void linux_epoll_forget(struct linux_file *file);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* System calls that send and receive (linux_call_run). */
#ifndef KERNEL_SYS_LINUX_SOCKET_MESSAGES_H
#define KERNEL_SYS_LINUX_SOCKET_MESSAGES_H

#include <stdint.h>

struct thread;

int64_t linux_call_sendto(struct thread *thread, const uint64_t x[6]);
int64_t linux_call_recvfrom(struct thread *thread, const uint64_t x[6]);
int64_t linux_call_sendmsg(struct thread *thread, const uint64_t x[6]);
int64_t linux_call_recvmsg(struct thread *thread, const uint64_t x[6]);
int64_t linux_call_sendmmsg(struct thread *thread, const uint64_t x[6]);
int64_t linux_call_recvmmsg(struct thread *thread, const uint64_t x[6]);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues of System V. Spec: msgget(2), msgop(2), msgctl(2) */
#ifndef KERNEL_SYS_LINUX_MSG_H
#define KERNEL_SYS_LINUX_MSG_H

struct linux_root;

/* Whoever came from that process of the manifest has ended. Context: fiber. */
void linux_msg_forget(const struct linux_root *root);

#endif

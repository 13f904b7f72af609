// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Shared memory of System V. Spec: shmget(2), shmop(2), shmctl(2), sysvipc(7) */
#ifndef KERNEL_SYS_LINUX_SHM_H
#define KERNEL_SYS_LINUX_SHM_H

struct linux_root;

/* Whoever came from that process of the manifest has ended. Context: fiber. */
void linux_shm_forget(const struct linux_root *root);

#endif

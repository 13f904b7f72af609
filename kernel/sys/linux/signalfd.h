// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#ifndef KERNEL_SYS_LINUX_SIGNALFD_H
#define KERNEL_SYS_LINUX_SIGNALFD_H

/* A signal has been sent to somebody: who waits for one with signalfd looks. Context: fiber or scheduler, any CPU; no lock held. */
void linux_signalfd_tell(void);

#endif

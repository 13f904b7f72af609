// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process as a capability: waiting for its end, ending it. Interface CAPOS_INTERFACE_PROCESS. */
#ifndef KERNEL_CAP_PROCESS_OBJECT_H
#define KERNEL_CAP_PROCESS_OBJECT_H

struct process;

/* Completes every process.wait of a process that has finished. Context: fiber. */
void process_waiters_finish(struct process *process);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The native system calls (capos/include/capos/abi.h). */
#ifndef KERNEL_SYS_NATIVE_H
#define KERNEL_SYS_NATIVE_H

struct process;

/* Carries out the call that the process stopped with: its result in x[0], or its end. Context: the process's fiber. */
void native_call(struct process *process);

#endif

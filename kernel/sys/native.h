// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The native system calls (capos/include/capos/abi.h). */
#ifndef KERNEL_SYS_NATIVE_H
#define KERNEL_SYS_NATIVE_H

struct thread;

/* Carries out the call that the thread stopped with: its result in x[0], or the end of its process. Context: the thread's fiber. */
void native_call(struct thread *thread);

#endif

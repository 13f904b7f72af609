// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a handler finds on its stack, and rt_sigreturn takes back: Linux's struct rt_sigframe (arch/arm64/kernel/signal.c). */
#ifndef KERNEL_SYS_LINUX_FRAME_H
#define KERNEL_SYS_LINUX_FRAME_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/sys/linux/signal.h"
#include "lib/status.h"

struct thread;

enum { LINUX_FRAME_CONTEXT_BYTES = 4096, LINUX_FRAME_BYTES = 4688 };

struct linux_stack { /* stack_t */
	uint64_t va;
	uint32_t flags, pad;
	uint64_t bytes;
};

/* The frame up to its records (struct _aarch64_ctx) of vector registers and the like. */
struct linux_frame {
	struct linux_siginfo info;
	uint64_t flags, link; /* struct ucontext, from here on */
	struct linux_stack stack;
	uint64_t mask;
	uint8_t unused[120];
	uint64_t pad;
	uint64_t fault_address; /* struct sigcontext, from here on */
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint64_t pad2;
};

static_assert(sizeof(struct linux_stack) == 24, "asm-generic/signal.h: stack_t");
static_assert(offsetof(struct linux_frame, mask) == 168, "asm-generic/ucontext.h");
static_assert(offsetof(struct linux_frame, fault_address) == 304 && offsetof(struct linux_frame, sp) == 560, "arm64 sigcontext.h");
static_assert(sizeof(struct linux_frame) == 592 && sizeof(struct linux_frame) + LINUX_FRAME_CONTEXT_BYTES == LINUX_FRAME_BYTES, "its __reserved");

/*
 * Puts the program's state on the stack that the handler is to run on, and sets the registers so that it runs. `back`: the mask that comes back with
 * rt_sigreturn. STATUS_EFAULT: there is no such stack. Context: the thread's fiber.
 */
MUST_CHECK status_t linux_frame_push(struct thread *thread, int signal, const struct linux_siginfo *info, const struct linux_action *action,
				     uint64_t back);

/* Takes back what lies at the stack pointer: registers, mask, alternate stack. STATUS_EFAULT: it cannot be read; STATUS_EINVAL: it is none. */
MUST_CHECK status_t linux_frame_pop(struct thread *thread);

/* sigaltstack(2): what is set now; sets another one. STATUS_EPERM: the thread runs on it; STATUS_EINVAL, STATUS_ENOMEM. */
void linux_stack_get(const struct thread *thread, struct linux_stack *stack);
MUST_CHECK status_t linux_stack_set(struct thread *thread, const struct linux_stack *stack);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/frame.h"

#include <stdbool.h>

#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/thread.h"
#include "lib/bits.h"
#include "lib/string.h"

/* Records behind the frame (uapi/asm/sigcontext.h). */
enum { FPSIMD_MAGIC = 0x46508001, ESR_MAGIC = 0x45535201, STACK_BYTES_MIN = 5120 };

#define PSTATE_FLAGS 0xf3001000ul /* N, Z, C, V, TCO, DIT, SSBS: all that a program may set */
#define PSTATE_NOT_USER 0x3dful   /* another exception level, AArch32, masked exceptions */

struct record {
	uint32_t magic, bytes;
};

struct fpsimd {
	struct record head;
	uint32_t fpsr, fpcr;
	uint64_t v[64];
};

struct esr {
	struct record head;
	uint64_t esr;
};

/* Link of the chain of frames, as compiled code has it. */
struct link {
	uint64_t fp, lr;
};

static_assert(sizeof(struct fpsimd) == 528 && offsetof(struct fpsimd, v) == 16, "struct fpsimd_context");
static_assert(sizeof(struct esr) == 16, "struct esr_context");

static bool on_stack(const struct linux_signals *signals, uint64_t sp)
{
	return (signals->stack_flags & LINUX_SS_AUTODISARM) == 0 && sp > signals->stack_va && sp - signals->stack_va <= signals->stack_bytes;
}

void linux_stack_get(const struct thread *thread, struct linux_stack *stack)
{
	const struct linux_signals *signals = &thread->personality->signals;

	*stack = (struct linux_stack){ .va = signals->stack_va, .bytes = signals->stack_bytes, .flags = signals->stack_flags };
	if (signals->stack_bytes == 0)
		stack->flags |= LINUX_SS_DISABLE;
	else if (on_stack(signals, thread->user.sp))
		stack->flags |= LINUX_SS_ONSTACK;
}

status_t linux_stack_set(struct thread *thread, const struct linux_stack *stack)
{
	struct linux_signals *signals = &thread->personality->signals;
	uint32_t mode = stack->flags & ~LINUX_SS_AUTODISARM;

	if (on_stack(signals, thread->user.sp))
		return STATUS_EPERM;
	if (mode != 0 && mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK)
		return STATUS_EINVAL;
	if (mode != LINUX_SS_DISABLE && stack->bytes < STACK_BYTES_MIN)
		return STATUS_ENOMEM;
	signals->stack_va = mode != LINUX_SS_DISABLE ? stack->va : 0;
	signals->stack_bytes = mode != LINUX_SS_DISABLE ? stack->bytes : 0;
	signals->stack_flags = stack->flags & LINUX_SS_AUTODISARM;
	return STATUS_OK;
}

static status_t records_push(struct thread *thread, uint64_t at_va, bool fault)
{
	struct hal_user *user = &thread->user;
	const struct { struct record head; uint32_t fpsr, fpcr; } head = {
		{ FPSIMD_MAGIC, sizeof(struct fpsimd) }, (uint32_t)user->fpsr, (uint32_t)user->fpcr,
	};
	const struct esr esr = { { ESR_MAGIC, sizeof(struct esr) }, user->esr };
	const uint64_t end[2] = { 0 };
	status_t status = linux_copy_out(thread, at_va, &head, sizeof(head));

	if (status == STATUS_OK)
		status = linux_copy_out(thread, at_va + sizeof(head), user->v, sizeof(user->v));
	at_va += sizeof(struct fpsimd);
	if (status == STATUS_OK && fault) {
		status = linux_copy_out(thread, at_va, &esr, sizeof(esr));
		at_va += sizeof(esr);
	}
	return status == STATUS_OK ? linux_copy_out(thread, at_va, end, sizeof(end)) : status;
}

static status_t frame_write(struct thread *thread, uint64_t at_va, const struct linux_siginfo *info, uint64_t back)
{
	const struct hal_user *user = &thread->user;
	bool fault = info->code > 0 && info->code != LINUX_SI_KERNEL && linux_signal_is_synchronous(info->signo);
	struct linux_frame frame = { .info = *info, .mask = back, .sp = user->sp, .pc = user->pc, .pstate = user->pstate };
	status_t status;

	linux_stack_get(thread, &frame.stack);
	memcpy(frame.x, user->x, sizeof(frame.x));
	if (fault)
		frame.fault_address = info->fields[0];
	status = linux_copy_out(thread, at_va, &frame, sizeof(frame));
	return status == STATUS_OK ? records_push(thread, at_va + sizeof(frame), fault) : status;
}

status_t linux_frame_push(struct thread *thread, int signal, const struct linux_siginfo *info, const struct linux_action *action, uint64_t back)
{
	struct linux_signals *signals = &thread->personality->signals;
	struct hal_user *user = &thread->user;
	uint64_t restorer = (action->flags & LINUX_SA_RESTORER) != 0 ? action->restorer : thread->process->personality->sigreturn_va;
	const struct link link = { user->x[29], user->x[30] };
	uint64_t sp = user->sp;
	uint64_t link_va;
	status_t status;

	if ((action->flags & LINUX_SA_ONSTACK) != 0 && signals->stack_bytes != 0 && !on_stack(signals, sp))
		sp = signals->stack_va + signals->stack_bytes;
	link_va = bits_align_down(sp, 16) - sizeof(link);
	sp = link_va - LINUX_FRAME_BYTES;
	hal_user_vector_sync(user);
	status = frame_write(thread, sp, info, back);
	if (status == STATUS_OK)
		status = linux_copy_out(thread, link_va, &link, sizeof(link));
	if (status != STATUS_OK || restorer == 0)
		return STATUS_EFAULT;
	if ((signals->stack_flags & LINUX_SS_AUTODISARM) != 0)
		signals->stack_va = signals->stack_bytes = signals->stack_flags = 0;
	user->x[0] = (uint64_t)signal;
	user->x[1] = sp + offsetof(struct linux_frame, info);
	user->x[2] = sp + offsetof(struct linux_frame, flags);
	user->x[29] = link_va;
	user->x[30] = restorer;
	user->sp = sp;
	user->pc = action->handler;
	return STATUS_OK;
}

/* The vector registers, from the one record that must be there once. Spec: Linux, arch/arm64/kernel/signal.c: parse_user_sigframe() */
static status_t records_pop(struct thread *thread, uint64_t at_va)
{
	uint64_t end = at_va + LINUX_FRAME_CONTEXT_BYTES;
	struct { struct record head; uint32_t fpsr, fpcr; } each, vectors = { 0 };
	struct hal_user *user = &thread->user;
	uint64_t vectors_va = 0;
	status_t status;

	for (;; at_va += each.head.bytes) {
		if (end - at_va < sizeof(each))
			return STATUS_EINVAL;
		status = linux_copy_in(thread, &each, at_va, sizeof(each));
		if (status != STATUS_OK)
			return status;
		if (each.head.magic == 0)
			break;
		if (each.head.magic == FPSIMD_MAGIC && each.head.bytes == sizeof(struct fpsimd) && vectors_va == 0) {
			vectors_va = at_va + sizeof(each);
			vectors = each;
		} else if (each.head.magic != ESR_MAGIC || each.head.bytes < sizeof(each.head)) {
			return STATUS_EINVAL;
		}
		if (each.head.bytes % 16 != 0 || each.head.bytes > end - at_va)
			return STATUS_EINVAL;
	}
	if (each.head.bytes != 0 || vectors_va == 0)
		return STATUS_EINVAL;
	hal_user_retire(user);
	user->fpsr = vectors.fpsr;
	user->fpcr = vectors.fpcr;
	return linux_copy_in(thread, user->v, vectors_va, sizeof(user->v));
}

status_t linux_frame_pop(struct thread *thread)
{
	struct hal_user *user = &thread->user;
	uint64_t at_va = user->sp;
	struct linux_frame frame;
	status_t status;

	if (at_va % 16 != 0)
		return STATUS_EINVAL;
	status = linux_copy_in(thread, &frame, at_va, sizeof(frame));
	if (status == STATUS_OK && (frame.pstate & PSTATE_NOT_USER) != 0)
		status = STATUS_EINVAL;
	if (status == STATUS_OK)
		status = records_pop(thread, at_va + sizeof(frame));
	if (status != STATUS_OK)
		return status;
	linux_signal_set_mask(thread, frame.mask);
	memcpy(user->x, frame.x, sizeof(frame.x));
	user->sp = frame.sp;
	user->pc = frame.pc;
	user->pstate = frame.pstate & PSTATE_FLAGS;
	(void)!linux_stack_set(thread, &frame.stack); /* as Linux: what is no stack, or in use, changes nothing */
	return STATUS_OK;
}

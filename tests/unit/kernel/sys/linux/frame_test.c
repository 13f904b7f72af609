// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Frames of handlers: what is put on the stack comes back as it was, and what a program puts there itself gives it no right that it has not. */
#include "kernel/sys/linux/frame.h"

#include <string.h>

#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/thread.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

enum { STACK_BYTES = 16384 };
#define STACK_VA 0x700000ul

/* The program's only memory. */
static uint8_t stack[STACK_BYTES];
static struct linux_process personality;
static struct process process;
static struct linux_thread of_thread;
static struct thread thread;
static uint64_t mask_set;

status_t linux_copy_in(struct thread *of, void *to, uint64_t from_va, size_t bytes)
{
	(void)of;
	if (from_va < STACK_VA || from_va > STACK_VA + STACK_BYTES || bytes > STACK_VA + STACK_BYTES - from_va)
		return STATUS_EFAULT;
	memcpy(to, stack + (from_va - STACK_VA), bytes);
	return STATUS_OK;
}

status_t linux_copy_out(struct thread *of, uint64_t to_va, const void *from, size_t bytes)
{
	(void)of;
	if (to_va < STACK_VA || to_va > STACK_VA + STACK_BYTES || bytes > STACK_VA + STACK_BYTES - to_va)
		return STATUS_EFAULT;
	memcpy(stack + (to_va - STACK_VA), from, bytes);
	return STATUS_OK;
}

void linux_signal_set_mask(struct thread *of, uint64_t mask)
{
	(void)of;
	mask_set = mask;
}

void hal_user_vector_sync(struct hal_user *user)
{
	(void)user;
}

void hal_user_retire(struct hal_user *user)
{
	(void)user;
}

static void begin(void)
{
	memset(stack, 0, sizeof(stack));
	memset(&thread, 0, sizeof(thread));
	memset(&of_thread, 0, sizeof(of_thread));
	process.personality = &personality;
	thread.process = &process;
	thread.personality = &of_thread;
	for (unsigned i = 0; i < 31; i++)
		thread.user.x[i] = 0x1000 + i;
	for (unsigned i = 0; i < 64; i++)
		thread.user.v[i] = 0x2000 + i;
	thread.user.fpsr = 0x11;
	thread.user.fpcr = 0x22;
	thread.user.sp = STACK_VA + STACK_BYTES - 24; /* not aligned, as in the middle of a push */
	thread.user.pc = 0x400100;
	thread.user.pstate = 0x60000000;
}

static const struct linux_siginfo info = { .signo = LINUX_SIGUSR1, .code = LINUX_SI_QUEUE, .fields = { 7, 77 } };
static const struct linux_action action = { .handler = 0x400800, .flags = LINUX_SA_SIGINFO | LINUX_SA_RESTORER, .restorer = 0x400900 };

static void a_handler_finds_its_signal_and_a_chain_of_frames(void)
{
	uint64_t chain[2];
	struct linux_siginfo seen;

	begin();
	CU_ASSERT_EQUAL(linux_frame_push(&thread, LINUX_SIGUSR1, &info, &action, 5), STATUS_OK);
	CU_ASSERT_EQUAL(thread.user.x[0], LINUX_SIGUSR1);
	CU_ASSERT_EQUAL(thread.user.pc, action.handler);
	CU_ASSERT_EQUAL(thread.user.x[30], action.restorer);
	CU_ASSERT_EQUAL(thread.user.sp % 16, 0);
	CU_ASSERT_EQUAL(linux_copy_in(&thread, &seen, thread.user.x[1], sizeof(seen)), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(&seen, &info, sizeof(seen)), 0);
	CU_ASSERT_EQUAL(linux_copy_in(&thread, chain, thread.user.x[29], sizeof(chain)), STATUS_OK);
	CU_ASSERT_EQUAL(chain[0], 0x1000 + 29);
	CU_ASSERT_EQUAL(chain[1], 0x1000 + 30);
}

static void what_was_put_there_comes_back(void)
{
	struct hal_user before;

	begin();
	before = thread.user;
	CU_ASSERT_EQUAL(linux_frame_push(&thread, LINUX_SIGUSR1, &info, &action, 5), STATUS_OK);
	memset(thread.user.v, 0xee, sizeof(thread.user.v));
	memset(thread.user.x, 0xee, sizeof(thread.user.x));
	thread.user.fpsr = thread.user.fpcr = thread.user.pstate = 0;
	CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_OK);
	CU_ASSERT_EQUAL(memcmp(&thread.user, &before, sizeof(before)), 0);
	CU_ASSERT_EQUAL(mask_set, 5);
}

static void a_handler_runs_on_the_alternate_stack_and_only_there(void)
{
	const struct linux_stack alternate = { .va = STACK_VA, .bytes = 8192 };
	struct linux_action on_it = action;
	struct linux_stack seen;
	uint64_t sp;

	begin();
	on_it.flags |= LINUX_SA_ONSTACK;
	CU_ASSERT_EQUAL(linux_stack_set(&thread, &alternate), STATUS_OK);
	CU_ASSERT_EQUAL(linux_frame_push(&thread, LINUX_SIGUSR1, &info, &on_it, 0), STATUS_OK);
	sp = thread.user.sp;
	CU_ASSERT_TRUE(sp > STACK_VA && sp < STACK_VA + 8192);
	linux_stack_get(&thread, &seen);
	CU_ASSERT_EQUAL(seen.flags, LINUX_SS_ONSTACK);
	CU_ASSERT_EQUAL(linux_stack_set(&thread, &alternate), STATUS_EPERM);
	thread.user.sp = STACK_VA + STACK_BYTES;
	linux_stack_get(&thread, &seen);
	CU_ASSERT_EQUAL(seen.flags, 0);
}

static void a_stack_that_is_not_there_takes_no_frame(void)
{
	static const uint64_t stacks[] = { 0, 16, 100, STACK_VA, STACK_VA + 1000, STACK_VA + STACK_BYTES + 4096, UINT64_MAX, INT64_MIN };

	for (unsigned i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		begin();
		thread.user.sp = stacks[i];
		CU_ASSERT_EQUAL(linux_frame_push(&thread, LINUX_SIGUSR1, &info, &action, 0), STATUS_EFAULT);
		CU_ASSERT_EQUAL(thread.user.pc, 0x400100);
	}
}

static struct linux_frame *pushed(void)
{
	begin();
	CU_ASSERT_EQUAL(linux_frame_push(&thread, LINUX_SIGUSR1, &info, &action, 0), STATUS_OK);
	return (struct linux_frame *)(void *)(stack + (thread.user.sp - STACK_VA));
}

static void no_frame_gives_another_exception_level(void)
{
	static const uint64_t states[] = { 5, 4, 1, 0x10, 0x1f, 0x80, 0x40, 0x3c0, 0xf00003c5 };

	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		pushed()->pstate = states[i];
		CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_EINVAL);
	}
	pushed()->pstate = 0xffffffffffffffff & ~0x3dful;
	CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_OK);
	CU_ASSERT_EQUAL(thread.user.pstate, 0xf3001000);
}

static void records_that_lie_are_refused(void)
{
	static const uint32_t lies[][2] = {
		{ 0, 0 }, { 0x46508001, 0 }, { 0x46508001, 527 }, { 0x46508001, 544 }, { 0x46508001, 0xfffffff0 }, { 1, 0 }, { 1, 8 }, { 1, 17 },
		{ 1, 4096 }, { 1, 0xfffffff0 }, { 1, 4080 },
	};

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memcpy(pushed() + 1, lies[i], sizeof(lies[i]));
		CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_EINVAL);
	}
	(void)pushed();
	thread.user.sp += 8;
	CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_EINVAL);
	thread.user.sp = STACK_VA + STACK_BYTES - 16;
	CU_ASSERT_EQUAL(linux_frame_pop(&thread), STATUS_EFAULT);
}

static void frames_of_garbage_never_give_more_than_flags(void)
{
	struct random random = random_start(11);

	for (unsigned round = 0; round < 20000; round++) {
		struct linux_frame *frame = pushed();

		for (unsigned changes = 0; changes < 4; changes++)
			((uint8_t *)frame)[random_below(&random, sizeof(*frame) + 600)] = (uint8_t)random_next(&random);
		if (linux_frame_pop(&thread) == STATUS_OK)
			CU_ASSERT_EQUAL(thread.user.pstate & ~0xf3001000ul, 0);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_handler_finds_its_signal_and_a_chain_of_frames),
	UNIT_CASE(what_was_put_there_comes_back),
	UNIT_CASE(a_handler_runs_on_the_alternate_stack_and_only_there),
	UNIT_CASE(a_stack_that_is_not_there_takes_no_frame),
	UNIT_CASE(no_frame_gives_another_exception_level),
	UNIT_CASE(records_that_lie_are_refused),
	UNIT_CASE(frames_of_garbage_never_give_more_than_flags),
};

UNIT_MAIN("kernel/sys/linux/frame", cases)

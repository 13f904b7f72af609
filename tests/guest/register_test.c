// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Registers: whatever stops a piece of code, it goes on with all that it had. Each register has a value of its own. */
#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "hal/contract/user.h"
#include "kernel/core/fiber.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "kernel/core/timer.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

enum { US = 1000, SPINS = 1500000, TURNS = 10, INTERRUPTS = 2000, STACK_VA = 0x20000, CODE_VA = 0x10000 };

#define CALLER_SAVED                                                                                                     \
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", \
		"x18", "x30", "memory", "cc"
#define CALLEE_SAVED "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28"

/* xN = x0 + N, and x1 |= whether xN is still that. */
#define FILL(n) "add x" #n ", x0, #" #n "\n\t"
#define CHECK(n) "sub x2, x" #n ", x0\n\tsub x2, x2, #" #n "\n\torr x1, x1, x2\n\t"

/* Yields with values counted from `base` in all registers that a call keeps; 0 where they were kept. */
static uint64_t yield_keeping(uint64_t base)
{
	uint64_t changed;

	__asm__ volatile("ldr x0, %1\n\t" FILL(19) FILL(20) FILL(21) FILL(22) FILL(23) FILL(24) FILL(25) FILL(26) FILL(27)
				 FILL(28) "bl fiber_yield\n\t"
				 "ldr x0, %1\n\tmov x1, xzr\n\t" CHECK(19) CHECK(20) CHECK(21) CHECK(22) CHECK(23) CHECK(24)
					 CHECK(25) CHECK(26) CHECK(27) CHECK(28) "str x1, %0"
			 : "=m"(changed)
			 : "m"(base)
			 : CALLER_SAVED, CALLEE_SAVED);
	return changed;
}

static uint64_t other_changed;
static bool other_ended;

static void yielding(void *arg)
{
	for (unsigned i = 0; i < TURNS; i++)
		other_changed |= yield_keeping((uintptr_t)arg + i);
	other_ended = true;
}

static const char *a_switch_keeps_the_registers_of_a_call(void)
{
	other_changed = 0;
	other_ended = false;
	GUEST_CHECK(fiber_create("registers", yielding, (void *)0x5a5a0000) != NULL);
	for (unsigned i = 0; !other_ended; i++)
		GUEST_CHECK(yield_keeping(0x7777000000000000u + i) == 0);
	GUEST_CHECK(other_changed == 0);
	return NULL;
}

/* Spins with values in all registers that a call may change, and counts down in x17; 0 where they were kept. */
static uint64_t spin_keeping(uint64_t base, uint64_t spins)
{
	uint64_t changed;

	__asm__ volatile("ldr x17, %2\n\tldr x0, %1\n\t" FILL(1) FILL(2) FILL(3) FILL(4) FILL(5) FILL(6) FILL(7) FILL(8)
				 FILL(9) FILL(10) FILL(11) FILL(12) FILL(13) FILL(14) FILL(15) FILL(16) FILL(18) FILL(30)
			 "1: subs x17, x17, #1\n\tb.ne 1b\n\t"
			 "sub x1, x1, x0\n\tsub x1, x1, #1\n\tsub x2, x2, x0\n\tsub x2, x2, #2\n\torr x1, x1, x2\n\torr x1, x1, x17\n\t"
			 "ldr x17, %1\n\tsub x17, x17, x0\n\torr x1, x1, x17\n\t" CHECK(3) CHECK(4) CHECK(5) CHECK(6) CHECK(7)
				 CHECK(8) CHECK(9) CHECK(10) CHECK(11) CHECK(12) CHECK(13) CHECK(14) CHECK(15) CHECK(16) CHECK(18)
					 CHECK(30) "str x1, %0"
			 : "=m"(changed)
			 : "m"(base), "m"(spins)
			 : CALLER_SAVED, CALLEE_SAVED);
	return changed;
}

static void nothing(void *arg)
{
	(void)arg;
}

static const char *an_interrupt_keeps_all_registers(void)
{
	struct timer timer;
	uint64_t changed = 0;

	timer_set(&timer, hal_timer_now_ns() + 200 * US, nothing, NULL);
	do
		changed |= spin_keeping(0x1234567800000000u, SPINS);
	while (!timer_is_due()); /* until the interrupt has come while the loop ran */
	timer_cancel(&timer);
	fiber_yield();
	GUEST_CHECK(changed == 0);
	return NULL;
}

/* More of them than the exception stack has room for frames. */
static const char *interrupts_leave_nothing_on_their_stack(void)
{
	for (unsigned i = 0; i < INTERRUPTS; i++) {
		hal_timer_arm(hal_timer_now_ns() + US);
		while (!timer_is_due())
			continue;
		fiber_yield();
	}
	return NULL;
}

static struct hal_user user;
static struct hal_user other;
static struct hal_space space;
static const _Atomic uint32_t calm; /* nothing wants attention: interrupts alone stop it */

/* A page of code: every general register grows by its number and one, then a call, a loop, and the thread register. */
static status_t code_make(void)
{
	uint64_t pa = page_alloc(0);
	uint32_t *code = hal_direct_va(pa);

	if (pa == 0)
		return STATUS_ENOMEM;
	for (uint32_t i = 0; i < 31; i++)
		code[i] = 0x91000000u | (i + 1) << 10 | i << 5 | i; /* add xi, xi, #i + 1 */
	code[31] = 0x910043ffu; /* add sp, sp, #16 */
	code[32] = 0xd4000001u; /* svc #0 */
	code[33] = 0x14000000u; /* b . */
	code[34] = 0xd53bd040u; /* mrs x0, tpidr_el0 */
	code[35] = 0x91000400u; /* add x0, x0, #1 */
	code[36] = 0xd51bd040u; /* msr tpidr_el0, x0 */
	code[37] = 0xd4000001u; /* svc #0 */
	hal_page_publish_code(code);
	return hal_space_map(&space, CODE_VA, pa, HAL_USER_READ | HAL_USER_EXEC);
}

static bool all_are(const struct hal_user *of, uint64_t base, uint64_t grown)
{
	for (uint64_t i = 0; i < 31; i++)
		if (of->x[i] != base + (i << 32) + grown * (i + 1))
			return false;
	return of->sp == STACK_VA + grown * 16 && of->tls == 0x7e57;
}

static const char *el0_keeps_its_registers(void)
{
	enum hal_stop stop;

	GUEST_CHECK(hal_space_create(&space, page_source()) == STATUS_OK);
	GUEST_CHECK(code_make() == STATUS_OK);
	user = (struct hal_user){ .pc = CODE_VA, .sp = STACK_VA, .tls = 0x7e57 };
	for (uint64_t i = 0; i < 31; i++)
		user.x[i] = 0xabc000 + (i << 32);
	GUEST_CHECK(hal_user_run(&user, &space, &calm) == HAL_STOP_CALL);
	GUEST_CHECK(all_are(&user, 0xabc000, 1));
	GUEST_CHECK(user.pc == CODE_VA + 33 * 4);
	hal_timer_arm(hal_timer_now_ns() + 300 * US);
	while ((stop = hal_user_run(&user, &space, &sched_this()->attention)) == HAL_STOP_INTERRUPT && !timer_is_due())
		continue;
	GUEST_CHECK(stop == HAL_STOP_INTERRUPT);
	GUEST_CHECK(all_are(&user, 0xabc000, 1));
	GUEST_CHECK(user.pc == CODE_VA + 33 * 4);
	user.pc += 4;
	GUEST_CHECK(hal_user_run(&user, &space, &calm) == HAL_STOP_CALL);
	GUEST_CHECK(user.x[0] == 0x7e58 && user.tls == 0x7e58);
	hal_user_retire(&user);
	hal_space_destroy(&space);
	fiber_yield(); /* whoever waits for a timer */
	return NULL;
}

static void vectors_fill(struct hal_user *of, uint64_t seed)
{
	*of = (struct hal_user){ .pc = CODE_VA + 37 * 4, .fpcr = seed << 22, .fpsr = seed };
	for (uint64_t i = 0; i < 64; i++)
		of->v[i] = seed << 56 | i;
}

static bool vectors_are(const struct hal_user *of, uint64_t seed)
{
	for (uint64_t i = 0; i < 64; i++)
		if (of->v[i] != (seed << 56 | i))
			return false;
	return of->fpcr == seed << 22 && of->fpsr == seed;
}

static const char *vector_registers_change_hands(void)
{
	GUEST_CHECK(hal_space_create(&space, page_source()) == STATUS_OK);
	GUEST_CHECK(code_make() == STATUS_OK);
	vectors_fill(&user, 1);
	vectors_fill(&other, 2);
	for (unsigned i = 0; i < 3; i++) {
		GUEST_CHECK(hal_user_run(&user, &space, &calm) == HAL_STOP_CALL);
		memset(user.v, 0x5a, sizeof(user.v)); /* the CPU has them now */
		user.fpcr = user.fpsr = 0;
		user.pc = other.pc = CODE_VA + 37 * 4;
		GUEST_CHECK(hal_user_run(&other, &space, &calm) == HAL_STOP_CALL);
		GUEST_CHECK(vectors_are(&user, 1));
		memset(other.v, 0x5a, sizeof(other.v));
		other.fpcr = other.fpsr = 0;
		other.pc = CODE_VA + 37 * 4;
		GUEST_CHECK(hal_user_run(&user, &space, &calm) == HAL_STOP_CALL);
		GUEST_CHECK(vectors_are(&other, 2));
		user.pc = CODE_VA + 37 * 4;
	}
	hal_user_retire(&user);
	hal_user_retire(&other);
	hal_space_destroy(&space);
	return NULL;
}

static const struct guest_test tests[] = {
	{ "a_switch_keeps_the_registers_of_a_call", a_switch_keeps_the_registers_of_a_call },
	{ "an_interrupt_keeps_all_registers", an_interrupt_keeps_all_registers },
	{ "interrupts_leave_nothing_on_their_stack", interrupts_leave_nothing_on_their_stack },
	{ "el0_keeps_its_registers", el0_keeps_its_registers },
	{ "vector_registers_change_hands", vector_registers_change_hands },
};

const struct guest_table register_tests = { tests, sizeof(tests) / sizeof(tests[0]) };

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What must never work, or must end in a panic that says what happened: one fault a name. */
#include "hal/contract/cpu.h"
#include "hal/contract/exit.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "hal/contract/timer.h"
#include "hal/contract/user.h"
#include "kernel/core/fiber.h"
#include "kernel/core/libc.h"
#include "kernel/core/main.h"
#include "kernel/core/message.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/core/timer.h"
#include "kernel/core/version.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "tests/guest/guest.h"

static void commit_panic(void)
{
	panic("asked for, number %d", 42);
}

static void commit_verify(void)
{
	volatile int two = 2;

	VERIFY(two + two == 5);
}

static void commit_null_read(void)
{
	volatile uintptr_t null = 8; /* where a member of a structure at NULL would be */

	(void)*(volatile int *)null;
}

/* Where the image lies in RAM: reached there only until the MMU was on. */
static void commit_identity_read(void)
{
	volatile uintptr_t image_pa = 0x40200000;

	(void)*(volatile int *)image_pa;
}

static void commit_text_write(void)
{
	*(volatile uint32_t *)(uintptr_t)image_main = 0;
}

static void commit_rodata_write(void)
{
	*(volatile char *)(uintptr_t)build_stamp.version = '9';
}

/* 0xd65f03c0: RET. */
static void commit_data_execute(void)
{
	static volatile uint32_t code[4] = { 0xd65f03c0u };

	((void (*)(void))(uintptr_t)code)();
}

static void commit_stack_execute(void)
{
	volatile uint32_t code[4] = { 0xd65f03c0u };

	((void (*)(void))(uintptr_t)code)();
}

static void commit_direct_map_execute(void)
{
	volatile uint32_t *code = hal_direct_va(page_alloc(0));

	*code = 0xd65f03c0u;
	((void (*)(void))(uintptr_t)code)();
}

static int overflow_stack(volatile int *depth)
{
	volatile int next = *depth + 1;

	return *depth < 0 ? 0 : overflow_stack(&next) + next;
}

static void commit_stack_overflow(void)
{
	volatile int depth = 0;

	(void)overflow_stack(&depth);
}

static void commit_double_free(void)
{
	void *volatile memory = malloc(100);

	free(memory);
	free(memory);
}

static void commit_page_double_free(void)
{
	uint64_t pa = page_alloc(0);

	page_free(pa, 0);
	page_free(pa, 0);
}

static void commit_bad_instruction(void)
{
	__asm__ volatile("udf #0");
}

/* With xN = 0x10 * N + 1 in all but the frame pointer: the report must show each. */
#define SET(n) "mov x" #n ", #0x10 * " #n " + 1\n\t"

static void commit_registers(void)
{
	__asm__ volatile(SET(0) SET(1) SET(2) SET(3) SET(4) SET(5) SET(6) SET(7) SET(8) SET(9) SET(10) SET(11) SET(12) SET(13)
				 SET(14) SET(15) SET(16) SET(17) SET(18) SET(19) SET(20) SET(21) SET(22) SET(23) SET(24) SET(25)
					 SET(26) SET(27) SET(28) SET(30) "udf #0");
}

/* With FEAT_PAN: what is the process's, the kernel reaches by unprivileged copies alone. */
static void commit_user_read(void)
{
	volatile uintptr_t page = 0x10000;
	struct hal_space space;
	char byte;

	if (hal_space_create(&space, page_source()) == STATUS_OK &&
	    hal_space_map(&space, page, page_alloc(0), HAL_USER_READ) == STATUS_OK &&
	    hal_user_copy_in(&space, &byte, page, 1) == STATUS_OK)
		(void)*(volatile char *)page;
}

static void commit_abort(void)
{
	abort();
}

static void commit_exit_7(void)
{
	printf("a last word without end of line");
	exit(7);
}

/* Nobody will wake it: the CPU sleeps for ever. */
static void commit_hang(void)
{
	fiber_sleep();
}

/* What no interrupt can end. */
static void commit_hang_irqs_off(void)
{
	hal_irq_disable();
	for (;;)
		__asm__ volatile("");
}

static void nothing(void *arg)
{
	(void)arg;
}

static void timer_cancel_here(void *arg)
{
	timer_cancel(arg);
}

/* On two CPUs, in a debug build: what one owns, the other touches. */
static void commit_foreign_timer(void)
{
	struct timer timer;

	timer_set(&timer, hal_timer_now_ns() + 1000000000, nothing, NULL);
	message_send(1, timer_cancel_here, &timer);
	fiber_sleep();
}

static void commit_foreign_inbox(void)
{
	message_serve(&sched_of(1)->inbox);
}

static void panics(void *arg)
{
	panic("asked for by cpu 0, of cpu %u", *(const unsigned *)arg);
}

/* On every CPU at once. */
static void commit_panic_everywhere(void)
{
	static unsigned numbers[HAL_CPUS_MAX];

	for (unsigned cpu = 1; cpu < hal_cpu_count(); cpu++) {
		numbers[cpu] = cpu;
		message_send(cpu, panics, &numbers[cpu]);
	}
	panics(&numbers[0]);
}

/* A frame pointer whose record would end where addresses do. */
static void commit_frame_at_end(void)
{
	__asm__ volatile("mov x29, #-16\n\tudf #0");
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "panic", commit_panic },
	{ "verify", commit_verify },
	{ "null-read", commit_null_read },
	{ "identity-read", commit_identity_read },
	{ "text-write", commit_text_write },
	{ "rodata-write", commit_rodata_write },
	{ "data-execute", commit_data_execute },
	{ "stack-execute", commit_stack_execute },
	{ "direct-map-execute", commit_direct_map_execute },
	{ "stack-overflow", commit_stack_overflow },
	{ "double-free", commit_double_free },
	{ "page-double-free", commit_page_double_free },
	{ "bad-instruction", commit_bad_instruction },
	{ "registers", commit_registers },
	{ "user-read", commit_user_read },
	{ "abort", commit_abort },
	{ "hang", commit_hang },
	{ "hang-irqs-off", commit_hang_irqs_off },
	{ "exit-7", commit_exit_7 },
	{ "foreign-timer", commit_foreign_timer },
	{ "foreign-inbox", commit_foreign_inbox },
	{ "panic-everywhere", commit_panic_everywhere },
	{ "frame-at-end", commit_frame_at_end },
};

void fault_commit(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (name.len == strlen(faults[i].name) && memcmp(name.data, faults[i].name, name.len) == 0)
			faults[i].commit();
}

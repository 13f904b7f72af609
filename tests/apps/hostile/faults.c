// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Instructions and accesses that EL0 must not get away with. */
#include "tests/apps/hostile/misdeeds.h"

#include <stdbool.h>

#include <capos/thread.h>

enum { SURVIVED = 121 };

/* An address that the compiler knows nothing of. */
static volatile uint32_t *at(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (volatile uint32_t *)address;
}

static int read_at(uint64_t address)
{
	(void)*at(address);
	return SURVIVED;
}

static int write_at(uint64_t address)
{
	*at(address) = 0;
	return SURVIVED;
}

static int execute_at(uint64_t address)
{
	((void (*)(void))at(address))();
	return SURVIVED;
}

static int read_null(void)
{
	return read_at(0);
}

static int read_kernel(void)
{
	return read_at(0xffffff8000000000);
}

static int read_kernel_image(void)
{
	return read_at(0xffffffff80000000);
}

static int read_between_halves(void)
{
	return read_at(0x0001000000000000);
}

static int write_text(void)
{
	return write_at((uint64_t)write_text);
}

static int write_constants(void)
{
	return write_at((uint64_t)&fault_misdeeds);
}

static int write_completions(void)
{
	return write_at(0x7000003000);
}

static int execute_data(void)
{
	static uint32_t code[4] = { 0xd65f03c0 }; /* RET */

	return execute_at((uint64_t)code);
}

static int execute_stack(void)
{
	uint32_t code[4] = { 0xd65f03c0 };

	return execute_at((uint64_t)code);
}

static int execute_misaligned(void)
{
	return execute_at((uint64_t)execute_misaligned + 2);
}

static int overflow_stack(volatile int *depth)
{
	volatile int next = *depth + 1;

	return *depth < 0 ? 0 : overflow_stack(&next) + next;
}

static int stack_overflow(void)
{
	volatile int depth = 0;

	return overflow_stack(&depth);
}

static int overflow_when_told(void *arg)
{
	volatile int depth = 0;

	while (!atomic_load((_Atomic bool *)arg))
		capos_thread_yield();
	return overflow_stack(&depth);
}

/* What the main thread maps after the stack was made must not lie right below it. */
static int thread_stack_overflow(void)
{
	static _Atomic bool go;
	capos_cap_t memory = capos_capset_get("memory");
	struct capos_thread thread;

	if (capos_thread_create(&thread, NULL, overflow_when_told, &go) != 0)
		return SURVIVED;
	for (unsigned i = 0; i < 20; i++)
		if (capos_memory_map(memory, CAPOS_PAGE_BYTES) < 0)
			return SURVIVED;
	atomic_store(&go, true);
	(void)capos_thread_join(&thread, NULL);
	return SURVIVED;
}

static int bad_instruction(void)
{
	__asm__ volatile("udf #0");
	return SURVIVED;
}

static int privileged_register(void)
{
	__asm__ volatile("mrs x9, ttbr0_el1" ::: "x9");
	return SURVIVED;
}

static int mask_interrupts(void)
{
	__asm__ volatile("msr daifset, #15");
	return SURVIVED;
}

static int semihosting_exit(void)
{
	static uint64_t block[2] = { 0x20026, 0 };

	__asm__ volatile("mov x0, #0x20\n\tmov x1, %0\n\thlt #0xf000" ::"r"(block) : "x0", "x1", "memory");
	return SURVIVED;
}

static int firmware_power_off(void)
{
	__asm__ volatile("mov w0, #0x0008\n\tmovk w0, #0x8400, lsl #16\n\thvc #0" ::: "x0", "x1", "x2", "x3");
	return SURVIVED;
}

static int breakpoint(void)
{
	__asm__ volatile("brk #42");
	return SURVIVED;
}

static int unknown_call(void)
{
	__asm__ volatile("mov x8, #777\n\tsvc #0" ::: "x0", "x8", "memory");
	return SURVIVED;
}

static int double_free(void)
{
	void *volatile memory = malloc(100);

	free(memory);
	free(memory);
	return SURVIVED;
}

static const struct misdeed misdeeds[] = {
	{ "read-null", read_null },
	{ "read-kernel", read_kernel },
	{ "read-kernel-image", read_kernel_image },
	{ "read-between-halves", read_between_halves },
	{ "write-text", write_text },
	{ "write-constants", write_constants },
	{ "write-completions", write_completions },
	{ "execute-data", execute_data },
	{ "execute-stack", execute_stack },
	{ "execute-misaligned", execute_misaligned },
	{ "stack-overflow", stack_overflow },
	{ "thread-stack-overflow", thread_stack_overflow },
	{ "bad-instruction", bad_instruction },
	{ "privileged-register", privileged_register },
	{ "mask-interrupts", mask_interrupts },
	{ "semihosting-exit", semihosting_exit },
	{ "firmware-power-off", firmware_power_off },
	{ "breakpoint", breakpoint },
	{ "unknown-call", unknown_call },
	{ "double-free", double_free },
};

const struct misdeed_table fault_misdeeds = { misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]) };

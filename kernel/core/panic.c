// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/core/panic.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/contract/console.h"
#include "hal/contract/cpu.h"
#include "hal/contract/exit.h"
#include "hal/contract/memory.h"
#include "hal/contract/smp.h"
#include "kernel/core/exit_status.h"
#include "kernel/core/fiber.h"
#include "kernel/core/smp.h"
#include "kernel/core/symbols.h"
#include "kernel/io/console.h"
#include "lib/format.h"

enum { BACKTRACE_MAX = 32 };

static _Atomic unsigned reporter; /* W: panic_begin. CPU number + 1; 0: there is no panic */
static const struct panic_witness *_Atomic witness; /* W: panic_tell */

static void panic_write(struct format_sink *sink, const char *text, size_t len)
{
	const struct panic_witness *told = atomic_load_explicit(&witness, memory_order_acquire);

	(void)sink;
	hal_console_write(text, len);
	if (told != NULL)
		told->write(text, len);
}

static struct format_sink panic_sink = { .write = panic_write };

static void print_address(uint64_t pc)
{
	uint64_t offset = 0;
	const char *name = symbols_find(pc, &offset);

	if (name != NULL)
		format_to(&panic_sink, " 0x%016llx %s+0x%llx\n", (unsigned long long)pc, name, (unsigned long long)offset);
	else
		format_to(&panic_sink, " 0x%016llx\n", (unsigned long long)pc);
}

static void print_frame(unsigned index, uint64_t pc)
{
	format_to(&panic_sink, "  #%u", index);
	print_address(pc);
}

/* Follows frame records (AAPCS64 6.4.6: previous frame, return address) as long as they can be read and rise. */
static void print_backtrace(uint64_t pc, uint64_t frame)
{
	format_to(&panic_sink, "backtrace:\n");
	print_frame(0, pc);
	for (unsigned i = 1; i < BACKTRACE_MAX && frame % 16 == 0 && hal_kernel_readable(frame, 16); i++) {
		const uint64_t *record = (const uint64_t *)frame;

		if (record[1] == 0)
			return;
		print_frame(i, record[1] - 4); /* the call, not what follows it */
		if (record[0] <= frame)
			return;
		frame = record[0];
	}
}

/*
 * One CPU reports; the others are stopped, be they well or panicking too. A second panic of the same CPU, while the first is
 * printed, says so and ends the machine.
 */
static void panic_begin(void)
{
	unsigned nobody = 0;
	unsigned own = hal_cpu_index() + 1;

	hal_irq_disable();
	if (!atomic_compare_exchange_strong(&reporter, &nobody, own)) {
		if (nobody == own) {
			format_to(&panic_sink, "\nPANIC: again, while reporting the first\n");
			hal_exit(EXIT_STATUS_PANIC);
		}
		for (;;)
			hal_cpu_wait();
	}
	smp_stop_others();
	console_drain_at_panic();
}

static _Noreturn void panic_end(void)
{
	const struct panic_witness *told = atomic_load_explicit(&witness, memory_order_acquire);
	const struct fiber *fiber = fiber_current();

	format_to(&panic_sink, "on cpu %u, in fiber: %s\n", hal_cpu_index(), fiber != NULL ? fiber->name : "none");
	if (told != NULL)
		told->end();
	hal_panic_tell();
	hal_exit(EXIT_STATUS_PANIC);
}

void panic_tell(const struct panic_witness *told)
{
	atomic_store_explicit(&witness, told, memory_order_release);
}

bool panic_has_begun(void)
{
	return atomic_load_explicit(&reporter, memory_order_relaxed) != 0;
}

_Noreturn void panic(const char *fmt, ...)
{
	va_list args;

	panic_begin();
	format_to(&panic_sink, "PANIC: ");
	va_start(args, fmt);
	format_to_args(&panic_sink, fmt, args);
	va_end(args);
	format_to(&panic_sink, "\n");
	/* From the caller on: the first record is this function's own. */
	print_backtrace((uint64_t)__builtin_return_address(0) - 4, *(const uint64_t *)__builtin_frame_address(0));
	panic_end();
}

void panic_fault(const struct hal_fault *fault)
{
	const struct fiber *fiber = fiber_current();

	panic_begin();
	if (fiber != NULL && fiber_stack_guards(fiber, fault->address))
		format_to(&panic_sink, "PANIC: stack overflow in fiber %s\n", fiber->name);
	else
		format_to(&panic_sink, "PANIC: %s in the kernel\n", fault->what);
	format_to(&panic_sink, "pc 0x%016llx address 0x%016llx esr 0x%08llx pstate 0x%08llx sp 0x%016llx\n",
		  (unsigned long long)fault->pc, (unsigned long long)fault->address, (unsigned long long)fault->esr,
		  (unsigned long long)fault->pstate, (unsigned long long)fault->sp);
	for (unsigned i = 0; i < 31; i++)
		format_to(&panic_sink, "x%-2u 0x%016llx%s", i, (unsigned long long)fault->x[i],
			  i % 4 == 3 || i == 30 ? "\n" : " ");
	format_to(&panic_sink, "lr"); /* of a function that calls no other, the only trace of its caller */
	print_address(fault->x[30]);
	print_backtrace(fault->pc, fault->x[29]);
	panic_end();
}

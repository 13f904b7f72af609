// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * CPUs beside the one that booted. Each is started by PSCI CPU_ON at secondary_entry (entry.S), with the MMU off and the
 * physical address of a struct secondary_start, and runs on the tables that are there already.
 */
#include "hal/arm64/smp.h"

#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/image.h"
#include "hal/arm64/tables.h"
#include "hal/contract/smp.h"
#include "hal/firmware/psci.h"
#include "hal/irqchip/irqchip.h"
#include "hal/timer/generic.h"

#define MPIDR_AFFINITY 0xff00fffffful

struct cpu cpus[HAL_CPUS_MAX];
static unsigned cpu_count;

/* What secondary_entry reads, by offset. W: the boot CPU, before CPU_ON. Each has its own: one that comes late finds it as it was. */
static struct secondary_start {
	uint64_t stack_top;
	uint64_t exception_stack_top;
	struct cpu *cpu;
	void (*entry)(void *arg);
	void *arg;
} starts[HAL_CPUS_MAX];

static_assert(offsetof(struct secondary_start, stack_top) == SECONDARY_STACK, "entry.S");
static_assert(offsetof(struct secondary_start, cpu) == SECONDARY_CPU, "entry.S");
static_assert(offsetof(struct secondary_start, arg) == SECONDARY_ARG, "entry.S");

void smp_init(const struct fdt_machine *machine)
{
	uint64_t own = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;

	cpus[0].mpidr = own;
	cpu_count = 1;
	for (uint32_t i = 0; i < machine->cpu_count && cpu_count < HAL_CPUS_MAX; i++) {
		if (machine->cpu_mpidr[i] == own)
			continue;
		cpus[cpu_count].mpidr = machine->cpu_mpidr[i];
		cpus[cpu_count].index = cpu_count;
		cpu_count++;
	}
}

unsigned hal_cpu_index(void)
{
	return cpu_this()->index;
}

unsigned hal_cpu_count(void)
{
	return cpu_count;
}

status_t hal_cpu_start(unsigned index, uint64_t stack_top, uint64_t exception_stack_top, void (*entry)(void *arg),
		       void *arg)
{
	if (index == 0 || index >= cpu_count)
		return STATUS_EINVAL;

	struct secondary_start *start = &starts[index];

	*start = (struct secondary_start){ stack_top, exception_stack_top, &cpus[index], entry, arg };
	/* Read with the MMU off: out of the caches first. */
	for (uint64_t va = (uint64_t)start; va < (uint64_t)(start + 1); va += 16)
		__asm__ volatile("dc civac, %0" ::"r"(va) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
	return psci_cpu_on(cpus[index].mpidr, tables_image_pa(secondary_entry), tables_image_pa(start));
}

status_t hal_cpu_init(void)
{
	status_t status = irqchip_cpu_init();

	if (status == STATUS_OK)
		generic_timer_cpu_init();
	return status;
}

void hal_cpu_notify(unsigned index)
{
	irqchip_notify(&cpus[index]);
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Running a process and naming why it stopped. V registers change hands when another process runs than the one whose
 * values the CPU holds: the kernel itself never uses them.
 */
#include <stddef.h>

#include "hal/arm64/cpu.h"
#include "hal/arm64/space.h"
#include "lib/string.h"

enum hal_stop user_enter(struct hal_user *user, const _Atomic uint32_t *attention);
void user_vector_save(struct hal_user *user);
void user_vector_load(const struct hal_user *user);

/* What is not the same as at this CPU's last run changes hands. Not inlined, so that the usual case needs no frame. */
static __attribute__((noinline)) enum hal_stop user_switch(struct hal_user *user, struct hal_space *space,
								const _Atomic uint32_t *attention)
{
	struct cpu *cpu = cpu_this();

	space_activate(space);
	if (cpu->user != user) {
		if (cpu->user != NULL)
			user_vector_save(cpu->user);
		user_vector_load(user);
		cpu->user = user;
	}
	return user_enter(user, attention);
}

enum hal_stop hal_user_run(struct hal_user *user, struct hal_space *space, const _Atomic uint32_t *attention)
{
	const struct cpu *cpu = cpu_this();

	if (cpu->space != space || cpu->user != user)
		return user_switch(user, space, attention);
	return user_enter(user, attention);
}

void hal_user_retire(struct hal_user *user)
{
	struct cpu *cpu = cpu_this();

	if (cpu->user == user)
		cpu->user = NULL;
}

void hal_user_vector_sync(struct hal_user *user)
{
	if (cpu_this()->user == user)
		user_vector_save(user);
}

/* Exception classes (Arm ARM DDI 0487 D17.2.37, ESR_EL1.EC) that a process can cause, as Linux names their signals. */
struct fault_class {
	unsigned ec;
	int signal;
	const char *what;
};

static const struct fault_class fault_classes[] = {
	{ 0x00, 4, "bad instruction" },
	{ 0x0e, 4, "illegal execution state" },
	{ 0x20, 11, "bad memory access (execute)" },
	{ 0x22, 7, "misaligned program counter" },
	{ 0x24, 11, "bad memory access" },
	{ 0x26, 7, "misaligned stack pointer" },
	{ 0x2c, 8, "floating-point exception" },
	{ 0x30, 5, "breakpoint" },
	{ 0x3c, 5, "breakpoint" },
};

/* Translation, access flag and permission faults: what mapping a page, or giving rights to it, can mend (ISS.xFSC, DDI 0487 D17.2.37). */
static unsigned fault_access(uint64_t esr, unsigned ec)
{
	unsigned kind = esr >> 2 & 0xf;

	if ((ec != 0x20 && ec != 0x24) || kind < 1 || kind > 3)
		return 0;
	if (ec == 0x20)
		return HAL_USER_EXEC;
	/* WnR; of cache maintenance (CM) it tells nothing: that needs only to read. */
	return esr & 1u << 6 && !(esr & 1u << 8) ? HAL_USER_WRITE : HAL_USER_READ;
}

struct hal_user_fault hal_user_fault(const struct hal_user *user)
{
	unsigned ec = (unsigned)(user->esr >> 26 & 0x3f);
	unsigned status = user->esr & 0x3f; /* fault status code, of aborts */
	struct hal_user_fault fault = { .what = "bad instruction", .signal = 4, .pc = user->pc };

	for (size_t i = 0; i < sizeof(fault_classes) / sizeof(fault_classes[0]); i++) {
		if (fault_classes[i].ec == ec) {
			fault.what = fault_classes[i].what;
			fault.signal = fault_classes[i].signal;
		}
	}
	if (ec == 0x20 || ec == 0x24 || ec == 0x22)
		fault.address = user->far & (uint64_t)((int64_t)(user->far << 8) >> 8); /* without the byte that is the program's own (TBI0) */
	fault.access = fault_access(user->esr, ec);
	if (ec == 0x24) {
		fault.what = user->esr & 1u << 6 ? "bad memory access (write)" : "bad memory access (read)";
		if (status == 0x21) {
			fault.what = "misaligned memory access";
			fault.signal = 7;
		}
	}
	return fault;
}

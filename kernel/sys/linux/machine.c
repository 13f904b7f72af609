// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What machine a process is on, and what limits it there. Spec: Linux, include/uapi/linux/{utsname,sysinfo,resource}.h */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/contract/timer.h"
#include "kernel/core/entropy.h"
#include "kernel/core/version.h"
#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/thread.h"
#include "lib/format.h"
#include "lib/string.h"

enum { DOMAIN = 0xff, PER_LINUX32 = 8, READ_IMPLIES_EXEC = 0x400000 };

/*
 * What a process says it is used to is remembered and told, and changes nothing; it is refused that memory executes unasked, and programs of 32 bits, which
 * are not there. Spec: personality(2)
 */
static int64_t call_personality(struct thread *thread, const uint64_t x[6])
{
	struct linux_process *own = linux_process_of(thread);
	uint32_t wanted = (uint32_t)x[0];
	uint32_t was = own->used_to;

	if (wanted == UINT32_MAX)
		return was;
	if ((wanted & DOMAIN) == PER_LINUX32 || (wanted & READ_IMPLIES_EXEC) != 0)
		return STATUS_EINVAL;
	own->used_to = wanted;
	return was;
}

struct utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

static_assert(sizeof(struct utsname) == 390, "include/uapi/linux/utsname.h");

static int64_t call_uname(struct thread *thread, const uint64_t x[6])
{
	struct utsname name;

	memset(&name, 0, sizeof(name));
	strcpy(name.sysname, "Linux"); /* programs look for it */
	strcpy(name.nodename, "rumpk");
	strcpy(name.release, "6.1.0-rumpk");
	(void)format_print(name.version, sizeof(name.version), "Rumpk %s %s", build_stamp.version, build_stamp.commit);
	strcpy(name.machine, "aarch64");
	strcpy(name.domainname, "(none)");
	return linux_copy_out(thread, x[0], &name, sizeof(name));
}

struct sysinfo {
	int64_t uptime;
	uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};

static_assert(sizeof(struct sysinfo) == 112, "include/uapi/linux/sysinfo.h");

/* Of the process's budget: that is the memory there is. */
static int64_t call_sysinfo(struct thread *thread, const uint64_t x[6])
{
	const struct budget *budget = thread->process->budget;
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	info.uptime = (int64_t)(hal_timer_now_ns() / 1000000000u);
	info.totalram = budget->limit * HAL_PAGE_BYTES;
	info.freeram = budget_left(budget) * HAL_PAGE_BYTES;
	info.procs = (uint16_t)process_count();
	info.mem_unit = 1;
	return linux_copy_out(thread, x[0], &info, sizeof(info));
}

/* A limit may be lowered, and raised again up to its hard one. */
static status_t limit_set(uint64_t limit[2], const uint64_t wanted[2])
{
	if (wanted[0] > wanted[1])
		return STATUS_EINVAL;
	if (wanted[1] > limit[1])
		return STATUS_EPERM;
	limit[0] = wanted[0];
	limit[1] = wanted[1];
	return STATUS_OK;
}

static int64_t call_prlimit64(struct thread *thread, const uint64_t x[6])
{
	struct linux_process *personality = linux_process_of(thread);
	uint32_t resource = (uint32_t)x[1];
	uint64_t wanted[2];
	uint64_t before[2];
	status_t status = STATUS_OK;

	if ((uint32_t)x[0] != 0 && (uint32_t)x[0] != thread->process->number)
		return STATUS_ESRCH;
	if (resource >= LINUX_RLIMITS)
		return STATUS_EINVAL;
	if (x[2] != 0 && linux_copy_in(thread, wanted, x[2], sizeof(wanted)) != STATUS_OK)
		return STATUS_EFAULT;
	spinlock_take(&thread->process->lock);
	memcpy(before, personality->rlimits[resource], sizeof(before));
	if (x[2] != 0)
		status = limit_set(personality->rlimits[resource], wanted);
	spinlock_give(&thread->process->lock);
	if (status == STATUS_OK && x[3] != 0)
		status = linux_copy_out(thread, x[3], before, sizeof(before));
	return status;
}

static int64_t call_getrlimit(struct thread *thread, const uint64_t x[6])
{
	const uint64_t all[6] = { 0, x[0], 0, x[1] };

	return call_prlimit64(thread, all);
}

static int64_t call_setrlimit(struct thread *thread, const uint64_t x[6])
{
	const uint64_t all[6] = { 0, x[0], x[1], 0 };

	return call_prlimit64(thread, all);
}

static int64_t call_getcpu(struct thread *thread, const uint64_t x[6])
{
	const uint32_t cpu = thread->cpu;
	const uint32_t node = 0;
	status_t status = x[0] != 0 ? linux_copy_out(thread, x[0], &cpu, sizeof(cpu)) : STATUS_OK;

	return status == STATUS_OK && x[1] != 0 ? linux_copy_out(thread, x[1], &node, sizeof(node)) : status;
}

enum { RANDOM_STRETCH = 16 * ENTROPY_CHUNK_BYTES, RANDOM_FLAGS = 7 };

static int64_t call_getrandom(struct thread *thread, const uint64_t x[6])
{
	uint64_t bytes = x[1] < LINUX_BYTES_MAX ? x[1] : LINUX_BYTES_MAX;
	uint8_t random[ENTROPY_CHUNK_BYTES];
	uint64_t done = 0;

	if ((x[2] & ~(uint64_t)RANDOM_FLAGS) != 0)
		return STATUS_EINVAL;
	while (done < bytes && !thread->ending) {
		size_t step = bytes - done < ENTROPY_CHUNK_BYTES ? bytes - done : ENTROPY_CHUNK_BYTES;

		entropy_draw(random, step);
		if (linux_copy_out(thread, x[0] + done, random, step) != STATUS_OK)
			break;
		done += step;
		if (done % RANDOM_STRETCH == 0)
			linux_give_way(thread);
	}
	entropy_wipe(random, sizeof(random));
	return done > 0 || bytes == 0 ? (int64_t)done : STATUS_EFAULT;
}

const struct linux_call linux_calls_machine[] = {
	{ 92, 1, "personality", call_personality },
	{ 160, 1, "uname", call_uname },
	{ 163, 2, "getrlimit", call_getrlimit },
	{ 164, 2, "setrlimit", call_setrlimit },
	{ 168, 3, "getcpu", call_getcpu },
	{ 179, 1, "sysinfo", call_sysinfo },
	{ 261, 4, "prlimit64", call_prlimit64 },
	{ 278, 3, "getrandom", call_getrandom },
	{ 0 },
};

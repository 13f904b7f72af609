// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What /proc says of the machine, as far as programs read it. A process is told of its own budget as if it were all the memory there is.
 *
 * Spec: proc(5)
 */
#include <stdatomic.h>

#include "hal/contract/timer.h"
#include "kernel/cap/grant.h"
#include "kernel/core/entropy.h"
#include "kernel/core/id.h"
#include "kernel/core/smp.h"
#include "kernel/core/version.h"
#include "kernel/io/net/address.h"
#include "kernel/io/net/net.h"
#include "kernel/io/net/resolve.h"
#include "kernel/net_methods.h"
#include "kernel/sys/budget.h"
#include "kernel/sys/linux/clock.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { KIB_A_PAGE = 4, SERVERS_MAX = 3 };

#define TICK_NS 10000000ull /* of USER_HZ */
#define SECOND_NS 1000000000ull

void linux_proc_meminfo(struct linux_text *text, struct process *of)
{
	unsigned long long all = of->budget->limit * KIB_A_PAGE;
	unsigned long long left = budget_left(of->budget) * KIB_A_PAGE;

	format_to(&text->sink, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n", all, left, left);
	format_to(&text->sink, "Buffers:               0 kB\nCached:                0 kB\n");
	format_to(&text->sink, "SwapTotal:             0 kB\nSwapFree:              0 kB\nCommitLimit:    %8llu kB\nCommitted_AS:   %8llu kB\n", all, all - left);
}

void linux_proc_stat(struct linux_text *text, struct process *of)
{
	unsigned long long uptime = hal_timer_now_ns() / TICK_NS;
	unsigned long long used = linux_cpu_time_process(of) / TICK_NS;
	unsigned long long idle = uptime * smp_online() > used ? uptime * smp_online() - used : 0;

	format_to(&text->sink, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", used, idle);
	for (unsigned i = 0; i < smp_online(); i++)
		format_to(&text->sink, "cpu%u %llu 0 0 %llu 0 0 0 0 0 0\n", i, used / smp_online(), idle / smp_online());
	format_to(&text->sink, "ctxt 0\nbtime %llu\nprocesses %u\nprocs_running 1\nprocs_blocked 0\n",
		  (unsigned long long)(linux_clock_offset_ns() / SECOND_NS), process_count());
}

void linux_proc_uptime(struct linux_text *text, struct process *of)
{
	unsigned long long now_ns = hal_timer_now_ns();

	(void)of;
	format_to(&text->sink, "%llu.%02llu 0.00\n", now_ns / SECOND_NS, now_ns % SECOND_NS / TICK_NS);
}

void linux_proc_loadavg(struct linux_text *text, struct process *of)
{
	format_to(&text->sink, "0.00 0.00 0.00 1/%u %u\n", process_count(), of->number);
}

/* That are open; that are kept for later; the most there can be: no number limits them, but memory. */
void linux_proc_files(struct linux_text *text, struct process *of)
{
	(void)of;
	format_to(&text->sink, "%u\t0\t%lld\n", linux_files_open(), (long long)INT64_MAX);
}

/* Pages are not counted that come and go, and nothing is swapped. */
void linux_proc_vmstat(struct linux_text *text, struct process *of)
{
	format_to(&text->sink, "nr_free_pages %llu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\npgmajfault 0\noom_kill 0\n",
		  (unsigned long long)budget_left(of->budget));
}

void linux_proc_filesystems(struct linux_text *text, struct process *of)
{
	(void)of;
	format_to(&text->sink, "nodev\tproc\nnodev\tsysfs\nnodev\ttmpfs\nnodev\tramfs\nnodev\t9p\n\text4\n");
}

void linux_proc_version(struct linux_text *text, struct process *of)
{
	(void)of;
	format_to(&text->sink, "Linux version 6.1.0-rumpk (rumpk %s %s)\n", build_stamp.version, build_stamp.commit);
}

/* Of random bytes. Spec: RFC 9562, "UUID Version 4" */
static void uuid_line(struct linux_text *text, uint8_t random[16])
{
	random[6] = (random[6] & 0x0f) | 0x40;
	random[8] = (random[8] & 0x3f) | 0x80;
	for (unsigned i = 0; i < 16; i++)
		format_to(&text->sink, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", random[i]);
	format_to(&text->sink, "\n");
}

void linux_proc_uuid(struct linux_text *text, struct process *of)
{
	uint8_t random[16];

	(void)of;
	entropy_draw(random, sizeof(random));
	uuid_line(text, random);
}

/* The same until the machine ends. */
void linux_proc_boot_id(struct linux_text *text, struct process *of)
{
	static _Atomic uint64_t kept[2]; /* W: who reads it first. 0: nobody has */
	uint64_t id[2];

	(void)of;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t before = 0;

		id[i] = id_next();
		if (!atomic_compare_exchange_strong_explicit(&kept[i], &before, id[i], memory_order_relaxed, memory_order_relaxed))
			id[i] = before;
	}
	uuid_line(text, (uint8_t *)id);
}

struct servers {
	struct net_address address[SERVERS_MAX];
	unsigned count;
};

static void servers_look(void *arg)
{
	struct servers *servers = arg;

	servers->count = net_resolve_servers(servers->address, SERVERS_MAX);
}

static bool has_net(struct process *process)
{
	struct capos_capset_entry entry;

	for (unsigned at = 0; grant_next(&process->capset, &at, &entry) == STATUS_OK;)
		if (entry.interface == net_interface.id)
			return true;
	return false;
}

/* Servers of names, as DHCP or the manifest said; for who has no network there are none. */
void linux_proc_resolver(struct linux_text *text, struct process *of)
{
	char name[NET_ADDRESS_TEXT];
	struct servers servers = { .count = 0 };

	if (has_net(of))
		net_look(servers_look, &servers);
	for (unsigned i = 0; i < servers.count; i++)
		format_to(&text->sink, "nameserver %s\n", net_address_print(&servers.address[i], name));
}

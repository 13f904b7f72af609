// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The test image's purpose: test=all (the default) runs every claim but those that want devices (test=virtio, ...); test=bench,
 * test=rates and test=console the measurements, any other name commits that fault. Exit status 0 where all held, 1 where one did not, 2 for an
 * unknown name.
 */
#include "hal/contract/boot.h"
#include "hal/contract/console.h"
#include "kernel/core/log.h"
#include "kernel/core/main.h"
#include "kernel/core/smp.h"
#include "kernel/io/console.h"
#include "kernel/io/devices.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/guest/guest.h"
#include "tests/guest/net_server.h"

enum { EXIT_FAILED = 1, EXIT_UNKNOWN = 2, LINE_BYTES = 256 };

static const struct guest_table *const tables[] = {
	&memory_tests, &fiber_tests, &sched_tests, &preempt_tests, &ring_tests, &libc_tests, &register_tests, &starve_tests, &boot_tests,
	&object_tests, &operation_tests, &again_tests, &thread_tests, &files_tests, &smp_tests,
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* By name, for machines that have the devices. */
static const struct {
	const char *name;
	const struct guest_table *tables[3];
	unsigned count;
} device_tests[] = {
	{ "virtio", { &virtio_tests, &virtio_net_tests, &virtio_block_tests }, 3 },
	{ "virtio-link", { &virtio_link_tests }, 1 },
	{ "entropy", { &entropy_tests }, 1 },
	{ "share", { &share_tests, &share_load_tests }, 2 },
	{ "share-ro", { &share_read_only_tests }, 1 },
	{ "console", { &console_bench }, 1 },
	{ "disk-fault", { &disk_fault_tests }, 1 },
};

/* The last table is for machines of several CPUs. */
static unsigned table_count(void)
{
	return smp_online() > 1 ? TABLES : TABLES - 1;
}

struct span guest_command_line;

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)format_vprint(line, sizeof(line), fmt, args);
	va_end(args);
	if (hal_result_write(line) != 0)
		log_text(line, strlen(line) - 1); /* nobody listens there: the console will do */
}

void guest_perf(const char *metric, uint64_t tenths, const char *unit)
{
	report("# perf %s %llu.%llu %s\n", metric, (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10), unit);
}

static void report_begin(struct span command_line, unsigned count)
{
	struct span nonce = { 0 };

	(void)cmdline_get(command_line, "nonce", &nonce);
	report("KTAP version 1\n");
	report("# nonce %.*s\n", (int)nonce.len, (const char *)nonce.data);
	report("1..%u\n", count);
}

static int run_tables(struct span command_line, const struct guest_table *const *from, unsigned count)
{
	unsigned number = 0;
	unsigned failed = 0;

	for (unsigned i = 0; i < count; i++)
		number += from[i]->count;
	report_begin(command_line, number);
	number = 0;
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < from[i]->count; j++) {
			const struct guest_test *test = &from[i]->tests[j];
			const char *why = test->run();

			number++;
			failed += why != NULL;
			if (why != NULL)
				report("not ok %u %s # %s\n", number, test->name, why);
			else
				report("ok %u %s\n", number, test->name);
		}
	}
	return failed > 0 ? EXIT_FAILED : 0;
}

static int run_bench(struct span command_line, bool rates)
{
	report_begin(command_line, 1);
	bench_run(rates);
	report("ok 1 measured\n");
	return 0;
}

static int span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

void image_main(void *arg)
{
	const struct hal_boot_info *info = arg;
	struct span name = { 0 };

	guest_command_line = info->command_line;
	log_line("[Rumpk L1] The Rubicon is crossed.");
	devices_configure(info->command_line);
	if (!cmdline_get(info->command_line, "test", &name) || span_is(name, "all"))
		console_exit(run_tables(info->command_line, tables, table_count()));
	for (unsigned i = 0; i < sizeof(device_tests) / sizeof(device_tests[0]); i++)
		if (span_is(name, device_tests[i].name))
			console_exit(run_tables(info->command_line, device_tests[i].tables, device_tests[i].count));
	if (span_is(name, "net"))
		console_exit(net_server_run());
	if (span_is(name, "bench"))
		console_exit(run_bench(info->command_line, false));
	if (span_is(name, "rates"))
		console_exit(run_bench(info->command_line, true));
	fault_commit(name);
	log_line("guest: no test, or one that did nothing: %.*s", (int)name.len, (const char *)name.data);
	console_exit(EXIT_UNKNOWN);
}

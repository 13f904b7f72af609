// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/io/fs/sys.h"

#include "hal/contract/memory.h"
#include "hal/contract/timer.h"
#include "kernel/cap/grant.h"
#include "kernel/core/fiber.h"
#include "kernel/core/kheap.h"
#include "kernel/core/libc.h"
#include "kernel/core/page.h"
#include "kernel/core/smp.h"
#include "kernel/core/version.h"
#include "kernel/io/device_governor.h"
#include "kernel/io/fs/flat.h"
#include "kernel/io/ring_war.h"
#include "kernel/sys/process.h"
#include "kernel/sys/thread.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/string.h"

enum { TEXT_BYTES = 16384 };

/* A file's whole text, in memory; what does not fit is not there. */
struct text {
	struct format_sink sink;
	char *bytes;
	size_t len;
};

static void text_add(struct format_sink *sink, const char *text, size_t len)
{
	struct text *to = LIST_OWNER(sink, struct text, sink);

	if (len > TEXT_BYTES - to->len)
		len = TEXT_BYTES - to->len;
	memcpy(to->bytes + to->len, text, len);
	to->len += len;
}

static void build(struct text *text)
{
	format_to(&text->sink, "version %s\ncommit %s\nabi %u\n", build_stamp.version, build_stamp.commit, CAPOS_ABI_VERSION);
}

static void memory(struct text *text)
{
	const struct heap_stats *heap = &kheap()->stats;

	format_to(&text->sink, "page_bytes %lu\nfree_pages %llu\nheap_bytes %zu\nheap_live_bytes %zu\nheap_allocations %zu\n", HAL_PAGE_BYTES,
		  (unsigned long long)page_free_count(), heap->source_bytes, heap->live_bytes, heap->live_count);
}

static void fiber_line(void *ctx, const struct fiber *fiber)
{
	static const char *const priorities[] = { "high", "normal", "low" };
	struct text *text = ctx;

	format_to(&text->sink, "%s cpu %u priority %s %s\n", fiber->name, fiber->cpu, priorities[fiber->priority],
		  fiber->state == FIBER_AWAKE ? "awake" : "asleep");
}

static void fibers(struct text *text)
{
	fiber_each(fiber_line, text);
}

/* Has `line` add what there is to say about each process. */
static void processes_each(struct text *text, void (*line)(struct text *text, struct process *process))
{
	struct process *process = NULL;

	while ((process = process_next(process)) != NULL)
		line(text, process);
}

static void process_line(struct text *text, struct process *process)
{
	format_to(&text->sink, "%u %s threads %u %s\n", process->number, process->name, process->thread_count,
		  process_is_ending(process) ? "ending" : "running");
}

static void processes(struct text *text)
{
	processes_each(text, process_line);
}

static void capability_lines(struct text *text, struct process *process)
{
	struct capos_capset_entry entry;

	for (unsigned at = 0; grant_next(&process->capset, &at, &entry) == STATUS_OK;)
		format_to(&text->sink, "%u %s %s interface %u rights 0x%x\n", process->number, process->name,
			  entry.name[0] != '\0' ? entry.name : "-", entry.interface, entry.rights);
}

static void capabilities(struct text *text)
{
	processes_each(text, capability_lines);
}

static void war_lines(struct text *text, struct process *process)
{
	spinlock_take(&process->lock);
	for (struct list_node *node = process->threads.next; node != &process->threads; node = node->next) {
		const struct thread *thread = LIST_OWNER(node, struct thread, of_process);

		if (thread->rings == NULL)
			continue;
		format_to(&text->sink, "%u %s cpu %u %s wars %llu calls %llu\n", process->number, process->name, thread->cpu,
			  ring_war_is_on(&thread->rings->war) ? "war" : "peace", (unsigned long long)thread->rings->war.wars,
			  (unsigned long long)thread->calls);
	}
	spinlock_give(&process->lock);
}

static void device_line(void *ctx, const struct device_governor *device)
{
	const struct governor_counters *counters = &device->governor.counters;
	struct text *text = ctx;

	format_to(&text->sink, "%s: %s switches %llu in_war %llu in_peace %llu polls %llu empty %llu wakes %llu\n", device->name,
		  device->governor.mode == GOVERNOR_WAR ? "war" : "peace", (unsigned long long)counters->switches,
		  (unsigned long long)counters->events[GOVERNOR_WAR], (unsigned long long)counters->events[GOVERNOR_PEACE],
		  (unsigned long long)counters->polls, (unsigned long long)counters->empty_polls, (unsigned long long)counters->wakes);
}

static void governor(struct text *text)
{
	static const char *const rules[] = { [GOVERNOR_AUTO] = "auto", [GOVERNOR_ALWAYS_PEACE] = "peace", [GOVERNOR_ALWAYS_WAR] = "war" };

	format_to(&text->sink, "rule %s\n", rules[ring_war_rule()]);
	device_governor_each(device_line, text);
	processes_each(text, war_lines);
}

static void machine(struct text *text)
{
	format_to(&text->sink, "cpus %u\nuptime_ns %llu\n", smp_online(), (unsigned long long)hal_timer_now_ns());
}

static const struct {
	const char *name;
	void (*write)(struct text *text);
} files[] = {
	{ "build", build },	      { "capabilities", capabilities }, { "fibers", fibers },       { "governor", governor },
	{ "machine", machine },       { "memory", memory },             { "processes", processes },
};

static const char *sys_name(unsigned file)
{
	return files[file].name;
}

static status_t text_make(unsigned file, struct text *text)
{
	*text = (struct text){ .sink = { text_add }, .bytes = malloc(TEXT_BYTES) };
	if (text->bytes == NULL)
		return STATUS_ENOMEM;
	files[file].write(text);
	return STATUS_OK;
}

static void sys_size(unsigned file, uint64_t *size, uint64_t *kept)
{
	struct text text;

	*size = 0;
	if (text_make(file, &text) == STATUS_OK) {
		*size = text.len;
		free(text.bytes);
	}
	*kept = *size;
}

static int64_t sys_read(unsigned file, uint64_t offset, void *data, size_t bytes)
{
	struct text text;
	struct span part;
	status_t status = text_make(file, &text);

	if (status != STATUS_OK)
		return status;
	if (offset > text.len)
		offset = text.len;
	if (bytes > text.len - offset)
		bytes = text.len - (size_t)offset;
	if (span_sub(span_of(text.bytes, text.len), offset, bytes, &part))
		memcpy(data, part.data, part.len);
	free(text.bytes);
	return (int64_t)bytes;
}

status_t sys_mount(struct fs **out)
{
	static const struct flat_source source = { ARRAY_LEN(files), sys_name, sys_size, sys_read };

	return flat_mount("sys", &source, out);
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What /proc/<pid> says of a process. It is there, and may be ending.
 *
 * Spec: proc(5)
 */
#include "hal/contract/memory.h"
#include "kernel/sys/linux/cpu_time.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/mm.h"
#include "kernel/sys/linux/mounts.h"
#include "kernel/sys/linux/path.h"
#include "kernel/sys/linux/process.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/terminal.h"
#include "kernel/sys/linux/text.h"
#include "kernel/sys/linux/thread.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/process.h"
#include "lib/string.h"

enum { KIB_A_PAGE = 4, PATH_BYTES = 512 };

#define TICK_NS 10000000ull

static void area_line(struct linux_text *text, struct linux_mm_info *area)
{
	static const char *const kinds[] = {
		[LINUX_AREA_PLAIN] = "", [LINUX_AREA_HEAP] = "[heap]", [LINUX_AREA_STACK] = "[stack]", [LINUX_AREA_VDSO] = "[vdso]",
	};
	char path[PATH_BYTES];
	const char *name = kinds[area->kind];

	if (area->file != NULL) {
		(void)linux_file_path(area->file, path, sizeof(path));
		name = path;
	}
	format_to(&text->sink, "%08llx-%08llx %c%c%c%c %08llx 00:%02x %u", (unsigned long long)area->start, (unsigned long long)area->end,
		  area->protection & LINUX_PROT_READ ? 'r' : '-', area->protection & LINUX_PROT_WRITE ? 'w' : '-',
		  area->protection & LINUX_PROT_EXEC ? 'x' : '-', area->is_shared ? 's' : 'p', (unsigned long long)area->offset,
		  area->file != NULL ? 1 : 0, area->file != NULL ? 1 : 0);
	if (name[0] != '\0')
		format_to(&text->sink, "%*s%s", 27, "", name);
	format_to(&text->sink, "\n");
}

static void areas_each(struct linux_text *text, struct process *of, bool with_pages,
		       void (*each)(struct linux_text *text, struct linux_mm_info *area))
{
	struct linux_mm_info area;

	for (uint64_t va = 0; !text->failed && linux_mm_next(of, va, with_pages, &area); va = area.end) {
		each(text, &area);
		if (area.file != NULL)
			linux_file_put(area.file);
	}
}

void linux_pid_maps(struct linux_text *text, struct process *of)
{
	areas_each(text, of, false, area_line);
}

static void area_pages(struct linux_text *text, struct linux_mm_info *area)
{
	unsigned long long kib = (area->end - area->start) / 1024;
	unsigned long long own = area->private_pages * KIB_A_PAGE;
	unsigned long long shared = area->shared_pages * KIB_A_PAGE;
	unsigned long long own_dirty = area->dirty_private_pages * KIB_A_PAGE;
	unsigned long long shared_dirty = area->dirty_shared_pages * KIB_A_PAGE;

	area_line(text, area);
	format_to(&text->sink, "Size:           %8llu kB\nRss:            %8llu kB\nPss:            %8llu kB\n", kib, own + shared, own + shared / 2);
	format_to(&text->sink, "Shared_Clean:   %8llu kB\nShared_Dirty:   %8llu kB\nPrivate_Clean:  %8llu kB\nPrivate_Dirty:  %8llu kB\n",
		  shared - shared_dirty, shared_dirty, own - own_dirty, own_dirty);
	format_to(&text->sink, "Referenced:     %8llu kB\nAnonymous:      %8llu kB\nAnonHugePages:         0 kB\nSwap:                  0 kB\n", own + shared,
		  area->file == NULL ? own + shared : own_dirty);
}

void linux_pid_smaps(struct linux_text *text, struct process *of)
{
	areas_each(text, of, true, area_pages);
}

/* The words as the program got them, up to AT_NULL and with it. */
void linux_pid_auxv(struct linux_text *text, struct process *of)
{
	struct linux_mm *mm = &of->personality->mm;
	uint64_t auxv[2 * LINUX_AUXV_MAX];
	unsigned words = 0;

	spinlock_take(&mm->lock);
	memcpy(auxv, mm->auxv, sizeof(auxv));
	spinlock_give(&mm->lock);
	while (auxv[words] != 0 && words < 2 * (LINUX_AUXV_MAX - 1))
		words += 2;
	if (words > 0)
		text->sink.write(&text->sink, (const char *)auxv, (words + 2) * sizeof(auxv[0]));
}

/*
 * One that has been woken, and not run since, counts as running. So does who waits for a file system's device, which Linux tells as 'D'.
 * A child that fork(2) is still making has no thread yet.
 */
static char state_of(const struct linux_text *text, const struct process *of)
{
	if (process_is_ending(of) || (text->thread == NULL && of->started))
		return 'Z';
	if (atomic_load_explicit(&of->personality->handlers.stopped, memory_order_relaxed) != 0)
		return 'T';
	return text->thread != NULL && atomic_load_explicit(&text->thread->personality->sleeps, memory_order_relaxed) != 0 ? 'S' : 'R';
}

/* What the number of a text's process, or thread, is told as. */
static unsigned number_of(const struct linux_text *text)
{
	return text->tid != 0 ? text->tid : text->pid;
}

static unsigned parent_of(const struct process *of)
{
	unsigned parent = 0;

	spinlock_take(&linux_family_lock);
	if (of->personality->family != NULL && of->personality->family->parent != NULL)
		parent = of->personality->family->parent->process->number;
	spinlock_give(&linux_family_lock);
	return parent;
}

void linux_pid_stat(struct linux_text *text, struct process *of)
{
	unsigned long long ticks = (text->tid != 0 && text->thread != NULL ? linux_cpu_time_thread(text->thread) : linux_cpu_time_process(of)) / TICK_NS;
	char name[LINUX_COMM_BYTES];
	uint64_t pages;
	uint64_t bytes;
	uint32_t terminal;
	int foreground;

	linux_mm_count(of, &pages, &bytes);
	linux_terminal_told(of, &terminal, &foreground);
	linux_comm_get(of, text->thread, name);
	format_to(&text->sink, "%u (%s) %c %u %u %u %u %d 0 0 0 0 0 %llu 0 0 0 20 0 %u 0 %llu %llu %llu 18446744073709551615", number_of(text), name,
		  state_of(text, of), parent_of(of), linux_family_group(of), linux_family_session(of), terminal, foreground, ticks, of->thread_count,
		  (unsigned long long)(of->personality->began_ns / TICK_NS), (unsigned long long)bytes, (unsigned long long)pages);
	format_to(&text->sink, " 0 0 0 0 0 0 0 0 0 0 0 0 %d %u 0 0 0 0 0 0 0 0 0 0 0 0 0\n", number_of(text) == text->pid ? LINUX_SIGCHLD : -1, text->thread != NULL ? text->thread->cpu : 0);
}

void linux_pid_statm(struct linux_text *text, struct process *of)
{
	uint64_t pages;
	uint64_t bytes;

	linux_mm_count(of, &pages, &bytes);
	format_to(&text->sink, "%llu %llu 0 0 0 %llu 0\n", (unsigned long long)(bytes / HAL_PAGE_BYTES), (unsigned long long)pages, (unsigned long long)pages);
}

static void ids_line(struct linux_text *text, const char *what, const struct linux_ids *ids)
{
	format_to(&text->sink, "%s:\t%u\t%u\t%u\t%u\n", what, ids->real, ids->effective, ids->saved, ids->file);
}

/* One line, whatever the name is. */
static void name_line(struct linux_text *text, struct process *of)
{
	char name[LINUX_COMM_BYTES];

	linux_comm_get(of, text->thread, name);
	format_to(&text->sink, "Name:\t");
	for (const char *at = name; *at != '\0'; at++)
		format_to(&text->sink, *at == '\n' ? "\\n" : *at == '\\' ? "\\\\" : "%c", *at);
	format_to(&text->sink, "\n");
}

/* What waits, for it alone and for its process, and what it does about signals. */
static void signal_lines(struct linux_text *text, struct process *of)
{
	enum { PENDING, SHARED, BLOCKED, IGNORED, CAUGHT, SETS };
	static const char *const names[SETS] = { "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt" };
	struct linux_handlers *handlers = &of->personality->handlers;
	uint64_t sets[SETS] = { 0 };
	unsigned queued;

	spinlock_take(&handlers->lock);
	queued = handlers->queued;
	sets[SHARED] = handlers->pending;
	if (text->thread != NULL) {
		sets[PENDING] = text->thread->personality->signals.pending;
		sets[BLOCKED] = text->thread->personality->signals.mask;
	}
	for (unsigned i = 0; i < LINUX_SIGNALS; i++)
		if (handlers->actions[i].handler != LINUX_SIG_DFL)
			sets[handlers->actions[i].handler == LINUX_SIG_IGN ? IGNORED : CAUGHT] |= LINUX_SIGNAL_BIT(i + 1);
	spinlock_give(&handlers->lock);
	format_to(&text->sink, "SigQ:\t%u/%llu\n", queued, (unsigned long long)of->personality->rlimits[LINUX_RLIMIT_SIGPENDING][0]);
	for (unsigned i = 0; i < SETS; i++)
		format_to(&text->sink, "%s:\t%016llx\n", names[i], (unsigned long long)sets[i]);
}

void linux_pid_status(struct linux_text *text, struct process *of)
{
	char state = state_of(text, of);
	struct linux_identity identity = { 0 };
	uint64_t pages;
	uint64_t bytes;

	linux_mm_count(of, &pages, &bytes);
	name_line(text, of);
	format_to(&text->sink, "Umask:\t%04o\nState:\t%c (%s)\nTgid:\t%u\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", of->personality->fds.umask, state,
		  state == 'Z' ? "zombie" : state == 'T' ? "stopped" : state == 'S' ? "sleeping" : "running", of->number, number_of(text), parent_of(of));
	spinlock_take(&of->lock);
	if (text->thread != NULL)
		identity = text->thread->personality->identity;
	spinlock_give(&of->lock);
	ids_line(text, "Uid", &identity.user);
	ids_line(text, "Gid", &identity.group);
	format_to(&text->sink, "FDSize:\t%u\nGroups:\t", of->personality->fds.capacity);
	for (uint32_t i = 0; i < identity.group_count; i++)
		format_to(&text->sink, "%u ", identity.groups[i]);
	format_to(&text->sink, "\n");
	format_to(&text->sink, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\nThreads:\t%u\n", (unsigned long long)bytes / 1024,
		  (unsigned long long)bytes / 1024, (unsigned long long)pages * KIB_A_PAGE, (unsigned long long)pages * KIB_A_PAGE, of->thread_count);
	signal_lines(text, of);
	format_to(&text->sink, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\nNoNewPrivs:\t%u\nSeccomp:\t0\n",
		  (unsigned long long)identity.inheritable, (unsigned long long)identity.permitted, (unsigned long long)identity.effective,
		  (unsigned long long)identity.bounding, (unsigned long long)identity.ambient, identity.no_new_privileges);
}

/* Nothing, where it has been closed. */
void linux_pid_fdinfo(struct linux_text *text, struct process *of)
{
	const struct linux_root *root = thread_current()->process->personality->root; /* the family's is the same, and its own may be gone */
	int64_t closes = linux_fd_close_on_exec(of, (int)text->number);
	struct linux_stat stat = { 0 };
	struct linux_file *file;
	uint64_t offset;

	if (linux_fd_get(of, (int)text->number, 0, &file) != STATUS_OK)
		return;
	spinlock_take(&file->lock);
	offset = file->offset;
	spinlock_give(&file->lock);
	(void)!linux_file_stat(file, &stat);
	format_to(&text->sink, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (unsigned long long)offset,
		  linux_file_flags(file) | (closes == 1 ? LINUX_O_CLOEXEC : 0u), linux_mount_number(root, linux_file_dentry(file)), (unsigned long long)stat.fs.id);
	linux_file_put(file);
}

void linux_pid_comm(struct linux_text *text, struct process *of)
{
	char name[LINUX_COMM_BYTES];

	linux_comm_get(of, text->thread, name);
	format_to(&text->sink, "%s\n", name);
}

void linux_pid_limits(struct linux_text *text, struct process *of)
{
	static const char *const names[] = {
		"Max cpu time", "Max file size", "Max data size", "Max stack size", "Max core file size", "Max resident set", "Max processes", "Max open files",
		"Max locked memory", "Max address space", "Max file locks", "Max pending signals", "Max msgqueue size", "Max nice priority",
		"Max realtime priority", "Max realtime timeout",
	};

	format_to(&text->sink, "%-26s%-21s%-21s\n", "Limit", "Soft Limit", "Hard Limit");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		format_to(&text->sink, "%-26s", names[i]);
		for (unsigned k = 0; k < 2; k++) {
			uint64_t limit = of->personality->rlimits[i][k];

			if (limit == UINT64_MAX)
				format_to(&text->sink, "%-21s", "unlimited");
			else
				format_to(&text->sink, "%-21llu", (unsigned long long)limit);
		}
		format_to(&text->sink, "\n");
	}
}

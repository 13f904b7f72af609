// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Mappings, all at places of an arena that the program chose: pages are named by their number in it. What a page allows is told by
 * the kernel's own reading and writing of it, through a pipe, so that nothing faults.
 */
#include <sys/mman.h>

#include "tests/conformance/sequence/call.h"

static uint8_t *arena;

static void *page(long number)
{
	return arena + number * PAGE_BYTES;
}

void memory_init(void)
{
	long found = SYS(mmap, NULL, ARENA_PAGES * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (found > 0)
		arena = (uint8_t *)found;
}

/* What a call returned that gives an address: errors, or 0. */
static long error_of(long result)
{
	return result < 0 && result > -4096 ? result : 0;
}

/* Page, pages, protection, flags, slot, and the offset in pages. */
static long do_mmap(const long *arg, struct line *line)
{
	long found = SYS(mmap, page(arg[0]), arg[1] * PAGE_BYTES, arg[2], arg[3] | MAP_FIXED, fd_of(arg[4]), arg[5] * PAGE_BYTES);

	if (error_of(found) == 0)
		say(line, " at=%ld", (found - (long)arena) / PAGE_BYTES);
	return error_of(found);
}

/* Where the kernel likes; gone again at once. */
static long do_mmap_anywhere(const long *arg, struct line *line)
{
	long found = SYS(mmap, 0, arg[0], arg[1], arg[2], fd_of(arg[3]), arg[4]);

	if (error_of(found) == 0) {
		say(line, " aligned=%d", found % PAGE_BYTES == 0);
		SYS(munmap, found, arg[0]);
	}
	return error_of(found);
}

static long do_munmap(const long *arg, struct line *line)
{
	(void)line;
	return SYS(munmap, (uint8_t *)page(arg[0]) + arg[2], arg[1] * PAGE_BYTES);
}

static long do_mprotect(const long *arg, struct line *line)
{
	(void)line;
	return SYS(mprotect, page(arg[0]), arg[1] * PAGE_BYTES, arg[2]);
}

/* Within the arena: page, pages before and after, flags, the page it moves to. */
static long do_mremap(const long *arg, struct line *line)
{
	long found = SYS(mremap, page(arg[0]), arg[1] * PAGE_BYTES, arg[2] * PAGE_BYTES, arg[3], page(arg[4]));

	if (error_of(found) == 0)
		say(line, " at=%ld", (found - (long)arena) / PAGE_BYTES);
	return error_of(found);
}

static long do_madvise(const long *arg, struct line *line)
{
	(void)line;
	return SYS(madvise, page(arg[0]), arg[1] * PAGE_BYTES, arg[2]);
}

static long do_msync(const long *arg, struct line *line)
{
	(void)line;
	return SYS(msync, page(arg[0]), arg[1] * PAGE_BYTES, arg[2]);
}

/* What is in a page, where it can be read. Of one that cannot, Linux may leave an empty buffer in the pipe, which a read takes away. */
static long do_peek(const long *arg, struct line *line)
{
	uint8_t *at = (uint8_t *)page(arg[0]) + arg[1] % PAGE_BYTES;
	uint8_t byte;
	long result = SYS(write, probe_pipe[1], at, 1);

	SYS(read, probe_pipe[0], &byte, 1);
	if (result == 1)
		say(line, " %u", byte);
	return result;
}

/* Puts a byte into a page, where it can be written. */
static long do_poke(const long *arg, struct line *line)
{
	uint8_t *at = (uint8_t *)page(arg[0]) + arg[1] % PAGE_BYTES;
	uint8_t byte = (uint8_t)arg[2];
	long result;

	(void)line;
	SYS(write, probe_pipe[1], &byte, 1);
	result = SYS(read, probe_pipe[0], at, 1);
	if (result != 1)
		SYS(read, probe_pipe[0], &byte, 1); /* else the next would find it */
	return result;
}

/* A whole mapping into a file, or out of it: what crosses pages that differ ends early. */
static long do_write_from(const long *arg, struct line *line)
{
	(void)line;
	return SYS(write, fd_of(arg[0]), page(arg[1]), arg[2]);
}

static long do_read_into(const long *arg, struct line *line)
{
	(void)line;
	return SYS(read, fd_of(arg[0]), page(arg[1]), arg[2]);
}

/* The break, up by so many bytes and back. */
static long do_brk(const long *arg, struct line *line)
{
	long before = SYS(brk, 0), after = SYS(brk, before + arg[0]);

	if (after > before)
		*(volatile uint8_t *)(after - 1) = 1;
	long last = SYS(brk, before);
	say(line, " back=%d", last == before);
	return after - before;
}

const struct operation memory_operations[] = {
	{"mmap", do_mmap}, {"mmap_anywhere", do_mmap_anywhere}, {"munmap", do_munmap}, {"mprotect", do_mprotect}, {"mremap", do_mremap},
	{"madvise", do_madvise}, {"msync", do_msync}, {"peek", do_peek}, {"poke", do_poke}, {"write_from", do_write_from},
	{"read_into", do_read_into}, {"brk", do_brk}, {NULL, NULL},
};

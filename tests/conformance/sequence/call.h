// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What the operations of a sequence share. An operation makes one system call (a few do what belongs to one), returns
 * what it returned, and may say more. What it says must be the same wherever Linux's rules are kept: no addresses, process
 * ids, times or file numbers.
 *
 * Rejected: a C library between. It would check and translate first, and start with calls of its own.
 */
#ifndef TESTS_CONFORMANCE_SEQUENCE_CALL_H
#define TESTS_CONFORMANCE_SEQUENCE_CALL_H

#include <asm/unistd.h>
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/format.h"
#include "lib/string.h"

enum { ARGS = 6, SLOTS = 16, LINE_BYTES = 512, BUFFER_BYTES = 65536, ARENA_PAGES = 64, PAGE_BYTES = 4096 };

static inline long sys6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

#define SYS_SIX(number, a, b, c, d, e, f, ...) sys6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* A system call by name, with what arguments it has. */
#define SYS(name, ...) SYS_SIX(__NR_##name __VA_OPT__(,) __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* What an operation says beside its result. */
struct line {
	char text[LINE_BYTES];
	size_t len;
};

struct operation {
	const char *name;
	long (*run)(const long *arg, struct line *line);
};

/* As the kernel has them: the C library's differ. */
struct action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static_assert(sizeof(struct action) == 32, "as the kernel reads it");

/* Tables end with an entry without a name. */
extern const struct operation files_operations[], names_operations[], descriptors_operations[], memory_operations[], events_operations[],
	signals_operations[], timers_operations[], sockets_operations[], process_operations[], splices_operations[], users_operations[],
	identities_operations[], terminals_operations[], watches_operations[], locks_operations[], queues_operations[], sysv_operations[];

/* Descriptors by slot: what a sequence opens is used by the number of its slot. */
extern int slots[SLOTS];
/* Bytes to and from calls. */
extern uint8_t buffer[BUFFER_BYTES];
/* A pipe of the program's own, by which memory is looked at without touching it. */
extern int probe_pipe[2];

/* The descriptor of a slot; other numbers are descriptors themselves, to try those that are none. */
int fd_of(long slot);
/* Puts what a call returned into a slot, and gives it back. */
long keep(long slot, long result);
/* A name below /tmp by its number; numbers beyond give a pointer to nowhere. */
const char *name_of(long number);
/* Bytes that depend on `seed` alone, into the buffer; and the other way round, what bytes there are, as a number. */
void fill(long seed, size_t len);
unsigned digest(const void *data, size_t len);
void say(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t at_most(long len, size_t most);

/* What a family needs before the first sequence. */
void memory_init(void);
void signals_init(void);
void process_init(void);
/* /tmp as it was when the program started. */
void files_reset(void);
/* No message queue. */
void queues_reset(void);
/* Nothing of System V that has a key. */
void sysv_reset(void);
/* Nor that of the sequence that ends which has none. */
void sysv_leave(void);

#endif

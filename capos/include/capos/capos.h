// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * libcapos: what a native application of Rumpk is written with. An application has the capabilities that its manifest names, or that
 * whoever made it gave it, and can do nothing else; each call here is one submission to the kernel unless it says otherwise.
 *
 *   <capos/capos.h>      start and end, capabilities, calls, the C heap; it includes the next two
 *   <capos/interfaces.h> a header for each interface, made from its definition: capos_console_write_line() and so on
 *   <capos/operation.h>  the rings used asynchronously: batches, links, timeouts, cancellation
 *   <capos/thread.h>    threads, mutex, condition, once
 *   <capos/process.h>    new processes from programs of the bundle
 *   <capos/channel.h>    messages from one process to another through memory that both have
 *
 * Errors: functions that return int64_t give 0 or more, or a negative errno in Linux numbering. A pointer that the
 * process may not read ends the process, as an access of its own would.
 * Threads: every function may be called from any thread.
 *
 * The application defines main: `int main(int argc, char **argv)`, or with a third parameter `char **envp`. Its value is the process's
 * exit code. Constructors (__attribute__((constructor))) run before it; when it returns, capos_exit() is called.
 */
#ifndef CAPOS_CAPOS_H
#define CAPOS_CAPOS_H

#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>
#include <capos/interfaces.h>
#include <capos/operation.h>

/* Ends the process with `code`, now. No submission: a system call. */
_Noreturn void capos_sys_exit(int code);

/* Ends the process with `code` after the functions of atexit(), the last one first, and destructors. */
_Noreturn void capos_exit(int code);

#define CAPOS_ATEXIT_MAX 64

/* Has `handler` called by capos_exit(), which main()'s end calls as well. 0; -1 where there are CAPOS_ATEXIT_MAX already. */
int atexit(void (*handler)(void));

/* The value of a variable of the environment, from manifest or parent; NULL where it has none of that name. No call of the kernel. */
const char *capos_environment_get(const char *name);

/*
 * Carries out what was submitted and waits until `min_complete` completions can be taken, for at most `timeout_ns`
 * (CAPOS_WAIT_FOREVER: as long as it takes). Returns how many can be taken; -EINVAL where min_complete is above CAPOS_COMPLETIONS,
 * -EDEADLK where it would wait for ever for what cannot come. For programs that write into the rings by hand.
 */
int64_t capos_sys_cap_enter(uint32_t min_complete, uint64_t timeout_ns);

/* The capability that was granted under `name` ("console"), or CAPOS_CAP_NONE. No call of the kernel. */
capos_cap_t capos_capset_get(const char *name);

/* A call: a submission, but for what the library fills in. What is left out is 0, and does no harm. */
struct capos_request {
	capos_cap_t cap;
	uint16_t method;
	const void *params; /* read by the kernel; bytes: */
	uint32_t params_len;
	uint32_t result_len;
	void *result; /* room for what comes back besides the number, result_len bytes; W: kernel */
	const struct capos_transfer *transfers; /* capabilities handed over; how many: */
	uint32_t transfer_count;
	uint64_t timeout_ns; /* of a method that waits; 0: no limit */
};

/*
 * Carries out a request and waits for its result, which it returns. `new_cap`, where it is not NULL, gets the capability received, or
 * CAPOS_CAP_NONE. The typed functions of <capos/interfaces.h> call this one.
 * Errors besides the method's own: -EBADF no such capability, -ENOSYS no such method, -EACCES the capability lacks the right,
 * -EINVAL or -EMSGSIZE lengths, -ETIMEDOUT, -ECANCELED.
 */
int64_t capos_call(const struct capos_request *request, capos_cap_t *new_cap);

/* capos_call() without transfers, timeout and new capability. `params` and `result` may be NULL with length 0. */
int64_t capos_cap_call(capos_cap_t cap, uint16_t method, const void *params, uint32_t params_len, void *result,
		       uint32_t result_len);

/*
 * Formats one line, as printf does, and puts it on the console that was granted as "console". No floating point. What is longer than
 * CAPOS_CONSOLE_LINE_MAX is cut off. -EBADF: no console was granted.
 */
int64_t capos_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The C heap, over the memory capability: grows up to the manifest's `memory`, and gives pages back when they are free. free() of
 * what was not allocated, or was freed already, ends the process (a breakpoint fault).
 */
void *malloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *calloc(size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));
void *realloc(void *address, size_t bytes) __attribute__((warn_unused_result));
/* Any power of two; `bytes` need not be a multiple of it. realloc() keeps no alignment above 16. */
void *aligned_alloc(size_t align, size_t bytes) __attribute__((malloc, warn_unused_result));
void free(void *address);

/* How many bytes an allocation really has room for: what was asked for, or more. 0 for NULL. */
size_t malloc_usable_size(void *address);

/* Gives pages that were kept for the next allocations back to the kernel. */
void capos_heap_trim(void);

#endif

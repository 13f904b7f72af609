// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * libcapos: what a native application of Rumpk is written with. An application has the capabilities that its manifest names
 * and can do nothing else; each call here is one submission to the kernel unless it says otherwise.
 *
 * Errors: functions that return int64_t give 0 or more, or a negative errno in Linux numbering. A pointer that the
 * process may not read ends the process, as an access of its own would.
 * Threads: one. Nothing here may be called from two places at once.
 */
#ifndef CAPOS_CAPOS_H
#define CAPOS_CAPOS_H

#include <stddef.h>
#include <stdint.h>

#include <capos/abi.h>

/* The application. Its value is the process's exit code. */
int main(int argc, char **argv);

/* Ends the process with `code`. No submission: a system call. */
_Noreturn void capos_sys_exit(int code);

/*
 * Carries out what was submitted and waits until `min_complete` completions can be taken, for at most `timeout_ns`
 * (CAPOS_WAIT_FOREVER: as long as it takes). Returns how many can be taken; -EINVAL where min_complete is above CAPOS_COMPLETIONS,
 * -EDEADLK where it would wait for ever for what cannot come.
 */
int64_t capos_sys_cap_enter(uint32_t min_complete, uint64_t timeout_ns);

/* The capability that the manifest grants under `name` ("console"), or CAPOS_CAP_NONE. No call of the kernel. */
capos_cap_t capos_capset_get(const char *name);

/*
 * Calls `method` of a capability and waits for its result. `params` (params_len bytes) is read and `result` (result_len bytes) written by the
 * kernel; either may be NULL with length 0. Completions of submissions made otherwise stay in the ring's order: do not mix.
 * Errors besides the method's own: -EBADF no such capability, -ENOSYS no such method, -EACCES the capability lacks the right,
 * -EINVAL or -EMSGSIZE lengths.
 */
int64_t capos_cap_call(capos_cap_t cap, uint16_t method, const void *params, uint32_t params_len, void *result,
		       uint32_t result_len);

/*
 * Puts one line, or several separated by '\n', on the console under this process's name. At most CAPOS_CONSOLE_LINE_MAX bytes
 * (-EMSGSIZE); control characters come out as '?'.
 */
int64_t capos_console_write_line(capos_cap_t console, const char *text, size_t len);

/*
 * Memory. `memory` is the capability of that name, which every process has. Map returns the address of `bytes` of zeroed memory, whole pages
 * (CAPOS_PAGE_BYTES), or -ENOMEM where the manifest's budget is used up; unmap takes whole pages back.
 */
int64_t capos_memory_map(capos_cap_t memory, uint64_t bytes);
int64_t capos_memory_unmap(capos_cap_t memory, void *address, uint64_t bytes);

/* The C heap, over the memory capability. free() of what was not allocated ends the process (a breakpoint fault). */
void *malloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *calloc(size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));
void *realloc(void *address, size_t bytes) __attribute__((warn_unused_result));
void free(void *address);

#endif

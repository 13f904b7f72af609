// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The native ABI: all that a process and the kernel agree on. Two system calls (SVC #0, number in x8, arguments from x0,
 * result in x0); everything else is a submission in shared memory, answered by a completion.
 *
 * At start x0 points to a struct capos_start, which like all it points to is read-only but for the rings.
 * Integers are little-endian, addresses are the process's own. docs/abi.md tells the rules.
 */
#ifndef CAPOS_ABI_H
#define CAPOS_ABI_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CAPOS_ABI_VERSION 1u

/* exit(int code): does not return. */
#define CAPOS_SYS_EXIT 0u
/*
 * cap_enter(uint32_t min_complete, uint64_t timeout_ns): carries out what was submitted, and returns how many completions wait to be
 * taken once they are at least min_complete, or the time is over.
 */
#define CAPOS_SYS_CAP_ENTER 1u
#define CAPOS_WAIT_FOREVER UINT64_MAX

#define CAPOS_SUBMISSIONS 64u /* capacity of the submission ring, entries */
#define CAPOS_COMPLETIONS 128u

typedef uint32_t capos_cap_t; /* names a capability of this process */
#define CAPOS_CAP_NONE 0u

/* What one asks of a capability. A parameter or result of length 0 may have any address. */
struct capos_submission {
	capos_cap_t cap;
	uint16_t method;
	uint16_t flags;  /* 0 */
	uint64_t params; /* address of the parameters; bytes: */
	uint64_t result; /* address of room for results; bytes: */
	uint32_t params_len;
	uint32_t result_len;
	uint64_t user_data; /* comes back in the completion, uninterpreted */
	uint64_t transfer;  /* address of capos_cap_t to hand over; how many: */
	uint32_t transfer_count;
	uint32_t reserved0; /* 0 */
	uint64_t reserved1; /* 0 */
};

struct capos_completion {
	uint64_t user_data;
	int64_t result;      /* what the method says, or a negative errno */
	capos_cap_t new_cap; /* a capability received, or CAPOS_CAP_NONE */
	uint32_t reserved0;
	uint64_t reserved1;
};

/*
 * The cursors of both rings count entries since the start, modulo 2^32; entry i lies at i modulo the capacity. Each is
 * written by one side with release, and read by the other with acquire.
 */
struct capos_rings {
	alignas(64) _Atomic uint32_t submit_tail;   /* W: process, after it filled the entries */
	alignas(64) _Atomic uint32_t submit_head;   /* W: kernel, after it copied them */
	alignas(64) _Atomic uint32_t complete_tail; /* W: kernel, after it filled the entries */
	alignas(64) _Atomic uint32_t complete_head; /* W: process, after it copied them */
	/* W: kernel. Not 0: it looks at the submissions by itself, and cap_enter is not needed. It may stop at any time: a process
	 * publishes submit_tail, then, after a full barrier, looks here. */
	alignas(64) _Atomic uint32_t polled;
};

/* One capability that the manifest granted. */
struct capos_capset_entry {
	char name[24]; /* NUL-terminated */
	capos_cap_t cap;
	uint32_t interface; /* CAPOS_INTERFACE_* */
	uint32_t rights;    /* of that interface */
	uint32_t reserved;
};

#define CAPOS_START_MAGIC 0x736f706163ul /* "capos" */

struct capos_start {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes; /* of this structure */
	uint64_t rings;       /* struct capos_rings */
	uint64_t submissions; /* struct capos_submission[CAPOS_SUBMISSIONS] */
	uint64_t completions; /* struct capos_completion[CAPOS_COMPLETIONS] */
	uint64_t capset;      /* struct capos_capset_entry[capset_count] */
	uint32_t capset_count;
	uint32_t argc;
	uint64_t argv; /* uint64_t[argc + 1], addresses of NUL-terminated strings, then 0 */
};

/* Interfaces, their methods and rights. */
#define CAPOS_INTERFACE_CONSOLE 1u
#define CAPOS_CONSOLE_WRITE_LINE 1u /* params: text, at most CAPOS_CONSOLE_LINE_MAX bytes; result: 0. Right: WRITE */
#define CAPOS_CONSOLE_LINE_MAX 1024u
#define CAPOS_CONSOLE_RIGHT_WRITE 1u

#define CAPOS_INTERFACE_MEMORY 2u
#define CAPOS_MEMORY_MAP 1u   /* params: struct capos_memory_map; result: the address, or negative. Right: MAP */
#define CAPOS_MEMORY_UNMAP 2u /* params: struct capos_memory_unmap; result: 0. Right: MAP */
#define CAPOS_MEMORY_RIGHT_MAP 1u

struct capos_memory_map {
	uint64_t bytes; /* a multiple of CAPOS_PAGE_BYTES, not 0 */
};

struct capos_memory_unmap {
	uint64_t address; /* as map returned it, or a page inside */
	uint64_t bytes;   /* all of it mapped */
};

#define CAPOS_PAGE_BYTES 4096u

static_assert(sizeof(struct capos_submission) == 64, "wire format");
static_assert(offsetof(struct capos_submission, params_len) == 24, "wire format");
static_assert(offsetof(struct capos_submission, user_data) == 32, "wire format");
static_assert(offsetof(struct capos_submission, transfer_count) == 48, "wire format");
static_assert(sizeof(struct capos_completion) == 32, "wire format");
static_assert(offsetof(struct capos_completion, new_cap) == 16, "wire format");
static_assert(sizeof(struct capos_rings) == 320, "wire format");
static_assert(offsetof(struct capos_rings, complete_head) == 192, "wire format");
static_assert(offsetof(struct capos_rings, polled) == 256, "wire format");
static_assert(sizeof(struct capos_capset_entry) == 40, "wire format");
static_assert(sizeof(struct capos_start) == 64, "wire format");
static_assert((CAPOS_SUBMISSIONS & (CAPOS_SUBMISSIONS - 1)) == 0, "a power of two");
static_assert((CAPOS_COMPLETIONS & (CAPOS_COMPLETIONS - 1)) == 0, "a power of two");

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The native ABI: all that a process and the kernel agree on. Two system calls (SVC #0, number in x8, arguments from x0,
 * result in x0); everything else is a submission in shared memory, answered by a completion.
 *
 * A thread starts with its argument in x0, the main thread with the address of a struct capos_start, which like all it points to is
 * read-only but for the rings; and with the address of its ring block in x1.
 * Integers are little-endian, addresses are the process's own. docs/abi.md tells the rules.
 */
#ifndef CAPOS_ABI_H
#define CAPOS_ABI_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CAPOS_ABI_VERSION 2u

/* exit(int code): ends the process, with all its threads. Does not return. */
#define CAPOS_SYS_EXIT 0u
/*
 * cap_enter(uint32_t min_complete, uint64_t timeout_ns): carries out what was submitted in the calling thread's rings, and returns how
 * many completions wait to be taken once they are at least min_complete, or the time is over.
 */
#define CAPOS_SYS_CAP_ENTER 1u
#define CAPOS_WAIT_FOREVER UINT64_MAX

#define CAPOS_PAGE_BYTES 4096u
#define CAPOS_SUBMISSIONS 64u /* capacity of the submission ring, entries */
#define CAPOS_COMPLETIONS 128u

typedef uint32_t capos_cap_t; /* names a capability of this process */
#define CAPOS_CAP_NONE 0u

/* Flags of a submission. LINK: the next one starts once this has completed, and only if its result is not negative; else that one, and
 * what is linked to it, completes with -ECANCELED. */
#define CAPOS_SUBMIT_LINK 1u

/* What one asks of a capability. A parameter or result of length 0 may have any address. */
struct capos_submission {
	capos_cap_t cap;
	uint16_t method;
	uint16_t flags;  /* CAPOS_SUBMIT_* */
	uint64_t params; /* address of the parameters; bytes: */
	uint64_t result; /* address of room for results; bytes: */
	uint32_t params_len;
	uint32_t result_len;
	uint64_t user_data; /* comes back in the completion, uninterpreted */
	uint64_t transfer;  /* address of struct capos_transfer; how many: */
	uint32_t transfer_count;
	uint32_t reserved;   /* 0 */
	uint64_t timeout_ns; /* of a method that waits: -ETIMEDOUT after so long. 0: no limit */
};

struct capos_completion {
	uint64_t user_data;
	int64_t result;      /* what the method says, or a negative errno */
	capos_cap_t new_cap; /* a capability received, or CAPOS_CAP_NONE */
	uint32_t reserved0;
	uint64_t reserved1;
};

#define CAPOS_TRANSFERS_MAX 16u /* of one submission */
#define CAPOS_NAME_BYTES 24u    /* of a capability's name, with its NUL */

/* A capability to hand over: the receiver gets a copy of `cap` with those of its rights that are in `rights` too. */
struct capos_transfer {
	capos_cap_t cap;
	uint32_t rights;
	char name[CAPOS_NAME_BYTES]; /* what the receiver finds it under; NUL-terminated */
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

/* A thread's ring block: three pages, the cursors in the first, then the submissions, then the completions (read-only). */
#define CAPOS_RINGS_SUBMISSIONS 4096u /* offset of struct capos_submission[CAPOS_SUBMISSIONS] */
#define CAPOS_RINGS_COMPLETIONS 8192u /* offset of struct capos_completion[CAPOS_COMPLETIONS] */
#define CAPOS_RINGS_BYTES 12288u

/* A capability as the start page and capset.list show it. */
struct capos_capset_entry {
	char name[CAPOS_NAME_BYTES]; /* NUL-terminated; empty where it has none */
	capos_cap_t cap;
	uint32_t interface; /* CAPOS_INTERFACE_* */
	uint32_t rights;    /* of that interface */
	uint32_t reserved;
};

#define CAPOS_START_MAGIC 0x736f706163ul /* "capos" */

/* What the main thread's x0 points to at its start. x1: the address of its ring block, as for every thread. */
struct capos_start {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes;    /* of this structure */
	uint64_t process;  /* the process's id */
	uint64_t rings;    /* the main thread's ring block: struct capos_rings */
	uint64_t capset;   /* struct capos_capset_entry[capset_count] */
	uint32_t capset_count;
	uint32_t argc;
	uint64_t argv; /* uint64_t[argc + 1], addresses of NUL-terminated strings, then 0 */
	uint64_t envp; /* the same with "NAME=value", up to a 0 */
};

/* An entry of a directory as dir.list gives it; the next one follows after record_bytes, a multiple of 8. */
struct capos_dir_entry {
	uint64_t id;     /* of what it names, in its file system */
	uint64_t cookie; /* for the next list, which goes on behind this entry */
	uint16_t record_bytes;
	uint8_t type;       /* CAPOS_DIR_TYPE_* */
	uint8_t name_bytes; /* without its NUL */
	char name[4];       /* and as many as it has, with a NUL behind them */
};

static_assert(sizeof(struct capos_dir_entry) == 24, "wire format");
static_assert(offsetof(struct capos_dir_entry, name) == 20, "wire format");
static_assert(sizeof(struct capos_submission) == 64, "wire format");
static_assert(offsetof(struct capos_submission, params_len) == 24, "wire format");
static_assert(offsetof(struct capos_submission, user_data) == 32, "wire format");
static_assert(offsetof(struct capos_submission, transfer_count) == 48, "wire format");
static_assert(offsetof(struct capos_submission, timeout_ns) == 56, "wire format");
static_assert(sizeof(struct capos_completion) == 32, "wire format");
static_assert(offsetof(struct capos_completion, new_cap) == 16, "wire format");
static_assert(sizeof(struct capos_transfer) == 32, "wire format");
static_assert(sizeof(struct capos_rings) == 320, "wire format");
static_assert(offsetof(struct capos_rings, complete_head) == 192, "wire format");
static_assert(offsetof(struct capos_rings, polled) == 256, "wire format");
static_assert(sizeof(struct capos_capset_entry) == 40, "wire format");
static_assert(sizeof(struct capos_start) == 64, "wire format");
static_assert(offsetof(struct capos_start, argv) == 48, "wire format");
static_assert(CAPOS_SUBMISSIONS * sizeof(struct capos_submission) == CAPOS_RINGS_COMPLETIONS - CAPOS_RINGS_SUBMISSIONS, "one page");
static_assert(CAPOS_COMPLETIONS * sizeof(struct capos_completion) == CAPOS_RINGS_BYTES - CAPOS_RINGS_COMPLETIONS, "one page");
static_assert((CAPOS_SUBMISSIONS & (CAPOS_SUBMISSIONS - 1)) == 0, "a power of two");
static_assert((CAPOS_COMPLETIONS & (CAPOS_COMPLETIONS - 1)) == 0, "a power of two");

#endif

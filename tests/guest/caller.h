// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process that never runs: the test's own fiber fills its rings and has the kernel carry them out, as the process's thread would. */
#ifndef TESTS_GUEST_CALLER_H
#define TESTS_GUEST_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap/object.h"
#include "tests/guest/user.h"

#define CALLER_VA 0x500000ul /* a page of the process's for parameters and results; the first word is for events */
enum { CALLER_PARAMS = 256, CALLER_PARAMS_EACH = 16 };

struct caller {
	struct user user;
	uint8_t *page;       /* the one at CALLER_VA */
	uint32_t taken;      /* completions */
	uint32_t submitted;
	capos_cap_t clock;   /* besides what every process has: */
	capos_cap_t channel;
};

/* On this CPU. STATUS_ENOMEM. */
MUST_CHECK status_t caller_begin(struct caller *caller);

/* Ends all it waits for, and gives everything back. */
void caller_end(struct caller *caller);

/* The number of the capability it has under a name. */
capos_cap_t caller_cap(struct caller *caller, const char *name);

/* Submits; `params` is copied to the process. It is carried out by caller_run(). */
void caller_submit(struct caller *caller, struct capos_submission submission, const void *params, uint32_t bytes);

/* Carries out what was submitted and what has finished. False where the process is to end. */
bool caller_run(struct caller *caller);

/* Takes the next completion, which comes within a second or not at all. */
bool caller_take(struct caller *caller, struct capos_completion *completion);

/* A call alone: its result, or INT64_MIN where it does not come. */
int64_t caller_call(struct caller *caller, struct capos_submission submission, const void *params, uint32_t bytes);

#endif

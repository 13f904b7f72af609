// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Rings that two threads share, one of which has a program proven: that takes its time, and gives the other its turn before it is complete. The
 * signature is not the program's.
 */
#include <capos/thread.h>

#include "tests/apps/filecheck/check.h"

enum { ALL = CAPOS_SUBMISSIONS, A_MOMENT_NS = 20000 };

static struct capos_operation nops[2][ALL];
static atomic_bool may_fill, may_end;

static void nops_put(struct capos_operation *operations)
{
	struct capos_submission submissions[ALL];

	for (unsigned i = 0; i < ALL; i++)
		submissions[i] = capos_ring_nop_submission(capos_capset_get("ring"));
	(void)capos_submit_batch(submissions, operations, ALL);
	(void)capos_sys_cap_enter(0, 0);
}

/* Enters the kernel again and again; when it may, it has as many completions made as there is room for. */
static int other(void *arg)
{
	(void)arg;
	while (!atomic_load(&may_fill) && !atomic_load(&may_end))
		(void)capos_sys_cap_enter(CAPOS_COMPLETIONS, A_MOMENT_NS);
	if (!atomic_load(&may_end))
		nops_put(nops[1]);
	return 0;
}

static struct capos_submission proof(void)
{
	static const char path[] = "data/large";
	static const struct capos_dir_program params = { .path = (uint64_t)path, .path_bytes = sizeof(path) - 1 };
	const char *rest;

	return capos_dir_program_submission(capos_path_find("/app", &rest), &params, 0);
}

/* What is linked to it waits until it is complete, and is cancelled then. */
static void links(void)
{
	struct capos_submission submissions[2] = { proof(), capos_ring_nop_submission(capos_capset_get("ring")) };
	struct capos_operation operations[2];

	submissions[0].flags = CAPOS_SUBMIT_LINK;
	(void)capos_submit_batch(submissions, operations, 2);
	(void)capos_operation_wait(&operations[0], CAPOS_WAIT_FOREVER);
	(void)capos_operation_wait(&operations[1], CAPOS_WAIT_FOREVER);
	expect("a signature of something else", operations[0].result, STATUS_EKEYREJECTED);
	expect("what is linked to it", operations[1].result, STATUS_ECANCELED);
}

/* There is room for its completion, however many others there are by then. */
static void room(void)
{
	struct capos_submission submission = proof();
	struct capos_operation operation;

	nops_put(nops[0]);
	(void)capos_submit(&submission, &operation);
	atomic_store(&may_fill, true);
	(void)capos_sys_cap_enter(0, 0);
	(void)capos_operation_wait(&operation, CAPOS_WAIT_FOREVER);
	expect("beside others", operation.result, STATUS_EKEYREJECTED);
}

void check_shared(void)
{
	static const struct capos_thread_options options = { .share_rings = true };
	struct capos_thread thread;
	unsigned done = 0;

	expect("a thread", capos_thread_create(&thread, &options, other, NULL), 0);
	links();
	room();
	atomic_store(&may_end, true);
	expect("its end", capos_thread_join(&thread, NULL), 0);
	for (unsigned i = 0; i < 2 * ALL; i++)
		done += capos_operation_wait(&nops[i / ALL][i % ALL], CAPOS_WAIT_FOREVER) == 0;
	expect("every completion", done, 2 * ALL);
}

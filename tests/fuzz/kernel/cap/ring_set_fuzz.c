// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A ring set through any history: submissions that finish at once, later, never, linked or not, cancelled, out of time, and cursors of any
 * value. Each submission taken is completed once, and none that is linked to another starts before that has ended well.
 */
#define KERNEL_DEBUG 1

#include <string.h>

#include "hal/contract/cpu.h"

#define hal_cpu_relax() ((void)0) /* the target's own instruction */

#include "kernel/cap/chain.c"
#include "kernel/cap/operation.c"
#include "kernel/cap/ring_set.c"
#include "kernel/sys/submissions.c"
#include "tests/fuzz/fuzz.h"

enum { SUBMITTED_MAX = 1 << 16, QUEUE_MAX = CAPOS_COMPLETIONS };

enum method { METHOD_GOOD, METHOD_BAD, METHOD_WAITS, METHOD_WAITS_LIMITED, METHOD_AT_ONCE, METHOD_CANCELS, METHODS };

static struct process process;
static struct thread thread;
static struct object object;
static struct capos_rings shared;
static struct capos_submission submissions[CAPOS_SUBMISSIONS];
static struct capos_completion completions[CAPOS_COMPLETIONS];
static struct operation *queue[QUEUE_MAX]; /* operations that wait */
static unsigned queued;
static uint64_t submitted; /* user_data of the next */
static uint64_t completed;
static uint32_t seen;  /* completions whose results are noted */
static bool hostile;   /* the cursors are not the fuzz program's any more: what is submitted means nothing */
static uint64_t dispatched[SUBMITTED_MAX];
static int64_t results[SUBMITTED_MAX]; /* INT64_MIN: not completed */
static bool linked[SUBMITTED_MAX];

unsigned hal_cpu_index(void)
{
	return 0;
}

uint64_t hal_timer_now_ns(void)
{
	return 1;
}

void timer_set(struct timer *timer, uint64_t deadline_ns, void (*fire)(void *arg), void *arg)
{
	(void)deadline_ns;
	timer->fire = fire;
	timer->arg = arg;
}

void timer_cancel(struct timer *timer)
{
	timer->fire = NULL;
}

void message_send(unsigned cpu, void (*run)(void *arg), void *arg)
{
	(void)cpu;
	run(arg);
}

void wait_queue_init(struct wait_queue *waiters)
{
	list_init(&waiters->waiters);
}

void wait_queue_wake(struct wait_queue *waiters)
{
	FUZZ_ASSERT(list_is_empty(&waiters->waiters));
}

void ring_war_init(struct ring_war *war)
{
	atomic_store(&war->state, RING_PEACE);
}

void fiber_yield(void)
{
	FUZZ_ASSERT(false); /* closing: nobody else has any in hand */
}

bool object_hold(struct object *held)
{
	atomic_fetch_add(&held->holds, 1);
	return true;
}

void object_put(struct object *held)
{
	FUZZ_ASSERT(atomic_fetch_sub(&held->holds, 1) > 1);
}

void process_fault(struct process *faulted, const char *what, int signal, uint64_t address)
{
	(void)what;
	(void)signal;
	(void)address;
	faulted->end = PROCESS_KILLED;
}

status_t process_fault_result(struct process *faulted, uint64_t address)
{
	process_fault(faulted, "", 0, address);
	return STATUS_EFAULT;
}

/* What is charged comes back: seen at the end of each history. */
static uint64_t charged;

bool budget_charge_bytes(struct budget *budget, uint64_t bytes)
{
	(void)budget;
	charged += bytes;
	return true;
}

void budget_credit_bytes(struct budget *budget, uint64_t bytes)
{
	(void)budget;
	if (bytes > charged)
		__builtin_trap();
	charged -= bytes;
}

status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes)
{
	(void)space;
	(void)to_va;
	(void)from;
	(void)bytes;
	return STATUS_OK;
}

void panic(const char *fmt, ...)
{
	FUZZ_ASSERT(fmt == NULL);
	abort();
}

static void unqueue(struct operation *operation)
{
	unsigned i = 0;

	while (i < queued && queue[i] != operation)
		i++;
	FUZZ_ASSERT(i < queued);
	queue[i] = queue[--queued];
}

static struct operation *waits(struct cap_call *call, bool at_once)
{
	struct operation *operation = operation_begin(call, unqueue);

	FUZZ_ASSERT(operation != NULL);
	if (at_once) {
		FUZZ_ASSERT(operation_claim(operation));
		operation_finish(operation, 0);
	} else {
		FUZZ_ASSERT(queued < QUEUE_MAX);
		queue[queued++] = operation;
	}
	return operation;
}

/* Notes the results of what is new. */
static void note_completions(void)
{
	for (; seen != thread.own.rings.complete_tail; seen++) {
		const struct capos_completion *completion = &completions[seen % CAPOS_COMPLETIONS];
		uint64_t number = completion->user_data;

		FUZZ_ASSERT(number < submitted && results[number] == INT64_MIN);
		results[number] = completion->result;
	}
}

/* What comes before must have ended, and well, where this one is linked to it. */
struct operation *cap_dispatch(struct ring_set *set, const struct capos_submission *submission, struct capos_completion *completion)
{
	struct cap_call call = { .process = set->process, .rings = set, .object = &object, .submission = submission };
	uint64_t number = submission->user_data;

	*completion = (struct capos_completion){ .user_data = number };
	if (hostile)
		return NULL;
	note_completions();
	FUZZ_ASSERT(number < submitted && dispatched[number]++ == 0);
	FUZZ_ASSERT(number == 0 || !linked[number - 1] || results[number - 1] >= 0);
	switch ((enum method)(submission->method % METHODS)) {
	case METHOD_BAD:
		completion->result = STATUS_EACCES;
		return NULL;
	case METHOD_WAITS:
	case METHOD_WAITS_LIMITED:
		return waits(&call, false);
	case METHOD_AT_ONCE:
		return waits(&call, true);
	case METHOD_CANCELS:
		completion->result = operation_cancel(set, number / 2);
		return NULL;
	default:
		completion->result = (int64_t)number; /* not negative */
		return NULL;
	}
}

static void submit(uint8_t byte)
{
	uint32_t tail = (uint32_t)submitted;

	if (tail - thread.own.rings.submit_head >= CAPOS_SUBMISSIONS || submitted >= SUBMITTED_MAX)
		return;
	linked[submitted] = byte & 8;
	dispatched[submitted] = 0;
	results[submitted] = INT64_MIN;
	submissions[tail % CAPOS_SUBMISSIONS] = (struct capos_submission){
		.method = byte >> 4,
		.flags = byte & 8 ? CAPOS_SUBMIT_LINK : 0,
		.timeout_ns = (byte >> 4) % METHODS == METHOD_WAITS_LIMITED,
		.user_data = submitted++,
	};
	atomic_store(&shared.submit_tail, (uint32_t)submitted);
}

static void take_completions(unsigned most)
{
	uint32_t head = atomic_load(&shared.complete_head);

	for (; most > 0 && head != thread.own.rings.complete_tail; most--, head++, completed++) {
		const struct capos_completion *completion = &completions[head % CAPOS_COMPLETIONS];

		FUZZ_ASSERT(completion->user_data < submitted && completion->result != INT64_MIN);
	}
	atomic_store(&shared.complete_head, head);
}

static void finish_one(uint8_t byte)
{
	struct operation *operation;

	if (queued == 0)
		return;
	operation = queue[byte % queued];
	if (byte & 0x80 && operation->timed && operation->timer.fire != NULL) {
		operation->timer.fire(operation->timer.arg);
		return;
	}
	FUZZ_ASSERT(operation_claim(operation));
	unqueue(operation);
	operation_finish(operation, byte & 0x40 ? STATUS_EACCES : 0);
}

static void begin(void)
{
	memset(&process, 0, sizeof(process));
	memset(&thread, 0, sizeof(thread));
	memset(&shared, 0, sizeof(shared));
	queued = 0;
	submitted = 0;
	completed = 0;
	seen = 0;
	hostile = false;
	atomic_store(&object.holds, 1);
	atomic_store(&thread.object.holds, 1);
	ring_set_init(&thread.own, &process, &thread, 0);
	thread.own.rings = (struct cap_rings){ .shared = &shared, .submissions = submissions, .completions = completions };
}

static void step(uint8_t byte)
{
	uint32_t count;
	uint32_t waiting;

	switch (byte & 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		submit(byte);
		return;
	case 4:
		finish_one(byte);
		return;
	case 5:
		take_completions(byte >> 3);
		return;
	case 6:
		ring_set_drain(&thread.own);
		break;
	case 7:
		(void)submissions_run(&thread.own, &count, &waiting);
		break;
	}
	note_completions();
	FUZZ_ASSERT(thread.own.inflight + (thread.own.rings.complete_tail - shared.complete_head) <= CAPOS_COMPLETIONS);
}

/* All that is left ends well: then each submission has been completed, once. */
static void run_out(void)
{
	while (completed < submitted) {
		uint64_t before = completed;

		while (queued > 0)
			finish_one(0);
		step(6);
		step(7);
		take_completions(CAPOS_COMPLETIONS);
		if (queued == 0 && !ring_set_has_done(&thread.own) && before == completed && thread.own.rings.submit_head == submitted)
			break;
	}
	FUZZ_ASSERT(completed == submitted && thread.own.inflight == 0);
}

/* Cursors of any value: the process ends, or nothing happens. */
static void run_hostile(const uint8_t *data, size_t size)
{
	uint32_t count;
	uint32_t waiting;

	hostile = true;
	for (; size >= 8 && !process_is_ending(&process); data += 8, size -= 8) {
		memcpy(&shared.submit_tail, data, 4);
		memcpy(&shared.complete_head, data + 4, 4);
		while (queued > 0)
			finish_one(data[0]);
		ring_set_drain(&thread.own);
		(void)submissions_run(&thread.own, &count, &waiting);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i = 1;

	begin();
	while (i < size && (data[0] & 1 || data[i] != 0xff))
		step(data[i++]);
	if (i >= size)
		run_out();
	else
		run_hostile(&data[i], size - i);
	ring_set_close(&thread.own);
	FUZZ_ASSERT(queued == 0 && thread.own.inflight == 0 && list_is_empty(&thread.own.operations) && thread.own.chain == NULL);
	FUZZ_ASSERT(charged == 0);
	FUZZ_ASSERT(atomic_load(&object.holds) == 1 && atomic_load(&thread.object.holds) == 1);
	return 0;
}

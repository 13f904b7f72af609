// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Signals that wait: an ordinary one waits once, a real-time one as often as it was sent, in order, and nothing that is known of them is lost or kept. */
#include "kernel/sys/linux/pending.c"

#include <stdlib.h>
#include <string.h>

#include "kernel/core/kheap.h"
#include "kernel/sys/budget.h"
#include "tests/unit/unit.h"

static struct budget budget;
static int64_t charged;
static int holds;
static bool is_out; /* of memory */

bool budget_charge_bytes(struct budget *of, uint64_t bytes)
{
	CU_ASSERT_PTR_EQUAL(of, &budget);
	charged += is_out ? 0 : (int64_t)bytes;
	return !is_out;
}

void budget_credit_bytes(struct budget *of, uint64_t bytes)
{
	CU_ASSERT_PTR_EQUAL(of, &budget);
	charged -= (int64_t)bytes;
}

void budget_hold(struct budget *of)
{
	holds += of == &budget;
}

void budget_put(struct budget *of)
{
	holds -= of == &budget;
}

size_t kheap_takes(size_t bytes)
{
	return bytes + 5;
}

static uint64_t pending;
static struct list_node queue;

static void begin(void)
{
	pending = 0;
	list_init(&queue);
}

static struct linux_pending_info *info_of(int signal, uint64_t value)
{
	struct linux_pending_info *info = calloc(1, sizeof(*info));

	info->info.signo = signal;
	info->info.fields[1] = value;
	return info;
}

/* What is taken of `signal`; UINT64_MAX: nothing is known of it. */
static uint64_t taken(int signal)
{
	struct linux_pending_info *info = linux_pending_take(&pending, &queue, signal);
	uint64_t value = info != NULL ? info->info.fields[1] : UINT64_MAX;

	free(info);
	return value;
}

static void an_ordinary_signal_waits_once_with_what_came_first(void)
{
	begin();
	CU_ASSERT_TRUE(linux_pending_add(&pending, &queue, LINUX_SIGUSR1, info_of(LINUX_SIGUSR1, 1)));
	CU_ASSERT_FALSE(linux_pending_add(&pending, &queue, LINUX_SIGUSR1, info_of(LINUX_SIGUSR1, 2)));
	CU_ASSERT_EQUAL(taken(LINUX_SIGUSR1), 1);
	CU_ASSERT_EQUAL(pending, 0);
	CU_ASSERT_TRUE(list_is_empty(&queue));
}

static void a_real_time_signal_waits_as_often_as_it_was_sent_in_order(void)
{
	begin();
	for (uint64_t i = 0; i < 5; i++) {
		CU_ASSERT_TRUE(linux_pending_add(&pending, &queue, 40, info_of(40, i)));
		CU_ASSERT_TRUE(linux_pending_add(&pending, &queue, 41, info_of(41, 100 + i)));
	}
	for (uint64_t i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(linux_pending_first(pending), 40);
		CU_ASSERT_EQUAL(taken(40), i);
	}
	CU_ASSERT_EQUAL(pending, LINUX_SIGNAL_BIT(41));
	for (uint64_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(taken(41), 100 + i);
	CU_ASSERT_EQUAL(pending, 0);
}

static void a_signal_without_information_is_taken_once(void)
{
	begin();
	CU_ASSERT_TRUE(linux_pending_add(&pending, &queue, 64, NULL));
	CU_ASSERT_TRUE(linux_pending_add(&pending, &queue, 64, NULL));
	CU_ASSERT_EQUAL(linux_pending_first(pending), 64);
	CU_ASSERT_EQUAL(taken(64), UINT64_MAX);
	CU_ASSERT_EQUAL(linux_pending_first(pending), 0);
}

static void what_is_known_is_paid_for_until_it_is_freed(void)
{
	const size_t each = sizeof(struct linux_pending_info) + 5;
	struct linux_pending_info *info;

	begin();
	for (unsigned i = 0; i < 3; i++) {
		info = info_of(i < 2 ? LINUX_SIGUSR1 : 40, i);
		CU_ASSERT_TRUE(linux_pending_charge(info, &budget));
		CU_ASSERT_EQUAL(linux_pending_add(&pending, &queue, info->info.signo, info), i != 1); /* one is dropped at once */
	}
	CU_ASSERT(charged == 2 * (int64_t)each && holds == 2);
	linux_pending_free(linux_pending_take(&pending, &queue, LINUX_SIGUSR1));
	CU_ASSERT(charged == (int64_t)each && holds == 1);
	CU_ASSERT_EQUAL(linux_pending_forget(&pending, &queue, UINT64_MAX), 1);
	CU_ASSERT(charged == 0 && holds == 0);
	is_out = true;
	info = info_of(40, 0);
	CU_ASSERT_FALSE(linux_pending_charge(info, &budget));
	linux_pending_free(info); /* which nobody paid for */
	linux_pending_free(NULL);
	CU_ASSERT(charged == 0 && holds == 0);
}

static void what_an_instruction_caused_is_delivered_first(void)
{
	CU_ASSERT_EQUAL(linux_pending_first(LINUX_SIGNAL_BIT(LINUX_SIGHUP) | LINUX_SIGNAL_BIT(LINUX_SIGSEGV)), LINUX_SIGSEGV);
	CU_ASSERT_EQUAL(linux_pending_first(LINUX_SIGNAL_BIT(LINUX_SIGHUP) | LINUX_SIGNAL_BIT(LINUX_SIGTERM)), LINUX_SIGHUP);
	CU_ASSERT_EQUAL(linux_pending_first(LINUX_SIGNAL_BIT(LINUX_SIGSYS) | LINUX_SIGNAL_BIT(LINUX_SIGINT)), LINUX_SIGSYS);
}

static void forgotten_signals_leave_nothing_and_others_stay(void)
{
	begin();
	(void)linux_pending_add(&pending, &queue, LINUX_SIGTSTP, info_of(LINUX_SIGTSTP, 1));
	(void)linux_pending_add(&pending, &queue, LINUX_SIGUSR2, info_of(LINUX_SIGUSR2, 2));
	(void)linux_pending_add(&pending, &queue, LINUX_SIGTTIN, NULL);
	CU_ASSERT_EQUAL(linux_pending_forget(&pending, &queue, LINUX_SIGNALS_STOP), 1);
	CU_ASSERT_EQUAL(pending, LINUX_SIGNAL_BIT(LINUX_SIGUSR2));
	CU_ASSERT_EQUAL(linux_pending_forget(&pending, &queue, UINT64_MAX), 1);
	CU_ASSERT_EQUAL(pending, 0);
	CU_ASSERT_TRUE(list_is_empty(&queue));
}

static void default_actions_are_those_of_signal_7(void)
{
	unsigned nothing = 0;
	unsigned stops = 0;

	for (int signal = 1; signal <= LINUX_SIGNALS; signal++) {
		nothing += linux_signal_default_is_nothing(signal);
		stops += linux_signal_default_stops(signal);
		CU_ASSERT_FALSE(linux_signal_default_is_nothing(signal) && linux_signal_default_stops(signal));
	}
	CU_ASSERT_EQUAL(nothing, 4);
	CU_ASSERT_EQUAL(stops, 4);
	CU_ASSERT_STRING_EQUAL(linux_signal_name(LINUX_SIGSEGV), "SIGSEGV");
	CU_ASSERT_STRING_EQUAL(linux_signal_name(LINUX_SIGSYS), "SIGSYS");
	CU_ASSERT_STRING_EQUAL(linux_signal_name(33), "a real-time signal");
}

static const struct unit_case cases[] = {
	UNIT_CASE(an_ordinary_signal_waits_once_with_what_came_first),
	UNIT_CASE(a_real_time_signal_waits_as_often_as_it_was_sent_in_order),
	UNIT_CASE(a_signal_without_information_is_taken_once),
	UNIT_CASE(what_an_instruction_caused_is_delivered_first),
	UNIT_CASE(what_is_known_is_paid_for_until_it_is_freed),
	UNIT_CASE(forgotten_signals_leave_nothing_and_others_stay),
	UNIT_CASE(default_actions_are_those_of_signal_7),
};

UNIT_MAIN("kernel/sys/linux/pending", cases)

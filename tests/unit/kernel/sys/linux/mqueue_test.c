// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues: names, the order of messages, who is told, and what is charged. It includes the source that it tests. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* hal/contract/cpu.h of this machine: one CPU. */
#define HAL_CONTRACT_CPU_H
static void hal_cpu_relax(void)
{
}

#define KERNEL_CORE_LIBC_H
#define LIB_STRING_H
#include "kernel/sys/linux/mqueue.c"

static struct budget *const budget = (struct budget *)&(char[1]){ 0 };
static int64_t charged, limit = INT64_MAX;
static int budget_holds;
static unsigned raised;

bool budget_charge_bytes(struct budget *of, uint64_t bytes)
{
	(void)of;
	if (charged + (int64_t)bytes > limit)
		return false;
	charged += (int64_t)bytes;
	return true;
}

void budget_credit_bytes(struct budget *of, uint64_t bytes)
{
	(void)of;
	charged -= (int64_t)bytes;
}

void *linux_room_take(struct budget *of, size_t bytes)
{
	return budget_charge_bytes(of, bytes) ? malloc(bytes) : NULL;
}

void linux_room_give(struct budget *of, void *room, size_t bytes)
{
	budget_credit_bytes(of, bytes);
	free(room);
}

void budget_hold(struct budget *of)
{
	(void)of;
	budget_holds++;
}

void budget_put(struct budget *of)
{
	(void)of;
	budget_holds--;
}

void linux_event_init(struct linux_event *event)
{
	(void)event;
}

void linux_event_raise(struct linux_event *event)
{
	(void)event;
	raised++;
}

static const struct linux_root *const root = (const struct linux_root *)"root", *const other = (const struct linux_root *)"other";

static const struct linux_subject user = { .user = 1, .group = 2 }, stranger = { .user = 3, .group = 4 };

/* As `who`, where nothing else is said: the user. */
static status_t find_as(const struct linux_subject *who, const struct linux_root *of, const char *name, uint32_t flags, const struct linux_mq_attr *attr,
			struct linux_mqueue **queue)
{
	const struct linux_mq_asked asked = { .name = name, .who = who, .flags = flags, .permissions = 0640, .attr = attr };

	return linux_mq_find(of, budget, &asked, queue);
}

static status_t find_one(const struct linux_root *of, const char *name, uint32_t flags, const struct linux_mq_attr *attr, struct linux_mqueue **queue)
{
	return find_as(&user, of, name, flags, attr, queue);
}

static struct linux_mqueue *open_queue(const char *name, int64_t maxmsg)
{
	const struct linux_mq_attr attr = { .maxmsg = maxmsg, .msgsize = 64 };
	struct linux_mqueue *queue = NULL;

	CU_ASSERT_EQUAL_FATAL(find_one(root, name, LINUX_O_CREAT, &attr, &queue), STATUS_OK);
	return queue;
}

static status_t send(struct linux_mqueue *queue, const char *text, uint32_t priority, struct linux_mq_notice *notice)
{
	struct linux_mq_message *message = linux_mq_message_make(queue, (uint32_t)strlen(text) + 1, priority);
	status_t status;

	CU_ASSERT_PTR_NOT_NULL_FATAL(message);
	memcpy(message->data, text, strlen(text) + 1);
	status = linux_mq_send(queue, message, notice);
	if (status != STATUS_OK)
		linux_mq_message_free(queue, message);
	return status;
}

static bool receives(struct linux_mqueue *queue, const char *text)
{
	struct linux_mq_message *message;
	bool same;

	if (linux_mq_receive(queue, &message) != STATUS_OK)
		return false;
	same = strcmp((const char *)message->data, text) == 0;
	linux_mq_message_free(queue, message);
	return same;
}

static void nothing_is_left(void)
{
	linux_mqs_forget(root);
	linux_mqs_forget(other);
	CU_ASSERT_EQUAL(charged, 0);
	CU_ASSERT_EQUAL(budget_holds, 0);
}

static void urgent_messages_come_first_and_equal_ones_in_turn(void)
{
	struct linux_mqueue *queue = open_queue("q", 8);
	struct linux_mq_notice notice;

	CU_ASSERT_EQUAL(send(queue, "low 1", 1, &notice), STATUS_OK);
	CU_ASSERT_EQUAL(send(queue, "high 1", 9, &notice), STATUS_OK);
	CU_ASSERT_EQUAL(send(queue, "low 2", 1, &notice), STATUS_OK);
	CU_ASSERT_EQUAL(send(queue, "middle", 5, &notice), STATUS_OK);
	CU_ASSERT_EQUAL(send(queue, "high 2", 9, &notice), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mq_count(queue), 5);
	CU_ASSERT(receives(queue, "high 1") && receives(queue, "high 2") && receives(queue, "middle") && receives(queue, "low 1") &&
		  receives(queue, "low 2"));
	CU_ASSERT_FALSE(receives(queue, ""));
	linux_mq_put(queue);
	nothing_is_left();
}

static void full_queue_takes_no_more_and_each_change_wakes(void)
{
	struct linux_mqueue *queue = open_queue("q", 2);
	struct linux_mq_notice notice;

	raised = 0;
	CU_ASSERT(send(queue, "a", 0, &notice) == STATUS_OK && send(queue, "b", 0, &notice) == STATUS_OK);
	CU_ASSERT_EQUAL(send(queue, "c", 7, &notice), STATUS_EAGAIN);
	CU_ASSERT(receives(queue, "a") && send(queue, "c", 7, &notice) == STATUS_OK && receives(queue, "c"));
	CU_ASSERT_EQUAL(raised, 5);
	linux_mq_put(queue);
	nothing_is_left();
}

static void names_are_a_roots_own(void)
{
	struct linux_mqueue *queue = open_queue("q", 2);
	struct linux_mqueue *found;

	CU_ASSERT_EQUAL(find_one(other, "q", 0, NULL, &found), STATUS_ENOENT);
	CU_ASSERT_EQUAL(find_one(root, "r", 0, NULL, &found), STATUS_ENOENT);
	CU_ASSERT_EQUAL(find_one(root, "q", LINUX_O_CREAT | LINUX_O_EXCL, NULL, &found), STATUS_EEXIST);
	CU_ASSERT(find_one(root, "q", LINUX_O_CREAT, NULL, &found) == STATUS_OK && found == queue && found->maxmsg == 2);
	linux_mq_put(found);
	CU_ASSERT_EQUAL(linux_mq_unlink(other, "q", &user), STATUS_ENOENT);
	CU_ASSERT_EQUAL(find_as(&stranger, root, "q", 0, NULL, &found), STATUS_EACCES);
	CU_ASSERT_EQUAL(find_as(&stranger, root, "q", LINUX_O_CREAT | LINUX_O_EXCL, NULL, &found), STATUS_EEXIST);
	CU_ASSERT_EQUAL(linux_mq_unlink(root, "q", &stranger), STATUS_EPERM);
	linux_mq_put(queue);
	nothing_is_left();
}

static void queue_without_a_name_lives_until_it_is_closed(void)
{
	struct linux_mqueue *queue = open_queue("q", 2);
	struct linux_mqueue *again;
	struct linux_mq_notice notice;

	CU_ASSERT_EQUAL(linux_mq_unlink(root, "q", &user), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mq_unlink(root, "q", &user), STATUS_ENOENT);
	CU_ASSERT_EQUAL(send(queue, "a", 0, &notice), STATUS_OK);
	again = open_queue("q", 4);
	CU_ASSERT(again != queue && linux_mq_count(again) == 0);
	linux_mq_put(again);
	linux_mq_put(queue); /* with its message */
	nothing_is_left();
}

static void what_is_asked_for_has_limits(void)
{
	static const struct {
		int64_t maxmsg, msgsize;
		status_t status;
	} cases[] = {
		{ 0, 1, STATUS_EINVAL }, { 1, 0, STATUS_EINVAL }, { -1, 1, STATUS_EINVAL }, { INT64_MAX, INT64_MAX, STATUS_EINVAL },
		{ LINUX_MQ_MESSAGES_MAX + 1, 1, STATUS_EINVAL }, { 1, LINUX_MQ_BYTES_MAX + 1, STATUS_EINVAL },
		{ LINUX_MQ_MESSAGES_MAX, LINUX_MQ_BYTES_MAX, STATUS_EMFILE }, { 10, 8192, STATUS_OK },
	};
	struct linux_mqueue *queue;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct linux_mq_attr attr = { .maxmsg = cases[i].maxmsg, .msgsize = cases[i].msgsize };

		CU_ASSERT_EQUAL(find_one(root, "q", LINUX_O_CREAT, &attr, &queue), cases[i].status);
	}
	linux_mq_put(queue);
	nothing_is_left();
}

static void who_asked_is_told_once_and_not_while_somebody_waits(void)
{
	const struct linux_mq_notice wish = { .process = 7, .signal = 34, .value = 99 };
	struct linux_mqueue *queue = open_queue("q", 4);
	struct linux_mq_notice notice;

	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_OK);
	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_EBUSY);
	linux_mq_receiver(queue, 1);
	CU_ASSERT(send(queue, "for who waits", 0, &notice) == STATUS_OK && notice.process == 0);
	linux_mq_receiver(queue, -1);
	CU_ASSERT(send(queue, "not the first", 0, &notice) == STATUS_OK && notice.process == 0);
	CU_ASSERT(receives(queue, "for who waits") && receives(queue, "not the first"));
	CU_ASSERT(send(queue, "told", 0, &notice) == STATUS_OK && notice.process == 7 && notice.signal == 34 && notice.value == 99);
	CU_ASSERT(receives(queue, "told") && send(queue, "no more", 0, &notice) == STATUS_OK && notice.process == 0);
	linux_mq_put(queue);
	nothing_is_left();
}

static void a_wish_ends_with_its_file_or_when_its_process_says_so(void)
{
	struct linux_file *file = (struct linux_file *)(void *)"file", *another = (struct linux_file *)(void *)"another";
	const struct linux_mq_notice wish = { .process = 7, .file = file };
	struct linux_mqueue *queue = open_queue("q", 4);

	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_OK);
	linux_mq_forget_notice(queue, 0, another);
	linux_mq_forget_notice(queue, 8, NULL);
	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_EBUSY);
	linux_mq_forget_notice(queue, 0, file);
	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_OK);
	linux_mq_forget_notice(queue, 7, NULL);
	CU_ASSERT_EQUAL(linux_mq_notify(queue, &wish), STATUS_OK);
	linux_mq_put(queue);
	nothing_is_left();
}

static void messages_are_charged_and_without_memory_there_are_none(void)
{
	struct linux_mqueue *queue = open_queue("q", 4);
	struct linux_mqueue *none;

	limit = charged + 100;
	CU_ASSERT_PTR_NULL(linux_mq_message_make(queue, 101, 0));
	CU_ASSERT_EQUAL(find_one(root, "r", LINUX_O_CREAT, NULL, &none), STATUS_ENOMEM);
	limit = INT64_MAX;
	linux_mq_put(queue);
	nothing_is_left();
}

static const struct unit_case cases[] = {
	UNIT_CASE(urgent_messages_come_first_and_equal_ones_in_turn),
	UNIT_CASE(full_queue_takes_no_more_and_each_change_wakes),
	UNIT_CASE(names_are_a_roots_own),
	UNIT_CASE(queue_without_a_name_lives_until_it_is_closed),
	UNIT_CASE(what_is_asked_for_has_limits),
	UNIT_CASE(who_asked_is_told_once_and_not_while_somebody_waits),
	UNIT_CASE(a_wish_ends_with_its_file_or_when_its_process_says_so),
	UNIT_CASE(messages_are_charged_and_without_memory_there_are_none),
};

UNIT_MAIN("kernel/sys/linux/mqueue", cases)

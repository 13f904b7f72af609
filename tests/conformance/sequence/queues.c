// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues by name, and shared memory by key. */
#include <fcntl.h>
#include <linux/mqueue.h>
#include <linux/shm.h>
#include <signal.h>
#include <time.h>

#include "tests/conformance/sequence/call.h"

enum { QUEUES = 3, MEMORIES = 4, KEY = 0x52554d50, NOWHERE = 24, PRIVATE_MOST = 64 };

static int memories[MEMORIES];
static int private_ids[PRIVATE_MOST]; /* which nobody else finds */
static size_t private_count;
static long places[MEMORIES];

static const char *queue_name(long number)
{
	static const char *const names[] = {"first", "second", "third/x", ""};

	return number >= 0 && number < (long)(sizeof(names) / sizeof(names[0])) ? names[number] : (const char *)NOWHERE;
}

/* As a sequence leaves nothing behind it. */
void queues_reset(void)
{
	for (long i = 0; i < QUEUES; i++)
		SYS(mq_unlink, queue_name(i));
	for (long key = 0; key < MEMORIES; key++) {
		long id = SYS(shmget, KEY + key, 0, 0);
		if (id >= 0)
			SYS(shmctl, id, IPC_RMID, NULL);
	}
}

void queues_leave(void)
{
	while (private_count > 0)
		SYS(shmctl, private_ids[--private_count], IPC_RMID, NULL);
}

/* Slot, name, flags, mode, most messages (0: as they are), most bytes. */
static long do_mq_open(const long *arg, struct line *line)
{
	struct mq_attr attributes = {.mq_maxmsg = arg[4], .mq_msgsize = arg[5]};
	long result = keep(arg[0], SYS(mq_open, queue_name(arg[1]), arg[2], arg[3], arg[4] ? &attributes : NULL));

	(void)line;
	return result < 0 ? result : 0;
}

static long do_mq_unlink(const long *arg, struct line *line)
{
	(void)line;
	return SYS(mq_unlink, queue_name(arg[0]));
}

/* Slot, bytes, priority, their seed. */
static long do_mq_send(const long *arg, struct line *line)
{
	(void)line;
	fill(arg[3], at_most(arg[1], BUFFER_BYTES));
	return SYS(mq_timedsend, fd_of(arg[0]), buffer, arg[1], arg[2], NULL);
}

/* Slot, room, when waiting ends: 0 never, 1 at once, 2 no such time. */
static long do_mq_receive(const long *arg, struct line *line)
{
	struct timespec end = {.tv_nsec = arg[2] == 2 ? -1 : 0};
	unsigned priority = 77;
	long got = SYS(mq_timedreceive, fd_of(arg[0]), buffer, at_most(arg[1], BUFFER_BYTES), &priority, arg[2] ? &end : NULL);

	if (got >= 0)
		say(line, " priority=%u h=%x", priority, digest(buffer, (size_t)got));
	return got;
}

/* Slot, flags; -1: they stay. */
static long do_mq_attributes(const long *arg, struct line *line)
{
	struct mq_attr set = {.mq_flags = arg[1]}, old = {0};
	long result = SYS(mq_getsetattr, fd_of(arg[0]), arg[1] == -1 ? NULL : &set, &old);

	if (result == 0)
		say(line, " flags=%lx most=%ld bytes=%ld now=%ld", (long)old.mq_flags, (long)old.mq_maxmsg, (long)old.mq_msgsize, (long)old.mq_curmsgs);
	return result;
}

/* Slot, from where: what its file says of it, without who is to be told. */
static long do_mq_text(const long *arg, struct line *line)
{
	static const char last[] = " NOTIFY_PID:";
	long got = SYS(pread64, fd_of(arg[0]), buffer, 100, arg[1]);
	long at = 0;

	while (at + (long)sizeof(last) - 1 <= got && memcmp(buffer + at, last, sizeof(last) - 1) != 0)
		at++;
	if (got > 0)
		say(line, " %.*s", (int)at, (const char *)buffer);
	return got;
}

/* Slot, how: 0 by a signal that is ignored, 1 by nothing, 9 by what is not there, -1 not any more. */
static long do_mq_notify(const long *arg, struct line *line)
{
	struct sigevent event = {.sigev_signo = SIGWINCH, .sigev_notify = (int)arg[1]};

	(void)line;
	return SYS(mq_notify, fd_of(arg[0]), arg[1] == -1 ? NULL : &event);
}

/* Which, key (-1: private), bytes, flags. */
static long do_shmget(const long *arg, struct line *line)
{
	long id = SYS(shmget, arg[1] == -1 ? 0 : KEY + arg[1], arg[2], arg[3]);

	(void)line;
	if (id < 0)
		return id;
	memories[at_most(arg[0], MEMORIES - 1)] = (int)id;
	if (arg[1] == -1 && private_count < PRIVATE_MOST)
		private_ids[private_count++] = (int)id;
	return 0;
}

/* Which, what. */
static long do_shmctl(const long *arg, struct line *line)
{
	struct shmid64_ds told = {.shm_perm = {.mode = (mode_t)arg[2]}};
	long result = SYS(shmctl, memories[at_most(arg[0], MEMORIES - 1)], arg[1], &told);

	if (result == 0 && arg[1] == IPC_STAT)
		say(line, " bytes=%ld mode=%o attached=%ld key=%s", (long)told.shm_segsz, told.shm_perm.mode, (long)told.shm_nattch, told.shm_perm.key ? "one" : "none");
	return result;
}

/* Which, flags. What it is now is said, and changed where it may be. */
static long do_shmat(const long *arg, struct line *line)
{
	size_t which = at_most(arg[0], MEMORIES - 1);
	long at = SYS(shmat, memories[which], 0, arg[1]);

	if (at < 0 && at > -4096)
		return at;
	places[which] = at;
	say(line, " %u", *(volatile uint8_t *)at);
	if (!(arg[1] & SHM_RDONLY))
		*(volatile uint8_t *)at = (uint8_t)(*(volatile uint8_t *)at + 1);
	return 0;
}

static long do_shmdt(const long *arg, struct line *line)
{
	(void)line;
	return SYS(shmdt, places[at_most(arg[0], MEMORIES - 1)]);
}

const struct operation queues_operations[] = {
	{"mq_open", do_mq_open}, {"mq_unlink", do_mq_unlink}, {"mq_send", do_mq_send}, {"mq_receive", do_mq_receive}, {"mq_attributes", do_mq_attributes},
	{"mq_notify", do_mq_notify}, {"mq_text", do_mq_text}, {"shmget", do_shmget}, {"shmctl", do_shmctl}, {"shmat", do_shmat}, {"shmdt", do_shmdt}, {NULL, NULL},
};

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Shared memory, semaphores and messages of System V, by key or without; with a child that waits for what the sequence does next. */
#include <asm/signal.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tests/conformance/sequence/call.h"

enum { OBJECTS = 4, KEY = 0x52554d50, PRIVATE_MOST = 64, PATIENCE_NS = 300000000, PATIENCE_US = 300000, TEXT_MOST = 9000 };
enum kind { MEMORY, SEMAPHORES, MESSAGES, KINDS };

struct message {
	long type;
	uint8_t text[TEXT_MOST];
};

static int ids[KINDS][OBJECTS];
static long places[OBJECTS];
static struct { enum kind kind; int id; } private[PRIVATE_MOST]; /* which nobody else finds */
static size_t private_count;
static struct message message;

static void object_remove(enum kind kind, long id)
{
	if (kind == MEMORY)
		SYS(shmctl, id, IPC_RMID, NULL);
	else if (kind == SEMAPHORES)
		SYS(semctl, id, 0, IPC_RMID, NULL);
	else
		SYS(msgctl, id, IPC_RMID, NULL);
}

/* As a sequence leaves nothing behind it. */
void sysv_reset(void)
{
	for (long key = KEY; key < KEY + OBJECTS; key++) {
		object_remove(MEMORY, SYS(shmget, key, 0, 0));
		object_remove(SEMAPHORES, SYS(semget, key, 0, 0));
		object_remove(MESSAGES, SYS(msgget, key, 0));
	}
}

void sysv_leave(void)
{
	while (private_count-- > 0)
		object_remove(private[private_count].kind, private[private_count].id);
	private_count = 0;
}

static int id_of(enum kind kind, long which)
{
	return ids[kind][at_most(which, OBJECTS - 1)];
}

static long key_of(long number)
{
	return number == -1 ? 0 : KEY + number;
}

/* Which, and its key, as the operation has them; what the call returned. */
static long keep_id(enum kind kind, const long *arg, long id)
{
	if (id < 0)
		return id;
	ids[kind][at_most(arg[0], OBJECTS - 1)] = (int)id;
	if (arg[1] == -1 && private_count < PRIVATE_MOST) {
		private[private_count].kind = kind;
		private[private_count++].id = (int)id;
	}
	return 0;
}

/* Which, key (-1: private), bytes, flags. */
static long do_shmget(const long *arg, struct line *line)
{
	(void)line;
	return keep_id(MEMORY, arg, SYS(shmget, key_of(arg[1]), arg[2], arg[3]));
}

/* Which, what. */
static long do_shmctl(const long *arg, struct line *line)
{
	struct shmid64_ds told = {.shm_perm = {.mode = (unsigned)arg[2]}};
	long result = SYS(shmctl, id_of(MEMORY, arg[0]), arg[1], &told);

	if (result == 0 && arg[1] == IPC_STAT)
		say(line, " bytes=%ld mode=%o attached=%ld key=%s", (long)told.shm_segsz, told.shm_perm.mode, (long)told.shm_nattch, told.shm_perm.key ? "one" : "none");
	return result;
}

/* Which, flags. What it is now is said, and changed where it may be. */
static long do_shmat(const long *arg, struct line *line)
{
	size_t which = at_most(arg[0], OBJECTS - 1);
	long at = SYS(shmat, id_of(MEMORY, arg[0]), 0, arg[1]);

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
	return SYS(shmdt, places[at_most(arg[0], OBJECTS - 1)]);
}

/* Which, key (-1: private), how many, flags. */
static long do_semget(const long *arg, struct line *line)
{
	(void)line;
	return keep_id(SEMAPHORES, arg, SYS(semget, key_of(arg[1]), arg[2], arg[3]));
}

/* Which, semaphore, what, to which value. Of who changed it last is told whether there was anybody. */
static long do_semctl(const long *arg, struct line *line)
{
	uint16_t values[8] = {(uint16_t)arg[3], 1, 2, 0, 5};
	struct semid64_ds told = {.sem_perm = {.mode = 0640}};
	bool all = arg[2] == GETALL || arg[2] == SETALL;
	long result = SYS(semctl, id_of(SEMAPHORES, arg[0]), arg[1], arg[2], all ? (long)values : arg[2] == SETVAL ? arg[3] : (long)&told);

	if (result == 0 && arg[2] == IPC_STAT)
		say(line, " count=%ld mode=%o key=%s used=%d", (long)told.sem_nsems, told.sem_perm.mode, told.sem_perm.key ? "one" : "none", told.sem_otime != 0);
	if (result == 0 && arg[2] == GETALL)
		say(line, " %u %u %u %u", values[0], values[1], values[2], values[3]);
	return arg[2] == GETPID && result > 0 ? 1 : result;
}

static long operate(int id, const long *arg, bool waits)
{
	struct __kernel_timespec patience = {.tv_nsec = PATIENCE_NS};
	struct sembuf op = {(unsigned short)arg[0], (short)arg[1], (short)(arg[2] | (waits ? 0 : IPC_NOWAIT))};

	return SYS(semtimedop, id, &op, 1, waits ? &patience : NULL);
}

/* Which, and twice a semaphore and its change; flags of both. */
static long do_semop(const long *arg, struct line *line)
{
	struct sembuf ops[2] = {{(unsigned short)arg[1], (short)arg[2], (short)(arg[5] | IPC_NOWAIT)}, {(unsigned short)arg[3], (short)arg[4], (short)(arg[5] | IPC_NOWAIT)}};

	(void)line;
	return SYS(semop, id_of(SEMAPHORES, arg[0]), ops, arg[3] == -1 ? 1 : 2);
}

/* Until a child waits for a semaphore, or has ended. */
static void child_waits(long child, int id, long number, long before)
{
	struct __kernel_timespec pause = {.tv_nsec = 1000000};
	uint64_t info[16];

	for (;;) {
		memset(info, 0, sizeof(info));
		if (SYS(semctl, id, number, GETNCNT) + SYS(semctl, id, number, GETZCNT) != before)
			return;
		SYS(waitid, 1 /* P_PID */, child, info, 1 | 4 | 0x01000000 /* WNOHANG, WEXITED, WNOWAIT */, NULL);
		if (info[0] != 0)
			return;
		SYS(nanosleep, &pause, NULL);
	}
}

/* How a child ended: what it gave, or 1000 and the signal. */
static long child_ended(long child)
{
	int status = 0;

	SYS(wait4, child, &status, 0, NULL);
	return (status & 0x7f) != 0 ? 1000 + (status & 0x7f) : status >> 8 & 0xff;
}

/* Which, semaphore, by how much a child changes it, flags of that; the change that it may wait for. What both got. */
static long do_sem_hand(const long *arg, struct line *line)
{
	int id = id_of(SEMAPHORES, arg[0]);
	long before = SYS(semctl, id, arg[1], GETNCNT) + SYS(semctl, id, arg[1], GETZCNT);
	const long given[] = {arg[1], arg[4], 0};
	long child = SYS(clone, SIGCHLD);
	long result;

	if (child == 0)
		SYS(exit_group, -operate(id, &arg[1], true));
	child_waits(child, id, arg[1], before);
	result = operate(id, given, false);
	say(line, " child=%ld", child_ended(child));
	return result;
}

/* Which, semaphore, change: a child does it, which ends then; with SEM_UNDO nothing is left of it. */
static long do_sem_child(const long *arg, struct line *line)
{
	int id = id_of(SEMAPHORES, arg[0]);
	long child = SYS(clone, SIGCHLD);

	if (child == 0)
		SYS(exit_group, -operate(id, &arg[1], false));
	(void)line;
	return child_ended(child);
}

/* Which, key (-1: private), flags. */
static long do_msgget(const long *arg, struct line *line)
{
	(void)line;
	return keep_id(MESSAGES, arg, SYS(msgget, key_of(arg[1]), arg[2]));
}

/* Which, what, most bytes. */
static long do_msgctl(const long *arg, struct line *line)
{
	struct msqid64_ds told = {.msg_perm = {.mode = 0640}, .msg_qbytes = (unsigned long)arg[2]};
	long result = SYS(msgctl, id_of(MESSAGES, arg[0]), arg[1], &told);

	if (result == 0 && arg[1] == IPC_STAT)
		say(line, " bytes=%ld messages=%ld most=%ld mode=%o sent=%d received=%d", (long)told.msg_cbytes, (long)told.msg_qnum, (long)told.msg_qbytes,
			told.msg_perm.mode, told.msg_lspid != 0, told.msg_lrpid != 0);
	return result;
}

/* Which, type, bytes, their seed. */
static long do_msgsnd(const long *arg, struct line *line)
{
	size_t bytes = at_most(arg[2], TEXT_MOST);

	(void)line;
	fill(arg[3], bytes);
	memcpy(message.text, buffer, bytes);
	message.type = arg[1];
	return SYS(msgsnd, id_of(MESSAGES, arg[0]), &message, arg[2], IPC_NOWAIT);
}

/* Which, type, room, flags. */
static long do_msgrcv(const long *arg, struct line *line)
{
	long got;

	message.type = 77;
	got = SYS(msgrcv, id_of(MESSAGES, arg[0]), &message, at_most(arg[2], TEXT_MOST), arg[1], arg[3] | IPC_NOWAIT);
	if (got >= 0)
		say(line, " type=%ld h=%x", message.type, digest(message.text, (size_t)got));
	return got;
}

/* Which, the type that a child waits for, and that which it is sent; bytes of that. How the child ended. */
static long do_msg_hand(const long *arg, struct line *line)
{
	struct __kernel_timespec pause = {.tv_nsec = 20000000};
	struct __kernel_old_itimerval patience = {.it_value = {.tv_usec = PATIENCE_US}};
	const long sent[] = {arg[0], arg[2], arg[3], 1};
	const struct action usual = {0};
	long child = SYS(clone, SIGCHLD);
	long result;

	if (child == 0) {
		SYS(rt_sigaction, SIGALRM, &usual, NULL, 8);
		SYS(rt_sigprocmask, 2 /* SIG_SETMASK */, &(uint64_t){0}, NULL, 8);
		SYS(setitimer, 0 /* ITIMER_REAL */, &patience, NULL);
		result = SYS(msgrcv, id_of(MESSAGES, arg[0]), &message, 100, arg[1], 0);
		SYS(exit_group, result < 0 ? -result : 200);
	}
	SYS(nanosleep, &pause, NULL);
	result = do_msgsnd(sent, line);
	say(line, " child=%ld", child_ended(child));
	return result;
}

const struct operation sysv_operations[] = {
	{"shmget", do_shmget}, {"shmctl", do_shmctl}, {"shmat", do_shmat}, {"shmdt", do_shmdt}, {"semget", do_semget}, {"semctl", do_semctl}, {"semop", do_semop},
	{"sem_hand", do_sem_hand}, {"sem_child", do_sem_child}, {"msgget", do_msgget}, {"msgctl", do_msgctl}, {"msgsnd", do_msgsnd}, {"msgrcv", do_msgrcv},
	{"msg_hand", do_msg_hand}, {NULL, NULL},
};

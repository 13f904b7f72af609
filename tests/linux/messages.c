// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Message queues of System V: types, order, who waits, limits, and what is told. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <limits.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEY = 0x52756d72, MOST = 8192, ROOM = 16384, OTHER = 77 };

#define BAD ((void *)16)

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
	long type;
	char text[MOST + 1];
};

static struct message got;

static int queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	CLAIM(id >= 0);
	return id;
}

static int removed(int id)
{
	return msgctl(id, IPC_RMID, NULL);
}

static int send(int id, long type, const char *says)
{
	struct message message = { .type = type };

	strcpy(message.text, says);
	return msgsnd(id, &message, strlen(says) + 1, IPC_NOWAIT);
}

/* Whether the next message for `type` is so. */
static int is_next(int id, long type, int flags, long of, const char *says)
{
	memset(&got, 0, sizeof(got));
	return msgrcv(id, &got, MOST, type, flags | IPC_NOWAIT) == (ssize_t)strlen(says) + 1 && got.type == of && strcmp(got.text, says) == 0;
}

static struct msqid_ds stat_of(int id)
{
	struct msqid_ds is = { 0 };

	CLAIM(msgctl(id, IPC_STAT, &is) == 0);
	return is;
}

static int ended(pid_t child)
{
	int status = -1;

	CLAIM(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void keys(void)
{
	int id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0640);

	CLAIM(id >= 0 && msgget(KEY, IPC_CREAT | 0600) == id && msgget(KEY, 0) == id);
	REFUSED(msgget(KEY, IPC_CREAT | IPC_EXCL), EEXIST);
	REFUSED(msgget(KEY + 1, 0), ENOENT);
	CLAIM(removed(id) == 0);
	REFUSED(msgget(KEY, 0), ENOENT);
	REFUSED(removed(id), EINVAL);
	REFUSED(send(id, 1, "gone"), EINVAL);
	REFUSED(msgrcv(id, &got, MOST, 0, IPC_NOWAIT), EINVAL);
}

static void types(void)
{
	int id = queue();

	CLAIM(send(id, 5, "five") == 0 && send(id, 3, "three") == 0 && send(id, 9, "nine") == 0 && send(id, 3, "again") == 0 && send(id, 2, "two") == 0);
	CLAIM(is_next(id, 3, 0, 3, "three") && is_next(id, 0, 0, 5, "five") && is_next(id, 9, MSG_EXCEPT, 3, "again"));
	CLAIM(send(id, 4, "four") == 0 && is_next(id, -8, 0, 2, "two") && is_next(id, -8, 0, 4, "four"));
	REFUSED(msgrcv(id, &got, MOST, -8, IPC_NOWAIT), ENOMSG);
	REFUSED(msgrcv(id, &got, MOST, 8, IPC_NOWAIT), ENOMSG);
	CLAIM(send(id, LONG_MAX, "last") == 0 && is_next(id, LONG_MIN, 0, 9, "nine") && is_next(id, LONG_MIN, 0, LONG_MAX, "last"));
	REFUSED(msgrcv(id, &got, MOST, 0, IPC_NOWAIT), ENOMSG);
	REFUSED(send(id, 0, "none"), EINVAL);
	REFUSED(send(id, -1, "less"), EINVAL);
	CLAIM(removed(id) == 0);
}

static void lengths(void)
{
	struct message message = { .type = 1 };
	int id = queue();

	memset(message.text, 'm', sizeof(message.text));
	CLAIM(msgsnd(id, &message, 0, 0) == 0 && msgrcv(id, &got, 0, 0, 0) == 0 && got.type == 1);
	CLAIM(msgsnd(id, &message, MOST, 0) == 0);
	REFUSED(msgrcv(id, &got, MOST - 1, 0, IPC_NOWAIT), E2BIG);
	memset(&got, 0, sizeof(got));
	CLAIM(msgrcv(id, &got, 100, 0, MSG_NOERROR) == 100 && got.text[99] == 'm' && got.text[100] == 0); /* the rest is lost */
	REFUSED(msgrcv(id, &got, 100, 0, IPC_NOWAIT | MSG_NOERROR), ENOMSG);
	REFUSED(msgsnd(id, &message, MOST + 1, 0), EINVAL);
	REFUSED(msgsnd(id, &message, (size_t)-1, 0), EINVAL);
	REFUSED(msgsnd(id, BAD, 1, 0), EFAULT);
	REFUSED(msgsnd(-1, &message, 1, 0), EINVAL);
	REFUSED(msgrcv(-1, &got, 1, 0, 0), EINVAL);
	REFUSED(msgrcv(id, &got, (size_t)-1, 0, 0), EINVAL);
	CLAIM(msgsnd(id, &message, 5, 0) == 0);
	REFUSED(msgrcv(id, BAD, 5, 0, 0), EFAULT);
	REFUSED(msgrcv(id, &got, 5, 0, IPC_NOWAIT), ENOMSG);
	CLAIM(msgsnd(id, &message, MOST, 0) == 0 && msgsnd(id, &message, MOST, IPC_NOWAIT) == 0);
	REFUSED(msgsnd(id, &message, 1, IPC_NOWAIT), EAGAIN);
	CLAIM(msgsnd(id, &message, 0, IPC_NOWAIT) == 0 && stat_of(id).msg_cbytes == ROOM && stat_of(id).msg_qnum == 3 && removed(id) == 0);
}

/* What is copied stays. */
static void copied(void)
{
	int id = queue();

	CLAIM(send(id, 7, "one") == 0 && send(id, 8, "two") == 0 && is_next(id, 1, MSG_COPY, 8, "two") && is_next(id, 0, MSG_COPY, 7, "one"));
	CLAIM(msgrcv(id, &got, SSIZE_MAX, 1, MSG_COPY | IPC_NOWAIT) == 4 && strcmp(got.text, "two") == 0);
	REFUSED(msgrcv(id, &got, MOST, 2, MSG_COPY | IPC_NOWAIT), ENOMSG);
	REFUSED(msgrcv(id, &got, MOST, 0, MSG_COPY), EINVAL);
	REFUSED(msgrcv(id, &got, MOST, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
	REFUSED(msgrcv(id, &got, 2, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
	CLAIM(is_next(id, 0, 0, 7, "one") && is_next(id, 0, 0, 8, "two") && removed(id) == 0);
}

static void noted(int number)
{
	(void)number;
}

static pid_t receives(int id, long type, const char *says)
{
	pid_t child = fork();

	if (child == 0) {
		ssize_t bytes = msgrcv(id, &got, MOST, type, 0);

		_exit(bytes < 0 ? errno : strcmp(got.text, says) != 0);
	}
	return child;
}

static pid_t sends(int id, size_t bytes)
{
	pid_t child = fork();

	if (child == 0)
		_exit(msgsnd(id, &(struct message){ .type = 6 }, bytes, 0) == 0 ? 0 : errno);
	return child;
}

static void waited_for(void)
{
	const struct sigaction action = { .sa_handler = noted, .sa_flags = SA_RESTART };
	struct message large = { .type = 1 };
	int id = queue();
	struct msqid_ds is;
	pid_t child, other;

	child = receives(id, 2, "two"), other = receives(id, -1, "one");
	usleep(20000);
	CLAIM(send(id, 2, "two") == 0 && ended(child) == 0 && send(id, 1, "one") == 0 && ended(other) == 0);
	is = stat_of(id);
	CLAIM(is.msg_qnum == 0 && is.msg_cbytes == 0 && is.msg_lspid == getpid() && is.msg_lrpid == other && is.msg_rtime >= is.msg_stime - 1);
	CLAIM(msgsnd(id, &large, MOST, 0) == 0 && msgsnd(id, &large, MOST, 0) == 0);
	child = sends(id, 10);
	usleep(20000);
	CLAIM(waitpid(child, NULL, WNOHANG) == 0 && msgrcv(id, &got, MOST, 0, 0) == MOST && ended(child) == 0 && stat_of(id).msg_lspid == child);
	/* More room lets who waits go on; it is the administrator's to give. */
	child = sends(id, MOST);
	usleep(20000);
	is = stat_of(id);
	is.msg_qbytes = 2 * ROOM;
	CLAIM(waitpid(child, NULL, WNOHANG) == 0 && msgctl(id, IPC_SET, &is) == 0 && ended(child) == 0 && stat_of(id).msg_qbytes == 2 * ROOM);
	while (msgrcv(id, &got, MOST, 0, IPC_NOWAIT) >= 0)
		continue;
	CLAIM(sigaction(SIGUSR1, &action, NULL) == 0);
	child = receives(id, 0, "never");
	usleep(20000);
	CLAIM(kill(child, SIGUSR1) == 0 && ended(child) == EINTR);
	child = receives(id, 0, "later");
	usleep(20000);
	CLAIM(kill(child, SIGSTOP) == 0 && kill(child, SIGCONT) == 0 && usleep(20000) == 0 && send(id, 4, "later") == 0 && ended(child) == 0);
	child = receives(id, 0, "never"), other = receives(id, 5, "never");
	usleep(20000);
	CLAIM(removed(id) == 0 && ended(child) == EIDRM && ended(other) == EIDRM);
}

static void as_another(void)
{
	int own = msgget(KEY, IPC_CREAT | 0600), read = msgget(KEY + 1, IPC_CREAT | 0644), all = msgget(KEY + 2, IPC_CREAT | 0666);
	struct msqid_ds is = stat_of(all);

	is.msg_perm.uid = OTHER;
	CLAIM(send(read, 1, "read") == 0 && msgctl(all, IPC_SET, &is) == 0 && setgid(OTHER) == 0 && setuid(OTHER) == 0);
	REFUSED(send(own, 1, "own"), EACCES);
	REFUSED(msgrcv(own, &got, MOST, 0, IPC_NOWAIT), EACCES);
	REFUSED(send(read, 1, "read"), EACCES);
	REFUSED(msgget(KEY, 0600), EACCES);
	REFUSED(msgctl(own, IPC_STAT, &is), EACCES);
	REFUSED(removed(read), EPERM);
	CLAIM(is_next(read, 0, 0, 1, "read") && send(all, 2, "all") == 0 && is_next(all, 0, 0, 2, "all"));
	is.msg_qbytes = ROOM + 1;
	REFUSED(msgctl(all, IPC_SET, &is), EPERM);
	is.msg_qbytes = 3;
	CLAIM(msgctl(all, IPC_SET, &is) == 0);
	REFUSED(send(all, 2, "all"), EAGAIN);
	CLAIM(removed(all) == 0);
}

static void told(void)
{
	int id = queue();
	struct msqid_ds is = stat_of(id);
	struct msginfo info = { 0 };
	char line[128];

	CLAIM(is.msg_qbytes == ROOM && is.msg_stime == 0 && is.msg_rtime == 0 && is.msg_ctime <= time(NULL) && is.msg_ctime >= time(NULL) - 10);
	CLAIM(is.msg_lspid == 0 && is.msg_lrpid == 0 && is.msg_perm.mode == 0600 && send(id, 3, "told") == 0);
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)&info), index = -1, count = 0;

	for (int i = 0; i <= last; i++)
		count += msgctl(i, MSG_STAT, &is) >= 0;
	CLAIM(info.msgpool == count);
	CLAIM(last >= 0 && info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 5 && info.msgtql < ROOM && info.msgmax == MOST && info.msgmnb == ROOM);
	is.msg_ctime = stat_of(id).msg_ctime;
	usleep(1100000);
	CLAIM(msgctl(id, IPC_SET, &is) == 0 && stat_of(id).msg_ctime > is.msg_ctime);
	CLAIM(msgctl(0, IPC_INFO, (struct msqid_ds *)&info) == last && info.msgtql == ROOM);
	CLAIM(load("/proc/sys/kernel/msgmnb") && atoi(text) == info.msgmnb && load("/proc/sys/kernel/msgmax") && atoi(text) == info.msgmax);
	for (int i = 0; i <= last; i++)
		if (msgctl(i, MSG_STAT, &is) == id)
			index = i;
	CLAIM(index >= 0 && is.msg_perm.cuid == 0);
	snprintf(line, sizeof(line), "%10d %10d  %4o  %10d %10d %5d %5d %5d %5d %5d %5d ", 0, id, 0600, 5, 1, getpid(), 0, 0, 0, 0, 0);
	CLAIM(load("/proc/sysvipc/msg") && strncmp(text, "       key      msqid perms      cbytes       qnum", 50) == 0 && strstr(text, line) != NULL);
	REFUSED(msgctl(id, IPC_STAT, BAD), EFAULT);
	REFUSED(msgctl(id, IPC_SET, BAD), EFAULT);
	REFUSED(msgctl(id, 99, &is), EINVAL);
	REFUSED(msgctl(-1, IPC_STAT, &is), EINVAL);
	CLAIM(removed(id) == 0 && load("/proc/sysvipc/msg") && strstr(text, line) == NULL);
}

/* All that several send comes to several, each once. */
static void crowded(void)
{
	enum { SENDERS = 3, RECEIVERS = 3, EACH = 300 };
	int id = queue(), back = queue();
	pid_t children[SENDERS + RECEIVERS];
	struct message message;
	long sum = 0;

	for (int i = 0; i < SENDERS + RECEIVERS; i++) {
		if ((children[i] = fork()) != 0)
			continue;
		message = (struct message){ .type = 1 + i };
		for (int k = 0; k < EACH; k++) {
			long number = i * EACH + k;

			if (i < SENDERS) {
				memcpy(message.text, &number, sizeof(number));
				if (msgsnd(id, &message, 900, 0) != 0)
					_exit(errno);
			} else if (msgrcv(id, &message, MOST, -100, 0) != 900 || msgsnd(back, &message, sizeof(number), 0) != 0) {
				_exit(errno);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < RECEIVERS * EACH; i++) {
		long number = -1;

		CLAIM(msgrcv(back, &message, MOST, 0, 0) == sizeof(number));
		memcpy(&number, message.text, sizeof(number));
		sum += number;
	}
	for (int i = 0; i < SENDERS + RECEIVERS; i++)
		CLAIM(ended(children[i]) == 0);
	CLAIM(sum == (long)SENDERS * EACH * (SENDERS * EACH - 1) / 2 && stat_of(id).msg_qnum == 0 && removed(id) == 0 && removed(back) == 0);
}

static void again_and_again(void)
{
	long before = 0;

	for (unsigned i = 0; i < 200; i++) {
		int id = queue();

		if (i == 3)
			before = free_kib();
		CLAIM(send(id, 1, "left") == 0 && msgsnd(id, &got, 0, IPC_NOWAIT) == 0 && msgrcv(id, &got, MOST, 1, 0) == 5 && send(id, 2, "behind") == 0 && removed(id) == 0);
	}
	if (getpid() == 1)
		CLAIM(is_given_back(before - 12));
}

int main(void)
{
	keys();
	types();
	lengths();
	copied();
	waited_for();
	claims_apart(as_another);
	CLAIM(removed(msgget(KEY, 0)) == 0 && removed(msgget(KEY + 1, 0)) == 0);
	told();
	crowded();
	again_and_again();
	return claims_end("messages");
}

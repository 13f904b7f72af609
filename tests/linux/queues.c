// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* POSIX message queues: made, found, limits, priorities, waiting, and being told. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4, BYTES = 32 };

static struct timespec soon(long ns)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += ns;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static void *sender(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	CLAIM(mq_send(*(mqd_t *)arg, "late", 4, 7) == 0);
	return NULL;
}

static volatile sig_atomic_t told;

static void on_signal(int signal)
{
	(void)signal;
	told++;
}

static void notices(mqd_t queue)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	mqd_t again;
	char data[BYTES];

	signal(SIGUSR1, on_signal);
	CLAIM(mq_notify(queue, &event) == 0);
	REFUSED(mq_notify(queue, &event), EBUSY);
	CLAIM(mq_send(queue, "x", 1, 0) == 0);
	for (int i = 0; i < 100 && told == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	CLAIM(told == 1);
	CLAIM(mq_receive(queue, data, sizeof(data), NULL) == 1);
	CLAIM(mq_notify(queue, &event) == 0 && mq_notify(queue, NULL) == 0);
	REFUSED(syscall(SYS_mq_notify, queue, 16), EFAULT);
	event.sigev_signo = 65;
	REFUSED(syscall(SYS_mq_notify, queue, &event), EINVAL);
	/* With the descriptor goes its notice. */
	event.sigev_signo = SIGUSR1;
	again = mq_open("/queue", O_RDONLY);
	CLAIM(mq_notify(again, &event) == 0);
	REFUSED(mq_notify(queue, &event), EBUSY);
	CLAIM(mq_close(again) == 0 && mq_notify(queue, &event) == 0 && mq_notify(queue, NULL) == 0);
}

/* What a queue's file says, but for who is to be told. */
static int says(mqd_t queue, const char *text)
{
	char got[100];

	return pread(queue, got, sizeof(got), 0) == 60 && got[59] == '\n' && memcmp(got, text, strlen(text)) == 0;
}

static void files(mqd_t queue)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct stat is;
	char got[BYTES];

	CLAIM(says(queue, "QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n") && mq_notify(queue, &event) == 0);
	CLAIM(says(queue, "QSIZE:0          NOTIFY:0     SIGNO:10    NOTIFY_PID:") && mq_notify(queue, NULL) == 0);
	event.sigev_notify = SIGEV_NONE;
	CLAIM(mq_notify(queue, &event) == 0 && says(queue, "QSIZE:0          NOTIFY:1     SIGNO:0     NOTIFY_PID:") && mq_notify(queue, NULL) == 0);
	CLAIM(mq_send(queue, "four", 4, 0) == 0 && mq_send(queue, "seven77", 7, 0) == 0 && says(queue, "QSIZE:11         NOTIFY:0"));
	CLAIM(mq_receive(queue, got, BYTES, NULL) == 4 && says(queue, "QSIZE:7          ") && mq_receive(queue, got, BYTES, NULL) == 7);
	CLAIM(lseek(queue, 6, SEEK_SET) == 6 && read(queue, got, 2) == 2 && memcmp(got, "0 ", 2) == 0 && pread(queue, got, 1, 60) == 0);
	CLAIM(fstat(queue, &is) == 0 && is.st_size == 80 && is.st_nlink == 1);
	REFUSED(write(queue, "x", 1), EINVAL);
}

int main(void)
{
	struct mq_attr wanted = { .mq_maxmsg = ROOM, .mq_msgsize = BYTES };
	struct mq_attr is;
	struct stat left;
	struct timespec at;
	char data[BYTES];
	pthread_t thread;
	unsigned priority;
	mqd_t other;
	mqd_t queue = mq_open("/queue", O_CREAT | O_EXCL | O_RDWR, 0600, &wanted);

	CLAIM(queue != (mqd_t)-1);
	REFUSED(mq_open("/queue", O_CREAT | O_EXCL | O_RDWR, 0600, &wanted), EEXIST);
	REFUSED(mq_open("/none", O_RDWR), ENOENT);
	CLAIM(mq_getattr(queue, &is) == 0 && is.mq_maxmsg == ROOM && is.mq_msgsize == BYTES && is.mq_curmsgs == 0 && is.mq_flags == 0);
	CLAIM(mq_send(queue, "low", 3, 1) == 0 && mq_send(queue, "high", 4, 9) == 0 && mq_send(queue, "low2", 4, 1) == 0);
	REFUSED(mq_receive(queue, data, 3, NULL), EMSGSIZE);
	CLAIM(mq_receive(queue, data, sizeof(data), &priority) == 4 && priority == 9 && memcmp(data, "high", 4) == 0);
	CLAIM(mq_receive(queue, data, sizeof(data), &priority) == 3 && priority == 1);
	CLAIM(mq_receive(queue, data, sizeof(data), &priority) == 4 && memcmp(data, "low2", 4) == 0);
	REFUSED(mq_send(queue, data, BYTES + 1, 0), EMSGSIZE);
	REFUSED(mq_send(queue, data, 1, 32768), EINVAL);
	at = soon(2000000);
	REFUSED(mq_timedreceive(queue, data, sizeof(data), NULL, &at), ETIMEDOUT);
	for (int i = 0; i < ROOM; i++)
		CLAIM(mq_send(queue, "full", 4, 0) == 0);
	at = soon(2000000);
	REFUSED(mq_timedsend(queue, "x", 1, 0, &at), ETIMEDOUT);
	other = mq_open("/queue", O_RDONLY | O_NONBLOCK);
	CLAIM(other != (mqd_t)-1);
	REFUSED(mq_send(other, "x", 1, 0), EBADF);
	for (int i = 0; i < ROOM; i++)
		CLAIM(mq_receive(other, data, sizeof(data), NULL) == 4);
	REFUSED(mq_receive(other, data, sizeof(data), NULL), EAGAIN);
	is.mq_flags = 0;
	CLAIM(mq_setattr(other, &is, &wanted) == 0 && wanted.mq_flags == O_NONBLOCK);
	CLAIM(pthread_create(&thread, NULL, sender, &queue) == 0);
	CLAIM(mq_receive(other, data, sizeof(data), &priority) == 4 && priority == 7);
	pthread_join(thread, NULL);
	notices(queue);
	files(queue);
	CLAIM(mq_unlink("/queue") == 0 && fstat(queue, &left) == 0 && left.st_nlink == 0);
	REFUSED(mq_unlink("/queue"), ENOENT);
	CLAIM(mq_send(queue, "still", 5, 0) == 0 && mq_receive(other, data, sizeof(data), NULL) == 5);
	CLAIM(mq_close(queue) == 0 && mq_close(other) == 0);
	REFUSED(mq_getattr(queue, &is), EBADF);
	return claims_end("queues");
}

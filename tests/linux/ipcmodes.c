// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Whom the modes of System V's segments, and of message queues, keep out. */
#include "tests/linux/claims.h"

#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, OTHER = 3000, SECRET = 71, TOLD = 72, OPEN = 73, OURS = 74, HIS = 75, BYTES = 8192 };

static int ids[HIS - SECRET + 1];

static int id_of(int key)
{
	return ids[key - SECRET];
}

static void *attach(int key, int flags)
{
	void *at = shmat(id_of(key), NULL, flags);

	if (at != (void *)-1)
		CLAIM(shmdt(at) == 0);
	return at;
}

static int set(int key, uid_t user, gid_t group, unsigned mode)
{
	struct shmid_ds told;

	if (shmctl(id_of(key), IPC_STAT, &told) != 0)
		return -1;
	told.shm_perm.uid = user;
	told.shm_perm.gid = group;
	told.shm_perm.mode = mode;
	return shmctl(id_of(key), IPC_SET, &told);
}

static int queue_make(const char *name, mode_t mode)
{
	mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, mode, NULL);

	return queue != (mqd_t)-1 && mq_close(queue) == 0;
}

static int queue_opens(const char *name, int flags)
{
	mqd_t queue = mq_open(name, flags);

	return queue != (mqd_t)-1 && mq_close(queue) == 0;
}

static void world_make(void)
{
	static const int modes[] = { 0600, 0644, 0666, 0640, 0600 };

	for (int key = SECRET; key <= HIS; key++) {
		ids[key - SECRET] = shmget(key, BYTES, IPC_CREAT | IPC_EXCL | modes[key - SECRET]);
		CLAIM(id_of(key) >= 0);
	}
	CLAIM(set(OURS, 0, GROUP, 0640) == 0 && set(HIS, USER, 0, 0600) == 0);
	umask(0);
	CLAIM(queue_make("/secret", 0600) && queue_make("/told", 0644) && queue_make("/open", 0666));
	umask(022);
	CLAIM(queue_make("/masked", 0666));
}

static void segments(void)
{
	struct shmid_ds told;
	char *seen;
	int own;

	CLAIM(setgroups(0, NULL) == 0 && setgid(OTHER) == 0 && setuid(USER) == 0);
	REFUSED(shmget(SECRET, 0, 0600), EACCES);
	REFUSED(shmget(SECRET, 0, 0004), EACCES);
	REFUSED(shmget(SECRET, 0, 0040), EACCES); /* it counts for whomever it is said */
	REFUSED(shmget(SECRET, 2 * BYTES, 0600), EINVAL);
	REFUSED(shmget(SECRET, 0, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	REFUSED(shmget(TOLD, 0, 0600), EACCES);
	CLAIM(shmget(SECRET, 0, 0) == id_of(SECRET) && shmget(TOLD, 0, 0400) == id_of(TOLD) && shmget(OPEN, 0, 0666) == id_of(OPEN));
	CLAIM(attach(SECRET, 0) == (void *)-1 && errno == EACCES && attach(SECRET, SHM_RDONLY) == (void *)-1 && errno == EACCES);
	CLAIM(attach(TOLD, 0) == (void *)-1 && errno == EACCES && attach(TOLD, SHM_RDONLY) != (void *)-1);
	seen = shmat(id_of(TOLD), NULL, SHM_RDONLY); /* what may only be read does not become writable */
	CLAIM(seen != (void *)-1);
	REFUSED(mprotect(seen, BYTES, PROT_READ | PROT_WRITE), EACCES);
	CLAIM(mprotect(seen, BYTES, PROT_NONE) == 0 && mprotect(seen, BYTES, PROT_READ) == 0 && seen[0] == 0 && shmdt(seen) == 0);
	CLAIM(attach(OPEN, 0) != (void *)-1 && attach(HIS, 0) != (void *)-1);
	CLAIM(attach(OURS, SHM_RDONLY) == (void *)-1 && errno == EACCES);
	REFUSED(shmctl(id_of(SECRET), IPC_STAT, &told), EACCES);
	CLAIM(shmctl(id_of(TOLD), IPC_STAT, &told) == 0 && told.shm_perm.cuid == 0);
	REFUSED(shmctl(id_of(OPEN), IPC_SET, &told), EPERM);
	REFUSED(shmctl(id_of(OPEN), IPC_RMID, NULL), EPERM);
	REFUSED(shmctl(id_of(OPEN), SHM_LOCK, NULL), EPERM);
	REFUSED(shmctl(id_of(OPEN), SHM_UNLOCK, NULL), EPERM);
	CLAIM(set(HIS, USER, 0, 0400) == 0 && attach(HIS, 0) == (void *)-1 && errno == EACCES && shmctl(id_of(HIS), IPC_RMID, NULL) == 0);
	own = shmget(IPC_PRIVATE, BYTES, 0);
	CLAIM(own >= 0 && shmctl(own, IPC_RMID, NULL) == 0);
}

static void segments_of_group(void)
{
	const gid_t groups[1] = { GROUP };

	CLAIM(setgroups(1, groups) == 0 && setgid(OTHER) == 0 && setuid(USER) == 0);
	CLAIM(attach(OURS, SHM_RDONLY) != (void *)-1 && attach(OURS, 0) == (void *)-1 && errno == EACCES);
}

static void queues(void)
{
	struct stat told;
	mqd_t queue;

	CLAIM(setgroups(0, NULL) == 0 && setgid(OTHER) == 0 && setuid(USER) == 0);
	CLAIM(mq_open("/secret", O_RDONLY) == -1 && errno == EACCES && mq_open("/secret", O_CREAT | O_RDWR, 0600, NULL) == -1 && errno == EACCES);
	CLAIM(mq_open("/secret", O_CREAT | O_EXCL | O_RDWR, 0600, NULL) == -1 && errno == EEXIST);
	CLAIM(mq_open("/told", O_WRONLY) == -1 && errno == EACCES && mq_open("/masked", O_RDWR) == -1 && errno == EACCES);
	CLAIM(queue_opens("/told", O_RDONLY) && queue_opens("/open", O_RDWR) && queue_opens("/masked", O_RDONLY));
	REFUSED(mq_unlink("/open"), EACCES); /* the C library says so for EPERM */
	REFUSED(mq_unlink("/none"), ENOENT);
	queue = mq_open("/own", O_CREAT | O_RDWR, 0200, NULL);
	CLAIM(queue != -1 && fstat(queue, &told) == 0 && told.st_uid == USER && told.st_gid == OTHER && (told.st_mode & 07777) == 0200);
	CLAIM(mq_open("/own", O_RDONLY) == -1 && errno == EACCES && queue_opens("/own", O_WRONLY) && mq_unlink("/own") == 0);
}

int main(void)
{
	world_make();
	claims_apart(segments);
	claims_apart(segments_of_group);
	claims_apart(queues);
	CLAIM(attach(SECRET, 0) != (void *)-1 && shmctl(id_of(SECRET), IPC_RMID, NULL) == 0 && mq_unlink("/secret") == 0);
	return claims_end("ipcmodes");
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Shared memory of System V: segments, their keys, and who has them attached. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BYTES = 10000, KEY = 0x52756d70, DESTROYED = 01000, LOCKED = 02000 };

#define BAD ((void *)16)
#define NOWHERE ((void *)-1)

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds is;

	CLAIM(shmctl(id, IPC_STAT, &is) == 0);
	return is;
}

static int attaches(int id, unsigned count)
{
	struct shmid_ds is;

	return shmctl(id, IPC_STAT, &is) == 0 && is.shm_nattch == count;
}

/* How a child that does it ends: 0, or the number of a signal. */
static int in_child(void (*run)(int id, char *at), int id, char *at)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		run(id, at);
		_exit(claims_failed != 0 ? 99 : 0);
	}
	CLAIM(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void writes(int id, char *at)
{
	(void)id;
	at[0] = 'w';
}

static void looks(int id, char *at)
{
	CLAIM(at[0] == 'a' && attaches(id, 4) && shmdt(at) == 0 && attaches(id, 3));
	char *anew = shmat(id, NULL, 0);

	CLAIM(anew != NOWHERE && anew[0] == 'a');
	anew[1] = 'c';
}

static void shared(void)
{
	int id = shmget(IPC_PRIVATE, BYTES, 0640);
	struct shmid_ds is = stat_of(id);

	CLAIM(is.shm_segsz == BYTES && is.shm_nattch == 0 && is.shm_cpid == getpid() && is.shm_lpid == 0 && is.shm_perm.mode == 0640);
	CLAIM(is.shm_atime == 0 && is.shm_dtime == 0 && is.shm_ctime <= time(NULL) && is.shm_ctime >= time(NULL) - 10);
	char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);

	CLAIM(a != NOWHERE && b != NOWHERE && a != b && a[0] == 0 && a[BYTES - 1] == 0 && a[3 * PAGE - 1] == 0);
	a[0] = 'a';
	a[BYTES] = 'z'; /* the rest of its last page */
	CLAIM(b[0] == 'a' && b[BYTES] == 'z' && attaches(id, 2));
	CLAIM(in_child(looks, id, a) == 0 && a[1] == 'c' && attaches(id, 2) && in_child(writes, id, b) == SIGSEGV);
	is = stat_of(id);
	CLAIM(is.shm_atime > 0 && is.shm_lpid != 0 && is.shm_lpid != getpid());
	CLAIM(mprotect(a + PAGE, PAGE, PROT_READ) == 0 && shmdt(a) == 0);
	REFUSED(shmdt(a), EINVAL);
	REFUSED(shmdt(b + PAGE), EINVAL);
	REFUSED(shmdt(b + 1), EINVAL);
	CLAIM(b[1] == 'c' && shmdt(b) == 0 && attaches(id, 0));
	is = stat_of(id);
	CLAIM(is.shm_lpid == getpid() && is.shm_dtime >= is.shm_atime && is.shm_dtime <= time(NULL));
	CLAIM((a = shmat(id, NULL, 0)) != NOWHERE && a[0] == 'a' && a[1] == 'c' && shmdt(a) == 0); /* it keeps what nobody has attached */
	CLAIM(shmctl(id, IPC_RMID, NULL) == 0);
	REFUSED(shmctl(id, IPC_RMID, NULL), EINVAL);
	CLAIM(shmat(id, NULL, 0) == NOWHERE && errno == EINVAL);
}

static void keys(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), other;

	CLAIM(id >= 0 && shmget(KEY, PAGE, IPC_CREAT | 0600) == id && shmget(KEY, 0, 0) == id && shmget(KEY, 10, 0) == id);
	REFUSED(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	REFUSED(shmget(KEY, PAGE + 1, 0600), EINVAL);
	REFUSED(shmget(KEY + 1, PAGE, 0600), ENOENT);
	REFUSED(shmget(KEY + 1, 0, IPC_CREAT | 0600), EINVAL);
	char *at = shmat(id, NULL, 0);

	at[0] = 'k';
	CLAIM(shmctl(id, IPC_RMID, NULL) == 0 && stat_of(id).shm_perm.mode == (0600 | DESTROYED));
	REFUSED(shmget(KEY, 0, 0), ENOENT);
	other = shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	char *again = shmat(id, NULL, 0); /* by its identifier it is still there */

	CLAIM(other >= 0 && other != id && again != NOWHERE && again[0] == 'k' && shmdt(at) == 0 && attaches(id, 1) && shmdt(again) == 0);
	REFUSED(shmctl(id, IPC_STAT, BAD), EINVAL);
	CLAIM(shmctl(other, IPC_RMID, NULL) == 0);
	REFUSED(shmget(KEY, 0, 0), ENOENT);
}

static void places(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	char *room = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	room[0] = 'r';
	CLAIM(shmat(id, room, 0) == NOWHERE && errno == EINVAL);
	CLAIM(shmat(id, room + 1, SHM_REMAP) == NOWHERE && errno == EINVAL);
	CLAIM(shmat(id, NULL, SHM_REMAP) == NOWHERE && errno == EINVAL);
	CLAIM(shmat(id, room + PAGE + 5, SHM_REMAP | SHM_RND) == room + PAGE && room[0] == 'r' && room[PAGE] == 0);
	CLAIM(munmap(room, 4 * PAGE) == 0 && attaches(id, 0) && shmat(id, room, 0) == room && shmdt(room) == 0);
	CLAIM(shmat(id, room + 7, SHM_RND) == room && shmdt(room) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
	CLAIM(shmat(-1, NULL, 0) == NOWHERE && errno == EINVAL);
}

static void controls(void)
{
	int id = shmget(IPC_PRIVATE, 1, 0600);
	struct shmid_ds is = stat_of(id);

	is.shm_perm.mode = 0444;
	is.shm_perm.uid = 5;
	CLAIM(shmctl(id, IPC_SET, &is) == 0);
	is = stat_of(id);
	CLAIM(is.shm_perm.mode == 0444 && is.shm_perm.uid == 5 && is.shm_perm.cuid == 0 && is.shm_segsz == 1);
	CLAIM(shmctl(id, SHM_LOCK, NULL) == 0 && stat_of(id).shm_perm.mode == (0444 | LOCKED));
	CLAIM(shmctl(id, SHM_UNLOCK, NULL) == 0 && stat_of(id).shm_perm.mode == 0444);
	REFUSED(shmctl(id, IPC_STAT, BAD), EFAULT);
	REFUSED(shmctl(id, IPC_SET, BAD), EFAULT);
	REFUSED(shmctl(id, 77, &is), EINVAL);
	CLAIM(shmctl(id, IPC_RMID, NULL) == 0);
}

static void told(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE - 1, 0600), index = -1;
	char *at = shmat(id, NULL, 0);
	struct shm_info used = { 0 };
	struct shminfo info = { 0 };
	struct shmid_ds is = stat_of(id);
	char line[128];

	is.shm_perm.uid = (uid_t)-1;
	REFUSED(shmctl(id, IPC_SET, &is), EINVAL);
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&used);

	CLAIM(last >= 0 && used.used_ids >= 1 && used.shm_tot >= 3 && used.shm_swp == 0 && shmctl(0, IPC_INFO, (struct shmid_ds *)&info) == last);
	CLAIM(info.shmmin == 1 && info.shmmni == 4096 && info.shmmax >= 3 * PAGE);
	for (int i = 0; i <= last; i++)
		if (shmctl(i, SHM_STAT, &is) == id)
			index = i;
	CLAIM(index >= 0 && is.shm_segsz == 3 * PAGE - 1 && is.shm_nattch == 1);
	snprintf(line, sizeof(line), "%10d %10d  %4o %21d %5d %5d  %5d %5d %5d %5d %5d ", 0, id, 0600, 3 * PAGE - 1, getpid(), getpid(), 1, 0, 0, 0, 0);
	CLAIM(load("/proc/sysvipc/shm") && strncmp(text, "       key      shmid perms                  size", 48) == 0 && strstr(text, line) != NULL);
	CLAIM(shmctl(id, IPC_RMID, NULL) == 0 && shmdt(at) == 0 && load("/proc/sysvipc/shm") && strstr(text, line) == NULL);
	REFUSED(shmctl(index, SHM_STAT, &is), EINVAL);
}

static void *attach(void *arg)
{
	return shmat(*(int *)arg, NULL, 0);
}

/* Who attaches what another thread removes at that moment has it as it was, or not at all. */
static void removed_meanwhile(void)
{
	for (int i = 0; i < 300; i++) {
		int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
		char *at = shmat(id, NULL, 0);
		pthread_t thread;
		void *got;

		at[PAGE] = 'p';
		CLAIM(shmdt(at) == 0 && pthread_create(&thread, NULL, attach, &id) == 0);
		for (volatile int turns = i * 40; turns > 0; turns--)
			continue;
		CLAIM(shmctl(id, IPC_RMID, NULL) == 0 && pthread_join(thread, &got) == 0);
		at = got;
		CLAIM(at == NOWHERE || (at[PAGE] == 'p' && shmdt(at) == 0));
	}
}

/* What is removed is given back, and who has no room for it is told so. */
static void again_and_again(void)
{
	long before = 0;

	for (unsigned i = 0; i < 100; i++) {
		if (i == 3)
			before = free_kib();
		int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
		char *at = shmat(id, NULL, 0);

		CLAIM(id >= 0 && at != NOWHERE && (at[PAGE] = 'a') == 'a' && munmap(at + PAGE, PAGE) == 0 && shmdt(at) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
		if (getpid() == 1)
			REFUSED(shmget(IPC_PRIVATE, 1ul << 40, 0600), ENOMEM);
	}
	if (getpid() == 1)
		CLAIM(is_given_back(before - 12));
}

int main(void)
{
	shared();
	keys();
	places();
	controls();
	told();
	removed_meanwhile();
	again_and_again();
	return claims_end("shm");
}

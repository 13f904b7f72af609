// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities: which sets hold which, what locks them, and what is left of them to programs that are executed. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, GROUP = 2000, PAGE = 4096 };

#define BIT(capability) (1ull << (capability))
#define FEW (BIT(CAP_SETPCAP) | BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_WAKE_ALARM))

struct sets {
	uint64_t effective, permitted, inheritable;
};

static long get(struct __user_cap_header_struct *header, struct sets *out)
{
	struct __user_cap_data_struct words[2] = { { 0 } };
	long result = syscall(SYS_capget, header, words);

	*out = (struct sets){ (uint64_t)words[1].effective << 32 | words[0].effective, (uint64_t)words[1].permitted << 32 | words[0].permitted,
			      (uint64_t)words[1].inheritable << 32 | words[0].inheritable };
	return result;
}

static struct sets held(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct sets got;

	CLAIM(get(&header, &got) == 0);
	return got;
}

static int hold(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct words[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	return (int)syscall(SYS_capset, &header, words);
}

static int is(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct sets now = held();

	return now.effective == effective && now.permitted == permitted && now.inheritable == inheritable;
}

static int ambient(int what, unsigned long capability)
{
	return prctl(PR_CAP_AMBIENT, what, capability, 0, 0);
}

static void sets_hold_each_other(void)
{
	uint64_t all = held().permitted;

	CLAIM(hold(FEW, FEW, BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM)) == 0 && is(FEW, FEW, BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM)));
	CLAIM(hold(FEW, FEW, all) == 0 && is(FEW, FEW, all)); /* what is bounding may be inherited, by who has CAP_SETPCAP */
	REFUSED(hold(FEW, FEW | BIT(CAP_FOWNER), 0), EPERM);
	REFUSED(hold(FEW | BIT(CAP_FOWNER), FEW, 0), EPERM);
	CLAIM(hold(0, FEW, 0) == 0 && is(0, FEW, 0) && hold(0, FEW, BIT(CAP_CHOWN)) == 0);
	REFUSED(hold(0, FEW, BIT(CAP_FOWNER)), EPERM);
	REFUSED(hold(0, FEW, BIT(CAP_AUDIT_READ)), EPERM);
	CLAIM(hold(FEW, FEW, 0) == 0 && prctl(PR_CAPBSET_DROP, CAP_FOWNER) == 0 && prctl(PR_CAPBSET_READ, CAP_FOWNER) == 0);
	CLAIM(prctl(PR_CAPBSET_READ, CAP_KILL) == 1 && prctl(PR_CAPBSET_DROP, CAP_KILL) == 0 && prctl(PR_CAPBSET_READ, CAP_KILL) == 0);
	REFUSED(hold(FEW, FEW, BIT(CAP_FOWNER)), EPERM);
	REFUSED(hold(FEW, FEW, BIT(CAP_KILL)), EPERM); /* not even what is permitted */
	REFUSED(prctl(PR_CAPBSET_DROP, CAP_LAST_CAP + 1), EINVAL);
	REFUSED(prctl(PR_CAPBSET_READ, CAP_LAST_CAP + 1), EINVAL);
	for (unsigned long i = 2; i < 5; i++) {
		REFUSED(prctl(PR_SET_NO_NEW_PRIVS, 1, (unsigned long)(i == 2), (unsigned long)(i == 3), (unsigned long)(i == 4)), EINVAL);
		REFUSED(prctl(PR_GET_NO_NEW_PRIVS, 0, (unsigned long)(i == 2), (unsigned long)(i == 3), (unsigned long)(i == 4)), EINVAL);
	}
	CLAIM(hold(0, FEW, 0) == 0);
	REFUSED(prctl(PR_CAPBSET_DROP, 63), EPERM);
}

static void the_call_is_checked(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_1, 0 };
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t all = held().permitted;
	struct sets got;

	CLAIM(mprotect(page + PAGE, PAGE, PROT_NONE) == 0);
	CLAIM(get(&header, &got) == 0 && got.permitted == (uint32_t)all && got.effective == (uint32_t)all); /* one word of each */
	CLAIM(syscall(SYS_capget, &header, page + PAGE - 12) == 0);
	REFUSED(syscall(SYS_capget, &header, page + PAGE - 8), EFAULT);
	REFUSED(syscall(SYS_capget, page + PAGE, page), EFAULT);
	REFUSED(syscall(SYS_capset, page + PAGE, page), EFAULT);
	REFUSED(syscall(SYS_capset, &header, page + PAGE), EFAULT);
	header.version = _LINUX_CAPABILITY_VERSION_2;
	REFUSED(syscall(SYS_capget, &header, page + PAGE - 12), EFAULT);
	CLAIM(syscall(SYS_capget, &header, NULL) == 0 && get(&header, &got) == 0 && got.permitted == all);
	header.pid = getpid();
	CLAIM(get(&header, &got) == 0 && got.effective == all);
	header.pid = -1;
	REFUSED(get(&header, &got), EINVAL);
	CLAIM(syscall(SYS_capget, &header, NULL) == 0);
	header = (struct __user_cap_header_struct){ 7, 0 };
	REFUSED(syscall(SYS_capset, &header, page), EINVAL);
	CLAIM(header.version == _LINUX_CAPABILITY_VERSION_3);
	header.version = _LINUX_CAPABILITY_VERSION_1;
	memset(page, 0, 12);
	CLAIM(syscall(SYS_capset, &header, page) == 0 && is(0, 0, 0)); /* the second word, too */
}

static void others_are_told(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, fork() };
	struct sets got = { 0 };
	int status;

	if (header.pid == 0)
		_exit(hold(BIT(CAP_KILL), FEW, BIT(CAP_CHOWN)) != 0 || pause() != -1);
	for (unsigned i = 0; i < 1000 && got.permitted != FEW; i++)
		CLAIM(get(&header, &got) == 0 && usleep(1000) == 0);
	CLAIM(got.effective == BIT(CAP_KILL) && got.permitted == FEW && got.inheritable == BIT(CAP_CHOWN));
	CLAIM(get(&header, &got) == 0 && kill(header.pid, SIGKILL) == 0 && waitpid(header.pid, &status, 0) == header.pid);
	REFUSED(get(&header, &got), ESRCH);
}

static void some_are_ambient(void)
{
	CLAIM(hold(FEW, FEW, BIT(CAP_KILL) | BIT(CAP_FOWNER) | BIT(CAP_WAKE_ALARM)) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 0);
	REFUSED(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN), EPERM); /* not inheritable */
	REFUSED(ambient(PR_CAP_AMBIENT_RAISE, CAP_FOWNER), EPERM); /* not permitted */
	REFUSED(ambient(PR_CAP_AMBIENT_RAISE, CAP_LAST_CAP + 1), EINVAL);
	REFUSED(ambient(PR_CAP_AMBIENT_RAISE, 63), EINVAL);
	REFUSED(ambient(PR_CAP_AMBIENT_IS_SET, 64), EINVAL);
	REFUSED(ambient(5, CAP_KILL), EINVAL);
	REFUSED(ambient(0, CAP_KILL), EINVAL);
	REFUSED(ambient(PR_CAP_AMBIENT_CLEAR_ALL, 1), EINVAL);
	REFUSED(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 1, 0), EINVAL);
	REFUSED(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 1), EINVAL);
	REFUSED(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 1), EINVAL);
	CLAIM(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL) == 0 && ambient(PR_CAP_AMBIENT_RAISE, CAP_WAKE_ALARM) == 0);
	CLAIM(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 1 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN) == 0);
	CLAIM(load("/proc/self/status") && strstr(text, "\nCapAmb:\t0000000800000020\nNoNewPrivs:\t0\n") != NULL);
	CLAIM(ambient(PR_CAP_AMBIENT_LOWER, CAP_KILL) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_WAKE_ALARM) == 1);
	CLAIM(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL) == 0 && hold(FEW, FEW, BIT(CAP_KILL)) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_WAKE_ALARM) == 0);
	CLAIM(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 1 && hold(0, FEW & ~BIT(CAP_KILL), BIT(CAP_KILL)) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 0);
	CLAIM(hold(FEW & ~BIT(CAP_KILL), FEW & ~BIT(CAP_KILL), FEW) == 0 && ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN) == 0);
	CLAIM(ambient(PR_CAP_AMBIENT_CLEAR_ALL, 0) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN) == 0 && ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN) == 0);
	CLAIM(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN) == 1);
	REFUSED(ambient(PR_CAP_AMBIENT_RAISE, CAP_WAKE_ALARM), EPERM);
	CLAIM(ambient(PR_CAP_AMBIENT_LOWER, CAP_CHOWN) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN) == 0);
}

/* Who is nobody's root any more has none that are ambient, whatever he keeps. */
static void users_lose_them(void)
{
	CLAIM(hold(FEW | BIT(CAP_SETUID), FEW | BIT(CAP_SETUID), FEW) == 0 && ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL) == 0 && prctl(PR_SET_KEEPCAPS, 1) == 0);
	CLAIM(setresuid(USER, USER, 0) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 1 && is(0, FEW | BIT(CAP_SETUID), FEW));
	CLAIM(setresuid(0, 0, 0) == 0 && setresuid(USER, USER, USER) == 0 && ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL) == 0 && is(0, FEW | BIT(CAP_SETUID), FEW));
}

static void bits_are_locked(void)
{
	CLAIM(prctl(PR_GET_SECUREBITS) == 0 && prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_NOROOT) == 0 && prctl(PR_GET_KEEPCAPS) == 1);
	CLAIM(prctl(PR_SET_KEEPCAPS, 0) == 0 && prctl(PR_GET_SECUREBITS) == SECBIT_NOROOT && prctl(PR_SET_KEEPCAPS, 1) == 0);
	REFUSED(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
	REFUSED(prctl(PR_SET_SECUREBITS, 1 << 30), EPERM);
	CLAIM(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED) == 0);
	REFUSED(prctl(PR_SET_KEEPCAPS, 1), EPERM);
	REFUSED(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED | SECBIT_NOROOT), EPERM);
	REFUSED(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED), EPERM);
	CLAIM(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP) == 0);
	CLAIM(prctl(PR_GET_SECUREBITS) == (SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP));
	/* Then nothing follows users. */
	CLAIM(hold(FEW | BIT(CAP_SETUID), FEW | BIT(CAP_SETUID), 0) == 0 && seteuid(USER) == 0 && is(FEW | BIT(CAP_SETUID), FEW | BIT(CAP_SETUID), 0));
	CLAIM(seteuid(0) == 0 && setuid(USER) == 0 && is(FEW | BIT(CAP_SETUID), FEW | BIT(CAP_SETUID), 0));
	CLAIM(hold(0, FEW, 0) == 0);
	REFUSED(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP), EPERM);
}

/* A program that is executed: as whom, with which, and what it has then. */
static const struct executed {
	uid_t real, effective;
	gid_t effective_group;
	uint64_t permitted, inheritable, ambient, bounding_gone;
	unsigned bits;
	int no_new;
	/* then */
	uid_t is_effective;
	gid_t is_group;
	int is_secure;
	uint64_t is_permitted_of_all; /* all but these */
	uint64_t is_permitted, is_effective_set, is_ambient;
} executed[] = {
	/* root has all that is bounding, and what is inherited */
	{ 0, 0, 0, FEW, 0, 0, 0, 0, 0, 0, 0, 0, ~0ull, 0, ~0ull, 0 },
	{ 0, 0, 0, FEW, 0, 0, BIT(CAP_FOWNER), 0, 0, 0, 0, 0, ~BIT(CAP_FOWNER), 0, ~0ull, 0 },
	{ 0, 0, 0, FEW, BIT(CAP_KILL), 0, BIT(CAP_KILL), 0, 0, 0, 0, 0, ~0ull, 0, ~0ull, 0 },
	/* but who may have nothing new, or is no root */
	{ 0, 0, 0, FEW, 0, 0, 0, 0, 1, 0, 0, 0, 0, FEW, FEW, 0 },
	{ 0, 0, 0, FEW, BIT(CAP_KILL), 0, 0, SECBIT_NOROOT, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 0, FEW, BIT(CAP_KILL), BIT(CAP_KILL), 0, SECBIT_NOROOT, 0, 0, 0, 0, 0, BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL) },
	/* another user has what is ambient */
	{ USER, USER, 0, FEW, FEW, BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM), 0, SECBIT_NO_SETUID_FIXUP, 0, USER, 0, 0, 0, BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM),
	  BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM), BIT(CAP_KILL) | BIT(CAP_WAKE_ALARM) },
	{ USER, USER, 0, FEW, FEW, BIT(CAP_KILL), 0, SECBIT_NO_SETUID_FIXUP, 1, USER, 0, 0, 0, BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL) },
	{ USER, USER, 0, FEW, FEW, 0, 0, SECBIT_NO_SETUID_FIXUP, 0, USER, 0, 0, 0, 0, 0, 0 },
	/* who acts for somebody else has none of that */
	{ USER, 0, 0, FEW, FEW, BIT(CAP_KILL), 0, 0, 0, 0, 0, 1, ~0ull, 0, ~0ull, 0 },
	{ USER, USER, GROUP, FEW, FEW, BIT(CAP_KILL), 0, SECBIT_NO_SETUID_FIXUP, 0, USER, GROUP, 1, 0, 0, 0, 0 },
	/* and nobody does who may have nothing new */
	{ USER, 0, 0, FEW, FEW, BIT(CAP_KILL), 0, 0, 1, USER, 0, 1, 0, FEW, FEW, 0 },
	{ USER, USER, GROUP, FEW, FEW, BIT(CAP_KILL), 0, SECBIT_NO_SETUID_FIXUP, 1, USER, 0, 1, 0, 0, 0, 0 },
};

static int again(const char *which)
{
	const struct executed *by = &executed[atoi(which)];
	uint64_t all = BIT(prctl(PR_CAPBSET_READ, CAP_CHECKPOINT_RESTORE) == 1 ? CAP_CHECKPOINT_RESTORE + 1 : CAP_CHECKPOINT_RESTORE) - 1;
	uint64_t permitted = (all & by->is_permitted_of_all) | by->is_permitted;
	char told[64];

	CLAIM(getuid() == by->real && geteuid() == by->is_effective && getegid() == by->is_group);
	CLAIM(is(permitted & by->is_effective_set, permitted, by->inheritable) && prctl(PR_GET_SECUREBITS) == (int)by->bits);
	CLAIM((getauxval(AT_SECURE) != 0) == by->is_secure);
	snprintf(told, sizeof(told), "\nCapAmb:\t%016llx\nNoNewPrivs:\t%d\n", (unsigned long long)by->is_ambient, by->no_new);
	CLAIM(load("/proc/self/status") && strstr(text, told) != NULL);
	if (claims_failed != 0)
		printf("WRONG: of what is executed that is %s\n%s", which, text);
	fflush(stdout);
	return claims_failed != 0;
}

static void execute(size_t which)
{
	const struct executed *by = &executed[which];
	const uint64_t more = by->permitted | BIT(CAP_SETUID) | BIT(CAP_SETGID);
	char number[16];

	for (unsigned i = 0; i < 64; i++)
		if (by->bounding_gone >> i & 1)
			CLAIM((hold(more, more, by->inheritable) == 0 || errno == EPERM) && prctl(PR_CAPBSET_DROP, i) == 0);
	CLAIM(hold(more, more, by->inheritable) == 0 && prctl(PR_SET_SECUREBITS, by->bits) == 0);
	CLAIM(setresgid((gid_t)-1, by->effective_group, (gid_t)-1) == 0 && setresuid(by->real, by->effective, (uid_t)-1) == 0);
	CLAIM(hold(held().effective & by->permitted, by->permitted, by->inheritable) == 0);
	for (unsigned i = 0; i < 64; i++)
		if (by->ambient >> i & 1)
			CLAIM(ambient(PR_CAP_AMBIENT_RAISE, i) == 0);
	CLAIM(!by->no_new || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	snprintf(number, sizeof(number), "%zu", which);
	fflush(stdout);
	if (claims_failed == 0)
		execl("/proc/self/exe", "privileges", number, NULL);
	_exit(77);
}

int main(int argc, char **argv)
{
	static void (*const all[])(void) = { sets_hold_each_other, the_call_is_checked, others_are_told, some_are_ambient, users_lose_them, bits_are_locked };
	int status;

	if (argc > 1)
		return again(argv[1]);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		claims_apart(all[i]);
	for (size_t i = 0; i < sizeof(executed) / sizeof(executed[0]); i++) {
		pid_t child = fork();

		if (child == 0)
			execute(i);
		CLAIM(waitpid(child, &status, 0) == child && status == 0);
	}
	return claims_end("privileges");
}

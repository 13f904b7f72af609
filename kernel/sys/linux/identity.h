// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Users, groups and capabilities of a thread, as Linux counts them: servers give up being root, and look whether they can become it again. They own the
 * files that they make, and which they may use hangs on whose those are (permissions.h). More than its manifest names no process may do, whoever it says it is.
 *
 * Spec: credentials(7), capabilities(7); Linux, kernel/{sys,groups,capability}.c, security/commoncap.c
 */
#ifndef KERNEL_SYS_LINUX_IDENTITY_H
#define KERNEL_SYS_LINUX_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct process;
struct thread;

enum { LINUX_GROUPS_MAX = 32 };

/* Given for a user or a group: that it stays. */
#define LINUX_ID_AS_IT_IS UINT32_MAX

/* include/uapi/linux/capability.h */
enum {
	LINUX_CAP_CHOWN = 0, LINUX_CAP_DAC_OVERRIDE = 1, LINUX_CAP_DAC_READ_SEARCH = 2, LINUX_CAP_FOWNER = 3, LINUX_CAP_FSETID = 4, LINUX_CAP_KILL = 5,
	LINUX_CAP_SETGID = 6, LINUX_CAP_SETUID = 7, LINUX_CAP_SETPCAP = 8, LINUX_CAP_LINUX_IMMUTABLE = 9, LINUX_CAP_NET_ADMIN = 12, LINUX_CAP_IPC_LOCK = 14,
	LINUX_CAP_IPC_OWNER = 15, LINUX_CAP_SYS_CHROOT = 18, LINUX_CAP_SYS_PTRACE = 19, LINUX_CAP_SYS_ADMIN = 21, LINUX_CAP_SYS_NICE = 23,
	LINUX_CAP_SYS_RESOURCE = 24, LINUX_CAP_MKNOD = 27, LINUX_CAP_MAC_OVERRIDE = 32, LINUX_CAPABILITIES = 41,
};

/* include/uapi/linux/securebits.h; each has a lock beside it. */
enum { LINUX_SECURE_NOROOT = 1, LINUX_SECURE_NO_SETUID_FIXUP = 4, LINUX_SECURE_KEEP_CAPS = 16, LINUX_SECURE_NO_CAP_AMBIENT_RAISE = 64, LINUX_SECURE_BITS = 0x55, LINUX_SECURE_LOCKS = 0xaa };

struct linux_ids {
	uint32_t real, effective, saved, file;
};

/* W: its thread, under the process's lock; others read it under that. */
struct linux_identity {
	struct linux_ids user, group;
	uint64_t effective, permitted, inheritable, bounding, ambient; /* capabilities; those that are ambient are permitted and inheritable */
	uint32_t secure_bits;   /* LINUX_SECURE_* */
	bool no_new_privileges; /* PR_SET_NO_NEW_PRIVS: no program that is executed has more */
	bool acts_for_another;  /* the program was told so (AT_SECURE) */
	uint32_t group_count;
	uint32_t groups[LINUX_GROUPS_MAX];
};

/* Root, with all capabilities. */
void linux_identity_init(struct linux_identity *identity);

bool linux_identity_may(const struct thread *thread, unsigned capability);

/* Who sends a signal, as siginfo_t has it: the number of the process, and above that its user. */
uint64_t linux_identity_stamp(const struct thread *thread);

/* The thread's process runs another program from now on, which may be root's (S_ISUID). Context: the thread's fiber. */
void linux_identity_executed(struct thread *thread, bool as_root);

/*
 * Who the thread acts as was `before`: where it acts as another now, or may more, its process hides from who could look into it until then. Context: under the
 * process's lock. Spec: Linux, kernel/cred.c: commit_creds()
 */
void linux_identity_changed(struct thread *thread, const struct linux_identity *before);

/* That of a process's first thread; zeroes where it has none any more. Context: fiber. */
void linux_identity_of(struct process *process, struct linux_identity *out);

/* Whether the thread's user may send signals to that one; NULL: to the process's first. Spec: kill(2); Linux, kernel/signal.c: kill_ok_by_cred() */
bool linux_identity_may_signal(const struct thread *thread, struct process *process, const struct thread *to);

/*
 * Whether the thread may be told what another process has open, where it is, and what lies in its memory. Of a process without threads only who may of any is told.
 * Context: fiber. Spec: Linux, kernel/ptrace.c: __ptrace_may_access(), as PTRACE_MODE_READ_FSCREDS; security/commoncap.c: cap_ptrace_access_check()
 */
bool linux_identity_may_inspect(const struct thread *thread, struct process *process);

/* Those of prctl(2) that are about capabilities; STATUS_EINVAL for others. */
MUST_CHECK int64_t linux_identity_prctl(struct thread *thread, const uint64_t x[6]);

#endif

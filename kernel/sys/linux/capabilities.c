// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities as Linux has them, which are kept and told. Spec: capget(2), capset(2), prctl(2); Linux, security/commoncap.c */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { /* include/uapi/linux/prctl.h */
	PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS = 8, PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_GET_SECUREBITS = 27, PR_SET_SECUREBITS = 28,
	PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39, PR_CAP_AMBIENT = 47,
	PR_CAP_AMBIENT_IS_SET = 1, PR_CAP_AMBIENT_RAISE = 2, PR_CAP_AMBIENT_LOWER = 3, PR_CAP_AMBIENT_CLEAR_ALL = 4,
};

/* Of one word each, or of two. */
enum { VERSION_1 = 0x19980330, VERSION_2 = 0x20071026, VERSION_3 = 0x20080522 };

struct header {
	uint32_t version;
	int32_t pid;
};

struct words {
	uint32_t effective, permitted, inheritable;
};

/* How many words there are, in `*count`. Of a version that nobody knows the newest is told: then STATUS_EINVAL. */
static status_t header_take(struct thread *thread, uint64_t va, struct header *header, unsigned *count)
{
	const uint32_t newest = VERSION_3;
	status_t status = linux_copy_in(thread, header, va, sizeof(*header));

	if (status != STATUS_OK)
		return STATUS_EFAULT;
	*count = header->version == VERSION_1 ? 1 : 2;
	if (header->version == VERSION_1 || header->version == VERSION_2 || header->version == VERSION_3)
		return STATUS_OK;
	status = linux_copy_out(thread, va, &newest, sizeof(newest));
	return status == STATUS_OK ? STATUS_EINVAL : status;
}

static int64_t call_capget(struct thread *thread, const uint64_t x[6])
{
	struct header header;
	struct words words[2];
	unsigned count;
	struct linux_identity identity = thread->personality->identity;
	status_t status = header_take(thread, x[0], &header, &count);

	if (status != STATUS_OK)
		return status == STATUS_EINVAL && x[1] == 0 ? 0 : status;
	if (x[1] == 0)
		return 0;
	if (header.pid < 0)
		return STATUS_EINVAL;
	if (header.pid != 0 && (unsigned)header.pid != thread->personality->tid) {
		struct thread *of = linux_family_thread(thread->process, 0, (unsigned)header.pid);

		if (of == NULL)
			return STATUS_ESRCH;
		spinlock_take(&of->process->lock);
		identity = of->personality->identity;
		spinlock_give(&of->process->lock);
		object_put(&of->object);
	}
	for (unsigned i = 0; i < count; i++)
		words[i] = (struct words){ (uint32_t)(identity.effective >> 32 * i), (uint32_t)(identity.permitted >> 32 * i),
					   (uint32_t)(identity.inheritable >> 32 * i) };
	return linux_copy_out(thread, x[1], words, count * sizeof(words[0]));
}

static int64_t capabilities_set(struct thread *thread, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct linux_identity *identity = &thread->personality->identity;

	if (!linux_identity_may(thread, LINUX_CAP_SETPCAP) && (inheritable & ~(identity->inheritable | identity->permitted)) != 0)
		return STATUS_EPERM;
	if ((inheritable & ~(identity->inheritable | identity->bounding)) != 0 || (permitted & ~identity->permitted) != 0 || (effective & ~permitted) != 0)
		return STATUS_EPERM;
	spinlock_take(&thread->process->lock);
	identity->effective = effective;
	identity->permitted = permitted;
	identity->inheritable = inheritable;
	identity->ambient &= permitted & inheritable;
	spinlock_give(&thread->process->lock);
	return 0;
}

static int64_t call_capset(struct thread *thread, const uint64_t x[6])
{
	struct words words[2] = { { 0 } };
	struct header header;
	unsigned count;
	status_t status = header_take(thread, x[0], &header, &count);
	uint64_t all = (1ull << LINUX_CAPABILITIES) - 1;

	if (status != STATUS_OK)
		return status;
	if (header.pid != 0 && (unsigned)header.pid != thread->personality->tid)
		return STATUS_EPERM;
	if (linux_copy_in(thread, words, x[1], count * sizeof(words[0])) != STATUS_OK)
		return STATUS_EFAULT;
	return capabilities_set(thread, ((uint64_t)words[1].effective << 32 | words[0].effective) & all,
				((uint64_t)words[1].permitted << 32 | words[0].permitted) & all,
				((uint64_t)words[1].inheritable << 32 | words[0].inheritable) & all);
}

static int64_t bounding_drop(struct thread *thread, uint64_t capability)
{
	struct linux_identity *identity = &thread->personality->identity;

	if (!linux_identity_may(thread, LINUX_CAP_SETPCAP))
		return STATUS_EPERM;
	if (capability >= LINUX_CAPABILITIES)
		return STATUS_EINVAL;
	spinlock_take(&thread->process->lock);
	identity->bounding &= ~(1ull << capability);
	spinlock_give(&thread->process->lock);
	return 0;
}

static void ambient_set(struct thread *thread, uint64_t ambient)
{
	spinlock_take(&thread->process->lock);
	thread->personality->identity.ambient = ambient;
	spinlock_give(&thread->process->lock);
}

static int64_t ambient_change(struct thread *thread, const uint64_t x[6])
{
	const struct linux_identity *identity = &thread->personality->identity;
	uint64_t bit = x[2] < LINUX_CAPABILITIES ? 1ull << x[2] : 0;

	if (x[1] == PR_CAP_AMBIENT_CLEAR_ALL ? (x[2] | x[3] | x[4]) != 0 : bit == 0 || (x[3] | x[4]) != 0)
		return STATUS_EINVAL;
	switch (x[1]) {
	case PR_CAP_AMBIENT_IS_SET:
		return (identity->ambient & bit) != 0;
	case PR_CAP_AMBIENT_RAISE:
		if (!(identity->permitted & identity->inheritable & bit) || (identity->secure_bits & LINUX_SECURE_NO_CAP_AMBIENT_RAISE))
			return STATUS_EPERM;
		ambient_set(thread, identity->ambient | bit);
		return 0;
	case PR_CAP_AMBIENT_LOWER:
		ambient_set(thread, identity->ambient & ~bit);
		return 0;
	case PR_CAP_AMBIENT_CLEAR_ALL:
		ambient_set(thread, 0);
		return 0;
	default:
		return STATUS_EINVAL;
	}
}

static void secure_bits_set(struct thread *thread, uint32_t bits)
{
	spinlock_take(&thread->process->lock);
	thread->personality->identity.secure_bits = bits;
	spinlock_give(&thread->process->lock);
}

/* What is locked stays, and stays locked. */
static int64_t secure_bits_change(struct thread *thread, uint64_t to)
{
	uint32_t bits = thread->personality->identity.secure_bits;
	uint32_t locks = bits & LINUX_SECURE_LOCKS;

	if ((locks >> 1 & (bits ^ to)) != 0 || (locks & ~to) != 0 || (to & ~(uint64_t)(LINUX_SECURE_BITS | LINUX_SECURE_LOCKS)) != 0 ||
	    !linux_identity_may(thread, LINUX_CAP_SETPCAP))
		return STATUS_EPERM;
	secure_bits_set(thread, (uint32_t)to);
	return 0;
}

static int64_t keep_change(struct thread *thread, uint64_t keep)
{
	uint32_t bits = thread->personality->identity.secure_bits;

	if (keep > 1)
		return STATUS_EINVAL;
	if (bits & LINUX_SECURE_KEEP_CAPS << 1)
		return STATUS_EPERM;
	secure_bits_set(thread, keep != 0 ? bits | LINUX_SECURE_KEEP_CAPS : bits & ~(uint32_t)LINUX_SECURE_KEEP_CAPS);
	return 0;
}

int64_t linux_identity_prctl(struct thread *thread, const uint64_t x[6])
{
	struct linux_identity *identity = &thread->personality->identity;

	switch (x[0]) {
	case PR_GET_KEEPCAPS:
		return (identity->secure_bits & LINUX_SECURE_KEEP_CAPS) != 0;
	case PR_SET_KEEPCAPS:
		return keep_change(thread, x[1]);
	case PR_CAPBSET_READ:
		return x[1] < LINUX_CAPABILITIES ? (int64_t)(identity->bounding >> x[1] & 1) : STATUS_EINVAL;
	case PR_CAPBSET_DROP:
		return bounding_drop(thread, x[1]);
	case PR_GET_SECUREBITS:
		return identity->secure_bits;
	case PR_SET_SECUREBITS:
		return secure_bits_change(thread, x[1]);
	case PR_SET_NO_NEW_PRIVS:
		if (x[1] != 1 || (x[2] | x[3] | x[4]) != 0)
			return STATUS_EINVAL;
		spinlock_take(&thread->process->lock);
		identity->no_new_privileges = true;
		spinlock_give(&thread->process->lock);
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return (x[1] | x[2] | x[3] | x[4]) == 0 ? identity->no_new_privileges : STATUS_EINVAL;
	case PR_CAP_AMBIENT:
		return ambient_change(thread, x);
	default:
		return STATUS_EINVAL;
	}
}

/* Spec: Linux, security/commoncap.c: cap_bprm_creds_from_file(), of programs without capabilities of their own */
void linux_identity_executed(struct thread *thread, bool as_root)
{
	struct linux_identity *identity = &thread->personality->identity;
	struct linux_ids *user = &identity->user;
	struct linux_ids *group = &identity->group;
	const struct linux_identity before = *identity;
	bool root_counts = !(identity->secure_bits & LINUX_SECURE_NOROOT);
	uint64_t permitted = 0;
	bool effective, for_another;

	spinlock_take(&thread->process->lock);
	atomic_store_explicit(&linux_process_of(thread)->hides, user->effective != user->real || group->effective != group->real, memory_order_relaxed);
	if (as_root && !identity->no_new_privileges)
		user->effective = 0;
	if (root_counts && (user->real == 0 || user->effective == 0))
		permitted = identity->inheritable | identity->bounding;
	effective = root_counts && user->effective == 0;
	for_another = user->effective != user->real || group->effective != group->real;
	if (identity->no_new_privileges && (for_another || (permitted & ~identity->permitted) != 0)) {
		user->effective = user->real;
		group->effective = group->real;
		permitted &= identity->permitted;
	}
	user->saved = user->file = user->effective;
	group->saved = group->file = group->effective;
	if (for_another)
		identity->ambient = 0;
	identity->permitted = permitted | identity->ambient;
	identity->effective = effective ? identity->permitted : identity->ambient;
	identity->secure_bits &= ~(uint32_t)LINUX_SECURE_KEEP_CAPS;
	identity->acts_for_another = for_another || (user->real != 0 && (effective || (identity->permitted & ~identity->ambient) != 0));
	linux_identity_changed(thread, &before);
	spinlock_give(&thread->process->lock);
}

const struct linux_call linux_calls_capabilities[] = {
	{ 90, 2, "capget", call_capget },
	{ 91, 2, "capset", call_capset },
	{ 0 },
};

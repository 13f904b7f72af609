// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Capabilities as Linux has them, which are kept and told. Spec: capget(2), capset(2), prctl(2); Linux, security/commoncap.c */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"

enum { /* include/uapi/linux/prctl.h */
	PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS = 8, PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_GET_SECUREBITS = 27, PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_RAISE = 2,
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

int64_t linux_identity_prctl(struct thread *thread, const uint64_t x[6])
{
	struct linux_identity *identity = &thread->personality->identity;

	switch (x[0]) {
	case PR_GET_KEEPCAPS:
		return identity->keeps_permitted;
	case PR_SET_KEEPCAPS:
		if (x[1] > 1)
			return STATUS_EINVAL;
		spinlock_take(&thread->process->lock);
		identity->keeps_permitted = x[1] != 0;
		spinlock_give(&thread->process->lock);
		return 0;
	case PR_CAPBSET_READ:
		return x[1] < LINUX_CAPABILITIES ? (int64_t)(identity->bounding >> x[1] & 1) : STATUS_EINVAL;
	case PR_CAPBSET_DROP:
		return bounding_drop(thread, x[1]);
	case PR_GET_SECUREBITS:
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		if (x[1] != 1 || (x[2] | x[3] | x[4]) != 0)
			return STATUS_EINVAL;
		spinlock_take(&thread->process->lock);
		identity->no_new_privileges = true;
		spinlock_give(&thread->process->lock);
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return (x[1] | x[2] | x[3] | x[4]) == 0 ? identity->no_new_privileges : STATUS_EINVAL;
	case PR_CAP_AMBIENT: /* there never is one: no program of another user's gets any by execve */
		return x[1] == PR_CAP_AMBIENT_RAISE ? STATUS_EPERM : 0;
	default:
		return STATUS_EINVAL;
	}
}

const struct linux_call linux_calls_capabilities[] = {
	{ 90, 2, "capget", call_capget },
	{ 91, 2, "capset", call_capset },
	{ 0 },
};

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/identity.h"

#include <stddef.h>

#include "kernel/sys/linux/calls.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/family.h"
#include "kernel/sys/linux/thread.h"
#include "lib/string.h"

#define ALL_CAPABILITIES ((1ull << LINUX_CAPABILITIES) - 1)

/* Those that are about files. Spec: Linux, include/linux/capability.h: CAP_FS_SET */
#define FILE_CAPABILITIES                                                                                                                       \
	(1ull << LINUX_CAP_CHOWN | 1ull << LINUX_CAP_DAC_OVERRIDE | 1ull << LINUX_CAP_DAC_READ_SEARCH | 1ull << LINUX_CAP_FOWNER |              \
	 1ull << LINUX_CAP_FSETID | 1ull << LINUX_CAP_LINUX_IMMUTABLE | 1ull << LINUX_CAP_MKNOD | 1ull << LINUX_CAP_MAC_OVERRIDE)

static struct linux_identity *identity_of(const struct thread *thread)
{
	return &thread->personality->identity;
}

void linux_identity_init(struct linux_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->effective = identity->permitted = identity->bounding = ALL_CAPABILITIES;
}

bool linux_identity_may(const struct thread *thread, unsigned capability)
{
	return (identity_of(thread)->effective >> capability & 1) != 0;
}

uint64_t linux_identity_stamp(const struct thread *thread)
{
	return (uint64_t)identity_of(thread)->user.real << 32 | thread->process->number;
}

static bool has_root(const struct linux_ids *ids)
{
	return ids->real == 0 || ids->effective == 0 || ids->saved == 0;
}

/* Who becomes root, or nobody's root any more. Spec: Linux, security/commoncap.c: cap_emulate_setxuid() */
static void capabilities_follow(struct linux_identity *identity, const struct linux_ids *before)
{
	if (identity->secure_bits & LINUX_SECURE_NO_SETUID_FIXUP)
		return;
	if (has_root(before) && !has_root(&identity->user)) {
		identity->ambient = 0;
		if (!(identity->secure_bits & LINUX_SECURE_KEEP_CAPS))
			identity->permitted = identity->effective = 0;
	}
	if (before->effective == 0 && identity->user.effective != 0)
		identity->effective = 0;
	if (before->effective != 0 && identity->user.effective == 0)
		identity->effective = identity->permitted;
}

/* That of the first thread; NULL: there is none any more. Context: under the process's lock. */
static const struct linux_identity *first_of(struct process *process)
{
	return list_is_empty(&process->threads) ? NULL : identity_of(LIST_OWNER(process->threads.next, struct thread, of_process));
}

void linux_identity_of(struct process *process, struct linux_identity *out)
{
	const struct linux_identity *first;

	memset(out, 0, sizeof(*out));
	spinlock_take(&process->lock);
	first = first_of(process);
	if (first != NULL)
		*out = *first;
	spinlock_give(&process->lock);
}

bool linux_identity_may_signal(const struct thread *thread, struct process *process, const struct thread *to)
{
	const struct linux_ids *own = &thread->personality->identity.user;
	const struct linux_identity *identity;
	struct linux_ids its;

	if (process == thread->process || linux_identity_may(thread, LINUX_CAP_KILL))
		return true;
	spinlock_take(&process->lock);
	identity = to != NULL ? identity_of(to) : first_of(process);
	its.real = its.saved = atomic_load_explicit(&process->personality->family->user, memory_order_relaxed); /* of one that has ended */
	if (identity != NULL)
		its = identity->user;
	spinlock_give(&process->lock);
	return own->effective == its.real || own->effective == its.saved || own->real == its.real || own->real == its.saved;
}

static bool are_all(const struct linux_ids *ids, uint32_t id)
{
	return ids->real == id && ids->effective == id && ids->saved == id;
}

bool linux_identity_may_inspect(const struct thread *thread, struct process *process)
{
	const struct linux_identity *own = identity_of(thread);
	const struct linux_identity *its;
	bool may;

	if (process == thread->process || linux_identity_may(thread, LINUX_CAP_SYS_PTRACE))
		return true;
	spinlock_take(&process->lock);
	its = first_of(process);
	may = its != NULL && are_all(&its->user, own->user.file) && are_all(&its->group, own->group.file) && (its->permitted & ~own->effective) == 0 &&
	      !atomic_load_explicit(&process->personality->hides, memory_order_relaxed);
	spinlock_give(&process->lock);
	return may;
}

/* Of users or of groups: which, and which capability changes them as one likes. */
struct kind {
	struct linux_ids *ids;
	bool may;
};

static struct kind users(struct thread *thread)
{
	return (struct kind){ &identity_of(thread)->user, linux_identity_may(thread, LINUX_CAP_SETUID) };
}

static struct kind groups(struct thread *thread)
{
	return (struct kind){ &identity_of(thread)->group, linux_identity_may(thread, LINUX_CAP_SETGID) };
}

void linux_identity_changed(struct thread *thread, const struct linux_identity *before)
{
	const struct linux_identity *now = identity_of(thread);

	if (now->user.effective != before->user.effective || now->user.file != before->user.file || now->group.effective != before->group.effective ||
	    now->group.file != before->group.file || (now->permitted & ~before->permitted) != 0)
		atomic_store_explicit(&linux_process_of(thread)->hides, true, memory_order_relaxed);
}

static int64_t ids_set(struct thread *thread, const struct kind *kind, struct linux_ids ids)
{
	struct linux_identity *identity = identity_of(thread);
	const struct linux_identity before = *identity;

	spinlock_take(&thread->process->lock);
	*kind->ids = ids;
	if (kind->ids == &identity->user)
		capabilities_follow(identity, &before.user);
	linux_identity_changed(thread, &before);
	atomic_store_explicit(&linux_process_of(thread)->family->user, identity->user.real, memory_order_relaxed);
	spinlock_give(&thread->process->lock);
	return 0;
}

static int64_t set_one(struct thread *thread, struct kind kind, uint32_t id)
{
	struct linux_ids ids = *kind.ids;

	if (id == LINUX_ID_AS_IT_IS)
		return STATUS_EINVAL;
	if (!kind.may && id != ids.real && id != ids.saved)
		return STATUS_EPERM;
	if (kind.may)
		ids.real = ids.saved = id;
	ids.effective = ids.file = id;
	return ids_set(thread, &kind, ids);
}

static bool is_any(uint32_t id, const struct linux_ids *ids)
{
	return id == LINUX_ID_AS_IT_IS || id == ids->real || id == ids->effective || id == ids->saved;
}

static int64_t set_two(struct thread *thread, struct kind kind, uint32_t real, uint32_t effective)
{
	struct linux_ids before = *kind.ids;
	struct linux_ids ids = before;

	if (!kind.may && real != LINUX_ID_AS_IT_IS && real != before.real && real != before.effective)
		return STATUS_EPERM;
	if (!kind.may && !is_any(effective, &before))
		return STATUS_EPERM;
	ids.real = real != LINUX_ID_AS_IT_IS ? real : before.real;
	ids.effective = effective != LINUX_ID_AS_IT_IS ? effective : before.effective;
	if (real != LINUX_ID_AS_IT_IS || (effective != LINUX_ID_AS_IT_IS && effective != before.real))
		ids.saved = ids.effective;
	ids.file = ids.effective;
	return ids_set(thread, &kind, ids);
}

static bool stays(uint32_t id, uint32_t as)
{
	return id == LINUX_ID_AS_IT_IS || id == as;
}

/* Where all is so already, who opens files stays, too. Spec: Linux, kernel/sys.c: __sys_setresuid() */
static int64_t set_three(struct thread *thread, struct kind kind, const uint64_t x[6])
{
	struct linux_ids ids = *kind.ids;

	if (stays((uint32_t)x[0], ids.real) && stays((uint32_t)x[1], ids.effective) && stays((uint32_t)x[1], ids.file) && stays((uint32_t)x[2], ids.saved))
		return 0;
	if (!kind.may && !(is_any((uint32_t)x[0], &ids) && is_any((uint32_t)x[1], &ids) && is_any((uint32_t)x[2], &ids)))
		return STATUS_EPERM;
	ids.real = (uint32_t)x[0] != LINUX_ID_AS_IT_IS ? (uint32_t)x[0] : ids.real;
	ids.effective = (uint32_t)x[1] != LINUX_ID_AS_IT_IS ? (uint32_t)x[1] : ids.effective;
	ids.saved = (uint32_t)x[2] != LINUX_ID_AS_IT_IS ? (uint32_t)x[2] : ids.saved;
	ids.file = ids.effective;
	return ids_set(thread, &kind, ids);
}

/* Tells what it was, whether or not it was changed. */
static int64_t set_file(struct thread *thread, struct kind kind, uint32_t id)
{
	struct linux_ids ids = *kind.ids;
	uint32_t before = ids.file;

	ids.file = id;
	if (id != LINUX_ID_AS_IT_IS && (kind.may || is_any(id, kind.ids)))
		(void)ids_set(thread, &kind, ids);
	return before;
}

/* Who opens files as root no more, or again. Spec: Linux, security/commoncap.c: cap_task_fix_setuid() */
static void capabilities_follow_file(struct thread *thread, uint32_t before)
{
	struct linux_identity *identity = identity_of(thread);
	bool follows = !(identity->secure_bits & LINUX_SECURE_NO_SETUID_FIXUP);

	spinlock_take(&thread->process->lock);
	if (follows && before == 0 && identity->user.file != 0)
		identity->effective &= ~FILE_CAPABILITIES;
	if (follows && before != 0 && identity->user.file == 0)
		identity->effective |= identity->permitted & FILE_CAPABILITIES;
	spinlock_give(&thread->process->lock);
}

static status_t get_three(struct thread *thread, const struct linux_ids *ids, const uint64_t x[6])
{
	const uint32_t told[3] = { ids->real, ids->effective, ids->saved };
	status_t status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < 3; i++)
		status = linux_copy_out(thread, x[i], &told[i], sizeof(told[i]));
	return status;
}

static int64_t call_setuid(struct thread *thread, const uint64_t x[6])
{
	return set_one(thread, users(thread), (uint32_t)x[0]);
}

static int64_t call_setgid(struct thread *thread, const uint64_t x[6])
{
	return set_one(thread, groups(thread), (uint32_t)x[0]);
}

static int64_t call_setreuid(struct thread *thread, const uint64_t x[6])
{
	return set_two(thread, users(thread), (uint32_t)x[0], (uint32_t)x[1]);
}

static int64_t call_setregid(struct thread *thread, const uint64_t x[6])
{
	return set_two(thread, groups(thread), (uint32_t)x[0], (uint32_t)x[1]);
}

static int64_t call_setresuid(struct thread *thread, const uint64_t x[6])
{
	return set_three(thread, users(thread), x);
}

static int64_t call_setresgid(struct thread *thread, const uint64_t x[6])
{
	return set_three(thread, groups(thread), x);
}

static int64_t call_setfsuid(struct thread *thread, const uint64_t x[6])
{
	int64_t before = set_file(thread, users(thread), (uint32_t)x[0]);

	capabilities_follow_file(thread, (uint32_t)before);
	return before;
}

static int64_t call_setfsgid(struct thread *thread, const uint64_t x[6])
{
	return set_file(thread, groups(thread), (uint32_t)x[0]);
}

static int64_t call_getresuid(struct thread *thread, const uint64_t x[6])
{
	return get_three(thread, &identity_of(thread)->user, x);
}

static int64_t call_getresgid(struct thread *thread, const uint64_t x[6])
{
	return get_three(thread, &identity_of(thread)->group, x);
}

static int64_t call_getuid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return identity_of(thread)->user.real;
}

static int64_t call_geteuid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return identity_of(thread)->user.effective;
}

static int64_t call_getgid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return identity_of(thread)->group.real;
}

static int64_t call_getegid(struct thread *thread, const uint64_t x[6])
{
	(void)x;
	return identity_of(thread)->group.effective;
}

static int64_t call_getgroups(struct thread *thread, const uint64_t x[6])
{
	const struct linux_identity *identity = identity_of(thread);
	int room = (int)x[0];
	status_t status = STATUS_OK;

	if (room < 0 || (room > 0 && (uint32_t)room < identity->group_count))
		return STATUS_EINVAL;
	if (room > 0)
		status = linux_copy_out(thread, x[1], identity->groups, identity->group_count * sizeof(identity->groups[0]));
	return status == STATUS_OK ? (int64_t)identity->group_count : status;
}

/* They are told as Linux tells them: in order. */
static void groups_sort(uint32_t *groups, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		for (uint32_t k = i; k > 0 && groups[k - 1] > groups[k]; k--) {
			uint32_t larger = groups[k - 1];

			groups[k - 1] = groups[k];
			groups[k] = larger;
		}
	}
}

static int64_t call_setgroups(struct thread *thread, const uint64_t x[6])
{
	struct linux_identity *identity = identity_of(thread);
	uint32_t wanted[LINUX_GROUPS_MAX];
	uint32_t count = (uint32_t)x[0];

	if (!linux_identity_may(thread, LINUX_CAP_SETGID))
		return STATUS_EPERM;
	if (count > LINUX_GROUPS_MAX)
		return STATUS_EINVAL;
	if (linux_copy_in(thread, wanted, x[1], count * sizeof(wanted[0])) != STATUS_OK)
		return STATUS_EFAULT;
	groups_sort(wanted, count);
	spinlock_take(&thread->process->lock);
	memcpy(identity->groups, wanted, count * sizeof(wanted[0]));
	identity->group_count = count;
	spinlock_give(&thread->process->lock);
	return 0;
}

const struct linux_call linux_calls_identity[] = {
	{ 143, 2, "setregid", call_setregid },
	{ 144, 1, "setgid", call_setgid },
	{ 145, 2, "setreuid", call_setreuid },
	{ 146, 1, "setuid", call_setuid },
	{ 147, 3, "setresuid", call_setresuid },
	{ 148, 3, "getresuid", call_getresuid },
	{ 149, 3, "setresgid", call_setresgid },
	{ 150, 3, "getresgid", call_getresgid },
	{ 151, 1, "setfsuid", call_setfsuid },
	{ 152, 1, "setfsgid", call_setfsgid },
	{ 158, 2, "getgroups", call_getgroups },
	{ 159, 2, "setgroups", call_setgroups },
	{ 174, 0, "getuid", call_getuid },
	{ 175, 0, "geteuid", call_geteuid },
	{ 176, 0, "getgid", call_getgid },
	{ 177, 0, "getegid", call_getegid },
	{ 0 },
};

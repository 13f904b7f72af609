// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/subject.h"

#include "kernel/sys/linux/identity.h"
#include "kernel/sys/linux/thread.h"

struct linux_subject linux_subject_of(const struct thread *thread)
{
	const struct linux_identity *identity;

	if (thread == NULL || thread->personality == NULL)
		return (struct linux_subject){ .capabilities = UINT64_MAX };
	identity = &thread->personality->identity;
	return (struct linux_subject){ identity->user.file, identity->group.file, identity->effective, identity->group_count, identity->groups };
}

struct linux_subject linux_subject_real(const struct thread *thread)
{
	const struct linux_identity *identity = &thread->personality->identity;
	uint64_t capabilities = identity->user.real == 0 ? identity->permitted : 0;

	return (struct linux_subject){ identity->user.real, identity->group.real, capabilities, identity->group_count, identity->groups };
}

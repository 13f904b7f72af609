// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/cap/interfaces.h"

#include <stddef.h>

#include "kernel/cap/objects.h"

struct object *interface_object(uint32_t interface)
{
	static struct object *const grantable[] = {
		&console_object, &log_object, &clock_object, &entropy_object, &processes_object, &channels_object,
	};

	for (size_t i = 0; i < sizeof(grantable) / sizeof(grantable[0]); i++)
		if (grantable[i]->interface->id == interface)
			return grantable[i];
	return NULL;
}

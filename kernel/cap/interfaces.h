// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The objects that a manifest can grant, by their interfaces. */
#ifndef KERNEL_CAP_INTERFACES_H
#define KERNEL_CAP_INTERFACES_H

#include <stdint.h>

struct object;

/* The one object of interface CAPOS_INTERFACE_*; NULL where there is none that can be granted. Context: any. */
struct object *interface_object(uint32_t interface);

#endif

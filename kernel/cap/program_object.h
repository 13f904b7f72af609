// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Programs out of a file system, proven. */
#ifndef KERNEL_CAP_PROGRAM_OBJECT_H
#define KERNEL_CAP_PROGRAM_OBJECT_H

#include "kernel/cap/object.h"
#include "lib/span.h"

/* The bytes of a program, an object of that interface: as long as it is held. */
struct span program_file(const struct object *object);

#endif

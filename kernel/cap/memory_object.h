// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's own memory as a capability: pages up to what its manifest allows. Interface CAPOS_INTERFACE_MEMORY. */
#ifndef KERNEL_CAP_MEMORY_OBJECT_H
#define KERNEL_CAP_MEMORY_OBJECT_H

#include "kernel/cap/object.h"

/* Serves whichever process calls: it holds nothing itself. */
extern struct object memory_object;

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The console as a capability: lines of text under the process's name. Interface CAPOS_INTERFACE_CONSOLE. */
#ifndef KERNEL_CAP_CONSOLE_OBJECT_H
#define KERNEL_CAP_CONSOLE_OBJECT_H

#include "kernel/cap/object.h"

/* There is one console; the object says nothing about who writes. */
extern struct object console_object;

#endif

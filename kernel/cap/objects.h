// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Objects of which there is one, for whoever is granted them: each serves the process that calls, and holds nothing itself. */
#ifndef KERNEL_CAP_OBJECTS_H
#define KERNEL_CAP_OBJECTS_H

#include "kernel/cap/object.h"

extern struct object capset_object;
extern struct object channels_object;
extern struct object clock_object;
extern struct object console_object;
extern struct object entropy_object;
extern struct object event_object;
extern struct object log_object;
extern struct object memory_object;
extern struct object processes_object;
extern struct object ring_object;
extern struct object threads_object;

#endif

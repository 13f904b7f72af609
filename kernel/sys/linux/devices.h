// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* /dev/null, zero, full, random, urandom. Context of all: fiber. STATUS_ENOMEM. */
#ifndef KERNEL_SYS_LINUX_DEVICES_H
#define KERNEL_SYS_LINUX_DEVICES_H

#include <stdint.h>

#include "lib/status.h"

struct linux_file;
struct process;

typedef status_t linux_device_open(struct process *process, uint32_t flags, struct linux_file **out);

linux_device_open linux_null_open, linux_zero_open, linux_full_open, linux_random_open, linux_urandom_open;

#endif

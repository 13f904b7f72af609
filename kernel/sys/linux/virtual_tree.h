// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* The tree of virtual.c: a table, each entry with that of its directory. */
#ifndef KERNEL_SYS_LINUX_VIRTUAL_TREE_H
#define KERNEL_SYS_LINUX_VIRTUAL_TREE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/devices.h"
#include "kernel/sys/linux/text.h"

/* The entries that something is asked by number; the others follow. */
enum {
	EMPTY, DEV, PROC, SYS, ETC, RESOLV, PID, PID_FD, PROC_SYSVIPC, PROC_SYS, PROC_SYS_KERNEL, PROC_SYS_KERNEL_RANDOM, PROC_SYS_VM, PROC_SYS_NET, PROC_SYS_NET_CORE, PROC_SYS_FS,
	SYS_DEVICES, SYS_DEVICES_SYSTEM, SYS_CPU, FD_LINK, DEV_PTS, PTS_SLAVE, PID_NET, PID_TASK, PID_FDINFO, FD_INFO, SYS_CPU_ONE, SYS_CPU_TOPOLOGY, NAMED
};
enum { NONE = 0xff /* the directory of what has none */, LINUX_VIRTUAL_ENTRIES = 116 };

struct linux_virtual_entry {
	const char *name;
	union {
		const char *says;        /* a link's target (NULL: it depends), or a text that is always the same */
		linux_text_fill *fill;   /* of a file that `is_made` */
		linux_device_open *open; /* of FS_OTHER */
	};
	uint16_t permissions, rdev;
	uint8_t parent;
	uint8_t type; /* enum fs_type */
	bool is_made;
};

static_assert(sizeof(struct linux_virtual_entry) == 24, "there are many");

extern const struct linux_virtual_entry *const linux_virtual_entries;

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Text that grows, for files whose content is made when they are read. Context: fiber. */
#ifndef KERNEL_SYS_LINUX_TEXT_H
#define KERNEL_SYS_LINUX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/format.h"
#include "lib/status.h"

struct budget;
struct linux_file;
struct linux_dentry;
struct process;
struct thread;

struct linux_text {
	struct format_sink sink; /* for format_to() */
	unsigned number;         /* of the CPU, or of the descriptor, that it is about */
	unsigned pid, tid;       /* of the process, and of the one thread, that it is about; 0: of none */
	struct thread *thread;   /* that thread, or the process's first; NULL: it has ended */
	char *bytes;
	size_t len, room;
	bool failed; /* memory is out, or it is too long: the rest is missing */
};

void linux_text_begin(struct linux_text *text);
void linux_text_end(struct linux_text *text);

/* An open file that says what the node of a name (virtual_node.h) does when it is read, charged with that to `budget`. STATUS_ENOMEM. */
MUST_CHECK status_t linux_text_open(struct linux_dentry *dentry, struct budget *budget, uint32_t flags, struct linux_file **out);

/* Its name; NULL: it is no text. */
struct linux_dentry *linux_text_dentry(const struct linux_file *file);

/* Adds what a file of /proc says; `of`: the process it is about, or NULL. */
typedef void linux_text_fill(struct linux_text *text, struct process *of);

linux_text_fill linux_proc_meminfo, linux_proc_cpuinfo, linux_proc_stat, linux_proc_uptime, linux_proc_loadavg, linux_proc_mounts, linux_proc_mountinfo, linux_proc_filesystems,
	linux_proc_version, linux_proc_vmstat, linux_proc_files, linux_proc_uuid, linux_proc_boot_id, linux_proc_cpus, linux_sys_cpu_number, linux_sys_cpu_mask, linux_sys_cpus_mask,
	linux_proc_resolver, linux_proc_net_dev, linux_proc_net_route, linux_proc_net_inet6,
	linux_proc_net_tcp, linux_proc_net_tcp6, linux_proc_net_udp, linux_proc_net_udp6, linux_proc_net_unix, linux_proc_shm, linux_proc_sem, linux_proc_msg;
linux_text_fill linux_pid_maps, linux_pid_smaps, linux_pid_stat, linux_pid_statm, linux_pid_status, linux_pid_cmdline, linux_pid_environ, linux_pid_auxv, linux_pid_comm,
	linux_pid_limits, linux_pid_fdinfo;

#endif

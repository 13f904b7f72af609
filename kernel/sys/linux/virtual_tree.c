// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/virtual_tree.h"

#include <assert.h>
#include <stddef.h>

#include "kernel/io/fs/fs.h"
#include "kernel/sys/linux/terminal.h"
#include "lib/bits.h"

#define DEVICE(major, minor) ((major) << 8 | (minor))
#define ENTRY(entry_name, entry_parent, entry_type, mode) .name = (entry_name), .parent = (entry_parent), .type = (entry_type), .permissions = (mode)
#define TOP(name) { ENTRY(name, NONE, FS_DIRECTORY, 0555) }
#define DIR(name, parent) { ENTRY(name, parent, FS_DIRECTORY, 0555) }
#define LINK(name, parent, target) { ENTRY(name, parent, FS_LINK, 0777), .says = (target) }
#define FIXED(name, parent, text) { ENTRY(name, parent, FS_FILE, 0644), .says = (text) }
#define CONSTANT(name, parent, text) { ENTRY(name, parent, FS_FILE, 0444), .says = (text) }
#define MADE_WITH(name, parent, mode, filled) { ENTRY(name, parent, FS_FILE, mode), .fill = (filled), .is_made = true }
#define MADE(name, parent, filled) MADE_WITH(name, parent, 0444, filled)
#define CHARS(name, parent, major, minor, opened) { ENTRY(name, parent, FS_OTHER, 0666), .rdev = DEVICE(major, minor), .open = (opened) }

static const struct linux_virtual_entry entries[] = {
	[EMPTY] = TOP(""),
	[DEV] = TOP("dev"),
	[PROC] = TOP("proc"),
	[SYS] = TOP("sys"),
	[ETC] = TOP("etc"),
	[RESOLV] = MADE("resolv.conf", ETC, linux_proc_resolver),
	[PID] = TOP(""),
	[PID_FD] = { ENTRY("fd", PID, FS_DIRECTORY, 0500) },
	[PROC_SYSVIPC] = DIR("sysvipc", PROC),
	[PROC_SYS] = DIR("sys", PROC),
	[PROC_SYS_KERNEL] = DIR("kernel", PROC_SYS),
	[PROC_SYS_KERNEL_RANDOM] = DIR("random", PROC_SYS_KERNEL),
	[PROC_SYS_VM] = DIR("vm", PROC_SYS),
	[PROC_SYS_NET] = DIR("net", PROC_SYS),
	[PROC_SYS_NET_CORE] = DIR("core", PROC_SYS_NET),
	[PROC_SYS_FS] = DIR("fs", PROC_SYS),
	[SYS_DEVICES] = DIR("devices", SYS),
	[SYS_DEVICES_SYSTEM] = DIR("system", SYS_DEVICES),
	[SYS_CPU] = DIR("cpu", SYS_DEVICES_SYSTEM),
	[FD_LINK] = { ENTRY("", NONE, FS_LINK, 0700) },
	[DEV_PTS] = DIR("pts", DEV),
	[PTS_SLAVE] = { ENTRY("", NONE, FS_OTHER, 0620), .rdev = LINUX_PTY_DEVICE },
	[PID_NET] = DIR("net", PID),
	[PID_TASK] = DIR("task", PID),
	[PID_FDINFO] = { ENTRY("fdinfo", PID, FS_DIRECTORY, 0500) },
	[FD_INFO] = MADE("", NONE, linux_pid_fdinfo),
	[SYS_CPU_ONE] = TOP(""),
	[SYS_CPU_TOPOLOGY] = DIR("topology", SYS_CPU_ONE),
	[NAMED] = LINK("fd", DEV, "/proc/self/fd"),
	LINK("stdin", DEV, "/proc/self/fd/0"),
	LINK("stdout", DEV, "/proc/self/fd/1"),
	LINK("stderr", DEV, "/proc/self/fd/2"),
	LINK("shm", DEV, "/tmp"),
	CHARS("null", DEV, 1, 3, linux_null_open),
	CHARS("zero", DEV, 1, 5, linux_zero_open),
	CHARS("full", DEV, 1, 7, linux_full_open),
	CHARS("random", DEV, 1, 8, linux_random_open),
	CHARS("urandom", DEV, 1, 9, linux_urandom_open),
	CHARS("tty", DEV, 5, 0, linux_tty_open),
	CHARS("console", DEV, 5, 1, linux_terminal_open),
	CHARS("ptmx", DEV, 5, 2, linux_ptmx_open),
	CHARS("ptmx", DEV_PTS, 5, 2, linux_ptmx_open),
	LINK("self", PROC, NULL),
	LINK("thread-self", PROC, NULL),
	LINK("mounts", PROC, "self/mounts"),
	LINK("net", PROC, "self/net"),
	MADE("shm", PROC_SYSVIPC, linux_proc_shm),
	MADE("sem", PROC_SYSVIPC, linux_proc_sem),
	MADE("msg", PROC_SYSVIPC, linux_proc_msg),
	MADE("meminfo", PROC, linux_proc_meminfo),
	MADE("cpuinfo", PROC, linux_proc_cpuinfo),
	MADE("stat", PROC, linux_proc_stat),
	MADE("uptime", PROC, linux_proc_uptime),
	MADE("loadavg", PROC, linux_proc_loadavg),
	MADE("filesystems", PROC, linux_proc_filesystems),
	MADE("version", PROC, linux_proc_version),
	MADE("vmstat", PROC, linux_proc_vmstat),
	FIXED("hostname", PROC_SYS_KERNEL, "rumpk\n"),
	FIXED("osrelease", PROC_SYS_KERNEL, "6.1.0-rumpk\n"),
	FIXED("ostype", PROC_SYS_KERNEL, "Linux\n"),
	FIXED("pid_max", PROC_SYS_KERNEL, "4194304\n"),
	FIXED("threads-max", PROC_SYS_KERNEL, "64\n"),
	FIXED("randomize_va_space", PROC_SYS_KERNEL, "2\n"),
	FIXED("ngroups_max", PROC_SYS_KERNEL, "32\n"),
	FIXED("cap_last_cap", PROC_SYS_KERNEL, "40\n"),
	FIXED("shmmni", PROC_SYS_KERNEL, "4096\n"),
	FIXED("sem", PROC_SYS_KERNEL, "32000\t1024000000\t500\t32000\n"),
	FIXED("msgmax", PROC_SYS_KERNEL, "8192\n"),
	FIXED("msgmnb", PROC_SYS_KERNEL, "16384\n"),
	FIXED("msgmni", PROC_SYS_KERNEL, "32000\n"),
	MADE("uuid", PROC_SYS_KERNEL_RANDOM, linux_proc_uuid),
	MADE("boot_id", PROC_SYS_KERNEL_RANDOM, linux_proc_boot_id),
	CONSTANT("entropy_avail", PROC_SYS_KERNEL_RANDOM, "256\n"),
	CONSTANT("poolsize", PROC_SYS_KERNEL_RANDOM, "256\n"),
	FIXED("overcommit_memory", PROC_SYS_VM, "1\n"),
	FIXED("max_map_count", PROC_SYS_VM, "65530\n"),
	FIXED("swappiness", PROC_SYS_VM, "0\n"),
	FIXED("somaxconn", PROC_SYS_NET_CORE, "4096\n"),
	FIXED("file-max", PROC_SYS_FS, "9223372036854775807\n"),
	MADE("file-nr", PROC_SYS_FS, linux_proc_files),
	FIXED("nr_open", PROC_SYS_FS, "16000\n"),
	FIXED("pipe-max-size", PROC_SYS_FS, "1048576\n"),
	MADE("online", SYS_CPU, linux_proc_cpus),
	MADE("possible", SYS_CPU, linux_proc_cpus),
	MADE("present", SYS_CPU, linux_proc_cpus),
	LINK("exe", PID, NULL),
	LINK("cwd", PID, NULL),
	LINK("root", PID, NULL),
	MADE("maps", PID, linux_pid_maps),
	MADE("smaps", PID, linux_pid_smaps),
	MADE("stat", PID, linux_pid_stat),
	MADE("statm", PID, linux_pid_statm),
	MADE("status", PID, linux_pid_status),
	MADE("cmdline", PID, linux_pid_cmdline),
	MADE_WITH("comm", PID, 0644, linux_pid_comm),
	MADE("limits", PID, linux_pid_limits),
	MADE("mounts", PID, linux_proc_mounts),
	MADE("mountinfo", PID, linux_proc_mountinfo),
	MADE("dev", PID_NET, linux_proc_net_dev),
	MADE("route", PID_NET, linux_proc_net_route),
	MADE("if_inet6", PID_NET, linux_proc_net_inet6),
	MADE("tcp", PID_NET, linux_proc_net_tcp),
	MADE("tcp6", PID_NET, linux_proc_net_tcp6),
	MADE("udp", PID_NET, linux_proc_net_udp),
	MADE("udp6", PID_NET, linux_proc_net_udp6),
	MADE("unix", PID_NET, linux_proc_net_unix),
	FIXED("oom_score_adj", PID, "0\n"),
	CONSTANT("oom_score", PID, "0\n"),
	MADE_WITH("auxv", PID, 0400, linux_pid_auxv),
	MADE_WITH("environ", PID, 0400, linux_pid_environ),
	CONSTANT("physical_package_id", SYS_CPU_TOPOLOGY, "0\n"),
	MADE("core_id", SYS_CPU_TOPOLOGY, linux_sys_cpu_number),
	MADE("thread_siblings", SYS_CPU_TOPOLOGY, linux_sys_cpu_mask),
	MADE("thread_siblings_list", SYS_CPU_TOPOLOGY, linux_sys_cpu_number),
	MADE("core_siblings", SYS_CPU_TOPOLOGY, linux_sys_cpus_mask),
	MADE("core_siblings_list", SYS_CPU_TOPOLOGY, linux_proc_cpus),
};

static_assert(ARRAY_LEN(entries) == LINUX_VIRTUAL_ENTRIES, "virtual_tree.h");

const struct linux_virtual_entry *const linux_virtual_entries = entries;

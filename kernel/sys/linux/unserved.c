// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Calls that programs may ask for and that are not there: known so that the log can name them. */
#include <stddef.h>

#include "kernel/sys/linux/calls.h"

const struct linux_call linux_calls_unserved[] = {
	{ 39, 6, "umount2", NULL },
	{ 40, 6, "mount", NULL },
	{ 41, 6, "pivot_root", NULL },
	{ 58, 6, "vhangup", NULL },
	{ 60, 6, "quotactl", NULL },
	{ 89, 6, "acct", NULL },
	{ 97, 6, "unshare", NULL },
	{ 104, 6, "kexec_load", NULL },
	{ 105, 6, "init_module", NULL },
	{ 116, 6, "syslog", NULL },
	{ 117, 6, "ptrace", NULL },
	{ 142, 6, "reboot", NULL },
	{ 161, 6, "sethostname", NULL },
	{ 162, 6, "setdomainname", NULL },
	{ 217, 6, "add_key", NULL },
	{ 219, 6, "keyctl", NULL },
	{ 224, 6, "swapon", NULL },
	{ 234, 6, "remap_file_pages", NULL },
	{ 235, 6, "mbind", NULL },
	{ 236, 6, "get_mempolicy", NULL },
	{ 237, 6, "set_mempolicy", NULL },
	{ 241, 6, "perf_event_open", NULL },
	{ 262, 6, "fanotify_init", NULL },
	{ 264, 6, "name_to_handle_at", NULL },
	{ 265, 6, "open_by_handle_at", NULL },
	{ 268, 6, "setns", NULL },
	{ 270, 6, "process_vm_readv", NULL },
	{ 272, 6, "kcmp", NULL },
	{ 274, 6, "sched_setattr", NULL },
	{ 275, 6, "sched_getattr", NULL },
	{ 277, 6, "seccomp", NULL },
	{ 280, 6, "bpf", NULL },
	{ 282, 6, "userfaultfd", NULL },
	{ 288, 6, "pkey_mprotect", NULL },
	{ 293, 6, "rseq", NULL },
	{ 425, 6, "io_uring_setup", NULL },
	{ 426, 6, "io_uring_enter", NULL },
	{ 427, 6, "io_uring_register", NULL },
	{ 448, 6, "process_mrelease", NULL },
	{ 449, 6, "futex_waitv", NULL },
	{ 0 },
};

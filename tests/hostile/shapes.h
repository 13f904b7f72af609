// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * What calls expect, a letter an argument, so that hostile ones get past their first check: f a descriptor, d one of a directory, p a path, a memory,
 * z a length, n a small number, t a time, s an address of a socket, l its length in memory, m a message, v vectors, o flags of open, g a mask of signals, i a request for a
 * terminal, c a command of fcntl, b whether a new descriptor waits, k flags of memfd_create, q seals, w what is watched for, j an object of System V,
 * x flags to make one, y what is done with it, e operations on semaphores, 0 nothing.
 */
#ifndef TESTS_HOSTILE_SHAPES_H
#define TESTS_HOSTILE_SHAPES_H

#include <sys/syscall.h>

struct shape {
	short number;
	char arguments[7];
};

static const struct shape shapes[] = {
	{ SYS_openat, "dpon" }, { SYS_openat, "dpon" }, { SYS_read, "faz" }, { SYS_read, "faz" }, { SYS_write, "faz" }, { SYS_write, "faz" },
	{ SYS_pread64, "fazn" }, { SYS_pwrite64, "fazn" }, { SYS_readv, "fvn" }, { SYS_writev, "fvn" }, { SYS_preadv, "fvnn" }, { SYS_pwritev, "fvnn" },
	{ SYS_close, "f" }, { SYS_dup, "f" }, { SYS_dup3, "ffn" }, { SYS_fcntl, "fnn" }, { SYS_fcntl, "fna" }, { SYS_fcntl, "fcn" }, { SYS_fcntl, "fcq" }, { SYS_ioctl, "fna" },
	{ SYS_ioctl, "fia" }, { SYS_ioctl, "fia" }, { SYS_ioctl, "fin" },
	{ SYS_lseek, "fnn" }, { SYS_ftruncate, "fz" }, { SYS_truncate, "pz" }, { SYS_fallocate, "fnzz" }, { SYS_getdents64, "faz" },
	{ SYS_mkdirat, "dpn" }, { SYS_unlinkat, "dpn" }, { SYS_renameat2, "dpdpn" }, { SYS_linkat, "dpdpn" }, { SYS_symlinkat, "pdp" },
	{ SYS_readlinkat, "dpaz" }, { SYS_faccessat, "dpn" }, { SYS_fchmodat, "dpn" }, { SYS_fchownat, "dpnnn" }, { SYS_utimensat, "dptn" },
	{ SYS_newfstatat, "dpan" }, { SYS_fstat, "fa" }, { SYS_statx, "dpnna" }, { SYS_statfs, "pa" }, { SYS_fstatfs, "fa" }, { SYS_chdir, "p" },
	{ SYS_fchdir, "d" }, { SYS_getcwd, "az" }, { SYS_mknodat, "dpnn" }, { SYS_flock, "fn" }, { SYS_fsync, "f" }, { SYS_sendfile, "ff0z" },
	{ SYS_copy_file_range, "f0f0z0" }, { SYS_splice, "f0f0zn" }, { SYS_splice, "f0f0zn" }, { SYS_splice, "faf0zn" }, { SYS_splice, "f0fazn" },
	{ SYS_tee, "ffzn" }, { SYS_tee, "ffzn" }, { SYS_vmsplice, "fvnn" }, { SYS_vmsplice, "fvnn" }, { SYS_pipe2, "ab" },
	{ SYS_epoll_create1, "0" }, { SYS_epoll_ctl, "fnfa" }, { SYS_epoll_ctl, "fnfa" }, { SYS_epoll_pwait, "fannga" }, { SYS_ppoll, "antg" },
	{ SYS_pselect6, "naaat0" }, { SYS_eventfd2, "n0" }, { SYS_timerfd_create, "n0" }, { SYS_timerfd_settime, "fntt" }, { SYS_timerfd_gettime, "fa" },
	{ SYS_signalfd4, "fgnn" }, { SYS_inotify_init1, "b" }, { SYS_inotify_add_watch, "fpw" }, { SYS_inotify_add_watch, "fpw" }, { SYS_inotify_rm_watch, "fn" },
	{ SYS_memfd_create, "pk" }, { SYS_pidfd_getfd, "ff0" }, { SYS_waitid, "nfana" },
	{ SYS_socket, "nnn" }, { SYS_socketpair, "nnna" }, { SYS_bind, "fsn" }, { SYS_bind, "fsn" }, { SYS_listen, "fn" }, { SYS_accept4, "fsln" },
	{ SYS_connect, "fsn" }, { SYS_connect, "fsn" }, { SYS_getsockname, "fal" }, { SYS_getpeername, "fal" }, { SYS_sendto, "fazns0" },
	{ SYS_sendto, "fazn00" }, { SYS_recvfrom, "faznsl" }, { SYS_sendmsg, "fmn" }, { SYS_sendmsg, "fmn" }, { SYS_recvmsg, "fmn" }, { SYS_recvmsg, "fmn" },
	{ SYS_setsockopt, "fnnan" }, { SYS_getsockopt, "fnnal" }, { SYS_shutdown, "fn" },
	{ SYS_mmap, "0znnf0" }, { SYS_mmap, "aznnf0" }, { SYS_mremap, "azznn" }, { SYS_mprotect, "azn" }, { SYS_madvise, "azn" }, { SYS_msync, "azn" },
	{ SYS_mincore, "aza" }, { SYS_mlock, "az" }, { SYS_munlock, "az" }, { SYS_brk, "a" },
	{ SYS_futex, "annt" }, { SYS_futex, "annzan" }, { SYS_set_robust_list, "az" }, { SYS_get_robust_list, "nal" },
	{ SYS_rt_sigaction, "naan" }, { SYS_rt_sigprocmask, "ngan" }, { SYS_rt_sigtimedwait, "gatn" }, { SYS_rt_sigpending, "an" }, { SYS_sigaltstack, "aa" },
	{ SYS_timer_create, "naa" }, { SYS_timer_settime, "nnta" }, { SYS_timer_gettime, "na" }, { SYS_timer_delete, "n" }, { SYS_setitimer, "nta" },
	{ SYS_clock_gettime, "na" }, { SYS_clock_nanosleep, "nnta" }, { SYS_nanosleep, "ta" }, { SYS_getrandom, "azn" }, { SYS_sysinfo, "a" },
	{ SYS_wait4, "nana" }, { SYS_waitid, "nnana" }, { SYS_setpgid, "nn" }, { SYS_setsid, "0" }, { SYS_getrusage, "na" }, { SYS_prctl, "naaaa" },
	{ SYS_sched_setaffinity, "nna" }, { SYS_sched_getaffinity, "nna" }, { SYS_sched_setscheduler, "nna" }, { SYS_getgroups, "na" },
	{ SYS_mq_open, "pona" }, { SYS_mq_timedsend, "faznt" }, { SYS_mq_timedreceive, "fazat" }, { SYS_mq_notify, "fa" }, { SYS_mq_unlink, "p" },
	{ SYS_shmget, "nzx" }, { SYS_shmat, "jan" }, { SYS_shmdt, "a" }, { SYS_shmctl, "jya" }, { SYS_semget, "nnx" }, { SYS_semget, "nzx" }, { SYS_semctl, "jnya" },
	{ SYS_semctl, "jnyn" }, { SYS_semtimedop, "jent" }, { SYS_semtimedop, "jent" }, { SYS_semop, "jen" }, { SYS_msgget, "nx" }, { SYS_msgctl, "jya" },
	{ SYS_msgsnd, "jazx" }, { SYS_msgsnd, "jazx" }, { SYS_msgrcv, "jaznx" }, { SYS_mq_getsetattr, "faa" }, { SYS_clone, "g0000" }, { SYS_execve, "paa" }, { SYS_execveat, "dpaan" }, { SYS_close_range, "ffn" },
};

#endif

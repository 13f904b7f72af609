// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Offsets that assembly knows; cpu.h asserts each of them against the C structures. */
#ifndef HAL_ARM64_OFFSETS_H
#define HAL_ARM64_OFFSETS_H

/* struct hal_fault */
#define FAULT_X 8
#define FAULT_SP 256
#define FAULT_PC 264
#define FAULT_PSTATE 272
#define FAULT_ADDRESS 288
#define FAULT_BYTES 304

/* struct hal_user */
#define USER_SP 248
#define USER_PSTATE 264
#define USER_ESR 280
#define USER_KERNEL_SP 296
#define USER_FPSR 304
#define USER_V 320

/* struct cpu */
#define CPU_USER 8

/* struct secondary_start (smp.c) */
#define SECONDARY_STACK 0
#define SECONDARY_CPU 16
#define SECONDARY_ARG 32

/* exception_kernel(): how the fault came */
#define EXCEPTION_SYNC 0
#define EXCEPTION_NESTED 1
#define EXCEPTION_ODD 2

#endif

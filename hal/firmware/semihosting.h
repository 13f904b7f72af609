// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Arm semihosting: calls that a debugger, or QEMU, answers. Spec: Arm Semihosting for AArch32 and AArch64, 2.2.
 */
#ifndef HAL_FIRMWARE_SEMIHOSTING_H
#define HAL_FIRMWARE_SEMIHOSTING_H

#include <stdint.h>

#define SEMIHOSTING_SYS_WRITE0 0x04
#define SEMIHOSTING_SYS_EXIT_EXTENDED 0x20
#define SEMIHOSTING_STOPPED_APPLICATION_EXIT 0x20026ul

/* Returns the call's result; -1 where nobody answers (the trap instruction is undefined then; see exception.c). */
int64_t semihosting_call(uint32_t operation, const void *argument);

/* The trap instruction in it. */
extern char semihosting_trap[];

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Ending the machine. */
#ifndef HAL_CONTRACT_EXIT_H
#define HAL_CONTRACT_EXIT_H

/*
 * Ends the machine with `code` (0..255): semihosting SYS_EXIT_EXTENDED, PSCI SYSTEM_OFF where nobody answers that, and
 * sleep where there is no PSCI. Context: any.
 */
_Noreturn void hal_exit(int code);

/* Tells the host that the kernel has panicked, where hal_virtio_probe() has found the device for that (pvpanic). Context: any. */
void hal_panic_tell(void);

#endif

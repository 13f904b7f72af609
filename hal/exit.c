// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "hal/contract/exit.h"

#include <stdint.h>

#include "hal/contract/console.h"
#include "hal/contract/cpu.h"
#include "hal/firmware/psci.h"
#include "hal/firmware/semihosting.h"
#include "lib/status.h"

__attribute__((section(".text_exit"))) _Noreturn void hal_exit(int code)
{
	uint64_t block[2] = { SEMIHOSTING_STOPPED_APPLICATION_EXIT, (uint64_t)(code & 0xff) };

	hal_irq_disable();
	(void)semihosting_call(SEMIHOSTING_SYS_EXIT_EXTENDED, block);
	psci_system_off();
	for (;;)
		hal_cpu_wait();
}

int hal_result_write(const char *text)
{
	return semihosting_call(SEMIHOSTING_SYS_WRITE0, text) == -1 ? STATUS_ENODEV : STATUS_OK;
}

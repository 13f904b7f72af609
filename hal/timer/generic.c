// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Counter ticks and nanoseconds are converted by a multiplication with a 32.32 factor: no division on the way, exact to one
 * part in 2^32 over any uptime.
 */
#include "hal/timer/generic.h"

#include "hal/arm64/sysreg.h"
#include "hal/contract/cpu.h"
#include "hal/contract/timer.h"
#include "hal/contract/user.h"
#include "hal/irqchip/irqchip.h"

#define NS_PER_S 1000000000ull
#define CNTV_CTL_ENABLE 1u
#define CNTV_CTL_IMASK 2u

static uint64_t ns_per_tick;  /* 32.32 */
static uint64_t ticks_per_ns; /* 32.32 */
static void (*client_expired)(void);

static void timer_interrupt(void)
{
	hal_timer_disarm();
	client_expired();
}

status_t generic_timer_init(uint32_t intid, void (*expired)(void))
{
	uint64_t hz = sysreg_read(cntfrq_el0) & UINT32_MAX;

	if (hz == 0)
		return STATUS_EINVAL;
	ns_per_tick = (NS_PER_S << 32) / hz;
	ticks_per_ns = (hz << 32) / NS_PER_S;
	client_expired = expired;
	hal_timer_disarm();
	irqchip_connect(intid, timer_interrupt);
	return STATUS_OK;
}

void generic_timer_cpu_init(void)
{
	hal_timer_disarm();
}

uint64_t hal_timer_now_ns(void)
{
	unsigned __int128 product;

	barrier_isb(); /* not read ahead of what came before (DDI 0487 D11.2.2) */
	product = (unsigned __int128)sysreg_read(cntvct_el0) * ns_per_tick;
	return product >> 95 != 0 ? HAL_TIMER_LAST_NS : (uint64_t)(product >> 32);
}

bool hal_timer_rest(uint64_t deadline_ns)
{
	hal_cpu_relax();
	return hal_timer_now_ns() <= deadline_ns;
}

uint64_t hal_user_ns_per_tick(void)
{
	return ns_per_tick;
}

void hal_timer_arm(uint64_t deadline_ns)
{
	sysreg_write(cntv_cval_el0, (uint64_t)((unsigned __int128)deadline_ns * ticks_per_ns >> 32) + 1);
	sysreg_write(cntv_ctl_el0, CNTV_CTL_ENABLE);
	barrier_isb();
}

void hal_timer_disarm(void)
{
	sysreg_write(cntv_ctl_el0, CNTV_CTL_IMASK);
	barrier_isb();
}

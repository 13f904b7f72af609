// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* Starting the other CPUs. */
#ifndef KERNEL_CORE_SMP_H
#define KERNEL_CORE_SMP_H

/*
 * Starts every CPU there is, one after the other; each runs a scheduler of its own. One that does not start is reported, and the
 * machine goes on without it. Context: boot, or the boot CPU's first fiber.
 */
void smp_start(void);

/* How many CPUs run. Numbers of those that do are not always without gaps: see sched_of(). */
unsigned smp_online(void);

/* From the machine layer: another CPU wants attention. Context: interrupt. */
void smp_notified(void);

/* Keeps every other CPU from doing anything more: for a panic. Context: any. */
void smp_stop_others(void);

#endif

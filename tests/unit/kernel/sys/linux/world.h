// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the memory of Linux processes calls: address spaces that are lists of pages, counted pages, a file in memory. */
#ifndef TESTS_UNIT_KERNEL_SYS_LINUX_WORLD_H
#define TESTS_UNIT_KERNEL_SYS_LINUX_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sys/linux/dentry.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/process.h"

enum { WORLD_PROCESSES = 4, WORLD_FILE_BYTES = 3 * 4096 + 100 };

/* A process with nothing mapped, on the world's budget of `pages`. */
struct process *world_process(void);
void world_process_end(struct process *process);

/* Writes (reads) a byte as the program would: false where a fault said no, which `*status` tells. */
bool world_store(struct process *process, uint64_t va, uint8_t value, status_t *status);
bool world_load(struct process *process, uint64_t va, uint8_t *value, status_t *status);

/* As an instruction would be fetched. */
bool world_fetch(struct process *process, uint64_t va, status_t *status);

/* No page can be written and executed: checked at every change. Whether that has ever been so. */
extern bool world_broke_rule;

/* A file of WORLD_FILE_BYTES. */
extern uint8_t world_file_bytes[WORLD_FILE_BYTES];
extern struct linux_file world_file;
extern struct linux_dentry world_dentry;

#endif

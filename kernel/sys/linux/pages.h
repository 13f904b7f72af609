// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Pages that several areas show, of one process or of several: those of a file that is mapped and does not lie in memory anyway, and those of shared memory
 * without a file. They are there as long as an area shows any of them; what was written is written to the file then, and when msync asks. Processes that
 * have one budget share them. Context of all, unless it says otherwise: fiber, any CPU, no lock held; may sleep.
 */
#ifndef KERNEL_SYS_LINUX_PAGES_H
#define KERNEL_SYS_LINUX_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

struct budget;
struct linux_dentry;
struct linux_file;
struct linux_pages;

/* Of a file, the same for each who opens it; of nothing (NULL), new ones. Held. STATUS_ENOMEM, and what stat says. */
MUST_CHECK status_t linux_pages_of(struct budget *budget, struct linux_file *file, struct linux_pages **out);

/* Context: any lock held. */
void linux_pages_hold(struct linux_pages *pages);
void linux_pages_put(struct linux_pages *pages);
uint32_t linux_pages_holds(const struct linux_pages *pages);

/* One more (less: -1) area lets programs write to them, or may come to. Context: any lock held. */
void linux_pages_writers(struct linux_pages *pages, int more);

/*
 * Adds seals (memfd.h) to those of a file, which its file system and number there name. STATUS_EBUSY: it is not to be written any more, and an area may be.
 * Context: any, no lock held; does not sleep.
 */
MUST_CHECK status_t linux_pages_seal(const void *fs, uint64_t id, _Atomic uint8_t *seals, uint8_t more);

/*
 * The page at `index`, counted once more (kernel/sys/linux/frames.h) for the caller. STATUS_EIO: it lies behind the end, or cannot be read;
 * STATUS_EAGAIN: the file was changed meanwhile; STATUS_ENOMEM.
 */
MUST_CHECK status_t linux_pages_get(struct linux_pages *pages, uint64_t index, uint64_t *pa);

/* It can be written from now on. Does not sleep. Context: an address space's lock held. */
void linux_pages_dirty(struct linux_pages *pages, uint64_t index);

/* Writes to the file what may have been changed of the pages [first, end). */
MUST_CHECK status_t linux_pages_write(struct linux_pages *pages, uint64_t first, uint64_t end);

/* Whether the page is there already, for mincore. */
bool linux_pages_has(struct linux_pages *pages, uint64_t index);

/*
 * For who reads and writes files: before a read, what was changed in memory goes to the file; after a write, or a change of size (from there on, `end` UINT64_MAX), memory
 * shows it. Both do nothing at once where no file is mapped so.
 */
void linux_pages_settle(struct linux_dentry *file, uint64_t offset, uint64_t end);
void linux_pages_changed(struct linux_dentry *file, uint64_t offset, uint64_t end);

/* Whether any is. Context: any. */
bool linux_pages_are_mapped(void);

#endif

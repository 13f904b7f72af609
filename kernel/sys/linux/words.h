// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a program was started with, kept for /proc/<pid>/cmdline and environ (text.h): of each as much as half a page holds. Those that were forked share it. */
#ifndef KERNEL_SYS_LINUX_WORDS_H
#define KERNEL_SYS_LINUX_WORDS_H

#include <stddef.h>

struct linux_strings;
struct process;

struct linux_words;

/* Keeps the words of the program that begins; where memory is out there are none. Context: fiber of the process. */
void linux_words_set(struct process *process, const struct linux_strings *strings);

/* For fork; for the end. Context: fiber, no lock held. */
void linux_words_share(struct process *from, struct process *to);
void linux_words_forget(struct process *process);

#endif

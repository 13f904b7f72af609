// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The rest of the C library that the kernel has (lib/string.h declares the memory and string functions): what its own code and
 * the libraries compiled into it call by the standard's names.
 */
#ifndef KERNEL_CORE_LIBC_H
#define KERNEL_CORE_LIBC_H

#include <stddef.h>

void *malloc(size_t bytes) __attribute__((malloc, warn_unused_result));
void *calloc(size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));
void *realloc(void *address, size_t bytes) __attribute__((warn_unused_result));
void free(void *address);

/* Text to the console, through the log's ring: a line is written when its end of line has come. */
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *text);
int putchar(int c);

/* Ends the machine with the status' low eight bits, after what was printed is out. */
_Noreturn void exit(int status);

/* A panic. */
_Noreturn void abort(void);

/* There are no signals in the kernel: signal() answers with the default handler, raise() does nothing and succeeds. */
typedef void (*signal_handler_t)(int);
signal_handler_t signal(int number, signal_handler_t handler);
int raise(int number);

#endif

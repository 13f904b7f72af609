// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The four functions of libsodium's utils.c and core.c that its verification needs. The originals live beside memory
 * locking, page protection, random numbers and start-up code, and want errno, signals and a heap.
 */
#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "utils.h"

void sodium_memzero(void *const pnt, const size_t len)
{
	volatile uint8_t *bytes = pnt;

	for (size_t i = 0; i < len; i++)
		bytes[i] = 0;
}

/* 0 where equal, else -1; its time depends on `len` alone. */
int sodium_memcmp(const void *const b1_, const void *const b2_, size_t len)
{
	const volatile uint8_t *a = b1_;
	const volatile uint8_t *b = b2_;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= a[i] ^ b[i];
	return (1 & ((difference - 1) >> 8)) - 1;
}

/* 1 where all bytes are zero, else 0; its time depends on `nlen` alone. */
int sodium_is_zero(const unsigned char *n, const size_t nlen)
{
	volatile uint8_t any = 0;

	for (size_t i = 0; i < nlen; i++)
		any |= n[i];
	return 1 & ((any - 1) >> 8);
}

/* A caller broke the contract of the library: a broken invariant of ours, so the kernel's fault report and its end. */
void sodium_misuse(void)
{
	__builtin_trap();
}

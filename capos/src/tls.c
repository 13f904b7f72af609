// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Thread-local storage, AArch64 variant 1 (Arm IHI 0056, "ELF for the Arm 64-bit Architecture", and U. Drepper, "ELF Handling For
 * Thread-Local Storage", 3.4.6): the thread pointer, 16 bytes for the implementation, then the block at the next address with the
 * alignment of the program's PT_TLS.
 *
 * capos.ld tells where the image is and how large, and reserves the first thread's block: a program that uses no thread pays no
 * allocation.
 */
#include "capos/src/thread.h"

#include <stdint.h>

#include "lib/bits.h"
#include "lib/string.h"

enum { TCB_BYTES = 16 };

/* Addresses that are numbers: capos.ld. */
extern const char capos_tls_image[], capos_tls_image_end[];
extern const char capos_tls_block_bytes[], capos_tls_block_align[];
extern uint8_t capos_tls_main[];

static struct thread main_thread;

size_t tls_align(void)
{
	return (size_t)(uintptr_t)capos_tls_block_align;
}

size_t tls_bytes(void)
{
	return bits_align_up(TCB_BYTES, tls_align()) + (size_t)(uintptr_t)capos_tls_block_bytes;
}

void *tls_fill(void *block, struct thread *thread)
{
	uint8_t *variables = (uint8_t *)block + bits_align_up(TCB_BYTES, tls_align());
	size_t image_bytes = (size_t)(capos_tls_image_end - capos_tls_image);

	*(struct thread **)block = thread;
	memcpy(variables, capos_tls_image, image_bytes);
	memset(variables + image_bytes, 0, (size_t)(uintptr_t)capos_tls_block_bytes - image_bytes);
	return block;
}

void thread_main_init(const struct capos_start *start)
{
	static struct capos_thread public;

	main_thread.public = &public;
	main_thread.ring = &main_thread.own_ring;
	ring_init(&main_thread.own_ring, (void *)start->rings);
	__asm__ volatile("msr tpidr_el0, %0" ::"r"(tls_fill(capos_tls_main, &main_thread)) : "memory");
}

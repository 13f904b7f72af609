// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* With jit in its manifest a program executes what it writes, by turns. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#include "tests/linux/claims.h"

enum { PAGE = 4096 };

/* mov w0, #value; ret */
static void code_write(uint32_t *at, uint32_t value)
{
	at[0] = 0x52800000u | value << 5;
	at[1] = 0xd65f03c0u;
	__builtin___clear_cache((char *)at, (char *)(at + 2));
}

static int code_run(uint32_t *at)
{
	int (*code)(void);

	memcpy(&code, &at, sizeof(code));
	return code();
}

static sigjmp_buf before;

static void on_fault(int signal)
{
	siglongjmp(before, signal);
}

/* Here alone: its page cannot be both at once. */
static void stores_to_itself(uint32_t *at)
{
	CLAIM(signal(SIGSEGV, on_fault) != SIG_ERR);
	at[0] = 0x10000000u;      /* adr x0, . */
	at[1] = 0xf9001000u;      /* str x0, [x0, #32] */
	at[2] = 0xd65f03c0u;      /* ret */
	__builtin___clear_cache((char *)at, (char *)(at + 3));
	if (sigsetjmp(before, 1) == 0) {
		(void)code_run(at);
		CLAIM(0);
	}
	code_write(at, 9);
	CLAIM(code_run(at) == 9);
}

int main(void)
{
	uint32_t *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *turned = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CLAIM(at != MAP_FAILED);
	for (uint32_t i = 1; i < 50; i++) {
		code_write(at + i * 2, i);
		CLAIM(code_run(at + i * 2) == (int)i);
	}
	code_write(turned, 7);
	CLAIM(mprotect(turned, PAGE, PROT_READ | PROT_EXEC) == 0 && code_run(turned) == 7);
	CLAIM(mprotect(turned, PAGE, PROT_READ | PROT_WRITE) == 0);
	code_write(turned, 8);
	CLAIM(mprotect(turned, PAGE, PROT_READ | PROT_EXEC) == 0 && code_run(turned) == 8);
	stores_to_itself(at);
	return claims_end("jit");
}

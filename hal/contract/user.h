// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Running code at EL0. A fiber *calls* a process: hal_user_run() returns when the process stops for any reason, so that a
 * process is nothing but a loop in a fiber. Lower half, 39 bits, an address space identifier each.
 */
#ifndef HAL_CONTRACT_USER_H
#define HAL_CONTRACT_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/contract/memory.h"
#include "lib/status.h"

#define HAL_USER_END 0x8000000000ul /* first address past the lower half */

enum hal_user_rights {
	HAL_USER_READ = 1,
	HAL_USER_WRITE = 2,
	HAL_USER_EXEC = 4,
};

/* A lower-half address space. W: the fiber that runs the process. */
struct hal_space {
	uint64_t root_pa;
	uint16_t asid;
	uint64_t mapped; /* pages. W: as the tables, who maps and unmaps */
	struct hal_page_source pages;
};

/*
 * Makes an empty space whose translation tables come from `pages`. STATUS_ENOMEM where there is none, STATUS_EAGAIN where
 * too many spaces live (255). Context: fiber.
 */
MUST_CHECK status_t hal_space_create(struct hal_space *space, struct hal_page_source pages);

/* Gives every page that is still mapped, and every table, back to the space's source. */
void hal_space_destroy(struct hal_space *space);

/*
 * Maps one page at `va` (page aligned, below HAL_USER_END, unmapped). STATUS_EINVAL for an address outside or for
 * writable and executable at once, STATUS_EEXIST where something is mapped, STATUS_ENOMEM where tables cannot be had.
 */
MUST_CHECK status_t hal_space_map(struct hal_space *space, uint64_t va, uint64_t pa, unsigned rights);

/* Unmaps the page at `va`. Returns STATUS_ENOENT where none is, else 0 with its address in `pa`. */
MUST_CHECK status_t hal_space_unmap(struct hal_space *space, uint64_t va, uint64_t *pa);

/* A page that is mapped: rights may be none, then the process cannot touch it. */
struct hal_page {
	uint64_t va, pa;
	unsigned rights; /* enum hal_user_rights */
};

/* The first page mapped at or behind `va` (page aligned), and before `end`. */
bool hal_space_next(const struct hal_space *space, uint64_t va, uint64_t end, struct hal_page *out);

/*
 * Changes the rights of a mapped page, or takes it away; CPUs may go by what was before until hal_space_flush() has returned for it, and the page is
 * nobody else's until then.
 */
void hal_space_set_rights(struct hal_space *space, uint64_t va, unsigned rights);
void hal_space_clear(struct hal_space *space, uint64_t va);

/* On every CPU; `pages` from `va`. */
void hal_space_flush(const struct hal_space *space, uint64_t va, uint64_t pages);

/* Gives back all tables but the first of a space in which nothing is mapped any more, and which no other CPU shows. */
void hal_space_trim(struct hal_space *space);

/* Whether anything is mapped at `va`. */
bool hal_space_is_mapped(const struct hal_space *space, uint64_t va);

/* The physical address behind `va`, which EL0 may read. STATUS_EFAULT where nothing is mapped. */
MUST_CHECK status_t hal_space_translate(const struct hal_space *space, uint64_t va, uint64_t *pa);

/* Makes what the kernel wrote to a page through the direct map visible to instruction fetches. */
void hal_page_publish_code(void *page);

enum hal_stop {
	HAL_STOP_CALL = 0,      /* SVC: number in x[8], arguments in x[0..5] */
	HAL_STOP_INTERRUPT = 1, /* an interrupt came; it has been handled */
	HAL_STOP_FAULT = 2,     /* see hal_user_fault() */
};

/*
 * The registers of a process while it does not run. Zero it, set pc, sp and x, then run. The first members are known to
 * user.S by offset.
 */
struct hal_user {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;
	uint64_t tls;      /* TPIDR_EL0 */
	uint64_t esr, far; /* of the last stop */
	uint64_t kernel_sp;
	uint64_t fpsr, fpcr;
	_Alignas(16) uint64_t v[64]; /* V0 to V31 */
};

/*
 * Runs it in `space` until it stops. Where `*attention` is not 0 once interrupts are masked for the way down, it does not run at all,
 * as if an interrupt had come at once: what an interrupt handler left there just before is not forgotten. Context: fiber.
 */
enum hal_stop hal_user_run(struct hal_user *user, struct hal_space *space, const _Atomic uint32_t *attention);

/* Makes this CPU's lower half show nothing, if it shows `space`. Before a space that was used here is destroyed elsewhere. */
void hal_space_leave(struct hal_space *space);

/* Forgets registers that the CPU still holds for `user`; call before its memory is reused, or before `v`, `fpsr` and `fpcr` are set anew. */
void hal_user_retire(struct hal_user *user);

/* Has `v`, `fpsr` and `fpcr` hold what this CPU may still have of them. Context: the fiber that runs it. */
void hal_user_vector_sync(struct hal_user *user);

/* A fault as documents and people name it. */
struct hal_user_fault {
	const char *what; /* "bad memory access (write)", "bad instruction", ... */
	int signal;       /* Linux numbering: 11 memory, 4 instruction, 7 alignment, 5 breakpoint, 8 arithmetic */
	unsigned access;  /* enum hal_user_rights: what a page did not allow, or was not there for; 0: that was not it */
	uint64_t pc, address;
};

struct hal_user_fault hal_user_fault(const struct hal_user *user);

/* What the CPU can do at EL0, as Linux tells it (Linux asm/hwcap.h: HWCAP_*, HWCAP2_*): what the kernel has not switched on is not in it. */
struct hal_user_features {
	uint64_t hwcap, hwcap2;
	uint32_t midr; /* which CPU it is, and who made it (Arm ARM DDI 0487, MIDR_EL1) */
};

struct hal_user_features hal_user_features(void);

/*
 * The instruction that was a fault at user->pc, carried out where it is MRS from an identification register: what it gives is what
 * hal_user_features() is made of, and nothing else of the CPU but MIDR_EL1; false: it is another one. Spec: Linux
 * Documentation/arch/arm64/cpu-feature-registers.rst
 */
bool hal_user_identify(struct hal_user *user, uint32_t instruction);

/* The counter at EL0 (CNTVCT_EL0): nanoseconds are its product with this, a 32.32 number (hal_timer_now_ns()). */
uint64_t hal_user_ns_per_tick(void);

/*
 * Copies between the kernel and a process, with the rights of EL0: a page that EL0 may not read (write), or an address
 * outside the lower half, gives STATUS_EFAULT, with part of the bytes possibly copied. Context: fiber.
 */
MUST_CHECK status_t hal_user_copy_in(struct hal_space *space, void *to, uint64_t from_va, size_t bytes);
MUST_CHECK status_t hal_user_copy_out(struct hal_space *space, uint64_t to_va, const void *from, size_t bytes);

#endif

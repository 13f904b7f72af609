// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What /proc and /sys say of the CPUs: which there are, and what they can do. All are alike. Spec: proc(5); Linux, arch/arm64/kernel/cpuinfo.c */
#include <assert.h>

#include "hal/contract/smp.h"
#include "hal/contract/user.h"
#include "kernel/core/smp.h"
#include "kernel/sys/linux/text.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { BOGOMIPS_HZ = 500000 /* for Linux waits by the counter */ };

#define SECOND_NS 1000000000ull

/* Of AT_HWCAP and AT_HWCAP2, from bit 0 on. Spec: Linux, Documentation/arch/arm64/elf_hwcaps.rst */
static const char *const names[] = {
	"fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat "
	"ilrcpc flagm ssbs sb paca pacg ",
	"dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm svef64mm svebf16 i8mm bf16 dgh rng bti mte ecv afp rpres ",
};

static void features_line(struct linux_text *text, const struct hal_user_features *has)
{
	const uint64_t words[] = { has->hwcap, has->hwcap2 };

	format_to(&text->sink, "Features\t:");
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		const char *name = names[i];

		for (unsigned bit = 0; *name != '\0'; bit++) {
			int len = (int)(strchr(name, ' ') - name);

			if (words[i] >> bit & 1)
				format_to(&text->sink, " %.*s", len, name);
			name += len + 1;
		}
	}
	format_to(&text->sink, "\n");
}

void linux_proc_cpuinfo(struct linux_text *text, struct process *of)
{
	const struct hal_user_features has = hal_user_features();
	uint64_t hz = (SECOND_NS << 32) / hal_user_ns_per_tick();

	(void)of;
	for (unsigned i = 0; i < smp_online(); i++) {
		format_to(&text->sink, "processor\t: %u\nBogoMIPS\t: %llu.%02llu\n", i, (unsigned long long)(hz / BOGOMIPS_HZ),
			  (unsigned long long)(hz % BOGOMIPS_HZ * 100 / BOGOMIPS_HZ));
		features_line(text, &has);
		format_to(&text->sink, "CPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\nCPU part\t: 0x%03x\nCPU revision\t: %u\n\n", has.midr >> 24,
			  has.midr >> 20 & 0xf, has.midr >> 4 & 0xfff, has.midr & 0xf);
	}
}

void linux_proc_cpus(struct linux_text *text, struct process *of)
{
	(void)of;
	if (smp_online() > 1)
		format_to(&text->sink, "0-%u\n", smp_online() - 1);
	else
		format_to(&text->sink, "0\n");
}

/* Each CPU is a core of its own, and all are in one package. Spec: Linux, Documentation/admin-guide/cputopology.rst */
void linux_sys_cpu_number(struct linux_text *text, struct process *of)
{
	(void)of;
	format_to(&text->sink, "%u\n", text->number);
}

static_assert(HAL_CPUS_MAX <= 32, "one word of a mask; more are told in several");

static void mask_line(struct linux_text *text, uint32_t mask)
{
	format_to(&text->sink, "%0*x\n", (int)(smp_online() + 3) / 4, mask);
}

void linux_sys_cpu_mask(struct linux_text *text, struct process *of)
{
	(void)of;
	mask_line(text, 1u << text->number);
}

void linux_sys_cpus_mask(struct linux_text *text, struct process *of)
{
	(void)of;
	mask_line(text, UINT32_MAX >> (32 - smp_online()));
}

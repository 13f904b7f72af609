// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What a program learns of the CPU: from registers that it may not read, and is given all the same, and from /proc/self/auxv. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 200 };

#define READ(name)                                                 \
	({                                                         \
		uint64_t value_;                                   \
		__asm__ volatile("mrs %0, " name : "=r"(value_)); \
		value_;                                            \
	})

static sigjmp_buf back;

static void on_signal(int signal)
{
	siglongjmp(back, signal);
}

static unsigned field(uint64_t value, unsigned shift)
{
	return value >> shift & 0xf;
}

static void registers(void)
{
	unsigned long has = getauxval(AT_HWCAP);
	uint64_t isar0 = READ("s3_0_c0_c6_0");
	uint64_t pfr0 = READ("s3_0_c0_c4_0");

	CLAIM((has & HWCAP_CPUID) != 0);
	CLAIM((field(isar0, 4) >= 1) == !!(has & HWCAP_AES) && (field(isar0, 16) >= 1) == !!(has & HWCAP_CRC32));
	CLAIM((field(isar0, 20) >= 2) == !!(has & HWCAP_ATOMICS));
	CLAIM((pfr0 & 0xff) == 0x11 && field(pfr0, 8) == 0 && field(pfr0, 12) == 0 && field(pfr0, 24) == 0);
	CLAIM(READ("midr_el1") != 0 && READ("midr_el1") >> 32 == 0);
	CLAIM(READ("mpidr_el1") == 1u << 31 && READ("s3_0_c0_c0_6") == 0 && READ("s3_0_c0_c7_7") == 0);
	__asm__ volatile("mrs xzr, midr_el1");
	__asm__ volatile("mrs x29, midr_el1\n\tmrs x30, s3_0_c0_c7_7" ::: "x29", "x30");
}

static void others(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	CLAIM(sigaction(SIGILL, &action, NULL) == 0);
	if (sigsetjmp(back, 1) == 0) {
		(void)READ("s3_0_c0_c1_0"); /* ID_PFR0_EL1 */
		CLAIM(0);
	}
	if (sigsetjmp(back, 1) == 0) {
		(void)READ("s3_0_c1_c0_0"); /* SCTLR_EL1 */
		CLAIM(0);
	}
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("msr s3_0_c0_c6_0, xzr");
		CLAIM(0);
	}
}

static ssize_t vector_read(const char *path, uint64_t *words)
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes = read(fd, words, WORDS * sizeof(words[0]));

	close(fd);
	return bytes;
}

static void vectors(void)
{
	uint64_t words[WORDS] = { 0 }, mothers[WORDS] = { 0 };
	ssize_t bytes = vector_read("/proc/self/auxv", words);
	char **end = environ;
	char path[64];
	int status;

	while (*end != NULL)
		end++;
	CLAIM(bytes > 64 && bytes % 16 == 0 && memcmp(words, end + 1, (size_t)bytes) == 0);
	CLAIM(words[bytes / 8 - 2] == AT_NULL && words[bytes / 8 - 1] == 0);
	for (ssize_t i = 0; i < bytes / 8 - 2; i += 2)
		CLAIM(words[i] != AT_NULL);
	snprintf(path, sizeof(path), "/proc/%d/auxv", getpid());
	pid_t child = fork();

	if (child == 0) {
		CLAIM(vector_read(path, mothers) == bytes && memcmp(words, mothers, (size_t)bytes) == 0);
		CLAIM(vector_read("/proc/self/auxv", mothers) == bytes && memcmp(words, mothers, (size_t)bytes) == 0);
		fflush(stdout);
		_exit(claims_failed != 0);
	}
	CLAIM(waitpid(child, &status, 0) == child && status == 0);
}

/* As many as there are ones in the words that tell the same. */
static int features(void)
{
	char *at = strstr(text, "Features\t:");
	int count = 0;

	CLAIM(at != NULL && strncmp(at, "Features\t: fp asimd ", 20) == 0);
	for (; at != NULL && *at != '\n'; at++)
		count += *at == ' ';
	return count;
}

static void in_words(void)
{
	uint64_t cpu = READ("midr_el1");
	char line[160];

	CLAIM(load("/proc/cpuinfo") && strncmp(text, "processor\t: 0\nBogoMIPS\t: ", 25) == 0);
	snprintf(line, sizeof(line), "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\nCPU part\t: 0x%03x\nCPU revision\t: %u\n\n", (unsigned)(cpu >> 24 & 0xff),
		 (unsigned)(cpu >> 20 & 0xf), (unsigned)(cpu >> 4 & 0xfff), (unsigned)(cpu & 0xf));
	CLAIM(strstr(text, line) != NULL);
	CLAIM(features() == __builtin_popcountl(getauxval(AT_HWCAP)) + __builtin_popcountl(getauxval(AT_HWCAP2)));
	CLAIM((strstr(text, " crc32 ") != NULL) == !!(getauxval(AT_HWCAP) & HWCAP_CRC32) && strstr(text, " cpuid") != NULL);
	CLAIM((strstr(text, " bti") != NULL) == !!(getauxval(AT_HWCAP2) & HWCAP2_BTI) && (strstr(text, " flagm2") != NULL) == !!(getauxval(AT_HWCAP2) & HWCAP2_FLAGM2));
}

static void told_of_itself(void)
{
	CLAIM(personality(-1u) == ADDR_NO_RANDOMIZE);
}

/* What it says of itself is told, to its children, too; and a kernel that runs programs of 32 bits says that it is one for them. */
static void used_to(void)
{
	struct utsname is;

	CLAIM(personality(-1u) == 0 && personality(ADDR_NO_RANDOMIZE) == 0);
	claims_apart(told_of_itself);
	CLAIM(personality(PER_LINUX) == ADDR_NO_RANDOMIZE && personality(-1u) == PER_LINUX);
	errno = 0;
	if (personality(PER_LINUX32) == PER_LINUX)
		CLAIM(uname(&is) == 0 && strcmp(is.machine, "armv8l") == 0 && personality(PER_LINUX) == PER_LINUX32);
	else
		CLAIM(errno == EINVAL && personality(-1u) == PER_LINUX);
}

int main(void)
{
	registers();
	others();
	vectors();
	in_words();
	used_to();
	return claims_end("identification");
}

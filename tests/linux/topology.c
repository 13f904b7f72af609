// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What /sys tells of the CPUs, as lscpu(1) reads it, and what /proc tells of memory, as vmstat(8) does. */
#include "tests/linux/claims.h"
#include "tests/linux/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PATH = 96 };

#define CPUS "/sys/devices/system/cpu"

static char path[PATH];

static const char *of(int cpu, const char *what)
{
	snprintf(path, sizeof(path), CPUS "/cpu%d/topology/%s", cpu, what);
	return path;
}

/* The set in `text`, of numbers and ranges. */
static unsigned long list(void)
{
	unsigned long set = 0;
	char *at = text;

	do {
		unsigned long first = strtoul(at, &at, 10);
		unsigned long last = *at == '-' ? strtoul(at + 1, &at, 10) : first;

		for (; first <= last; first++)
			set |= 1ul << first;
	} while (*at++ == ',');
	return set;
}

static unsigned long listed(const char *file)
{
	return load(file) ? list() : 0;
}

static unsigned long masked(const char *file)
{
	return load(file) ? strtoul(text, NULL, 16) : 0;
}

static void cpu_claims(int cpu, unsigned long online)
{
	unsigned long own = 1ul << cpu;

	CLAIM((listed(of(cpu, "thread_siblings_list")) & own) != 0 && masked(of(cpu, "thread_siblings")) == listed(of(cpu, "thread_siblings_list")));
	CLAIM((listed(of(cpu, "core_siblings_list")) & own) != 0 && masked(of(cpu, "core_siblings")) == listed(of(cpu, "core_siblings_list")));
	CLAIM((listed(of(cpu, "thread_siblings_list")) & ~listed(of(cpu, "core_siblings_list"))) == 0 && (listed(of(cpu, "core_siblings_list")) & ~online) == 0);
	CLAIM(load(of(cpu, "core_id")) && load(of(cpu, "physical_package_id")) && strchr(text, '\n') == text + strlen(text) - 1);
	if (getpid() != 1)
		return;
	/* Here each is a core, and all are one package. */
	CLAIM(listed(of(cpu, "thread_siblings_list")) == own && listed(of(cpu, "core_siblings_list")) == online);
	CLAIM(load(of(cpu, "core_id")) && atoi(text) == cpu && load(of(cpu, "physical_package_id")) && strcmp(text, "0\n") == 0);
}

static void cpus(void)
{
	unsigned long online = listed(CPUS "/online");
	unsigned long found = 0;
	DIR *directory = opendir(CPUS);
	struct dirent *entry;
	struct stat is;
	int cpu, more;

	CLAIM(online != 0 && __builtin_popcountl(online) == sysconf(_SC_NPROCESSORS_ONLN));
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (sscanf(entry->d_name, "cpu%d%n", &cpu, &more) != 1 || entry->d_name[more] != '\0')
			continue;
		CLAIM(entry->d_type == DT_DIR && (found & 1ul << cpu) == 0);
		found |= 1ul << cpu;
	}
	CLAIM(directory != NULL && closedir(directory) == 0 && found == online);
	for (cpu = 0; cpu < 64; cpu++)
		if (online & 1ul << cpu)
			cpu_claims(cpu, online);
	CLAIM(stat(of(0, "core_id"), &is) == 0 && S_ISREG(is.st_mode) && (is.st_mode & 0777) == 0444);
	CLAIM(stat(CPUS "/cpu0/topology", &is) == 0 && S_ISDIR(is.st_mode));
	for (cpu = 0; online >> cpu != 0; cpu++)
		;
	REFUSED(open(of(cpu, "core_id"), O_RDONLY), ENOENT);
	REFUSED(open(of(0, "none"), O_RDONLY), ENOENT);
	REFUSED(open(CPUS "/cpu", O_RDONLY), ENOENT);
	REFUSED(open(CPUS "/cpu00", O_RDONLY), ENOENT);
	REFUSED(open(CPUS "/0", O_RDONLY), ENOENT);
	REFUSED(open(CPUS "/gpu0", O_RDONLY), ENOENT);
	REFUSED(open("/proc/cpu0", O_RDONLY), ENOENT);
}

static void memory(void)
{
	static const char *const words[] = { "pgpgin ", "pgpgout ", "pswpin ", "pswpout ", "pgfault ", "pgmajfault " };
	char *memory;
	long pages = -1;

	CLAIM(load("/proc/vmstat") && (pages = number_behind("nr_free_pages ")) > 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		CLAIM(number_behind(words[i]) >= 0);
	CLAIM(load("/proc/self/oom_score") && strspn(text, "0123456789") == strlen(text) - 1);
	if (getpid() != 1)
		return;
	memory = malloc(1 << 20);
	CLAIM(memory != NULL && memset(memory, 1, 1 << 20) == memory);
	CLAIM(load("/proc/vmstat") && number_behind("nr_free_pages ") <= pages - 256 && number_behind("nr_free_pages ") >= pages - 270);
	free(memory);
}

int main(void)
{
	cpus();
	memory();
	return claims_end("topology");
}

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * The kernel's reading of manifests, for the tests that compare it with that of tools/rumpk. Reads from stdin, any number of
 * times, a length in decimal, LF and so many bytes; answers each with lines and then one with a dot: either `refused` and the
 * message, or all that was taken (test_manifest_kernel.py says the same of its own). Strings of any bytes are hexadecimal.
 * With --capabilities, or --mounts, it writes the table of those that are known instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/payload/manifest.h"
#include "kernel/payload/manifest_parser.h"

static struct manifest manifest;

static void dump_string(const char *what, const char *string)
{
	printf("%s ", what);
	for (; *string != '\0'; string++)
		printf("%02x", (unsigned char)*string);
	printf("\n");
}

static void dump_address(const struct net_address *address)
{
	printf(" %u ", address->family);
	for (size_t i = 0; i < sizeof(address->bytes); i++)
		printf("%02x", address->bytes[i]);
}

static void dump_net(const struct net_policy *net)
{
	printf("net resolve %d\n", net->resolve);
	for (uint32_t i = 0; i < net->rule_count; i++) {
		const struct net_rule *rule = &net->rules[i];

		printf("%s %s %u %u", rule->listen ? "listen" : "connect", rule->protocol == NET_TCP ? "tcp" : "udp",
		       rule->port_first, rule->port_last);
		dump_address(&rule->network);
		printf(" %u\n", rule->prefix);
	}
}

static void dump_files(const struct manifest_files *files)
{
	for (size_t i = 0; i < MANIFEST_MOUNTS; i++)
		if (files->rights[i] != 0)
			printf("files %s %u\n", manifest_known_mounts[i].key, files->rights[i]);
	for (uint32_t i = 0; i < MANIFEST_MOUNTS; i++)
		if ((files->optional & 1u << i) != 0)
			printf("optional %s\n", manifest_known_mounts[i].key);
	for (uint32_t i = 0; i < MANIFEST_MOUNTS; i++)
		if ((files->post_mortem & 1u << i) != 0)
			printf("post_mortem %s\n", manifest_known_mounts[i].key);
	if (files->tmp_bytes != 0)
		printf("tmp_bytes %llu\n", (unsigned long long)files->tmp_bytes);
}

static void dump_network(const struct manifest_network *network)
{
	printf("network %u", network->prefix);
	dump_address(&network->address);
	dump_address(&network->gateway);
	dump_address(&network->dns);
	printf("\n");
}

static void dump_process(const struct manifest_process *process)
{
	printf("process %s\n", process->name);
	dump_string("exec", process->exec);
	printf("memory %llu stack %llu\n", (unsigned long long)process->memory_bytes, (unsigned long long)process->stack_bytes);
	printf("threads %u cpu %d launch %d jit %d\n", process->threads, (int)process->cpu, process->launch, process->jit);
	printf("restart %d backoff %llu restarts %u\n", (int)process->restart, (unsigned long long)process->backoff_ns,
	       process->restarts_max);
	for (uint32_t i = 0; i < process->args.count; i++)
		dump_string("arg", manifest_string(&process->args, i));
	for (uint32_t i = 0; i < process->env.count; i++)
		dump_string("env", manifest_string(&process->env, i));
	for (uint32_t i = 0; i < process->capability_count; i++)
		printf("capability %s %u %u\n", process->capabilities[i].name, process->capabilities[i].interface,
		       process->capabilities[i].rights);
	if (process->has_net)
		dump_net(&process->net);
	dump_files(&process->files);
}

static void dump(const char *text, size_t len)
{
	char why[MANIFEST_WHY_BYTES];

	if (manifest_parse(span_of(text, len), &manifest, why, sizeof(why)) != STATUS_OK) {
		printf("refused %s\n.\n", why);
		return;
	}
	printf("manifest %s main %u\n", manifest.name, manifest.main);
	if (manifest.network.is_static)
		dump_network(&manifest.network);
	for (uint32_t i = 0; i < manifest.process_count; i++)
		dump_process(&manifest.processes[i]);
	printf(".\n");
}

static void dump_capabilities(void)
{
	for (size_t i = 0; i < MANIFEST_KNOWN_CAPABILITIES; i++) {
		const struct manifest_known_capability *known = &manifest_known_capabilities[i];

		printf("%s %u", known->name, known->interface);
		for (size_t j = 0; j < sizeof(known->rights) / sizeof(known->rights[0]) && known->rights[j] != NULL; j++)
			printf(" %s", known->rights[j]);
		printf("\n");
	}
}

static void dump_mounts(void)
{
	for (size_t i = 0; i < MANIFEST_MOUNTS; i++) {
		const struct manifest_known_mount *known = &manifest_known_mounts[i];

		printf("%s %s", known->key, known->name);
		for (size_t j = 0; j < MANIFEST_FILE_RIGHTS; j++)
			if (known->rights >> j & 1)
				printf(" %s", manifest_file_rights[j]);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	size_t len;

	if (argc == 2 && strcmp(argv[1], "--capabilities") == 0) {
		dump_capabilities();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--mounts") == 0) {
		dump_mounts();
		return 0;
	}
	while (scanf("%zu", &len) == 1 && getchar() == '\n' && len < 1u << 20) {
		char *text = malloc(len + 1);

		if (text == NULL || fread(text, 1, len, stdin) != len)
			return 2;
		dump(text, len);
		free(text);
	}
	return feof(stdin) ? 0 : 2;
}

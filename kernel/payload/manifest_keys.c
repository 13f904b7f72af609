// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* A process's keys as a table, each with its type and the function that takes its value. */
#include "kernel/payload/manifest_parser.h"

#include <assert.h>

#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/string.h"

struct manifest_key {
	const char *name;
	enum toml_type type;
	status_t (*take)(struct manifest_parser *parser, const struct toml_event *event);
};

status_t manifest_take_name(struct manifest_parser *parser, const struct toml_event *event, char *name)
{
	if (event->type != TOML_STRING)
		return manifest_fail_at(parser, event, "must be a string");
	if (event->string.len == 0 || event->string.len > MANIFEST_NAME_MAX)
		return manifest_fail_at(parser, event, "must be 1 to 32 characters long");
	for (size_t i = 0; i < event->string.len; i++) {
		uint8_t c = event->string.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return manifest_fail_at(parser, event, "may hold a-z, 0-9 and - only");
	}
	memcpy(name, event->string.data, event->string.len);
	return STATUS_OK;
}

static status_t take_name(struct manifest_parser *parser, const struct toml_event *event)
{
	status_t status = manifest_take_name(parser, event, parser->process->name);

	if (status != STATUS_OK)
		return status;
	for (const struct manifest_process *other = parser->out->processes; other < parser->process; other++) {
		if (strcmp(other->name, parser->process->name) == 0)
			return manifest_fail_at(parser, event, "another process has this name");
	}
	return STATUS_OK;
}

static status_t take_exec(struct manifest_parser *parser, const struct toml_event *event)
{
	static_assert(CPIO_NAME_MAX == MANIFEST_EXEC_MAX, "every archive name fits");

	if (!cpio_name_is_valid(event->string))
		return manifest_fail_at(parser, event, "is not the name of a file in the bundle");
	memcpy(parser->process->exec, event->string.data, event->string.len);
	return STATUS_OK;
}

/* Adds an item to a list; false where its bytes do not fit. */
static bool strings_add(struct manifest_strings *strings, size_t *used, struct span string)
{
	if (string.len + 1 > sizeof(strings->bytes) - *used)
		return false;
	memcpy(strings->bytes + *used, string.data, string.len);
	strings->offset[strings->count++] = (uint16_t)*used;
	*used += string.len + 1;
	return true;
}

static status_t take_args(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest_strings *args = &parser->process->args;
	struct toml_event item;
	size_t used = 0;
	status_t status;

	(void)event;
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		if (args->count == MANIFEST_ARG_MAX)
			return manifest_fail_at(parser, &item, "more than 16 arguments");
		if (!strings_add(args, &used, item.string))
			return manifest_fail_at(parser, &item, "more than 1024 bytes of arguments");
	}
	return status;
}

/* Length of the variable's name with the equals sign behind it; 0 where there is none such. */
static size_t variable_len(struct span entry)
{
	for (size_t i = 0; i < entry.len; i++) {
		uint8_t c = entry.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (c == '=')
			return i > 0 ? i + 1 : 0;
		if (!letter && (i == 0 || c < '0' || c > '9'))
			return 0;
	}
	return 0;
}

static status_t take_env(struct manifest_parser *parser, const struct toml_event *event)
{
	struct manifest_strings *env = &parser->process->env;
	struct toml_event item;
	size_t used = 0;
	status_t status;

	(void)event;
	while ((status = manifest_next(parser, &item)) == STATUS_OK && item.kind == TOML_ITEM) {
		size_t len = variable_len(item.string);

		if (len == 0)
			return manifest_fail_at(parser, &item, "is not KEY=value with a KEY of letters, digits and _");
		for (uint32_t i = 0; i < env->count; i++) {
			if (strncmp(manifest_string(env, i), (const char *)item.string.data, len) == 0)
				return manifest_fail_at(parser, &item, "variable occurs twice");
		}
		if (env->count == MANIFEST_ENV_MAX)
			return manifest_fail_at(parser, &item, "more than 16 variables");
		if (!strings_add(env, &used, item.string))
			return manifest_fail_at(parser, &item, "more than 1024 bytes of environment");
	}
	return status;
}

static status_t take_memory(struct manifest_parser *parser, const struct toml_event *event)
{
	return manifest_read_size(parser, event, &parser->process->memory_bytes);
}

static status_t take_stack(struct manifest_parser *parser, const struct toml_event *event)
{
	return manifest_read_size(parser, event, &parser->process->stack_bytes);
}

static status_t take_threads(struct manifest_parser *parser, const struct toml_event *event)
{
	static_assert(MANIFEST_THREADS_MAX == 64, "the message tells the limit");

	if (event->integer < 1 || event->integer > MANIFEST_THREADS_MAX)
		return manifest_fail_at(parser, event, "is not between 1 and 64");
	parser->process->threads = (uint32_t)event->integer;
	return STATUS_OK;
}

static status_t take_cpu(struct manifest_parser *parser, const struct toml_event *event)
{
	static_assert(MANIFEST_CPU_MAX == 7, "the message tells the limit");

	if (event->integer < 0 || event->integer > MANIFEST_CPU_MAX)
		return manifest_fail_at(parser, event, "is not between 0 and 7");
	parser->process->cpu = (uint32_t)event->integer;
	return STATUS_OK;
}

static status_t take_main(struct manifest_parser *parser, const struct toml_event *event)
{
	if (!event->boolean)
		return STATUS_OK;
	if (parser->main_line != 0)
		return manifest_fail_at(parser, event, "another process is main");
	parser->main_line = event->line;
	parser->out->main = (uint32_t)(parser->process - parser->out->processes);
	return STATUS_OK;
}

static status_t take_restart(struct manifest_parser *parser, const struct toml_event *event)
{
	static const char *const names[] = {
		[MANIFEST_RESTART_NEVER] = "never",
		[MANIFEST_RESTART_ON_FAILURE] = "on-failure",
		[MANIFEST_RESTART_ALWAYS] = "always",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (manifest_equal(event->string, names[i])) {
			parser->process->restart = (enum manifest_restart)i;
			return STATUS_OK;
		}
	}
	return manifest_fail_at(parser, event, "must be never, on-failure or always");
}

static status_t take_backoff(struct manifest_parser *parser, const struct toml_event *event)
{
	return manifest_read_time(parser, event, &parser->process->backoff_ns);
}

static status_t take_restarts(struct manifest_parser *parser, const struct toml_event *event)
{
	static_assert(MANIFEST_RESTARTS_MAX == 1000000, "the message tells the limit");

	if (event->integer < 1 || event->integer > MANIFEST_RESTARTS_MAX)
		return manifest_fail_at(parser, event, "is not between 1 and 1000000");
	parser->process->restarts_max = (uint32_t)event->integer;
	return STATUS_OK;
}

static status_t take_launch(struct manifest_parser *parser, const struct toml_event *event)
{
	parser->process->launch = event->boolean;
	if (event->boolean)
		parser->launch_lines[parser->process - parser->out->processes] = event->line;
	return STATUS_OK;
}

static status_t take_jit(struct manifest_parser *parser, const struct toml_event *event)
{
	parser->process->jit = event->boolean;
	return STATUS_OK;
}

static const struct manifest_key manifest_keys[MANIFEST_KEYS] = {
	[MANIFEST_KEY_NAME] = { "name", TOML_STRING, take_name },
	[MANIFEST_KEY_EXEC] = { "exec", TOML_STRING, take_exec },
	[MANIFEST_KEY_ARGS] = { "args", TOML_ARRAY, take_args },
	[MANIFEST_KEY_ENV] = { "env", TOML_ARRAY, take_env },
	[MANIFEST_KEY_MEMORY] = { "memory", TOML_STRING, take_memory },
	[MANIFEST_KEY_STACK] = { "stack", TOML_STRING, take_stack },
	[MANIFEST_KEY_THREADS] = { "threads", TOML_INTEGER, take_threads },
	[MANIFEST_KEY_CPU] = { "cpu", TOML_INTEGER, take_cpu },
	[MANIFEST_KEY_MAIN] = { "main", TOML_BOOLEAN, take_main },
	[MANIFEST_KEY_RESTART] = { "restart", TOML_STRING, take_restart },
	[MANIFEST_KEY_BACKOFF] = { "backoff", TOML_STRING, take_backoff },
	[MANIFEST_KEY_RESTARTS] = { "restarts", TOML_INTEGER, take_restarts },
	[MANIFEST_KEY_LAUNCH] = { "launch", TOML_BOOLEAN, take_launch },
	[MANIFEST_KEY_JIT] = { "jit", TOML_BOOLEAN, take_jit },
};

static const char *const type_causes[] = {
	[TOML_STRING] = "must be a string",
	[TOML_INTEGER] = "must be an integer",
	[TOML_BOOLEAN] = "must be true or false",
	[TOML_ARRAY] = "must be an array of strings",
};

status_t manifest_take_process_key(struct manifest_parser *parser, const struct toml_event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(manifest_keys); i++) {
		const struct manifest_key *key = &manifest_keys[i];

		if (!manifest_equal(event->key, key->name))
			continue;
		if (parser->key_lines[i] != 0)
			return manifest_fail_at(parser, event, "key occurs twice");
		if (event->type != key->type)
			return manifest_fail_at(parser, event, type_causes[key->type]);
		parser->key_lines[i] = event->line;
		return key->take(parser, event);
	}
	return manifest_fail_at(parser, event, "unknown key");
}

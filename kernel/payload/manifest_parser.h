// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the files of the manifest's parser share. Nobody else includes this. */
#ifndef KERNEL_PAYLOAD_MANIFEST_PARSER_H
#define KERNEL_PAYLOAD_MANIFEST_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/payload/manifest.h"
#include "lib/span.h"
#include "lib/status.h"
#include "lib/toml.h"

/* A process's keys but for `capabilities`. */
enum manifest_key_id {
	MANIFEST_KEY_NAME,
	MANIFEST_KEY_EXEC,
	MANIFEST_KEY_ARGS,
	MANIFEST_KEY_ENV,
	MANIFEST_KEY_MEMORY,
	MANIFEST_KEY_STACK,
	MANIFEST_KEY_THREADS,
	MANIFEST_KEY_CPU,
	MANIFEST_KEY_MAIN,
	MANIFEST_KEY_RESTART,
	MANIFEST_KEY_BACKOFF,
	MANIFEST_KEY_RESTARTS,
	MANIFEST_KEY_LAUNCH,
	MANIFEST_KEY_JIT,
	MANIFEST_KEYS,
};

enum manifest_table {
	MANIFEST_TABLE_TOP, /* before any table */
	MANIFEST_TABLE_PROCESS,
	MANIFEST_TABLE_CAPABILITIES,
	MANIFEST_TABLE_NET,
	MANIFEST_TABLE_FILES,
	MANIFEST_TABLE_NETWORK,
	MANIFEST_TABLES,
};

/* Keys of the tables about the network. */
enum manifest_net_key {
	MANIFEST_NET_LISTEN,
	MANIFEST_NET_CONNECT,
	MANIFEST_NET_RESOLVE,
	MANIFEST_NET_KEYS,
};

enum manifest_network_key {
	MANIFEST_NETWORK_ADDRESS,
	MANIFEST_NETWORK_GATEWAY,
	MANIFEST_NETWORK_DNS,
	MANIFEST_NETWORK_KEYS,
};

struct manifest_parser {
	struct toml toml;
	struct manifest *out;
	char *why;
	size_t why_bytes;
	enum manifest_table table;
	struct manifest_process *process;  /* the one begun last, or the only one */
	uint32_t key_lines[MANIFEST_KEYS]; /* where its keys stand; 0: nowhere */
	uint32_t table_lines[MANIFEST_TABLES]; /* where its tables stand, and [network]; 0: nowhere */
	uint32_t net_lines[MANIFEST_NET_KEYS]; /* where the keys of its [net] stand; 0: nowhere */
	uint32_t network_lines[MANIFEST_NETWORK_KEYS];
	uint32_t files_lines[MANIFEST_MOUNTS]; /* where the keys of its [files] stand; 0: nowhere */
	uint32_t tmp_bytes_line;
	uint32_t optional_line;
	uint32_t post_mortem_line;
	uint32_t process_lines[MANIFEST_PROCESS_MAX];
	uint32_t launch_lines[MANIFEST_PROCESS_MAX]; /* `launch = true`; 0: no */
	uint32_t main_line;                          /* `main = true`; 0: nowhere */
	uint64_t memory_bytes;                       /* of all processes that ended */
	char buffer[MANIFEST_ARG_BYTES];             /* one string */
};

/* A capability that a manifest can ask for: an interface, and its rights by name, that of bit 0 first. */
struct manifest_known_capability {
	const char *name;
	uint32_t interface;
	const char *rights[4]; /* ended by NULL where there are fewer */
};

#define MANIFEST_KNOWN_CAPABILITIES 6
extern const struct manifest_known_capability manifest_known_capabilities[MANIFEST_KNOWN_CAPABILITIES];

/* A key of [files]: the capability's name, and the rights that one can have there. */
struct manifest_known_mount {
	const char *key;
	const char *name;
	uint32_t rights;
};

extern const struct manifest_known_mount manifest_known_mounts[MANIFEST_MOUNTS];
extern const char *const manifest_file_rights[MANIFEST_FILE_RIGHTS];

bool manifest_equal(struct span text, const char *name);

/* Writes the message; `key` is left out where it is empty. `cause` has at most 60 bytes. Returns STATUS_EINVAL. */
status_t manifest_fail(struct manifest_parser *parser, uint32_t line, struct span key, const char *cause);
status_t manifest_fail_at(struct manifest_parser *parser, const struct toml_event *event, const char *cause);
status_t manifest_fail_key(struct manifest_parser *parser, uint32_t line, const char *key, const char *cause);

/* toml_next, with a message. */
MUST_CHECK status_t manifest_next(struct manifest_parser *parser, struct toml_event *event);

/* Checks a name of a bundle or process and copies it. `name` is all zero before. */
MUST_CHECK status_t manifest_take_name(struct manifest_parser *parser, const struct toml_event *event, char *name);

/* A key of parser->process with its value. */
MUST_CHECK status_t manifest_take_process_key(struct manifest_parser *parser, const struct toml_event *event);

/* A key of the table of capabilities of parser->process. */
MUST_CHECK status_t manifest_take_capability(struct manifest_parser *parser, const struct toml_event *event);

/* A key of the table that says what parser->process may do with the network; one of the table that says how the machine is on it. */
MUST_CHECK status_t manifest_take_net(struct manifest_parser *parser, const struct toml_event *event);
MUST_CHECK status_t manifest_take_network(struct manifest_parser *parser, const struct toml_event *event);

/* A key of the table of directories; what only the whole of that, and of its process, can show. */
MUST_CHECK status_t manifest_take_files(struct manifest_parser *parser, const struct toml_event *event);
MUST_CHECK status_t manifest_end_files(struct manifest_parser *parser);

/* What only the whole of [network] can show. */
MUST_CHECK status_t manifest_end_network(struct manifest_parser *parser);

/* Values of one string each. */
MUST_CHECK status_t manifest_read_size(struct manifest_parser *parser, const struct toml_event *event, uint64_t *bytes);
MUST_CHECK status_t manifest_read_time(struct manifest_parser *parser, const struct toml_event *event, uint64_t *ns);

#endif

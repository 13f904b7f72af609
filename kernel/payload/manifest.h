// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * manifest.toml of a bundle: the processes to run and what each is given. Pure: text in, struct out. The set of known keys,
 * capabilities and rights is closed; what is not known is an error, never ignored, for a misspelt restriction would be a grant.
 * docs/manifest.md tells every key.
 */
#ifndef KERNEL_PAYLOAD_MANIFEST_H
#define KERNEL_PAYLOAD_MANIFEST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/net/policy.h"
#include "lib/span.h"
#include "lib/status.h"

#define MANIFEST_PROCESS_MAX 16
#define MANIFEST_NAME_MAX 32
#define MANIFEST_EXEC_MAX 255
#define MANIFEST_ARG_MAX 16
#define MANIFEST_ARG_BYTES 1024 /* all arguments together, each with its NUL */
#define MANIFEST_ENV_MAX 16
#define MANIFEST_ENV_BYTES 1024 /* the whole environment, each entry with its NUL */
#define MANIFEST_CAPABILITY_MAX 16
#define MANIFEST_MEMORY_DEFAULT (1024u * 1024u)
#define MANIFEST_STACK_DEFAULT (64u * 1024u)
#define MANIFEST_PAGE_BYTES 4096u
#define MANIFEST_THREADS_MAX 64
#define MANIFEST_THREADS_DEFAULT 16
#define MANIFEST_CPU_MAX 7
#define MANIFEST_CPU_ANY UINT32_MAX /* the kernel chooses */
#define MANIFEST_BACKOFF_MIN_NS 1000000ull
#define MANIFEST_BACKOFF_MAX_NS 60000000000ull
#define MANIFEST_BACKOFF_DEFAULT_NS 10000000ull
#define MANIFEST_RESTARTS_MAX 1000000
#define MANIFEST_RESTARTS_DEFAULT 10
#define MANIFEST_WHY_BYTES 160 /* enough for every message */

struct manifest_capability {
	const char *name;   /* static */
	uint32_t interface; /* number of the interface in the native ABI */
	uint32_t rights;    /* of that interface; not 0 */
};

enum manifest_restart {
	MANIFEST_RESTART_NEVER,
	MANIFEST_RESTART_ON_FAILURE, /* after a fault, or an exit status other than 0 */
	MANIFEST_RESTART_ALWAYS,
};

/* Where a process can find files: capabilities of these names. */
enum manifest_mount {
	MANIFEST_MOUNT_APP,
	MANIFEST_MOUNT_TMP,
	MANIFEST_MOUNT_HOST,
	MANIFEST_MOUNT_DATA,
	MANIFEST_MOUNT_LOG,
	MANIFEST_MOUNT_SYS,
	MANIFEST_MOUNTS,
};

/* As the interface dir's. */
enum {
	MANIFEST_RIGHT_READ = 1,
	MANIFEST_RIGHT_WRITE = 2,
	MANIFEST_RIGHT_CREATE = 4,
	MANIFEST_RIGHT_EXEC = 8,
	MANIFEST_RIGHT_LIST = 16,
	MANIFEST_RIGHTS_ALL = 31,
	MANIFEST_FILE_RIGHTS = 5, /* how many */
};

struct manifest_files {
	uint32_t rights[MANIFEST_MOUNTS]; /* 0: not granted */
	uint64_t tmp_bytes;               /* page multiple, at most memory_bytes; 0: no tmp */
	uint32_t optional;                /* a bit a mount: of those granted, what the machine need not have */
	uint32_t post_mortem;             /* a bit a mount: of those granted, where a panic leaves a file */
};

/* NUL-terminated strings one behind the other in the `bytes` that hold them. */
struct manifest_strings {
	uint32_t count;
	uint16_t offset[MANIFEST_ARG_MAX];
	char bytes[MANIFEST_ARG_BYTES];
};

static_assert(MANIFEST_ENV_MAX == MANIFEST_ARG_MAX && MANIFEST_ENV_BYTES == MANIFEST_ARG_BYTES, "one kind of list holds both");

struct manifest_process {
	char name[MANIFEST_NAME_MAX + 1]; /* [a-z0-9-]{1,32}; no other process has it */
	char exec[MANIFEST_EXEC_MAX + 1]; /* a valid archive name */
	struct manifest_strings args;     /* argv[1..]; argv[0] is the name */
	struct manifest_strings env;      /* KEY=value, KEY [A-Za-z_][A-Za-z0-9_]*, each once */
	uint64_t memory_bytes;            /* page multiple, not 0: all memory it may use */
	uint64_t stack_bytes;             /* page multiple, not 0, below memory_bytes */
	uint32_t threads;                 /* most at once, 1 to MANIFEST_THREADS_MAX */
	uint32_t cpu;                     /* to MANIFEST_CPU_MAX, or MANIFEST_CPU_ANY */
	enum manifest_restart restart;
	uint32_t restarts_max; /* 1 to MANIFEST_RESTARTS_MAX; 0 where restart is never, as backoff_ns */
	uint64_t backoff_ns;   /* before the first restart */
	bool jit;              /* it may execute memory that it has written; a Linux program */
	bool launch;           /* words of the kernel command line go behind args; of the main process alone */
	uint32_t capability_count;
	struct manifest_capability capabilities[MANIFEST_CAPABILITY_MAX]; /* each interface at most once */
	bool has_net;          /* it has a table of its own for the network */
	struct net_policy net; /* what that allows */
	struct manifest_files files;
};

/* How the machine is on its network. */
struct manifest_network {
	bool is_static;             /* as follows; else by DHCP */
	struct net_address address; /* IPv4 */
	uint8_t prefix;             /* 1 to 32 */
	struct net_address gateway; /* IPv4 of the same network; NET_FAMILY_ANY: none */
	struct net_address dns;     /* NET_FAMILY_ANY: none */
};

struct manifest {
	char name[MANIFEST_NAME_MAX + 1]; /* of the bundle; as a process's */
	uint32_t process_count;           /* 1 to MANIFEST_PROCESS_MAX */
	uint32_t main;                    /* the one whose exit status is the image's */
	struct manifest_network network;
	struct manifest_process processes[MANIFEST_PROCESS_MAX];
};

static_assert(sizeof(struct manifest) <= 64 * 1024, "comes from one malloc");

/*
 * Parses a manifest.
 *
 * `why`, of `why_bytes` (MANIFEST_WHY_BYTES are enough), takes on error one line of text without LF that names line and key.
 * Context: any. About 1.5 KiB of stack. `*out` is a copy, it borrows nothing; processes behind process_count are not written.
 * Returns STATUS_OK; STATUS_EINVAL where the manifest is wrong. On error `*out` is undefined.
 */
MUST_CHECK status_t manifest_parse(struct span text, struct manifest *out, char *why, size_t why_bytes);

/* String `index` (below strings->count), NUL terminated, in the manifest. Context: any. */
static inline const char *manifest_string(const struct manifest_strings *strings, uint32_t index)
{
	return strings->bytes + strings->offset[index];
}

#endif

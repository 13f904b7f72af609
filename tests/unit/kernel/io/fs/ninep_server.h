// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * A 9p server of a few files in memory, at the other end of a channel that is played, too, with what the kernel's 9p file system needs of the
 * rest: one fiber, which sleeps until the server has answered. A test may spoil what it answers.
 */
#ifndef TESTS_UNIT_KERNEL_IO_FS_NINEP_SERVER_H
#define TESTS_UNIT_KERNEL_IO_FS_NINEP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/io/fs/fs.h"
#include "lib/status.h"

/* A reply, before it goes out: `bytes` of it, in memory of `room`. May change both. */
typedef void server_spoil(void *ctx, uint8_t request_type, uint8_t *reply, size_t *bytes, size_t room);

struct server {
	bool read_only;
	server_spoil *spoil; /* NULL: it is honest */
	void *ctx;
	bool war;      /* who waits for it looks again and again */
	bool mute;     /* it answers nobody who looks at a panic */
	uint64_t now_ns; /* as the clock goes then */
	void (*heard)(const uint8_t *request, size_t bytes); /* NULL, or told of each request before it is answered */
	bool no_start; /* the device does not */
	bool hollow;   /* it is "h", the third; before it are "hx" and one without memory */
	bool no_pages, no_large_pages; /* the kernel has none; of more than one page */
	unsigned keeps; /* looks at a device that was reset, until it gives back what it was given */
	struct fs *gives_up; /* whose machine is to end: whoever sleeps waits for a server that never answers */
	/* W: the server. */
	unsigned breaks;       /* how often it was found out */
	unsigned requests;
	unsigned sleeps;
	uint32_t fail_with;    /* not 0: every request but VERSION, ATTACH and CLUNK fails with this errno */
	unsigned pages;        /* that the kernel has */
	unsigned governors;    /* that are in the list */
};

extern struct server server;

/* Without files but its root, fids or requests. */
void server_reset(void);

/* How many fids of something else than the root it knows. */
unsigned server_fids(void);

/* Whether a file of the root has that content. */
bool server_holds(const char *name, const void *data, size_t len);

/* As the host does it: replaces what has a name in the root by another file; or removes it. */
void server_replace(const char *name, const char *content);
void server_remove(const char *name);

/* Answers what was sent off without anybody waiting for it. */
void server_settle(void);

/* Answers one request; how long the reply is. For the channel. */
size_t server_answer(const uint8_t *request, size_t bytes, uint8_t *reply, size_t room);

#endif

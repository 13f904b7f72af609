// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What the model of a 9p server has, and how it reads requests and writes replies. */
#ifndef TESTS_UNIT_KERNEL_IO_FS_NINEP_SERVER_WIRE_H
#define TESTS_UNIT_KERNEL_IO_FS_NINEP_SERVER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ninep.h"

enum { FILES = 64, NAME_ROOM = 256, DATA_ROOM = 8192, FIDS = 8192, ROOT = 1 };

struct file {
	bool used;      /* has a name, or is held */
	bool named;
	uint32_t mode;
	unsigned parent;
	uint64_t path;
	char name[NAME_ROOM];
	size_t len;
	uint8_t data[DATA_ROOM]; /* or a link's target */
};

struct fid {
	unsigned file; /* 0: it is free */
	bool open, append;
};


/* What is being answered. */
static const uint8_t *in, *in_end;
static uint8_t *out, *out_end;

static inline uint64_t take(size_t bytes)
{
	uint64_t value = 0;

	if ((size_t)(in_end - in) < bytes)
		abort(); /* the client is no client */
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)in[i] << 8 * i;
	in += bytes;
	return value;
}

static inline void take_text(char *to, size_t room)
{
	size_t bytes = take(2);

	if ((size_t)(in_end - in) < bytes || bytes >= room)
		abort();
	memcpy(to, in, bytes);
	to[bytes] = '\0';
	in += bytes;
}

static inline void put(uint64_t value, size_t bytes)
{
	if ((size_t)(out_end - out) < bytes)
		abort(); /* QEMU ends the device there */
	for (size_t i = 0; i < bytes; i++)
		*out++ = (uint8_t)(value >> 8 * i);
}

static inline void put_bytes(const void *data, size_t bytes)
{
	if ((size_t)(out_end - out) < bytes)
		abort();
	memcpy(out, data, bytes);
	out += bytes;
}

static inline uint8_t qid_type(const struct file *file)
{
	uint32_t type = file->mode & NINEP_MODE_TYPE;

	return type == NINEP_MODE_DIRECTORY ? NINEP_QID_DIRECTORY : type == NINEP_MODE_LINK ? NINEP_QID_LINK : 0;
}

static inline void put_qid(const struct file *file)
{
	put(qid_type(file), 1);
	put(0, 4);
	put(file->path, 8);
}

#endif

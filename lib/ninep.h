// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * 9P2000.L, the client's side: requests are written into memory of the caller, replies judged and read in one function
 * (ninep_reply_read()). The server is hostile: a reply is what was asked for, to the byte, or it is refused.
 *
 * Every message is size[4] type[1] tag[2] and what its type says, little-endian; a string is a length[2] and its bytes. What is read or written
 * in bulk comes last, so that it lies where the caller has it: a message here is its beginning, and the bytes that follow elsewhere are counted.
 *
 * Spec: 9P2000.L as diod's protocol.md has it; 9P2000 as Plan 9's intro(5) has it.
 */
#ifndef LIB_NINEP_H
#define LIB_NINEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/span.h"
#include "lib/status.h"

/* The requests; a reply's type is one more than its request's. */
enum ninep_type {
	NINEP_LERROR = 6, /* there is no such request: its reply is what all fail with */
	NINEP_STATFS = 8,
	NINEP_LOPEN = 12,
	NINEP_LCREATE = 14,
	NINEP_SYMLINK = 16,
	NINEP_READLINK = 22,
	NINEP_GETATTR = 24,
	NINEP_SETATTR = 26,
	NINEP_READDIR = 40,
	NINEP_FSYNC = 50,
	NINEP_LINK = 70,
	NINEP_MKDIR = 72,
	NINEP_RENAMEAT = 74,
	NINEP_UNLINKAT = 76,
	NINEP_VERSION = 100,
	NINEP_ATTACH = 104,
	NINEP_WALK = 110,
	NINEP_READ = 116,
	NINEP_WRITE = 118,
	NINEP_CLUNK = 120,
};

#define NINEP_VERSION_TEXT "9P2000.L"
#define NINEP_NO_FID UINT32_MAX
#define NINEP_NO_TAG UINT16_MAX /* of NINEP_VERSION alone */
#define NINEP_NOBODY UINT32_MAX /* a user or group that stays as it is: what is made is whoever's the server is */

enum {
	NINEP_HEAD_BYTES = 7,         /* of every message */
	NINEP_DATA_HEAD_BYTES = 11,   /* of a reply that is followed by data; one that says no, whole */
	NINEP_NAME_MAX = 255,
	NINEP_TARGET_MAX = 4095,      /* of a symbolic link */
	NINEP_REQUEST_BYTES = 560,    /* enough for every request, but for data and a link's target */
	NINEP_REPLY_BYTES = 160,      /* enough for every reply but NINEP_READLINK's, without data */
	NINEP_READLINK_BYTES = NINEP_HEAD_BYTES + 2 + NINEP_TARGET_MAX + 1, /* enough for that one */
	NINEP_MESSAGE_MIN = 4096,     /* whoever wants less as the largest message is refused */
};

/* For NINEP_LOPEN and NINEP_LCREATE. */
enum {
	NINEP_O_RDONLY = 0,
	NINEP_O_WRONLY = 1,
	NINEP_O_RDWR = 2,
	NINEP_O_CREATE = 0100,
	NINEP_O_EXCL = 0200,
	NINEP_O_TRUNC = 01000,
	NINEP_O_APPEND = 02000,
	NINEP_O_DIRECTORY = 0200000,
	NINEP_O_NOFOLLOW = 0400000,
};

/* What a file is, in a qid. */
enum { NINEP_QID_DIRECTORY = 0x80, NINEP_QID_LINK = 0x02 };

/* What a file is, in its mode. */
enum {
	NINEP_MODE_TYPE = 0170000,
	NINEP_MODE_DIRECTORY = 0040000,
	NINEP_MODE_FILE = 0100000,
	NINEP_MODE_LINK = 0120000,
};

/* What a file is, in a directory's entry: as Linux's d_type. */
enum { NINEP_ENTRY_UNKNOWN = 0, NINEP_ENTRY_DIRECTORY = 4, NINEP_ENTRY_FILE = 8, NINEP_ENTRY_LINK = 10 };

#define NINEP_UNLINK_DIRECTORY 0x200u /* NINEP_UNLINKAT */
#define NINEP_GETATTR_BASIC 0x7ffu    /* NINEP_GETATTR: all that stat(2) gives */

/* For NINEP_SETATTR. */
enum {
	NINEP_SET_MODE = 1 << 0,
	NINEP_SET_SIZE = 1 << 3,
	NINEP_SET_ACCESSED = 1 << 4,
	NINEP_SET_MODIFIED = 1 << 5,
	NINEP_SET_ACCESSED_TO = 1 << 7, /* with the one above: to what is said, not to now */
	NINEP_SET_MODIFIED_TO = 1 << 8,
};

/* Who a file is: what has the same path is the same file, as long as that is there. */
struct ninep_qid {
	uint8_t type; /* NINEP_QID_* */
	uint32_t version;
	uint64_t path;
};

struct ninep_time {
	uint64_t seconds, nanoseconds;
};

/* --- requests ---------------------------------------------------------------------------------------------------------- */

/* A request that is being written. Where it gets longer than its memory, the rest is left out, and ninep_end() says so. */
struct ninep_writer {
	uint8_t *data;
	size_t size;
	size_t len;
	bool full;
};

void ninep_begin(struct ninep_writer *out, void *data, size_t size, enum ninep_type type, uint16_t tag);
void ninep_put8(struct ninep_writer *out, uint8_t value);
void ninep_put16(struct ninep_writer *out, uint16_t value);
void ninep_put32(struct ninep_writer *out, uint32_t value);
void ninep_put64(struct ninep_writer *out, uint64_t value);

/* A string; one of more than 65,535 bytes does not fit anywhere. */
void ninep_put_text(struct ninep_writer *out, struct span text);

/* Completes the size, with `more` bytes that follow elsewhere. False where it did not fit. */
MUST_CHECK bool ninep_end(struct ninep_writer *out, uint32_t more);

/* What follows ninep_begin(); each writes all fields of its request. */
void ninep_put_version(struct ninep_writer *out, uint32_t message_max);
void ninep_put_attach(struct ninep_writer *out, uint32_t fid);
void ninep_put_walk(struct ninep_writer *out, uint32_t fid, uint32_t new_fid, const struct span *name); /* NULL: a second fid of the same */
void ninep_put_create(struct ninep_writer *out, uint32_t fid, struct span name, uint32_t flags, uint32_t mode);
void ninep_put_io(struct ninep_writer *out, uint32_t fid, uint64_t offset, uint32_t bytes); /* READ, READDIR, WRITE: without the bytes */
void ninep_put_mkdir(struct ninep_writer *out, uint32_t directory, struct span name, uint32_t mode);
void ninep_put_link(struct ninep_writer *out, uint32_t directory, uint32_t fid, struct span name);
void ninep_put_rename(struct ninep_writer *out, uint32_t from, struct span name, uint32_t to, struct span to_name);

struct ninep_changes {
	uint32_t what; /* NINEP_SET_* */
	uint32_t mode;
	uint64_t size;
	struct ninep_time accessed, modified;
};

void ninep_put_setattr(struct ninep_writer *out, uint32_t fid, const struct ninep_changes *changes);

/* --- replies ----------------------------------------------------------------------------------------------------------- */

/* The request that a reply is to. */
struct ninep_asked {
	enum ninep_type type;
	uint16_t tag;
	uint16_t names; /* NINEP_WALK: 0 or 1 */
	uint32_t bytes; /* NINEP_READ, NINEP_READDIR, NINEP_WRITE: how many at most; NINEP_VERSION: the largest message that was offered */
};

struct ninep_attributes {
	uint32_t mode, user, group;
	uint64_t links, size, block_count; /* blocks of 512 bytes */
	struct ninep_time accessed, modified, changed;
};

struct ninep_space {
	uint32_t block_bytes;
	uint64_t blocks, free_blocks, usable_blocks;
	uint64_t files, free_files;
};

/* Of it, what its type has. */
struct ninep_reply {
	struct ninep_qid qid;  /* ATTACH, WALK of a name, LOPEN, LCREATE, SYMLINK, MKDIR, GETATTR */
	uint32_t bytes;        /* VERSION: the largest message; READ, READDIR: data that follows; WRITE: written */
	struct ninep_attributes attributes;
	struct ninep_space space;
	struct span target;    /* READLINK: in the reply's own memory */
};

/*
 * Judges a reply and reads it. `head`: as much of it as lies together: all, but for the data of READ and READDIR; `bytes`: all that the server
 * says it wrote. Returns STATUS_OK; what the server failed with, in our terms; STATUS_EPROTO for what is no reply to `asked`: then `*why` says
 * what is wrong with it. The server never fails with STATUS_EPROTO.
 */
MUST_CHECK status_t ninep_reply_read(struct span head, uint32_t bytes, const struct ninep_asked *asked, struct ninep_reply *out,
				     const char **why);

/* An errno of Linux as a status: those that a file system here fails with are themselves or their like, all others STATUS_EIO. */
status_t ninep_error(uint32_t number);

/* An entry of a directory, as NINEP_READDIR gives them, one behind the other. */
struct ninep_entry {
	struct ninep_qid qid;
	uint64_t offset; /* where the list goes on behind it */
	uint8_t type;    /* NINEP_ENTRY_* */
	uint8_t name_len;
	char name[NINEP_NAME_MAX];
};

/*
 * Takes the first entry from `rest`, not empty, and copies it. STATUS_EPROTO where it is cut off, or its name none: empty, too long, with a
 * NUL or a '/', or its offset is 0.
 */
MUST_CHECK status_t ninep_entry_next(struct span *rest, struct ninep_entry *out);

/* "." or "..". */
bool ninep_entry_is_dots(const struct ninep_entry *entry);

#endif

// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Result codes. A function that can fail returns status_t: STATUS_OK (0), or a negative errno in Linux/arm64 numbering
 * (asm-generic/errno.h), so that a status crosses the application boundary unchanged. Spelled STATUS_*
 * and not E* so that the host's <errno.h> can be included beside this header.
 */
#ifndef LIB_STATUS_H
#define LIB_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

typedef int status_t;

enum {
	STATUS_OK = 0,
	STATUS_EPERM = -1,
	STATUS_ENOENT = -2,
	STATUS_EIO = -5,
	STATUS_E2BIG = -7,
	STATUS_ENOEXEC = -8,
	STATUS_EBADF = -9,
	STATUS_EAGAIN = -11,
	STATUS_ENOMEM = -12,
	STATUS_EACCES = -13,
	STATUS_EFAULT = -14,
	STATUS_EBUSY = -16,
	STATUS_EEXIST = -17,
	STATUS_EXDEV = -18,
	STATUS_ENODEV = -19,
	STATUS_ENOTDIR = -20,
	STATUS_EISDIR = -21,
	STATUS_EINVAL = -22,
	STATUS_EFBIG = -27,
	STATUS_ENOSPC = -28,
	STATUS_EROFS = -30,
	STATUS_EMLINK = -31,
	STATUS_EPIPE = -32,
	STATUS_ERANGE = -34,
	STATUS_EDEADLK = -35,
	STATUS_ENAMETOOLONG = -36,
	STATUS_ENOSYS = -38,
	STATUS_ENOTEMPTY = -39,
	STATUS_ELOOP = -40,
	STATUS_ENODATA = -61,
	STATUS_EPROTO = -71,
	STATUS_EBADMSG = -74,
	STATUS_EOVERFLOW = -75,
	STATUS_EILSEQ = -84,
	STATUS_EMSGSIZE = -90,
	STATUS_ENOTSUP = -95,
	STATUS_EADDRINUSE = -98,
	STATUS_EADDRNOTAVAIL = -99,
	STATUS_ENETUNREACH = -101,
	STATUS_ECONNABORTED = -103,
	STATUS_ECONNRESET = -104,
	STATUS_EISCONN = -106,
	STATUS_ENOTCONN = -107,
	STATUS_ETIMEDOUT = -110,
	STATUS_ECONNREFUSED = -111,
	STATUS_EHOSTUNREACH = -113,
	STATUS_ESTALE = -116,
	STATUS_ECANCELED = -125,
	STATUS_EKEYREJECTED = -129,
};

#endif

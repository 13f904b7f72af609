// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Names of glibc that objects of Debian's packages ask for and musl has not: the checked variants of functions (_FORTIFY_SOURCE), which check nothing here, and
 * contexts, of which OpenSSL takes "there are none" for an answer. So such objects can be linked statically with musl.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

long __fdelt_chk(long fd)
{
	return fd / (8 * (long)sizeof(long));
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list list)
{
	(void)flag;
	return vfprintf(file, format, list);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list list;
	int written;

	va_start(list, format);
	written = __vfprintf_chk(file, flag, format, list);
	va_end(list);
	return written;
}

int __vsnprintf_chk(char *to, size_t bytes, int flag, size_t room, const char *format, va_list list)
{
	(void)flag;
	(void)room;
	return vsnprintf(to, bytes, format, list);
}

int __snprintf_chk(char *to, size_t bytes, int flag, size_t room, const char *format, ...)
{
	va_list list;
	int written;

	va_start(list, format);
	written = __vsnprintf_chk(to, bytes, flag, room, format, list);
	va_end(list);
	return written;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...)
{
	va_list list;
	int written;

	va_start(list, format);
	written = __vsnprintf_chk(to, room, flag, room, format, list);
	va_end(list);
	return written;
}

void *__memcpy_chk(void *to, const void *from, size_t bytes, size_t room)
{
	(void)room;
	return memcpy(to, from, bytes);
}

void *__memmove_chk(void *to, const void *from, size_t bytes, size_t room)
{
	(void)room;
	return memmove(to, from, bytes);
}

void *__memset_chk(void *to, int byte, size_t bytes, size_t room)
{
	(void)room;
	return memset(to, byte, bytes);
}

ssize_t __read_chk(int fd, void *to, size_t bytes, size_t room)
{
	(void)room;
	return read(fd, to, bytes);
}

ssize_t __recv_chk(int fd, void *to, size_t bytes, size_t room, int flags)
{
	(void)room;
	return recv(fd, to, bytes, flags);
}

ssize_t __recvfrom_chk(int fd, void *to, size_t bytes, size_t room, int flags, struct sockaddr *from, socklen_t *from_bytes)
{
	(void)room;
	return recvfrom(fd, to, bytes, flags, from, from_bytes);
}

void __longjmp_chk(jmp_buf to, int value)
{
	longjmp(to, value);
}

int fcntl64(int fd, int command, ...)
{
	va_list list;
	void *argument;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return fcntl(fd, command, argument);
}

int getcontext(void *context)
{
	(void)context;
	errno = ENOSYS;
	return -1;
}

int setcontext(const void *context)
{
	(void)context;
	errno = ENOSYS;
	return -1;
}

void makecontext(void *context, void (*function)(void), int count, ...)
{
	(void)context;
	(void)function;
	(void)count;
}

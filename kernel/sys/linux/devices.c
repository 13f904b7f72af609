// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/devices.h"

#include "kernel/core/entropy.h"
#include "kernel/core/libc.h"
#include "kernel/sys/linux/file.h"
#include "kernel/sys/linux/vfs.h"
#include "kernel/sys/linux/virtual.h"
#include "lib/string.h"

enum { PART_BYTES = 512, STRETCH_BYTES = 16384, WRITE_ALL = 0666 };

static int64_t null_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	(void)data;
	(void)offset;
	return 0;
}

/* Takes it all, and keeps nothing. */
static int64_t null_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	int64_t bytes = (int64_t)data->left;

	(void)file;
	(void)offset;
	data->left = 0;
	return bytes;
}

static int64_t full_write(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	(void)offset;
	return data->left > 0 ? STATUS_ENOSPC : 0;
}

/* Gives parts of what `fill` makes, and where it is a program that reads, the CPU to others after each stretch. Context: fiber. */
static int64_t parts_give(struct linux_data *data, void (*fill)(void *to, size_t bytes))
{
	uint8_t part[PART_BYTES];
	int64_t done = 0;
	int64_t given = 0;

	while (data->left > 0) {
		size_t bytes = data->left < sizeof(part) ? (size_t)data->left : sizeof(part);

		fill(part, bytes);
		given = linux_data_give(data, part, bytes);
		if (given <= 0)
			break;
		done += given;
		if (done % STRETCH_BYTES == 0 && data->thread != NULL)
			linux_give_way(data->thread);
	}
	return done > 0 ? done : given;
}

static void zeroes_fill(void *to, size_t bytes)
{
	memset(to, 0, bytes);
}

static int64_t zero_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	(void)offset;
	return parts_give(data, zeroes_fill);
}

static int64_t random_read(struct linux_file *file, struct linux_data *data, uint64_t offset)
{
	(void)file;
	(void)offset;
	return parts_give(data, entropy_draw);
}

static status_t device_stat(struct linux_file *file, struct fs_stat *out, uint32_t *mode_type)
{
	(void)file;
	*mode_type = LINUX_S_IFCHR;
	out->permissions = WRITE_ALL;
	out->links = 1;
	return STATUS_OK;
}

static void device_release(struct linux_file *file)
{
	free(file);
}

static const struct linux_file_ops null_ops = {
	.name = "/dev/null", .read = null_read, .write = null_write, .stat = device_stat, .release = device_release,
};
static const struct linux_file_ops zero_ops = {
	.name = "/dev/zero", .read = zero_read, .write = null_write, .stat = device_stat, .release = device_release,
};
static const struct linux_file_ops full_ops = {
	.name = "/dev/full", .read = zero_read, .write = full_write, .stat = device_stat, .release = device_release,
};
static const struct linux_file_ops random_ops = {
	.name = "/dev/random", .read = random_read, .write = null_write, .stat = device_stat, .release = device_release,
};
static const struct linux_file_ops urandom_ops = {
	.name = "/dev/urandom", .read = random_read, .write = null_write, .stat = device_stat, .release = device_release,
};

static status_t device_open(const struct linux_file_ops *ops, uint32_t flags, struct linux_file **out)
{
	*out = malloc(sizeof(**out));
	if (*out == NULL)
		return STATUS_ENOMEM;
	linux_file_init(*out, ops, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK | LINUX_O_APPEND | LINUX_O_LARGEFILE));
	return STATUS_OK;
}

status_t linux_null_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	(void)process;
	return device_open(&null_ops, flags, out);
}

status_t linux_zero_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	(void)process;
	return device_open(&zero_ops, flags, out);
}

status_t linux_full_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	(void)process;
	return device_open(&full_ops, flags, out);
}

status_t linux_random_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	(void)process;
	return device_open(&random_ops, flags, out);
}

status_t linux_urandom_open(struct process *process, uint32_t flags, struct linux_file **out)
{
	(void)process;
	return device_open(&urandom_ops, flags, out);
}

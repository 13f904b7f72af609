// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/page_io.h"

#include <stddef.h>

#include "hal/contract/memory.h"
#include "kernel/sys/linux/copy.h"
#include "kernel/sys/linux/file.h"
#include "lib/string.h"

int64_t linux_page_read(struct linux_file *file, uint64_t offset, uint8_t *to, size_t bytes)
{
	size_t done = 0;
	int64_t some = 1;

	while (done < bytes && some > 0) {
		struct linux_data data;

		memset(&data, 0, sizeof(data));
		linux_data_kernel(&data, to + done, bytes - done);
		some = file->ops->read(file, &data, offset + done);
		if (some > 0)
			done += (size_t)some;
	}
	memset(to + done, 0, bytes - done);
	return some < 0 ? some : (int64_t)done;
}

status_t linux_page_write(struct linux_file *file, uint64_t index, uint8_t *page, uint64_t size)
{
	uint64_t offset = index * HAL_PAGE_BYTES;
	uint64_t bytes = size - offset < HAL_PAGE_BYTES ? size - offset : HAL_PAGE_BYTES;
	struct linux_data data;
	int64_t done;

	memset(&data, 0, sizeof(data));
	linux_data_kernel(&data, page, bytes);
	data.settles = true;
	done = file->ops->write(file, &data, offset);
	return done == (int64_t)bytes ? STATUS_OK : done < 0 ? (status_t)done : STATUS_EIO;
}

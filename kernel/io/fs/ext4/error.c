// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What libext2fs' errors are to others. */
#include "kernel/io/fs/ext4/volume.h"

status_t ext4_status(errcode_t error)
{
	switch (error) {
	case 0:
		return STATUS_OK;
	case EXT2_ET_NO_MEMORY:
	case ENOMEM:
		return STATUS_ENOMEM;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case ENOSPC:
	case EXT2_ET_DIR_NO_SPACE:
		return STATUS_ENOSPC;
	case EAGAIN:
		return STATUS_EAGAIN;
	case EXT2_ET_FILE_NOT_FOUND:
		return STATUS_ENOENT;
	case EXT2_ET_FILE_TOO_BIG:
		return STATUS_EFBIG;
	case EXT2_ET_RO_FILSYS:
		return STATUS_EROFS;
	case EXT2_ET_UNSUPP_FEATURE:
	case EXT2_ET_RO_UNSUPP_FEATURE:
		return STATUS_ENOTSUP;
	default:
		return STATUS_EIO; /* of the disk, or what is on it is damaged */
	}
}

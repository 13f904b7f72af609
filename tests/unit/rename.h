// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/*
 * Included before everything else (-include) where lib/ is compiled for the host, so that its C library functions stand
 * beside the host's. Tests are compiled without it, and declare the rumpk_* functions that they compare with the
 * host's.
 */
#ifndef TESTS_UNIT_RENAME_H
#define TESTS_UNIT_RENAME_H

#define memcpy rumpk_memcpy
#define memmove rumpk_memmove
#define memset rumpk_memset
#define memcmp rumpk_memcmp
#define memchr rumpk_memchr
#define strlen rumpk_strlen
#define strnlen rumpk_strnlen
#define strcmp rumpk_strcmp
#define strncmp rumpk_strncmp
#define strcpy rumpk_strcpy
#define strchr rumpk_strchr
#define strrchr rumpk_strrchr

#endif

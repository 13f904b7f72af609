// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* For the code of others that includes <assert.h>: a failed assertion traps, which the kernel reports as its own fault. */
#ifndef LIB_COMPAT_ASSERT_H
#define LIB_COMPAT_ASSERT_H

#define assert(condition) ((condition) ? (void)0 : __builtin_trap())
#define static_assert _Static_assert

#endif

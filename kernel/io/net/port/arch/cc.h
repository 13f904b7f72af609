// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

/* What lwIP wants to know of compiler and platform. It finds this as <arch/cc.h>. */
#ifndef KERNEL_IO_NET_PORT_ARCH_CC_H
#define KERNEL_IO_NET_PORT_ARCH_CC_H

#include <stdint.h>

#include "kernel/io/net/port.h"

/* There are no <inttypes.h> and <ctype.h> in the kernel. */
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

/* One instruction, where lwIP calls a function: 46 of them for one request over HTTP. */
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

#define LWIP_RAND() net_port_random()
#define LWIP_PLATFORM_DIAG(message) ((void)0)
/* Without lwIP's words, which are longer than its code: the backtrace names the function. */
#define LWIP_PLATFORM_ASSERT(text) net_port_assert(__LINE__)

#endif

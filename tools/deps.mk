# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# What is compiled from the sources of others for the kernel (see deps.lock): the smallest closure of what it calls.
# Compile the files of a list with its _CFLAGS after the kernel's own flags, with -ffunction-sections -fdata-sections, and
# link with --gc-sections: the tables of what is not called (signing: 30 KiB) are dropped then.

SODIUM_DIR := build/deps/libsodium/src/libsodium
FDT_DIR := build/deps/libfdt

# A cross compiler without a C library: its own headers alone, and lib/compat where code of others wants <string.h>,
# or anybody wants <limits.h>. For every freestanding file.
FREESTANDING_INCLUDES := -nostdinc -isystem lib/compat \
	-isystem $(shell aarch64-linux-gnu-gcc -print-file-name=include 2>/dev/null)

# crypto_sign_ed25519_verify_detached, crypto_generichash_blake2b_*, crypto_shorthash_siphash24, crypto_stream_chacha20_ietf
SODIUM_SRCS := \
	$(SODIUM_DIR)/crypto_sign/ed25519/ref10/open.c \
	$(SODIUM_DIR)/crypto_sign/ed25519/ref10/sign.c \
	$(SODIUM_DIR)/crypto_core/ed25519/ref10/ed25519_ref10.c \
	$(SODIUM_DIR)/crypto_hash/sha512/cp/hash_sha512_cp.c \
	$(SODIUM_DIR)/crypto_verify/sodium/verify.c \
	$(SODIUM_DIR)/crypto_generichash/blake2b/ref/generichash_blake2b.c \
	$(SODIUM_DIR)/crypto_generichash/blake2b/ref/blake2b-ref.c \
	$(SODIUM_DIR)/crypto_generichash/blake2b/ref/blake2b-compress-ref.c \
	$(SODIUM_DIR)/crypto_shorthash/siphash24/ref/shorthash_siphash24_ref.c \
	$(SODIUM_DIR)/crypto_stream/chacha20/stream_chacha20.c \
	$(SODIUM_DIR)/crypto_stream/chacha20/ref/chacha20_ref.c \
	lib/compat/sodium_runtime.c

# Includes alone: what our own files need to include <sodium/crypto_sign_ed25519.h> and its like.
SODIUM_INCLUDES := -isystem $(SODIUM_DIR)/include

SODIUM_CFLAGS := -I. -I$(SODIUM_DIR)/include/sodium $(SODIUM_INCLUDES) \
	-DCONFIGURED=1 -DHAVE_TI_MODE=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_INLINE_ASM=1 -w

FDT_SRCS := $(FDT_DIR)/fdt.c $(FDT_DIR)/fdt_ro.c
FDT_INCLUDES := -isystem $(FDT_DIR)
# ASSUME_LATEST: lib/fdt.c takes no older tree (fdt_judge).
FDT_CFLAGS := -I. -I$(FDT_DIR) -DFDT_ASSUME_MASK=4 -w

# The TCP/IP stack without its socket layers: kernel/io/net/ is the port. No raw sockets, multicast of applications, PPP.
LWIP_DIR := build/deps/lwip
LWIP_SRCS := $(addprefix $(LWIP_DIR)/, \
	core/def.c core/dns.c core/inet_chksum.c core/init.c core/ip.c core/mem.c core/memp.c core/netif.c core/pbuf.c \
	core/stats.c core/tcp.c core/tcp_in.c core/tcp_out.c core/udp.c \
	core/ipv4/dhcp.c core/ipv4/etharp.c core/ipv4/icmp.c core/ipv4/ip4.c core/ipv4/ip4_addr.c core/ipv4/ip4_frag.c \
	core/ipv6/ethip6.c core/ipv6/icmp6.c core/ipv6/ip6.c core/ipv6/ip6_addr.c core/ipv6/ip6_frag.c core/ipv6/mld6.c \
	core/ipv6/nd6.c netif/ethernet.c)
LWIP_RUNTIME := lib/compat/lwip_runtime.c
LWIP_INCLUDES := -isystem $(LWIP_DIR)/include -isystem kernel/io/net/port
LWIP_CFLAGS := -I. $(LWIP_INCLUDES) -w

# For applications: compiled with their flags.
HTTP_PARSER_DIR := build/deps/http-parser
HTTP_PARSER_SRCS := $(HTTP_PARSER_DIR)/http_parser.c
HTTP_PARSER_INCLUDES := -isystem $(HTTP_PARSER_DIR)

# ext4 volumes: kernel/io/fs/ext4/ has the journal, the cache, and allocation (in place of alloc_stats.c). Features that it refuses are not
# compiled. The header of error numbers is made from libext2fs' own table.
EXT2_DIR := build/deps/e2fsprogs
EXT2_SRCS := $(addprefix $(EXT2_DIR)/ext2fs/, \
	alloc.c alloc_sb.c badblocks.c bitmaps.c bitops.c blkmap64_ba.c blknum.c block.c bmap.c closefs.c crc16.c csum.c dirblock.c dirhash.c \
	dir_iterate.c expanddir.c extent.c freefs.c gen_bitmap.c gen_bitmap64.c i_block.c ind_block.c inline.c inode.c io_manager.c link.c newdir.c \
	openfs.c punch.c rw_bitmaps.c valid_blk.c)
EXT2_RUNTIME := lib/compat/ext2_runtime.c
EXT2_ERRORS := build/gen/ext2fs/ext2_err.h
EXT2_INCLUDES := -isystem kernel/io/fs/ext4/port -isystem build/gen -isystem $(EXT2_DIR)
EXT2_CFLAGS := -I. $(EXT2_INCLUDES) -w

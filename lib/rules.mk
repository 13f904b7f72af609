# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# lib/ for the kernel, and the sources of others that it is built with.

LIB_SRCS := $(wildcard lib/*.c)
LIB_OBJS := $(LIB_SRCS:%.c=build/kernel/%.o)
DEPS_SRCS := $(SODIUM_SRCS) $(FDT_SRCS) $(LWIP_SRCS) $(LWIP_RUNTIME) $(EXT2_SRCS) $(EXT2_RUNTIME)
DEPS_OBJS := $(patsubst %.c,build/kernel/%.o,$(subst build/deps/,deps/,$(DEPS_SRCS)))
DEPS_STAMP := build/deps/.stamp

$(DEPS_STAMP): deps.lock tools/fetch-deps.sh
	@tools/fetch-deps.sh
	@touch $@

# The memory functions must not be turned into calls of themselves.
build/kernel/lib/string.o: EXTRA_CFLAGS := $(HOT_CFLAGS) -fno-tree-loop-distribute-patterns
build/kernel/lib/disruptor.o: EXTRA_CFLAGS := $(HOT_CFLAGS)

# On the way of every boot, and many small functions: under emulation each call is one more block to translate, which costs more than what
# inlining repeats.
LIB_BOOT := lib/fdt lib/fdt_bus lib/fdt_devices lib/format lib/format_spec lib/cmdline deps/libfdt/fdt
$(LIB_BOOT:%=build/kernel/%.o): EXTRA_CFLAGS := $(HOT_CFLAGS)

# Every byte of a bundle is hashed before it is used: words are loaded, not copied by a function each.
BLAKE2B := build/kernel/deps/libsodium/src/libsodium/crypto_generichash/blake2b/ref
$(BLAKE2B)/blake2b-compress-ref.o $(BLAKE2B)/blake2b-ref.o: EXTRA_CFLAGS := $(HOT_CFLAGS) -fbuiltin

# Every random byte is drawn from it.
build/kernel/deps/libsodium/src/libsodium/crypto_stream/chacha20/ref/chacha20_ref.o: EXTRA_CFLAGS := $(HOT_CFLAGS) -fbuiltin

build/kernel/deps/libsodium/%.o: $(DEPS_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(SODIUM_CFLAGS) $(EXTRA_CFLAGS) -c -o $@ build/deps/libsodium/$*.c

build/kernel/deps/libfdt/%.o: $(DEPS_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(FDT_CFLAGS) $(EXTRA_CFLAGS) -c -o $@ build/deps/libfdt/$*.c

# System headers to the compiler, so it does not say that they are used.
LWIP_PORT := $(wildcard kernel/io/net/port/*.h kernel/io/net/port/*/*.h) kernel/io/net/port.h kernel/io/net/handshake.h

# What every segment goes through.
LWIP_HOT := core/inet_chksum core/pbuf core/tcp core/tcp_in core/tcp_out core/ipv4/ip4 netif/ethernet
$(LWIP_HOT:%=build/kernel/deps/lwip/%.o): EXTRA_CFLAGS := $(HOT_CFLAGS) -fbuiltin

build/kernel/deps/lwip/%.o: $(DEPS_STAMP) $(RULES) $(LWIP_PORT)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(LWIP_CFLAGS) $(EXTRA_CFLAGS) -c -o $@ build/deps/lwip/$*.c

$(EXT2_ERRORS): $(DEPS_STAMP) tools/ext2-errors
	@mkdir -p $(@D)
	tools/ext2-errors $(EXT2_DIR)/ext2fs/ext2_err.et.in >$@

build/kernel/deps/e2fsprogs/%.o: $(DEPS_STAMP) $(RULES) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(EXT2_CFLAGS) -c -o $@ build/deps/e2fsprogs/$*.c

build/kernel/lib/compat/%.o: lib/compat/%.c $(DEPS_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(SODIUM_CFLAGS) -c -o $@ $<

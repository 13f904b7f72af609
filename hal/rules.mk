# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# The machine layer.

HAL_SRCS := $(wildcard hal/*.c hal/*/*.c)
HAL_ASMS := $(wildcard hal/*/*.S)
HAL_OBJS := $(HAL_SRCS:%.c=build/kernel/%.o) $(HAL_ASMS:%.S=build/kernel/%.S.o)

# Runs with the MMU off, where unaligned accesses fault.
build/kernel/hal/arm64/early_map.o: EXTRA_CFLAGS := -mstrict-align

# On the way of every system call.
build/kernel/hal/arm64/user.o build/kernel/hal/arm64/space.o: EXTRA_CFLAGS := $(HOT_CFLAGS)

# On the way of every block of a volume's journal.
build/kernel/hal/arm64/crc32c.o: EXTRA_CFLAGS := $(HOT_CFLAGS)

# On the way of every frame.
build/kernel/hal/virtio/net_receive.o build/kernel/hal/virtio/net_send.o build/kernel/lib/virtqueue.o: EXTRA_CFLAGS := $(HOT_CFLAGS)

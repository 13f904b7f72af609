# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
#
# The images the harness is tested with, and the floor of boot time. Wants CROSS; gives HARNESS_IMAGES.

HARNESS_IMAGE_SOURCES := $(wildcard tests/qemu/images/*.S) tests/perf/floor.S
HARNESS_IMAGES := $(patsubst %.S,build/tests/%.img,$(notdir $(HARNESS_IMAGE_SOURCES)))
HARNESS_IMAGE_LINK = $(CROSS)gcc -nostdlib -static -Wl,-Ttext=0 -Wl,--build-id=none -Wl,-z,noexecstack

build/tests/%.elf: tests/qemu/images/%.S tests/qemu/images/image.inc
	@mkdir -p $(@D)
	$(HARNESS_IMAGE_LINK) -o $@ $<

build/tests/floor.elf: tests/perf/floor.S
	@mkdir -p $(@D)
	$(HARNESS_IMAGE_LINK) -o $@ $<

$(HARNESS_IMAGES): %.img: %.elf
	$(CROSS)objcopy -O binary $< $@

.PHONY: harness-images
harness-images: $(HARNESS_IMAGES)

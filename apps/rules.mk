# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Applications: apps/<name>/*.c and manifest.toml become build/apps/<name>.rpk, signed with the development key.

APPS := $(patsubst apps/%/manifest.toml,%,$(wildcard apps/*/manifest.toml))
APP_BUNDLES := $(APPS:%=build/apps/%.rpk)
DEVELOPMENT_KEY := fixtures/keys/dev.key

APP_LINK = $(CROSS)gcc -nostdlib -static -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,-z,separate-code -T capos/capos.ld

# The bundle gets the program without what only a debugger reads.
%: %.elf
	$(CROSS)strip -o $@ $<

# What packing depends on besides what is packed.
PACK := $(DEVELOPMENT_KEY) tools/rumpk $(wildcard tools/rumpklib/*.py)

define APP_RULES # 1: name
build/apps/$(1)/$(1).elf: $(patsubst %.c,build/capos/%.o,$(wildcard apps/$(1)/*.c)) build/libcapos.a capos/capos.ld
	@mkdir -p $$(@D)
	$$(APP_LINK) -o $$@ $$(filter %.o,$$^) build/libcapos.a -lgcc

build/apps/$(1).rpk: build/apps/$(1)/$(1) apps/$(1)/manifest.toml $(PACK)
	tools/rumpk pack apps/$(1)/manifest.toml --file $(1)=build/apps/$(1)/$(1) -k $(DEVELOPMENT_KEY) -o $$@

-include $(patsubst %.c,build/capos/%.d,$(wildcard apps/$(1)/*.c))
endef

$(foreach app,$(APPS),$(eval $(call APP_RULES,$(app))))

include apps/blog/rules.mk

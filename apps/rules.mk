# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Applications: apps/<name>/*.c and manifest.toml become build/apps/<name>.rpk, signed with the development key.

APPS := $(patsubst apps/%/manifest.toml,%,$(wildcard apps/*/manifest.toml))
APP_BUNDLES := $(APPS:%=build/apps/%.rpk)
DEVELOPMENT_KEY := fixtures/keys/dev.key

APP_LINK = $(CROSS)gcc -nostdlib -static -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,-z,separate-code -T capos/capos.ld

# 1: name, 2: folder of the sources, 3: folder of the result
define APP_RULES
$(3)/$(1)/$(1): $(patsubst %.c,build/capos/%.o,$(wildcard $(2)/$(1)/*.c)) build/libcapos.a capos/capos.ld
	@mkdir -p $$(@D)
	$$(APP_LINK) -o $$@ $$(filter %.o,$$^) build/libcapos.a -lgcc

$(3)/$(1).rpk: $(3)/$(1)/$(1) $(2)/$(1)/manifest.toml $(DEVELOPMENT_KEY) $(wildcard tools/rumpklib/*.py)
	tools/rumpk pack $(2)/$(1)/manifest.toml --file $(1)=$(3)/$(1)/$(1) -k $(DEVELOPMENT_KEY) -o $$@

-include $(patsubst %.c,build/capos/%.d,$(wildcard $(2)/$(1)/*.c))
endef

$(foreach app,$(APPS),$(eval $(call APP_RULES,$(app),apps,build/apps)))

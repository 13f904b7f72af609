# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# What tools/idl-gen makes of the definitions of interfaces: headers for both sides, wrappers for libcapos, dispatch tables for the kernel,
# handlers for tests.
# A file that stays the same keeps its time, so that a changed definition rebuilds what it touches alone.

IDL := $(patsubst capos/idl/%.toml,%,$(wildcard capos/idl/*.toml))
IDL_STAMP := build/gen/idl.stamp
IDL_CAPOS_SRCS := $(IDL:%=build/gen/capos/interface/%.c)
IDL_KERNEL_SRCS := $(IDL:%=build/gen/kernel/%_methods.c)
IDL_TEST_SRCS := build/gen/tests/handlers.c
IDL_HEADERS := build/gen/capos/interfaces.h build/gen/tests/handlers.h $(IDL:%=build/gen/capos/abi/%.h) $(IDL:%=build/gen/capos/interface/%.h) \
	$(IDL:%=build/gen/kernel/%_methods.h)

$(IDL_STAMP): capos/idl $(IDL:%=capos/idl/%.toml) $(wildcard tools/idl/*.py) tools/idl-gen
	tools/idl-gen -o $(@D)
	@touch $@

$(IDL_HEADERS) $(IDL_CAPOS_SRCS) $(IDL_KERNEL_SRCS) $(IDL_TEST_SRCS): $(IDL_STAMP)
	@:

# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# The ring beside those of others. Their headers are not ours: no warnings from them (-isystem).

PEERS := build/peers
PEERS_OBJS := $(addprefix $(PEERS)/,driver.o rumpk.o ck.o rte.o boost.o disruptor.o)
PEERS_CFLAGS = -O3 -march=native -g -I. -MMD -MP $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libdpdk)) -march=native
LMAX_JAR := /usr/share/java/disruptor.jar

$(PEERS)/%.o: tests/perf/peers/%.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 $(PEERS_CFLAGS) $(WARNINGS) -c -o $@ $<

$(PEERS)/%.o: tests/perf/peers/%.cc
	@mkdir -p $(@D)
	g++ -std=c++17 $(PEERS_CFLAGS) -Wall -Wextra -c -o $@ $<

$(PEERS)/disruptor.o: lib/disruptor.c
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 $(PEERS_CFLAGS) $(WARNINGS) -c -o $@ $<

$(PEERS)/driver: $(PEERS_OBJS)
	g++ -o $@ $^ $(shell pkg-config --libs-only-L libdpdk) -lrte_ring -lrte_eal -lpthread

$(PEERS)/Lmax.class: tests/perf/peers/Lmax.java
	javac -cp $(LMAX_JAR) -d $(@D) $<

# One program, twice: musl's malloc, and ours over mmap.
MALLOC_TRACE := musl-gcc -static -std=gnu11 -O2 -g -I. -Icapos/include -Ibuild/gen $(WARNINGS)
$(PEERS)/malloc_musl: tests/perf/peers/malloc_trace.c
	@mkdir -p $(@D)
	$(MALLOC_TRACE) -o $@ $<

$(PEERS)/malloc_rumpk: tests/perf/peers/malloc_trace.c tests/perf/peers/malloc_rumpk.c lib/heap.c lib/page_cache.c lib/heap.h lib/page_cache.h
	@mkdir -p $(@D)
	$(MALLOC_TRACE) -o $@ $(filter %.c,$^)

.PHONY: perf-peers peers
perf-peers: setup-peers
	@$(MAKE) --no-print-directory -s peers
	@tests/perf/peers/peers.py
	@tests/perf/peers/malloc_peers.py

peers: $(PEERS)/driver $(PEERS)/Lmax.class $(PEERS)/malloc_musl $(PEERS)/malloc_rumpk

-include $(PEERS_OBJS:.o=.d)

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

# The blog as it is but for an address that nobody has to ask for, and once more with a file of 10 MiB, and room for such that are sent.
PEERS_HTTP := $(PEERS)/http
COMMA := ,
PEERS_BLOG_ELF = $(PEERS_HTTP)/blog-bulk.elf
PEERS_BLOG_SITE = build/gen/peers/site

$(PEERS_HTTP)/bulk.bin: tests/perf/peers/http_peers.py
	tests/perf/peers/http_peers.py --bulk-body

$(PEERS_BLOG_SITE).c: $(PEERS_HTTP)/bulk.bin tools/embed $(wildcard apps/blog/site/*)
	@rm -rf $(PEERS_HTTP)/site && mkdir -p $(PEERS_HTTP)/site $(@D)
	cp apps/blog/site/* $< $(PEERS_HTTP)/site
	tools/embed $(PEERS_HTTP)/site -o $(PEERS_BLOG_SITE)
$(PEERS_BLOG_SITE).S: $(PEERS_BLOG_SITE).c ;

$(PEERS_BLOG_ELF): build/apps/blog/blog.elf build/capos/$(PEERS_BLOG_SITE).o build/capos/$(PEERS_BLOG_SITE).S.o capos/capos.ld
	$(APP_LINK) -o $@ $(patsubst %.c,build/capos/%.o,$(wildcard apps/blog/*.c)) $(BLOG_PARSER) $(filter %.o,$^) build/libcapos.a -lgcc

$(PEERS_HTTP)/%.toml: apps/blog/manifest.toml tests/perf/peers/rules.mk
	@mkdir -p $(@D)
	{ sed 's/^memory = .*/memory = "$(if $(findstring bulk,$*),64M,4M)"/' $<; \
		printf '$(if $(findstring bulk,$*),\n[files]\ntmp = ["read"$(COMMA) "write"$(COMMA) "create"]\n)\n[network]\naddress = "10.0.2.15/24"\ngateway = "10.0.2.2"\n'; } >$@

$(PEERS_HTTP)/blog.rpk: $(PEERS_HTTP)/blog.toml build/apps/blog/blog $(PACK)
	tools/rumpk pack $< --file blog=build/apps/blog/blog -k $(DEVELOPMENT_KEY) -o $@
$(PEERS_HTTP)/blog-bulk.rpk: $(PEERS_HTTP)/blog-bulk.toml $(PEERS_HTTP)/blog-bulk $(PACK)
	tools/rumpk pack $< --file blog=$(PEERS_HTTP)/blog-bulk -k $(DEVELOPMENT_KEY) -o $@

.PHONY: perf-peers peers
perf-peers: setup-peers
	@$(MAKE) --no-print-directory -s peers
	@tests/perf/peers/peers.py
	@tests/perf/peers/malloc_peers.py
	@tests/perf/peers/http_peers.py
	@tests/perf/peers/programs_peers.py
	@tests/perf/peers/file_peers.py

peers: $(PEERS)/driver $(PEERS)/Lmax.class $(PEERS)/malloc_musl $(PEERS)/malloc_rumpk build/rumpk.img \
	$(PEERS_HTTP)/blog.rpk $(PEERS_HTTP)/blog-bulk.rpk build/apps/files.rpk

-include $(PEERS_OBJS:.o=.d)

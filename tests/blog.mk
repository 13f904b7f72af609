# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Host tests of the blog: HTTP apart from how bytes come and go.

BLOG_HOST_SRCS := $(addprefix apps/blog/,inbox_name.c log.c reply.c request.c session.c text.c)
BLOG_HOST_OBJS := $(BLOG_HOST_SRCS:%.c=build/host/asan/%.o) build/host/asan/deps/http-parser/http_parser.o
$(filter build/host/asan/apps/%,$(BLOG_HOST_OBJS)): SANITIZER := $(ASAN) $(HTTP_PARSER_INCLUDES)
$(filter build/tests/unit/apps/blog/%,$(UNIT_PROGRAMS)): $(BLOG_HOST_OBJS)

# The same for gcov (tests/cover.mk).
BLOG_COVER_OBJS := $(BLOG_HOST_SRCS:%.c=build/cover/%.o)
BLOG_COVER_PARSER := build/cover/deps/http-parser/http_parser.o
$(BLOG_COVER_OBJS): build/cover/%.o: %.c $(DEPS_STAMP) $(RULES) tests/cover.mk
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) $(HTTP_PARSER_INCLUDES) $(COVER_FLAGS) $(WARNINGS) -c -o $@ $<
$(BLOG_COVER_PARSER): build/cover/deps/%.o: $(DEPS_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -w -c -o $@ build/deps/$*.c
$(patsubst build/%,build/cover/%,$(filter build/tests/unit/apps/blog/%,$(UNIT_PROGRAMS))): $(BLOG_COVER_OBJS) $(BLOG_COVER_PARSER)

$(FUZZ_BLOG): build/tests/fuzz/%: tests/fuzz/%.c $(BLOG_HOST_SRCS) $(wildcard apps/blog/*.h) $(DEPS_STAMP)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. $(HTTP_PARSER_INCLUDES) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $< \
		$(BLOG_HOST_SRCS) $(HTTP_PARSER_SRCS)

-include $(BLOG_HOST_OBJS:.o=.d) $(BLOG_COVER_OBJS:.o=.d)

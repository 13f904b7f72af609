# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# The blog: its site becomes part of the program, and http-parser is compiled into it.

BLOG_SITE := build/gen/apps/blog/site
BLOG_PARSER := build/capos/http_parser.o
BLOG_PARSED := build/capos/apps/blog/request.o

# In parallel all three come from one call.
$(BLOG_SITE).c: tools/embed $(wildcard apps/blog/site/*)
	@mkdir -p $(@D)
	tools/embed apps/blog/site -o $(BLOG_SITE)
$(BLOG_SITE).S $(BLOG_SITE).bin: $(BLOG_SITE).c ;
build/capos/$(BLOG_SITE).S.o: $(BLOG_SITE).bin

$(BLOG_PARSED): EXTRA_CFLAGS := $(HTTP_PARSER_INCLUDES)
$(BLOG_PARSED): $(DEPS_STAMP)
$(BLOG_PARSER): $(DEPS_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc $(CAPOS_CFLAGS) $(HOT_CFLAGS) -w -c -o $@ $(HTTP_PARSER_SRCS)

build/apps/blog/blog.elf: build/capos/$(BLOG_SITE).o build/capos/$(BLOG_SITE).S.o $(BLOG_PARSER)

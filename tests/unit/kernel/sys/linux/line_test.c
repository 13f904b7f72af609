// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

#include "kernel/sys/linux/line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct line line;
static char shown[8192];

static void begin(void)
{
	line_init(&line);
	shown[0] = '\0';
}

static void show(void)
{
	char bytes[LINE_ECHO_MAX];

	for (size_t count; (count = line_echo_take(&line, bytes)) > 0;)
		strncat(shown, bytes, count);
}

/* Types it all, and keeps what is echoed; the last signal. */
static int type(const char *text)
{
	int signal = 0;

	for (; *text != '\0'; text++) {
		int sent = line_type(&line, (uint8_t)*text);

		signal = sent != 0 ? sent : signal;
		show();
	}
	return signal;
}

static size_t waits(void)
{
	return line_echo_waits(&line);
}

/* What one read gives, of at most `room` bytes. */
static bool more;

static const char *take(size_t room)
{
	static char got[8192];

	got[line_read(&line, got, room, &more)] = '\0';
	return got;
}

static void settings_change(uint32_t local_off, uint32_t local_on)
{
	struct line_settings settings = line.settings;

	settings.local = (settings.local & ~local_off) | local_on;
	line_set(&line, &settings);
}

static void a_line_can_be_read_when_it_has_ended(void)
{
	begin();
	CU_ASSERT_EQUAL(type("hello"), 0);
	CU_ASSERT_FALSE(line_is_ready(&line));
	type("\r");
	CU_ASSERT(line_is_ready(&line));
	CU_ASSERT_EQUAL(line_count(&line), 6);
	CU_ASSERT_STRING_EQUAL(take(100), "hello\n");
	CU_ASSERT_FALSE(line_is_ready(&line));
	CU_ASSERT_STRING_EQUAL(shown, "hello\n");
}

static void a_read_gives_one_line_and_a_short_one_part_of_it(void)
{
	begin();
	type("one\ntwo\n");
	CU_ASSERT_STRING_EQUAL(take(2), "on");
	CU_ASSERT_STRING_EQUAL(take(100), "e\n");
	CU_ASSERT_STRING_EQUAL(take(100), "two\n");
}

static void what_is_typed_can_be_erased_up_to_the_line_before(void)
{
	begin();
	type("a\nxy\177\177\177z \001\177b c\027d\n");
	CU_ASSERT_STRING_EQUAL(take(100), "a\n");
	CU_ASSERT_STRING_EQUAL(take(100), "z b d\n");
	type("gone\025kept\n");
	CU_ASSERT_STRING_EQUAL(take(100), "kept\n");
}

static void a_word_is_letters_and_digits_and_a_character_all_its_bytes(void)
{
	begin();
	type("one two-x\027\n");
	CU_ASSERT_STRING_EQUAL(take(100), "one two-\n");
	line.settings.input |= LINE_IUTF8;
	type("a\303\244\177b \303\244\244\027\n");
	CU_ASSERT_STRING_EQUAL(take(100), "ab \n");
	type("\244\177\n");
	CU_ASSERT_STRING_EQUAL(take(100), "\244\n");
}

static void erasing_takes_as_many_columns_as_were_shown(void)
{
	begin();
	type("\001\177");
	CU_ASSERT_STRING_EQUAL(shown, "^A\b \b\b \b");
}

static void an_end_of_file_ends_a_line_and_alone_is_one(void)
{
	begin();
	type("ab\004");
	CU_ASSERT(line_is_ready(&line));
	CU_ASSERT_STRING_EQUAL(take(100), "ab");
	CU_ASSERT_FALSE(line_is_ready(&line));
	type("\004");
	CU_ASSERT(line_is_ready(&line));
	CU_ASSERT_EQUAL(line_count(&line), 0);
	CU_ASSERT_STRING_EQUAL(take(100), "");
	CU_ASSERT_FALSE(line_is_ready(&line));
}

static void signals_come_from_their_characters_and_forget_the_line(void)
{
	begin();
	CU_ASSERT_EQUAL(type("abc\003"), 2);
	CU_ASSERT_EQUAL(type("\034"), 3);
	CU_ASSERT_EQUAL(type("\032"), 20);
	type("\n");
	CU_ASSERT_STRING_EQUAL(take(100), "\n");
	CU_ASSERT_STRING_EQUAL(shown, "abc^C^\\^Z\n");
	settings_change(LINE_ISIG, 0);
	CU_ASSERT_EQUAL(type("\003\n"), 0);
	CU_ASSERT_STRING_EQUAL(take(100), "\003\n");
}

static void the_next_character_can_be_taken_as_it_is(void)
{
	begin();
	CU_ASSERT_EQUAL(type("\026\003\026\177\n"), 0);
	CU_ASSERT_STRING_EQUAL(take(100), "\003\177\n");
}

static void what_is_literal_ends_no_line(void)
{
	begin();
	type("a\026\nb\n");
	CU_ASSERT_STRING_EQUAL(take(100), "a\nb\n");
}

static void a_mark_is_a_byte_where_there_are_no_lines(void)
{
	begin();
	type("a\004");
	settings_change(LINE_ICANON, 0);
	CU_ASSERT_EQUAL(line_count(&line), 2);
	CU_ASSERT_EQUAL(memcmp(take(100), "a\0", 2), 0);
	type("b\nc");
	settings_change(0, LINE_ICANON);
	type("d\n");
	CU_ASSERT_STRING_EQUAL(take(100), "b\nc"); /* what was typed before is one line */
	CU_ASSERT_STRING_EQUAL(take(100), "d\n");
}

static void a_read_says_whether_its_line_goes_on(void)
{
	begin();
	type("one\nend\004two");
	CU_ASSERT_STRING_EQUAL(take(2), "on");
	CU_ASSERT(more);
	CU_ASSERT_STRING_EQUAL(take(2), "e\n");
	CU_ASSERT_FALSE(more);
	CU_ASSERT_STRING_EQUAL(take(3), "end");
	CU_ASSERT_FALSE(more);
}

static void without_lines_bytes_are_there_at_once_and_nothing_is_edited(void)
{
	begin();
	settings_change(LINE_ICANON | LINE_ECHO, 0);
	type("a\177\004");
	CU_ASSERT_EQUAL(line_count(&line), 3);
	CU_ASSERT_STRING_EQUAL(take(100), "a\177\004");
	CU_ASSERT_STRING_EQUAL(shown, "");
}

static void what_was_typed_before_stays_when_lines_end(void)
{
	begin();
	type("half");
	settings_change(LINE_ICANON, 0);
	CU_ASSERT_STRING_EQUAL(take(100), "half");
}

static void only_the_end_of_a_line_is_shown_where_that_is_asked_for(void)
{
	begin();
	settings_change(LINE_ECHO, LINE_ECHONL);
	type("secret\n");
	CU_ASSERT_STRING_EQUAL(shown, "\n");
}

static void a_line_that_is_too_long_loses_characters_and_not_its_end(void)
{
	static char text[LINE_BYTES * 2];

	begin();
	settings_change(LINE_ECHO, 0);
	memset(text, 'x', sizeof(text) - 2);
	type(text);
	CU_ASSERT_FALSE(line_is_ready(&line));
	type("\n");
	CU_ASSERT_EQUAL(line_count(&line), LINE_BYTES);
	CU_ASSERT_EQUAL(strlen(take(LINE_BYTES)), LINE_BYTES);
	type("more\n");
	CU_ASSERT_STRING_EQUAL(take(100), "more\n");
}

/* Whatever is typed under whatever settings, no more is read than was typed, and nothing is lost sight of. */
static void nothing_that_is_typed_breaks_it(void)
{
	begin();
	srand(1);
	for (unsigned i = 0; i < 200000; i++) {
		if (rand() % 50 == 0) {
			struct line_settings settings = line.settings;

			settings.local = (uint32_t)rand();
			settings.input = (uint32_t)rand();
			settings.chars[rand() % LINE_NCCS] = (uint8_t)rand();
			line_set(&line, &settings);
		}
		(void)line_type(&line, (uint8_t)(rand() % 40));
		CU_ASSERT_FATAL(waits() <= LINE_ECHO_BYTES);
		line_echo_wait(&line);
		CU_ASSERT_FATAL(waits() <= LINE_ECHO_WAITS);
		CU_ASSERT_FATAL(line.tail <= line.ready && line.ready <= line.head && line.head - line.tail <= LINE_BYTES);
		if (rand() % 20 == 0)
			CU_ASSERT_FATAL(strlen(take((size_t)rand() % 100)) <= 100);
	}
}

/* What nobody took in time is not shown, from the oldest on: that is all. */
static void what_is_shown_has_its_room_and_no_more(void)
{
	size_t kept = 0;

	begin();
	for (unsigned i = 0; i < 4 * LINE_ECHO_BYTES; i++) {
		(void)line_type(&line, (uint8_t)"ab\001\022"[i % 4]); /* the last has it all shown again */
		CU_ASSERT_FATAL(waits() <= LINE_ECHO_BYTES && waits() + 2 >= kept);
		kept = waits();
	}
	CU_ASSERT(waits() >= LINE_ECHO_BYTES - 2);
	line_echo_wait(&line);
	CU_ASSERT(waits() <= LINE_ECHO_WAITS && waits() >= LINE_ECHO_WAITS - 2);
	kept = waits();
	shown[0] = '\0';
	type("\n");
	CU_ASSERT_EQUAL(strlen(shown), kept + 1);
	CU_ASSERT_EQUAL(take(8000)[0], 'a');
}

static void a_tab_takes_back_its_columns(void)
{
	begin();
	for (const char *c = "$ \033"; *c != '\0'; c++)
		line_follow(&line, *c);
	type("\t\177a\tb\t\025\001\t\177");
	CU_ASSERT_STRING_EQUAL(shown, "\t\b\b\b\b\b\ba\tb\t\b\b\b\b\b\b\b\b \b\b\b\b\b\b\b \b^A\t\b\b\b\b");
}

static void what_is_shown_waits_while_output_is_stopped(void)
{
	begin();
	type("a\023bc");
	CU_ASSERT_STRING_EQUAL(shown, "a");
	CU_ASSERT_EQUAL(waits(), 2);
	type("\021d");
	CU_ASSERT_STRING_EQUAL(shown, "abcd");
	line_hold(&line, true);
	type("ef\003");
	CU_ASSERT_EQUAL(waits(), 2);
	line_hold(&line, false);
	type("\t\177");
	CU_ASSERT_STRING_EQUAL(shown, "abcd^C\t\b\b");
}

/* What is shown for all of a text. */
static const char *output(const char *text, uint32_t flags)
{
	static char out[64];
	size_t count = 0;

	line.settings.output = flags;
	for (; *text != '\0'; text++)
		count += line_output(&line, *text, out + count);
	out[count] = '\0';
	return out;
}

static void ends_of_lines_are_shown_as_the_settings_say(void)
{
	begin();
	CU_ASSERT_STRING_EQUAL(output("a\nb\rc", line.settings.output), "a\r\nb\rc");
	CU_ASSERT_STRING_EQUAL(output("a\nb\rc", LINE_OPOST), "a\nb\rc");
	CU_ASSERT_STRING_EQUAL(output("a\nb\rc", LINE_OPOST | LINE_OCRNL), "a\nb\nc");
	CU_ASSERT_STRING_EQUAL(output("a\nb\rc", LINE_ONLCR | LINE_OCRNL), "a\nb\rc");
}

static void output_stops_and_goes_on_as_is_typed_or_said(void)
{
	begin();
	type("a\023b");
	CU_ASSERT(line_is_stopped(&line));
	type("\021\n");
	CU_ASSERT_FALSE(line_is_stopped(&line));
	CU_ASSERT_STRING_EQUAL(take(100), "ab\n");
	type("\023");
	CU_ASSERT_EQUAL(type("\003"), 2); /* lets it go on as well */
	CU_ASSERT_FALSE(line_is_stopped(&line));
	line_hold(&line, true);
	type("\021");
	CU_ASSERT(line_is_stopped(&line)); /* who said so is to take it back */
	line_hold(&line, false);
	CU_ASSERT_FALSE(line_is_stopped(&line));
	type("\023");
	line_hold(&line, false);
	CU_ASSERT(line_is_stopped(&line)); /* nor is what was typed taken back by who never said so */
	line.settings.input |= LINE_IXANY;
	type("\023x");
	CU_ASSERT_FALSE(line_is_stopped(&line));
	type("\023");
	line.settings.input &= ~(uint32_t)LINE_IXON;
	line_set(&line, &(struct line_settings){ .local = LINE_ICANON });
	CU_ASSERT_FALSE(line_is_stopped(&line));
	type("\023");
	CU_ASSERT_FALSE(line_is_stopped(&line));
}

/* All that there is said to be room for can be read again. */
static void room_is_what_is_not_lost(void)
{
	begin();
	settings_change(LINE_ICANON | LINE_ECHO, 0);
	CU_ASSERT_EQUAL(line_room(&line), LINE_BYTES - 1);
	type("abc");
	CU_ASSERT_EQUAL(line_room(&line), LINE_BYTES - 4);
	while (line_room(&line) > 0)
		(void)line_type(&line, 'x');
	CU_ASSERT_EQUAL(line_count(&line), LINE_BYTES - 1);
	CU_ASSERT_EQUAL(strlen(take(100)), 100);
	CU_ASSERT_EQUAL(line_room(&line), 100);
	begin();
	for (unsigned i = 0; i < LINE_BYTES; i++)
		(void)line_type(&line, 'x');
	CU_ASSERT_EQUAL(line_room(&line), 1); /* for the end of the line, */
	(void)line_type(&line, '\n');
	CU_ASSERT_EQUAL(line_room(&line), 0); /* which is there now */
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_line_can_be_read_when_it_has_ended),
	UNIT_CASE(a_read_gives_one_line_and_a_short_one_part_of_it),
	UNIT_CASE(what_is_typed_can_be_erased_up_to_the_line_before),
	UNIT_CASE(a_word_is_letters_and_digits_and_a_character_all_its_bytes),
	UNIT_CASE(erasing_takes_as_many_columns_as_were_shown),
	UNIT_CASE(an_end_of_file_ends_a_line_and_alone_is_one),
	UNIT_CASE(signals_come_from_their_characters_and_forget_the_line),
	UNIT_CASE(the_next_character_can_be_taken_as_it_is),
	UNIT_CASE(what_is_literal_ends_no_line),
	UNIT_CASE(a_mark_is_a_byte_where_there_are_no_lines),
	UNIT_CASE(a_read_says_whether_its_line_goes_on),
	UNIT_CASE(without_lines_bytes_are_there_at_once_and_nothing_is_edited),
	UNIT_CASE(what_was_typed_before_stays_when_lines_end),
	UNIT_CASE(only_the_end_of_a_line_is_shown_where_that_is_asked_for),
	UNIT_CASE(a_line_that_is_too_long_loses_characters_and_not_its_end),
	UNIT_CASE(what_is_shown_has_its_room_and_no_more),
	UNIT_CASE(a_tab_takes_back_its_columns),
	UNIT_CASE(what_is_shown_waits_while_output_is_stopped),
	UNIT_CASE(ends_of_lines_are_shown_as_the_settings_say),
	UNIT_CASE(output_stops_and_goes_on_as_is_typed_or_said),
	UNIT_CASE(room_is_what_is_not_lost),
	UNIT_CASE(nothing_that_is_typed_breaks_it),
};

UNIT_MAIN("kernel/sys/linux/line", cases)

/* SPDX-License-Identifier: MIT
 *
 * src/base but for text (text_test.c) and file (file_test.c).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/colour.h"
#include "base/network.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/identity.h"
#include "base/join.h"

/* A string of `length` times `c`; one at a time. */
static const char *run_of(char c, size_t length)
{
	static char text[70000];

	assert_true(length < sizeof text);
	memset(text, c, length);
	text[length] = '\0';
	return text;
}

/* ---- buffer ---- */

static void buffers_grow_up_to_their_maximum(void **state)
{
	struct buffer buffer = BUFFER_INIT(1000);

	(void)state;
	assert_null(buffer.data);
	for (int i = 0; i < 100; i++)
		buffer_text(&buffer, "0123456789");
	assert_false(buffer.failed);
	assert_int_equal(buffer.length, 1000);
	assert_int_equal(strlen(buffer.data), 1000);
	buffer_append(&buffer, "", 0);
	assert_false(buffer.failed);
	buffer_text(&buffer, "x");
	assert_true(buffer.failed);
	assert_int_equal(buffer.length, 1000);
	buffer_release(&buffer);
}

static void a_full_buffer_takes_nothing_more(void **state)
{
	struct buffer buffer = BUFFER_INIT(4);

	(void)state;
	buffer_text(&buffer, "abc");
	buffer_text(&buffer, "de");
	assert_true(buffer.failed);
	buffer_text(&buffer, "f"); /* would fit, but half a text is worse than none */
	buffer_printf(&buffer, "%d", 1);
	buffer_percent(&buffer, "g");
	assert_string_equal(buffer.data, "abc");
	buffer_clear(&buffer);
	assert_false(buffer.failed);
	assert_string_equal(buffer.data, "");
	buffer_text(&buffer, "abcd");
	assert_string_equal(buffer.data, "abcd");
	buffer_append(&buffer, "x", SIZE_MAX);
	assert_true(buffer.failed);
	buffer_release(&buffer);
}

static void buffers_print_what_fits(void **state)
{
	struct buffer buffer = BUFFER_INIT(10);

	(void)state;
	buffer_printf(&buffer, "%s-%d", "abc", 42);
	assert_string_equal(buffer.data, "abc-42");
	buffer_printf(&buffer, "%s", "12345");
	assert_true(buffer.failed);
	assert_string_equal(buffer.data, "abc-42");
	buffer_release(&buffer);
}

static void buffers_keep_bytes_of_every_value(void **state)
{
	struct buffer buffer = BUFFER_INIT(10);

	(void)state;
	buffer_append(&buffer, "a\0b\xff", 4);
	assert_int_equal(buffer.length, 4);
	assert_memory_equal(buffer.data, "a\0b\xff", 5);
	buffer_release(&buffer);
}

static void percent_leaves_the_unreserved_alone(void **state)
{
	struct buffer buffer = BUFFER_INIT(1000);

	(void)state;
	buffer_percent(&buffer, "AZaz09-._~");
	assert_string_equal(buffer.data, "AZaz09-._~");
	buffer_clear(&buffer);
	buffer_percent(&buffer, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}\r\n\x7f\xc3\xa1\xff");
	assert_string_equal(buffer.data,
		"%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F"
		"%40%5B%5C%5D%5E%60%7B%7C%7D%0D%0A%7F%C3%A1%FF");
	buffer_clear(&buffer);
	buffer_percent(&buffer, "");
	assert_int_equal(buffer.length, 0);
	buffer_release(&buffer);
}

static void releasing_twice_is_fine(void **state)
{
	struct buffer buffer = BUFFER_INIT(100);

	(void)state;
	buffer_text(&buffer, "secret");
	buffer_wipe(&buffer);
	buffer_wipe(&buffer);
	buffer_release(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	assert_int_equal(buffer.maximum, 100);
	buffer_text(&buffer, "again");
	assert_string_equal(buffer.data, "again");
	buffer_release(&buffer);
}

/* ---- error ---- */

static void errors_are_sentences(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, "%s: %d", "file", 7), -1);
	assert_string_equal(error.text, "file: 7");
	assert_int_equal(error_prefix(&error, "meetauth.conf:%d: ", 3), -1);
	assert_string_equal(error.text, "meetauth.conf:3: file: 7");
	assert_int_equal(error_set(NULL, "nobody cares"), -1);
	assert_int_equal(error_prefix(NULL, "nobody cares"), -1);
}

/* Another host's words must not move the cursor, set the window's title or begin a line. */
static void a89_errors_of_other_hosts_command_no_terminal(void **state)
{
	struct error error;

	(void)state;
	error_set(&error, "%s", "ERR \x1b]0;x\x07\nFAIL \x7f \xc2\x9b\x33J \xc3\xa4 \xe2\x82");
	assert_string_equal(error.text, "ERR ?]0;x??FAIL ? ??3J \xc3\xa4 ??");
	error_prefix(&error, "%s: ", "\r");
	assert_memory_equal(error.text, "?: ERR", 6);
}

static void long_errors_are_cut(void **state)
{
	struct error error;

	(void)state;
	error_set(&error, "%s", run_of('x', 2000));
	assert_int_equal(strlen(error.text), sizeof error.text - 1);
	error_prefix(&error, "in front: ");
	assert_int_equal(strlen(error.text), sizeof error.text - 1);
	assert_memory_equal(error.text, "in front: xxx", 13);
	error_prefix(&error, "%s", run_of('y', 2000));
	assert_int_equal(strlen(error.text), sizeof error.text - 1);
	assert_int_equal(strspn(error.text, "y"), sizeof error.text - 1);
}

/* ---- identity ---- */

static void identities_keep_copies(void **state)
{
	struct identity who = IDENTITY_INIT;
	char name[] = "Anna";

	(void)state;
	assert_int_equal(identity_set(&who.name, name, IDENTITY_NAME_MAX), 0);
	name[0] = 'X';
	assert_string_equal(who.name, "Anna");
	assert_int_equal(identity_set(&who.name, "Bert", IDENTITY_NAME_MAX), 0);
	assert_string_equal(who.name, "Bert");
	assert_int_equal(identity_set(&who.name, "", IDENTITY_NAME_MAX), 0);
	assert_null(who.name);
	identity_set(&who.name, "Eve \xe2\x80\xaetsoH", IDENTITY_NAME_MAX);
	identity_check_name(&who);
	assert_null(who.name);
	identity_set(&who.name, "Zo\xc3\xab", IDENTITY_NAME_MAX);
	identity_check_name(&who);
	assert_string_equal(who.name, "Zo\xc3\xab");
	assert_int_equal(identity_set(&who.name, "", IDENTITY_NAME_MAX), 0);
	assert_int_equal(identity_set(&who.name, NULL, IDENTITY_NAME_MAX), 0);
	assert_null(who.name);
	identity_release(&who);
	identity_release(&who);
}

static void identities_refuse_what_does_not_fit(void **state)
{
	struct identity who = IDENTITY_INIT;

	(void)state;
	assert_int_equal(identity_set(&who.subject, run_of('a', 256), IDENTITY_SUBJECT_MAX), 0);
	assert_int_equal(identity_set(&who.subject, run_of('b', 257), IDENTITY_SUBJECT_MAX), -1);
	assert_int_equal(identity_set(&who.subject, "a\nb", IDENTITY_SUBJECT_MAX), -1);
	assert_int_equal(identity_set(&who.subject, "\xff", IDENTITY_SUBJECT_MAX), -1);
	assert_string_equal(who.subject, run_of('a', 256)); /* what was there stays */
	identity_release(&who);
}

static void groups_are_a_set(void **state)
{
	struct identity who = IDENTITY_INIT;
	char group[32];

	(void)state;
	assert_int_equal(identity_add_group(&who, "staff"), 0);
	assert_int_equal(identity_add_group(&who, "staff"), 0);
	assert_int_equal(who.group_count, 1);
	assert_true(identity_has_group(&who, "staff"));
	assert_false(identity_has_group(&who, "Staff"));
	assert_false(identity_has_group(&who, "staf"));
	assert_int_equal(identity_add_group(&who, ""), -1);
	assert_int_equal(identity_add_group(&who, "a\tb"), -1);
	assert_int_equal(identity_add_group(&who, run_of('g', 129)), -1);
	assert_int_equal(who.group_count, 1);
	for (int i = 1; i < IDENTITY_GROUPS_MAX; i++) {
		snprintf(group, sizeof group, "group %d", i);
		assert_int_equal(identity_add_group(&who, group), 0);
	}
	assert_int_equal(identity_add_group(&who, "one too many"), -1);
	assert_int_equal(who.group_count, IDENTITY_GROUPS_MAX);
	identity_release(&who);
	assert_false(identity_has_group(&who, "staff"));
}

static void moving_leaves_nothing_behind(void **state)
{
	struct identity from = IDENTITY_INIT, to = IDENTITY_INIT;

	(void)state;
	identity_set(&from.subject, "anna", IDENTITY_SUBJECT_MAX);
	identity_add_group(&from, "staff");
	identity_set(&to.subject, "bert", IDENTITY_SUBJECT_MAX);
	identity_move(&to, &from);
	assert_string_equal(to.subject, "anna");
	assert_true(identity_has_group(&to, "staff"));
	assert_null(from.subject);
	assert_null(from.groups);
	assert_int_equal(from.group_count, 0);
	identity_release(&from);
	identity_release(&to);
}

/* ---- join ---- */

/* The values are those of the WCAG's own definition, computed with pow(). */
static void colours_are_readable_or_made_so(void **state)
{
	const struct colour black = {0, 0, 0}, white = {255, 255, 255};
	struct colour colour;
	char text[COLOUR_SIZE];

	(void)state;
	assert_int_equal(colour_parse("#1B5cb8", &colour), 0);
	assert_float_equal(colour_contrast(colour, white), 6.43, 0.01);
	assert_float_equal(colour_contrast(black, white), 21, 0.001);
	assert_float_equal(colour_contrast(white, white), 1, 0.001);
	colour_format(colour_readable(colour, black, &white, 1, COLOUR_CONTRAST), text);
	assert_string_equal(text, "#1b5cb8");
	assert_int_equal(colour_parse("#777777", &colour), 0);
	assert_true(colour_contrast(colour, white) < COLOUR_CONTRAST);
	colour = colour_readable(colour, black, &white, 1, COLOUR_CONTRAST);
	assert_true(colour_contrast(colour, white) >= COLOUR_CONTRAST);
	assert_true(colour.red > 0x74);
	assert_int_equal(colour_parse("1b5cb8", &colour), -1);
	assert_int_equal(colour_parse("#1b5cbg", &colour), -1);
	assert_int_equal(colour_parse("#1b5cb80", &colour), -1);
	assert_int_equal(colour_parse("", &colour), -1);
}

static void ids_of_every_platform_can_be_named(void **state)
{
	static const char *const good[] = {"5f521a93c20ff6721fbb6a6c", "weekly-1", "group/sub",
		"tenant/caf%c3%a9", "john+x@contoso.example/854T0R7G", "o'brien@contoso.example/1",
		"https://meet.lync.com/contoso/testuser/1SD8D0WZ",
		"https://example.webex.com/example/j.php?MTID=md41817da6a55b0925530cb88b3577b1e"};
	static const char *const bad[] = {"", ".", "..", "a b", "a,b", "a\"b", "a<b", "a&b", "a;b",
		"a\\b", "a#b", "a\nb", "a\x7f", "caf\xc3\xa9"};
	static const struct {
		const char *text;
		bool meeting, request;
	} tokens[] = {{"8320-2640-2482-3499", true, true}, {"", false, false},
		{"short", true, false}, {"q83vEjRWeJA=", false, true},
		{"+/+/+/+/q83vEj==", false, true}, {"/abc//abcdef/", false, true},
		{"a:b+c/d=e~f.g_h-i", false, true}, {"Weekly (team), R&D!", true, false},
		{"Caf\xc3\xa9 am Montag", true, false},
		{"\xe4\xbc\x9a\xe8\xad\xb0\xe5\xae\xa4", true, false},
		{"../../../etc", false, false}, {"abcdefgh/..", false, false},
		{"abcdefgh/./x", false, false}, {"./abcdefgh", false, false},
		{"abcdefgh/.../x", false, true}, {"..", false, false}, {"........", false, false},
		{"a..b..c..d", true, true}, {"abcd%2Fefgh", false, false},
		{"abcd\\efgh", false, false}, {"abcd?efgh", false, false},
		{"abcd#efgh", false, false}, {"abcd;efgh", false, false},
		{"abcd efgh", true, false}, {" abcdefgh", false, false},
		{"abcdefgh ", false, false}, {"abcd\r\nefgh", false, false},
		{"abcd\tefgh", false, false}, {"abcd<b>efgh", false, false},
		{"abcd\"efgh", false, false},
		{"javascript:alert", false, true}, /* in a segment it is a word */
		{"abcd\xc0\xafxyz1", false, false}, {"abcd\xe0\x80\xafxyz", false, false},
		{"abcd\xffxyz1", false, false}, {"abcd\xed\xa0\x80xyz", false, false},
		{"abcd\xc2\x85xyz", false, false}, {"abcd\xe2\x80\xaexyz", false, false},
		{"abcd\xe2\x81\xa6xyz", false, false}, {"abcd\xe2\x80\x8fxyz", false, false},
		{"abcd\xd8\x9cxyz", false, false}, {"abcd\xe2\x80\x8bxyz", false, false},
		{"abcd\xef\xbb\xbfxyz", false, false}, {"abcd\xc2\xa0xyz", false, false},
		{"abcd\xe2\x80\xa8xyz", false, false}, {"abcd\xf3\xa0\x81\x81xyz", false, false},
		{"abcd\xee\x80\x80xyz", false, false}};
	char longest[JOIN_MEETING_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(join_is_meeting_id(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(join_is_meeting_id(bad[i]));
	/* Each stands in one segment of an address. */
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
		if (join_is_meeting_token(tokens[i].text) != tokens[i].meeting ||
			join_is_request_token(tokens[i].text) != tokens[i].request)
			fail_msg("%s", tokens[i].text);
	memset(longest, 'm', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_false(join_is_meeting_id(longest));
	longest[JOIN_MEETING_MAX] = '\0';
	assert_true(join_is_meeting_id(longest));
}

static void joins_take_so_many_forwards(void **state)
{
	struct join join = JOIN_INIT;
	char name[16];

	(void)state;
	join.request_token = strdup("token");
	for (int i = 0; i < JOIN_FORWARD_MAX; i++) {
		snprintf(name, sizeof name, "name%d", i);
		assert_int_equal(join_add_forward(&join, name, "value"), 0);
	}
	assert_int_equal(join_add_forward(&join, "one", "too many"), -1);
	assert_int_equal(join.forward_count, JOIN_FORWARD_MAX);
	assert_string_equal(join.forward[JOIN_FORWARD_MAX - 1].name, "name15");
	assert_string_equal(join.forward[0].value, "value");
	join_release(&join);
	join_release(&join);
	assert_int_equal(join.forward_count, 0);
	assert_null(join.request_token);
}

/* ---- clock ---- */

static void clocks_agree(void **state)
{
	int64_t seconds = clock_wall(), monotonic = clock_monotonic_ms();

	(void)state;
	assert_true(clock_wall_ms() / 1000 - seconds <= 1);
	assert_true(seconds > 1700000000);
	assert_true(clock_monotonic_ms() >= monotonic);
}

static void expect_around(const char *text, const char *const wanted[], size_t count)
{
	struct network around[NETWORK_AROUND_MAX], network;

	assert_int_equal(network_around(text, around), count);
	for (size_t i = 0; i < count; i++) {
		assert_null(network_parse(wanted[i], &network));
		assert_int_equal(around[i].six, network.six);
		assert_int_equal(around[i].prefix, network.prefix);
		assert_memory_equal(around[i].address, network.address, sizeof network.address);
	}
}

static void networks_around_an_address_are_those_of_one_customer(void **state)
{
	static const char *const six[] = {
		"2001:db8:1:2f3::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"};
	static const char *const four[] = {"192.0.2.7", "192.0.2.0/24"};
	static const char *const as_four[] = {"192.0.2.7", "::ffff:192.0.2.7", "64:ff9b::c000:207",
		"2002:c000:207::1", "2002:c000:207:ffff::1"};
	static const char *const none[] = {"", "unix:", "192.0.2", "192.0.2.7/32", "fe80::1%eth0"};

	(void)state;
	expect_around("2001:db8:1:2f3:4:5:6:7", six, 3);
	for (size_t i = 0; i < sizeof as_four / sizeof *as_four; i++)
		expect_around(as_four[i], four, 2);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		expect_around(none[i], NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_around_an_address_are_those_of_one_customer),
		cmocka_unit_test(buffers_grow_up_to_their_maximum),
		cmocka_unit_test(a_full_buffer_takes_nothing_more),
		cmocka_unit_test(buffers_print_what_fits),
		cmocka_unit_test(buffers_keep_bytes_of_every_value),
		cmocka_unit_test(percent_leaves_the_unreserved_alone),
		cmocka_unit_test(releasing_twice_is_fine),
		cmocka_unit_test(errors_are_sentences),
		cmocka_unit_test(a89_errors_of_other_hosts_command_no_terminal),
		cmocka_unit_test(long_errors_are_cut),
		cmocka_unit_test(identities_keep_copies),
		cmocka_unit_test(identities_refuse_what_does_not_fit),
		cmocka_unit_test(groups_are_a_set),
		cmocka_unit_test(moving_leaves_nothing_behind),
		cmocka_unit_test(colours_are_readable_or_made_so),
		cmocka_unit_test(ids_of_every_platform_can_be_named),
		cmocka_unit_test(joins_take_so_many_forwards),
		cmocka_unit_test(clocks_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

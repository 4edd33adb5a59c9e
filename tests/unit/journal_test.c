/* SPDX-License-Identifier: MIT
 *
 * Log lines for the journal: what a datagram has, what happens while the journal is slow or absent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "telemetry/journal.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64], path[128];
static int reader = -1;

static void listen_here(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
	reader = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(reader, (struct sockaddr *)&address, sizeof address), 0);
}

static int up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/meetauth-journal-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/socket", folder);
	journal_use(path);
	log_setup(LOG_TO_JOURNAL, LOG_AS_JSON); /* the journal gets logfmt all the same */
	listen_here();
	return 0;
}

static int down(void **state)
{
	(void)state;
	log_setup(LOG_TO_STDERR, LOG_AS_LOGFMT);
	close(reader);
	unlink(path);
	return rmdir(folder);
}

/* The next record, with a NUL behind it; its length, or -1 if there is none. */
static ssize_t next_record(char *record, size_t size)
{
	ssize_t length = recv(reader, record, size - 1, 0);

	if (length >= 0)
		record[length] = '\0';
	return length;
}

static void has(const char *record, const char *words)
{
	if (strstr(record, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, record);
}

static void a_line_becomes_a_record(void **state)
{
	static char record[1 << 16];
	struct log_line line;

	(void)state;
	log_begin(&line, LOG_LEVEL_WARNING, "join");
	log_text(&line, "result", "failed");
	log_text(&line, "detail", "said \"no\\\" a = b \xc3\xa4");
	log_number(&line, "total_ms", 12);
	log_end(&line);
	assert_true(next_record(record, sizeof record) > 0);
	assert_string_equal(record,
		"PRIORITY=4\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=journal_test\n"
		"MESSAGE=level=warning event=join result=failed detail=\"said \\\"no\\\\\\\" a = b "
		"\xc3\xa4\" total_ms=12\n"
		"MEETAUTH_LEVEL=warning\nMEETAUTH_EVENT=join\nMEETAUTH_RESULT=failed\n"
		"MEETAUTH_DETAIL=said \"no\\\" a = b \xc3\xa4\nMEETAUTH_TOTAL_MS=12\n");
	assert_int_equal(next_record(record, sizeof record), -1);
}

static void priorities_are_those_of_syslog(void **state)
{
	static const char *const wanted[] = {
		"PRIORITY=7\n", "PRIORITY=6\n", "PRIORITY=4\n", "PRIORITY=3\n"};
	char record[4096];

	(void)state;
	for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
		log_message((enum log_level)level, "test", "one");
		assert_true(next_record(record, sizeof record) > 0);
		has(record, wanted[level]);
	}
}

/* The field is binary, so its text cannot make up further fields. */
static void a_newline_begins_no_field(void **state)
{
	static const char wanted[] = "MEETAUTH_DETAIL\n\x10\0\0\0\0\0\0\0one\nMESSAGE=two\x1b\n";
	char record[4096];
	struct log_line line;
	ssize_t length;

	(void)state;
	log_begin(&line, LOG_LEVEL_INFO, "join");
	log_text(&line, "detail", "one\nMESSAGE=two\x1b");
	log_end(&line);
	length = next_record(record, sizeof record);
	assert_true(length > 0);
	assert_non_null(memmem(record, (size_t)length, wanted, sizeof wanted - 1));
	has(record, "detail=\"one\\nMESSAGE=two\\u001b\"\n");
}

static void the_longest_line_fits(void **state)
{
	static char record[1 << 16];
	char key[8], value[600];
	struct log_line line;

	(void)state;
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	log_begin(&line, LOG_LEVEL_INFO, "join");
	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof key, "k%d", i);
		log_text(&line, key, i < 4 ? value : "");
	}
	log_end(&line);
	assert_true(next_record(record, sizeof record) > 0);
	has(record, "MEETAUTH_K0=vvv");
	has(record, "MEETAUTH_CUT=true\n");
}

static uint64_t dropped(void)
{
	static const char name[] = "\nmeetauth_log_lines_dropped_total ";
	struct buffer text = BUFFER_INIT(1 << 16);
	uint64_t count;
	const char *at;

	metrics_print(&text);
	at = strstr(text.data, name);
	assert_non_null(at);
	count = strtoull(at + sizeof name - 1, NULL, 10);
	buffer_release(&text);
	return count;
}

/* Sends lines until nobody could have read them; then all that were kept arrive, in order. */
static void a_slow_journal_gets_what_was_kept(void **state)
{
	char record[4096], wanted[64];
	int sent = 0, got = 0;
	uint64_t before = dropped();

	(void)state;
	while (sent < 100000 && dropped() == before)
		log_message(LOG_LEVEL_INFO, "test", "number %d", sent++);
	assert_true(sent < 100000);
	sent--;
	for (int silent = 0; got < sent && silent < 3; log_flush())
		for (silent++; next_record(record, sizeof record) > 0; silent = 0) {
			snprintf(wanted, sizeof wanted, "MEETAUTH_MESSAGE=number %d\n", got++);
			has(record, wanted);
		}
	assert_int_equal(got, sent);
}

static void without_a_journal_lines_go_to_standard_error(void **state)
{
	char text[4096];
	int ends[2], kept = dup(STDERR_FILENO);
	ssize_t length;

	(void)state;
	close(reader);
	reader = -1;
	unlink(path);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_message(LOG_LEVEL_INFO, "test", "one");
	dup2(kept, STDERR_FILENO);
	close(kept);
	length = read(ends[0], text, sizeof text - 1);
	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(text, "level=info event=test message=one\n");
	close(ends[0]);
	close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_becomes_a_record),
		TEST(priorities_are_those_of_syslog),
		TEST(a_newline_begins_no_field),
		TEST(the_longest_line_fits),
		TEST(a_slow_journal_gets_what_was_kept),
		TEST(without_a_journal_lines_go_to_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

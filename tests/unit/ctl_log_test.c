/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: the commands that read the log.
 */
#include "ctl_fixture.h"

#include "ctl/log_visit.h"
#include "telemetry/log.h"

#include <pty.h>

#define STAMP "2026-11-30T09:02:11.100Z"
#define DENIED                                                                                     \
	"level=info event=join result=denied code=denied platform=" HOST                           \
	" meeting_id=123 user=alice backend=staff rule=default client=192.0.2.7 request_id=aa01"
#define SAYS                                                                                       \
	"  2026-11-30T09:02:11Z  alice (backend staff) tried to join meeting 123 at " HOST         \
	", but the policy does not let this visitor into the meeting (denied); the rule "          \
	"\"default\" decided.\n"

static void every_form_of_the_log_is_read(void **state)
{
	static const char *const lines[] = {
		"time=" STAMP " " DENIED,
		"{\"time\":\"" STAMP
		"\",\"level\":\"info\",\"event\":\"join\",\"result\":\"denied\","
		"\"code\":\"denied\",\"platform\":\"" HOST "\",\"meeting_id\":\"123\",\"user\":"
		"\"alice\",\"backend\":\"staff\",\"rule\":\"default\",\"client\":\"192.0.2.7\","
		"\"request_id\":\"aa01\",\"total_ms\":7}",
		"2026-11-30T11:02:11.123456+02:00 host meetauthd[42]: " DENIED,
		"2026-11-30T09:02:11+0000 host meetauthd[42]: time=" STAMP " " DENIED,
		"Nov 30 09:02:11 host meetauthd[42]: time=" STAMP " " DENIED,
		"{\"__REALTIME_TIMESTAMP\":\"1796029331100000\",\"_COMM\":\"meetauthd\","
		"\"MESSAGE\":\"" DENIED "\"}",
		"{\"SYSLOG_IDENTIFIER\":\"meetauthd\",\"PRIORITY\":\"6\",\"MESSAGE\":\"time=" STAMP
		" " DENIED " detail=\\\"a \\\\\\\"b\\\\\\\" c\\\"\"}",
		"time=" STAMP " " DENIED "\r",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char text[2048];

		snprintf(text, sizeof text, "nonsense\n%s\n\n{}\n", lines[i]);
		TYPE(0, text, "log", "explain", "AA01");
		if (strncmp(out, SAYS, strlen(SAYS) - 1) != 0)
			fail_msg("line %zu: %s", i, out);
		says(out, "meetauthctl policy explain --user 'alice' --platform '" HOST
			  "' --meeting '123' --backend 'staff'\n");
	}
	TYPE(0, lines[6], "log", "explain", "aa01");
	says(out, " Detail: a \"b\" c.\n");
}

static void bytes_of_the_journal_are_a_text(void **state)
{
	const char *message = "time=" STAMP " level=info event=logout user=zo\xc3\xab "
			      "client=192.0.2.7 request_id=aa01";
	struct buffer line = BUFFER_INIT(8192);

	(void)state;
	buffer_text(&line, "{\"_COMM\":\"meetauthd\",\"MESSAGE\":[");
	for (const char *at = message; *at != '\0'; at++)
		buffer_printf(&line, "%s%u", at == message ? "" : ",", (unsigned char)*at);
	buffer_text(&line, "]}");
	TYPE(0, line.data, "log", "explain", "aa01");
	says(out, "  zo\xc3\xab signed out.\n");
	buffer_release(&line);
}

static void the_traditional_time_has_a_year(void **state)
{
	static const char line[] = "Nov 30 09:02:11 host meetauthd: " DENIED;
	static const int64_t days[] = {0, 100}; /* a hundred days later it was last year */
	(void)state;
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < COUNT(days); i++) {
		char copy[sizeof line];
		struct log_entry entry;

		memcpy(copy, line, sizeof line);
		assert_true(log_parse(copy, 1796029331 + days[i] * 86400, &entry));
		assert_int_equal(entry.seconds, 1796029331);
		json_decref(entry.fields);
	}
}

static void lines_of_other_programs_are_not_events(void **state)
{
	static const char *const lines[] = {
		"Nov 30 09:02:11 host sshd[7]: Invalid user : " DENIED,
		"Nov 30 09:02:11 host sshd[7]: Invalid user x meetauthd: " DENIED,
		"2026-11-30T09:02:11.123456+02:00 host sshd[42]: " DENIED,
		"{\"_COMM\":\"sshd\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"MESSAGE\":\"" DENIED "\"}",
		"{\"request_id\":\"aa01\"}",
		"Invalid user: " DENIED,
		"time=" STAMP " level=info event=logout request_id=aa01 user=\"\x1b[2J\"",
		"time=" STAMP " level=info event=logout request_id=\"aa01",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		TYPE(1, lines[i], "log", "explain", "aa01");
		says(err, "no event in the log has the reference \"aa01\"");
	}
}

/* What a visitor sent reaches the operator's terminal only as the log has escaped it. */
static void escapes_of_the_log_stay(void **state)
{
	static const enum log_format formats[] = {LOG_AS_LOGFMT, LOG_AS_JSON};
	struct log_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		log_setup(LOG_TO_STDERR, formats[i]);
		log_begin(&line, LOG_LEVEL_INFO, "join");
		log_text(&line, "result", "refused");
		log_text(&line, "code", "unknown-platform");
		log_text(&line, "hostname", "\x1b[2J\n\"\\\xe2\x80\xae\xff");
		log_text(&line, "request_id", "aa01");
		line.text[line.length] = '\0';
		if (formats[i] == LOG_AS_JSON)
			memcpy(line.text + line.length, "}", 2);
		TYPE(0, line.text, "log", "explain", "aa01");
		says(out, "a meeting at \"\\u001b[2J\\n\"\\\\u202e\xef\xbf\xbd\", but the host "
			  "name in the link belongs to no platform");
	}
	log_setup(LOG_TO_STDERR, LOG_AS_LOGFMT);
}

static void what_came_before_and_after_is_told(void **state)
{
	static const char log[] =
		"time=2026-11-30T07:00:00.000Z level=info event=logout user=alice "
		"client=192.0.2.7 request_id=a0\n"
		"time=2026-11-30T09:01:00.000Z level=info event=login result=failed user=alice "
		"backend=staff client=192.0.2.7 request_id=a1 detail=\"wrong password\"\n"
		"time=2026-11-30T09:01:10.000Z level=info event=login result=ok user=bob "
		"backend=staff client=192.0.2.7 request_id=b1\n"
		"time=2026-11-30T09:01:20.000Z level=info event=login result=failed "
		"client=192.0.2.8 request_id=c1\n"
		"time=2026-11-30T09:02:11.000Z level=info event=login result=ok user=alice "
		"backend=staff client=192.0.2.7 request_id=aa01\n"
		"time=" STAMP " " DENIED "\n"
		"time=2026-11-30T09:03:00.000Z level=info event=start pid=7\n"
		"time=2026-11-30T09:05:00.000Z level=info event=join result=ok code=ok "
		"platform=" HOST " meeting_id=123 user=alice backend=staff rule=vip room=r7 "
		"client=192.0.2.7 request_id=a2\n"
		"time=2026-11-30T11:05:00.000Z level=info event=logout user=alice "
		"client=192.0.2.7 request_id=a3\n";

	(void)state;
	TYPE(0, log, "log", "explain", "aa01");
	says(out, "  2026-11-30T09:02:11Z  alice (backend staff) signed in.\n" SAYS "See why: ");
	says(out,
		"\nBefore, from the same address:\n  2026-11-30T09:01:00Z  alice (backend staff) "
		"could not sign in: wrong password. Reference a1.\nAfter, from the same address:\n "
		" 2026-11-30T09:05:00Z  alice (backend staff) joined meeting 123 at " HOST
		"; the rule \"vip\" decided; the meeting is in the room r7. Reference a2.\n");
	assert_null(strstr(out, "bob"));
	assert_null(strstr(out, "a0"));
	assert_null(strstr(out, "a3"));
	TYPE(0, log, "log", "explain", "--json", "aa01");
	says(out, "\"part\": \"before\",\n    \"time\": \"2026-11-30T09:01:00Z\",\n    \"says\": "
		  "\"alice (backend staff) could not sign in: wrong password.\"");
	put_file(in_folder("log"), log);
	CALL(0, "log", "explain", "a0", "--log", in_folder("log"));
	says(out, "alice signed out.\n");
	CALL(EX_NOINPUT, "log", "explain", "a0", "--log", in_folder("none"));
	says(err, "none: cannot open: No such file or directory");
}

/* ---- the words ---- */

static void every_code_has_a_meaning(void **state)
{
	static const char *const codes[] = {
#define FAILURE(id, code, status, result, metric, title, message, remedy) code,
#include "service/failures.def"
#undef FAILURE
	};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct buffer text = BUFFER_INIT(4096);
		struct log_entry entry = {.fields = json_pack("{s:s, s:s, s:s}", "event", "failure",
						  "code", codes[i], "parameter", "p")};

		log_visit_describe(&entry, &text);
		if (strstr(text.data, ", but failed") != NULL)
			fail_msg("%s: %s", codes[i], text.data);
		says(text.data, "A visitor asked for a page, but ");
		says(text.data, " Parameter: p.");
		buffer_release(&text);
		json_decref(entry.fields);
	}
}

static void every_event_about_a_visitor_is_told(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"event=login result=throttled backend=staff",
			"A visitor of the backend staff was refused a sign-in after too many "
			"tries."},
		{"event=login result=unavailable backend=d detail=down",
			" could not sign in, because the backend was out of order: down."},
		{"event=login result=gone user=a backend=s",
			"a (backend s) was signed out, because"},
		{"event=login result=new user=a", "a tried to sign in."},
		{"event=logout user=guest-7 name=\"Eve Guest\" detail=\"at the provider\"",
			"Eve Guest (guest guest-7) signed out: at the provider."},
		{"event=desk action=remove-account result=ok guest=eve meetings=m user=a backend=s",
			"a (backend s) used the guest desk (remove-account, guest eve, m)."},
		{"event=desk action=remove-account result=failed user=a detail=\"disk full\"",
			"a used the guest desk (remove-account), which failed. Detail: disk full."},
		{"event=join result=refused code=already-used",
			"A visitor tried to join a meeting, but the link was used before, and a "
			"link "
			"counts once (already-used).\nThe visitor opens"},
		{"event=failure code=not-found client=192.0.2.1",
			"A visitor asked for a page, but the address does not exist "
			"(not-found).\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[1024];

		snprintf(line, sizeof line, "level=info %s request_id=r", cases[i].line);
		TYPE(0, line, "log", "explain", "r");
		says(out, "  at an unknown time    ");
		says(out, cases[i].says);
	}
}

/* ---- where the log is ---- */

/* Calls the command with a terminal as its standard input. */
static int run_at_terminal(const char *const *words)
{
	int terminal, other, status;
	char name[PATH_MAX];

	assert_int_equal(openpty(&terminal, &other, name, NULL, NULL), 0);
	status = run_with(name, words);
	close(terminal);
	close(other);
	return status;
}

static void at_a_terminal_the_journal_is_read(void **state)
{
	static const char script[] =
		"#!/bin/sh\n[ \"$*\" = \"--all --quiet --output=json --unit=meetauth*\" ] || exit "
		"1\n"
		"echo '{\"_COMM\":\"meetauthd\",\"MESSAGE\":\"" DENIED "\"}'\n";
	const char *before = getenv("PATH");
	char path[PATH_MAX];

	(void)state;
	if (access("/var/log/meetauth/meetauthd.log", F_OK) == 0)
		skip();
	snprintf(path, sizeof path, "%s", before != NULL ? before : "/usr/bin:/bin");
	put_file(in_folder("journalctl"), script);
	assert_int_equal(chmod(in_folder("journalctl"), 0700), 0);
	setenv("PATH", folder, 1);
	expect_status(0, run_at_terminal(WORDS("log", "explain", "aa01")));
	says(out, "alice (backend staff) tried to join");
	put_file(
		in_folder("journalctl"), "#!/bin/sh\n[ \"$5\" = --since=@1767225600 ] || exit 1\n");
	assert_int_equal(chmod(in_folder("journalctl"), 0700), 0);
	expect_status(1, run_at_terminal(WORDS("log", "explain", "aa01", "--since", "2026-01-01")));
	says(err, "no event in the log has the reference");
	expect_status(0, run_at_terminal(WORDS("report", "--since", "2026-01-01")));
	put_file(in_folder("journalctl"), "#!/bin/sh\nexit 1\n");
	assert_int_equal(chmod(in_folder("journalctl"), 0700), 0);
	expect_status(EX_NOINPUT, run_at_terminal(WORDS("log", "explain", "aa01")));
	says(err, "journalctl failed. Run it yourself");
	assert_int_equal(unlink(in_folder("journalctl")), 0);
	expect_status(EX_NOINPUT, run_at_terminal(WORDS("log", "explain", "aa01")));
	says(err, "Name the file with --log, or pipe the log in");
	setenv("PATH", path, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_form_of_the_log_is_read),
		TEST(bytes_of_the_journal_are_a_text),
		TEST(the_traditional_time_has_a_year),
		TEST(lines_of_other_programs_are_not_events),
		TEST(escapes_of_the_log_stay),
		TEST(what_came_before_and_after_is_told),
		TEST(every_code_has_a_meaning),
		TEST(every_event_about_a_visitor_is_told),
		TEST(at_a_terminal_the_journal_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

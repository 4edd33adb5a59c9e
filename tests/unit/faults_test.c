/* SPDX-License-Identifier: MIT
 *
 * Whole visits in which the n-th allocation fails, for each n until a visit needs fewer: once only
 * that one, once that one and all that follow. Whatever fails, nobody is led in who may not be, no
 * request token is exchanged twice, no secret is told, and the next visit works.
 *
 * Allocations of this program fail wherever it calls them (the linker's --wrap, Makefile.am), and
 * those of jansson and libcurl by the functions that they are given. Left out is what no caller can
 * mend: libuv ends the process when it cannot note a descriptor, and libcurl 7.88 divides by zero
 * in its connection cache when a transfer under way finds no memory. The test and the other hosts
 * have what they need.
 */
#include "request_fixture.h"
#include "request_site.h"

#include "base/wipe.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* ---- allocations that fail ---- */

static struct {
	atomic_bool armed, hit;
	atomic_long count, at;
	bool and_all_after;
} faults;

static bool fails(void)
{
	long number;

	if (!faults.armed || site_runs_test)
		return false;
	number = ++faults.count;
	if (number < faults.at || (number > faults.at && !faults.and_all_after))
		return false;
	faults.hit = true;
	errno = ENOMEM;
	return true;
}

static void arm(long at, bool and_all_after)
{
	faults.count = 0;
	faults.at = at;
	faults.and_all_after = and_all_after;
	faults.hit = false;
	faults.armed = true;
}

#define WRAPPED(result, name, parameters, arguments, nothing)                                      \
	result __real_##name parameters;                                                           \
	result __wrap_##name parameters;                                                           \
	result __wrap_##name parameters                                                            \
	{                                                                                          \
		return fails() ? (nothing) : __real_##name arguments;                              \
	}

WRAPPED(void *, malloc, (size_t size), (size), NULL)
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAPPED(void *, realloc, (void *old, size_t size), (old, size), NULL)
WRAPPED(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), NULL)
WRAPPED(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
WRAPPED(char *, strdup, (const char *text), (text), NULL)
WRAPPED(char *, strndup, (const char *text, size_t length), (text, length), NULL)
WRAPPED(void *, sodium_malloc, (size_t size), (size), NULL)
WRAPPED(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
	(at, size, protection, flags, fd, offset), MAP_FAILED)
WRAPPED(int, vasprintf, (char **text, const char *format, va_list list), (text, format, list), -1)
WRAPPED(int, __vasprintf_chk, (char **text, int flag, const char *format, va_list list),
	(text, flag, format, list), -1)

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list list;
	int rc;

	va_start(list, format);
	rc = fails() ? -1 : __real_vasprintf(text, format, list);
	va_end(list);
	return rc;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
	va_list list;
	int rc;

	(void)flag;
	va_start(list, format);
	rc = fails() ? -1 : __real_vasprintf(text, format, list);
	va_end(list);
	return rc;
}

/* libcurl runs transfers in these. */
static _Thread_local unsigned in_transfer;

#define TRANSFERS(name, parameters, arguments)                                                     \
	CURLMcode __real_##name parameters;                                                        \
	CURLMcode __wrap_##name parameters;                                                        \
	CURLMcode __wrap_##name parameters                                                         \
	{                                                                                          \
		CURLMcode code;                                                                    \
                                                                                                   \
		in_transfer++;                                                                     \
		code = __real_##name arguments;                                                    \
		in_transfer--;                                                                     \
		return code;                                                                       \
	}

TRANSFERS(curl_multi_socket_action, (CURLM * multi, curl_socket_t fd, int mask, int *running),
	(multi, fd, mask, running))
TRANSFERS(curl_multi_perform, (CURLM * multi, int *running), (multi, running))
TRANSFERS(curl_multi_remove_handle, (CURLM * multi, CURL *easy), (multi, easy))

static void *curl_malloc(size_t size)
{
	return in_transfer == 0 && fails() ? NULL : __real_malloc(size);
}

static void *curl_calloc(size_t count, size_t size)
{
	return in_transfer == 0 && fails() ? NULL : __real_calloc(count, size);
}

/* That of base/wipe.c calls malloc(). */
static void *curl_realloc(void *old, size_t size)
{
	bool failed = in_transfer == 0 && fails(), before = site_runs_test;
	void *grown;

	site_runs_test = true;
	grown = failed ? NULL : __real_realloc(old, size);
	site_runs_test = before;
	return grown;
}

static char *curl_strdup(const char *text)
{
	return in_transfer == 0 && fails() ? NULL : __real_strdup(text);
}

/* ---- the site ---- */

#define HOST	 "meeting.example.org"
#define PASSWORD "canary-of-a-password"
#define KEY	 "canary-of-a-key"
#define JSON	 "Content-Type: application/json\r\n"
#define OPTIONS                                                                                    \
	"throttle-account = \"100000/1h\"\nthrottle-address = \"100000/1h\"\n"                     \
	"throttle-joins = \"100000/1h\"\nthrottle-refused = \"100000/1h\"\n"

static const char rules[] = "policy {\n"
			    " rule \"alice\" { allow = true users = {\"alice\"} }\n"
			    " default = deny\n}\n";

/* The service of the backend "http" says yes to everybody. */
static char *say_yes(const char *request)
{
	const char *nonce = cut(request, "\"nonce\":\"", "\""),
		   *name = cut(request, "\"name\":\"", "\"");
	char *text;

	assert_true(
		asprintf(&text,
			"{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"grant\",\"subject\":\"%s\","
			"\"groups\":[\"others\"]}",
			nonce, name) > 0);
	return text;
}

static void open_site(const char *sections)
{
	char text[4000];

	snprintf(text, sizeof text, "%s%s", sections, rules);
	site_secret(HOST, KEY);
	site_secret("backend/service", "0123456789abcdef0123456789abcdef");
	site_load(OPTIONS, text);
	peer_says("/exchange/", 200, "", "access");
	peer_says("/api/", 200, JSON,
		"{\"responseCode\":0,\"data\":{\"meetingId\":\"m1\",\"accessToken\":\"access\"}}");
	peer_makes("/ask", JSON, say_yes);
}

/* ---- the visits ---- */

struct way {
	const char *sections;
	/* From an entry to an answer, as far as answers lead on. */
	const struct answer *(*go)(struct browser *browser, const char *entry, const char *name);
	const char *name;
	bool signs_in_before, leads_in;
};

static const struct answer *by_form(struct browser *browser, const char *entry, const char *name)
{
	const struct answer *answer = visit(browser, entry);
	char fields[100];

	snprintf(fields, sizeof fields, "name=%s&password=" PASSWORD, name);
	if (answer->status == 303)
		answer = follow(browser, answer);
	if (answer->status == 200 && says(answer, "(login.title)"))
		answer = submit(browser, answer, NULL, fields);
	return answer;
}

static const struct answer *by_session(struct browser *browser, const char *entry, const char *name)
{
	(void)name;
	return visit(browser, entry);
}

static const struct answer *and_out(struct browser *browser, const char *entry, const char *name)
{
	const struct answer *answer = visit(browser, "/logout");

	(void)entry;
	(void)name;
	if (answer->status == 200 && says(answer, "<form"))
		answer = submit(browser, answer, NULL, "");
	return answer;
}

static const char mock_site[] =
	"platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\", "
	"\"bob=deny\", \"dave=grant\"} }\n";
static const char veeting_site[] =
	"platform \"" HOST "\" { type = \"veeting\" api = \"@api@\" }\n"
	"backend \"service\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" }\n";

static const struct way ways[] = {
	{mock_site, by_form, "alice", false, true},
	{mock_site, by_form, "bob", false, false},
	{mock_site, by_form, "dave", false, false},
	{mock_site, by_session, "alice", true, true},
	{mock_site, and_out, "alice", true, false},
	{veeting_site, by_form, "alice", false, true},
	{veeting_site, by_session, "alice", true, true},
};

/* ---- what may never be ---- */

static unsigned exchanges(const char *token)
{
	char mock[100], veeting[200];

	snprintf(mock, sizeof mock, "/exchange/" KEY "/%s ", token);
	snprintf(veeting, sizeof veeting, "/api/v6/meeting-room/auth/" KEY "/access-token/m1/%s ",
		token);
	return peer_requests(mock) + peer_requests(veeting);
}

static bool is_in(const struct answer *answer)
{
	const char *to = leads_to(answer);

	return to != NULL && strstr(to, "oken=access") != NULL;
}

static void judge(const struct way *way, const struct answer *answer, const char *token)
{
	unsigned asked = exchanges(token);

	assert_true(asked <= 1);
	if (is_in(answer)) {
		assert_true(way->leads_in);
		assert_int_equal(asked, 1);
	}
	assert_int_equal(site_in_flight(), 0);
	assert_false(log_says(PASSWORD));
	assert_false(log_says(KEY));
	assert_false(log_says(token));
	assert_silent(answer, PASSWORD);
	assert_silent(answer, KEY);
}

static void entry_of(char *entry, size_t size, char *token, size_t token_size)
{
	static unsigned number;

	snprintf(token, token_size, "rt-fault-%08u", ++number);
	snprintf(entry, size, "?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=%s",
		token);
}

/* Nothing fails any more. */
static void next_visit_works(const struct way *way)
{
	struct browser browser = {0};
	char entry[200], token[40];
	const struct answer *answer;

	entry_of(entry, sizeof entry, token, sizeof token);
	answer = by_form(&browser, entry, "alice");
	if (!is_in(answer))
		fail_msg("the next visit gets %d: %s", answer->status, site_log());
	assert_int_equal(exchanges(token), 1);
}

static int statuses[600];

/* False: the visit needs fewer allocations. */
static bool one_visit(const struct way *way, long at, bool and_all_after)
{
	struct browser browser = {0};
	char entry[200], token[40];
	const struct answer *answer;

	if (way->signs_in_before) {
		entry_of(entry, sizeof entry, token, sizeof token);
		assert_true(is_in(by_form(&browser, entry, way->name)));
	}
	entry_of(entry, sizeof entry, token, sizeof token);
	arm(at, and_all_after);
	answer = way->go(&browser, entry, way->name);
	while (site_in_flight() > 0)
		site_turn();
	faults.armed = false;
	statuses[answer->status]++;
	if (getenv("FAULTS") != NULL)
		print_message(
			"%ld%s: %d %s\n", at, and_all_after ? "-" : "", answer->status, site_log());
	judge(way, answer, token);
	if (!faults.hit) {
		assert_int_equal(is_in(answer), way->leads_in);
		return false;
	}
	answer = way->go(&browser, entry, way->name); /* the same link once more */
	judge(way, answer, token);
	next_visit_works(way);
	return true;
}

static long each_allocation_of(const struct way *way, void **state, bool and_all_after)
{
	enum { A_SITE = 100 };
	bool more = true;
	long at = getenv("FAULT") != NULL ? atol(getenv("FAULT")) : 1;

	while (more) {
		assert_int_equal(site_up(state), 0);
		open_site(way->sections);
		for (int i = 0; i < A_SITE && more; i++)
			more = one_visit(way, at++, and_all_after);
		assert_int_equal(site_down(state), 0);
	}
	return at - 2;
}

static void visits_without_memory(void **state)
{
	long count = 0;

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		long one = each_allocation_of(&ways[i], state, false);

		count += one + each_allocation_of(&ways[i], state, true);
		print_message("way %zu: %ld allocations\n", i, one);
	}
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i] > 0)
			print_message("  %d visits got %zu\n", statuses[i], i);
	print_message("%ld visits in which an allocation failed\n", count);
	assert_true(count > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(visits_without_memory)};

	/* As request_fixture.h does once more, which then counts. */
	json_set_alloc_funcs(__wrap_malloc, free);
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, curl_realloc, curl_strdup,
		    curl_calloc) != CURLE_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

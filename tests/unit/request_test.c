/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "http/request.h"
#include "http/route.h"

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define STOCK	 "REQUEST_METHOD=GET", "DOCUMENT_URI=/auth", "QUERY_STRING=a=b"

static int begin(
	struct request *request, const char *const *params, const char *body, size_t body_length)
{
	struct buffer block = BUFFER_INIT(65536);
	size_t params_size;

	for (size_t i = 0; params[i] != NULL; i++)
		buffer_append(&block, params[i], strlen(params[i]) + 1);
	params_size = block.length;
	if (body_length > 0)
		buffer_append(&block, body, body_length);
	buffer_append(&block, "", 1);
	assert_false(block.failed);
	return request_init(request, block.data, params_size, body_length);
}

static void request_is_filled(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(
		begin(&request,
			ENV("REQUEST_METHOD=POST", "QUERY_STRING=a=b=c", "DOCUMENT_URI=/auth/login",
				"SCRIPT_NAME=/other", "HTTP_COOKIE=x=1", "HTTP_ACCEPT=*/*",
				"HTTP_ACCEPT_LANGUAGE=de", "CONTENT_TYPE=a/b", "CONTENT_LENGTH=4",
				"HTTP_ORIGIN=https://a", "HTTP_SEC_FETCH_SITE=none",
				"HTTP_SEC_PURPOSE=prefetch", "HTTP_PURPOSE=other",
				"REMOTE_ADDR=2001:db8::1", "REQUEST_ID=r-1"),
			"k=vwrong", 4),
		0);
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.path, "/auth/login");
	assert_string_equal(request.query, "a=b=c");
	assert_string_equal(request.cookies, "x=1");
	assert_string_equal(request.accept, "*/*");
	assert_string_equal(request.accept_language, "de");
	assert_string_equal(request.content_type, "a/b");
	assert_string_equal(request.origin, "https://a");
	assert_string_equal(request.fetch_site, "none");
	assert_string_equal(request.purpose, "prefetch");
	assert_string_equal(request.client, "2001:db8::1");
	assert_string_equal(request.body, "k=vw");
	assert_int_equal(request.body_length, 4);
	assert_string_equal(request.id, "r-1");
	assert_string_equal(request_param(&request, "REQUEST_METHOD"), "POST");
	assert_null(request_param(&request, "REQUEST_METHO"));
	assert_null(request_param(&request, "REMOTE_USER"));
	request_release(&request);
	request_release(&request);
}

static void assert_path(const char *const *params, const char *path)
{
	struct request request;

	assert_int_equal(begin(&request, params, NULL, 0), 0);
	assert_string_equal(request.path, path);
	request_release(&request);
}

static void a_shrunk_request_can_still_be_answered(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(
		begin(&request,
			ENV("REQUEST_METHOD=POST", "QUERY_STRING=a=b", "DOCUMENT_URI=/auth/login",
				"HTTP_COOKIE=x=1", "HTTP_ACCEPT=application/json",
				"HTTP_ACCEPT_LANGUAGE=de", "CONTENT_LENGTH=4",
				"REMOTE_ADDR=127.0.0.1", "REQUEST_ID=r-1"),
			"k=v1", 4),
		0);
	request_shrink(&request);
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.id, "r-1");
	assert_string_equal(request.client, "127.0.0.1");
	assert_string_equal(request.accept_language, "de");
	assert_true(request_wants_json(&request));
	assert_string_equal(request.cookies, "");
	assert_string_equal(request.body, "");
	assert_string_equal(request.query, "");
	assert_null(request_param(&request, "HTTP_COOKIE"));
	request_shrink(&request); /* again does no harm */
	assert_string_equal(request.client, "127.0.0.1");
	request_release(&request);
}

static void request_path_is_put_together(void **state)
{
	(void)state;
	assert_path(ENV("REQUEST_METHOD=GET", "SCRIPT_NAME=/auth"), "/auth");
	assert_path(ENV("REQUEST_METHOD=GET", "PATH_INFO=/auth/login"), "/auth/login");
	assert_path(
		ENV("PATH_INFO=/login", "REQUEST_METHOD=GET", "SCRIPT_NAME=/auth"), "/auth/login");
	assert_path(ENV("REQUEST_METHOD=GET", "DOCUMENT_URI=", "SCRIPT_NAME=/a", "PATH_INFO=/b"),
		"/a/b");
}

static int init(const char *const *params, const char *body, size_t length)
{
	struct request request;
	int result = begin(&request, params, body, length);

	/* Also of a bad one: answering needs these. */
	assert_true(request.id[0] != '\0');
	assert_non_null(request.path);
	assert_non_null(request.accept);
	assert_non_null(request.accept_language);
	request_release(&request);
	return result;
}

static void request_a57_missing_or_odd(void **state)
{
	(void)state;
	assert_int_equal(init(&(const char *const){NULL}, NULL, 0), -1);
	assert_int_equal(init(ENV("DOCUMENT_URI=/auth"), NULL, 0), -1);
	assert_int_equal(init(ENV("REQUEST_METHOD=", "DOCUMENT_URI=/auth"), NULL, 0), -1);
	assert_int_equal(init(ENV("REQUEST_METHOD", "DOCUMENT_URI=/auth"), NULL, 0), -1);
	assert_int_equal(init(ENV("REQUEST_METHOD=GET"), NULL, 0), -1);
	assert_int_equal(init(ENV("REQUEST_METHOD=GET", "DOCUMENT_URI=auth"), NULL, 0), -1);
	/* No query, no cookie, no length is an ordinary request. */
	assert_int_equal(init(ENV("REQUEST_METHOD=GET", "DOCUMENT_URI=/"), NULL, 0), 0);
	assert_int_equal(init(ENV(STOCK, "=x", "", "=", "NOVALUE"), NULL, 0), 0);
}

static void request_a57_content_length(void **state)
{
	static const char *const bad[] = {"CONTENT_LENGTH=3", "CONTENT_LENGTH=5",
		"CONTENT_LENGTH=", "CONTENT_LENGTH=0", "CONTENT_LENGTH=-4", "CONTENT_LENGTH=+4",
		"CONTENT_LENGTH= 4", "CONTENT_LENGTH=4x", "CONTENT_LENGTH=0x4", "CONTENT_LENGTH=04",
		"CONTENT_LENGTH=1000000000", "CONTENT_LENGTH=18446744073709551620", "OTHER=1"};

	(void)state;
	assert_int_equal(init(ENV(STOCK, "CONTENT_LENGTH=4"), "body", 4), 0);
	assert_int_equal(init(ENV(STOCK, "CONTENT_LENGTH="), NULL, 0), 0);
	assert_int_equal(init(ENV(STOCK, "CONTENT_LENGTH=0"), "", 0), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {

		if (init(ENV(STOCK, bad[i]), "body", 4) != -1)
			fail_msg("was taken: %s", bad[i]);
	}
	assert_int_equal(init(ENV(STOCK, "CONTENT_LENGTH=4"), "b\0dy", 4), -1);
}

static void request_a40_header_twice(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(init(ENV(STOCK, "HTTP_COOKIE=a=1", "HTTP_COOKIE=a=2"), NULL, 0), -1);
	assert_int_equal(init(ENV(STOCK, "HTTP_COOKIE=a=1", "HTTP_COOKIE=a=1"), NULL, 0), 0);
	assert_int_equal(
		init(ENV(STOCK, "HTTP_ORIGIN=https://a", "HTTP_ORIGIN=null"), NULL, 0), -1);
	assert_int_equal(init(ENV(STOCK, "HTTP_PURPOSE=", "HTTP_PURPOSE=prefetch"), NULL, 0), -1);
	/* Lists may (RFC 9110 5.3), and what is not read may well through proxies. */
	assert_int_equal(init(ENV(STOCK, "HTTP_ACCEPT=a/b", "HTTP_ACCEPT=c/d"), NULL, 0), 0);
	assert_int_equal(begin(&request,
				 ENV(STOCK, "HTTP_X_FORWARDED_FOR=1", "HTTP_X_FORWARDED_FOR=2",
					 "DOCUMENT_ROOT=/a", "DOCUMENT_ROOT=/b"),
				 NULL, 0),
		0);
	assert_null(request_param(&request, "HTTP_X_FORWARDED_FOR"));
	assert_string_equal(request_param(&request, "DOCUMENT_ROOT"), "/b");
	request_release(&request);
}

static void request_trace(void **state)
{
	static const char id[] = "0af7651916cd43dd8448eb211c80319c";
	struct request request;

	(void)state;
#define TRACE "HTTP_TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	assert_int_equal(begin(&request, ENV(STOCK, TRACE), NULL, 0), 0);
	assert_string_equal(request.trace.id, id);
	request_shrink(&request);
	assert_string_equal(request.trace.id, id);
	request_release(&request);
	/* Missing, empty, invalid or twice: the request is served without a trace. */
	assert_int_equal(begin(&request, ENV(STOCK), NULL, 0), 0);
	assert_string_equal(request.trace.id, "");
	request_release(&request);
	assert_int_equal(begin(&request, ENV(STOCK, "HTTP_TRACEPARENT="), NULL, 0), 0);
	assert_string_equal(request.trace.id, "");
	request_release(&request);
	assert_int_equal(begin(&request, ENV(STOCK, TRACE "0"), NULL, 0), 0);
	assert_string_equal(request.trace.id, "");
	request_release(&request);
	assert_int_equal(begin(&request, ENV(STOCK, TRACE, TRACE), NULL, 0), 0);
	assert_string_equal(request.trace.id, "");
	request_release(&request);
#undef TRACE
}

/* `fastcgi_param` after the stock file: nginx sends both, the later one is meant. */
static void request_later_param_replaces(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(begin(&request,
				 ENV("DOCUMENT_URI=/a", STOCK, "REMOTE_ADDR=192.0.2.1",
					 "REMOTE_ADDR=192.0.2.2"),
				 NULL, 0),
		0);
	assert_string_equal(request.path, "/auth");
	assert_string_equal(request.client, "192.0.2.2");
	request_release(&request);
}

static void request_a13_proxy_stays_a_parameter(void **state)
{
	struct request request;

	(void)state;
	unsetenv("HTTP_PROXY");
	assert_int_equal(begin(&request, ENV(STOCK, "HTTP_PROXY=http://evil.example"), NULL, 0), 0);
	assert_null(getenv("HTTP_PROXY"));
	assert_null(getenv("QUERY_STRING"));
	request_release(&request);
}

static void assert_client(const char *param, const char *client)
{
	struct request request;

	assert_int_equal(begin(&request, ENV(STOCK, param), NULL, 0), 0);
	assert_string_equal(request.client, client);
	request_release(&request);
}

static void request_client_is_an_address(void **state)
{
	(void)state;
	assert_client("REMOTE_ADDR=192.0.2.7", "192.0.2.7");
	assert_client("REMOTE_ADDR=::1", "::1");
	assert_client("REMOTE_ADDR=unix:", "unix:");
	assert_client("REMOTE_ADDR=unix:/x", "");
	assert_client("REMOTE_ADDR=192.0.2.7, 10.0.0.1", "");
	assert_client("REMOTE_ADDR=192.0.2.256", "");
	assert_client("REMOTE_ADDR=localhost", "");
	assert_client("REMOTE_ADDR=", "");
	assert_client("HTTP_X_REAL_IP=192.0.2.7", "");
}

static void request_id_is_checked(void **state)
{
	static const char *const bad[] = {"REQUEST_ID=", "REQUEST_ID=a b",
		"REQUEST_ID=a\r\nSet-Cookie:x", "REQUEST_ID=<b>", "REQUEST_ID=..",
		"HTTP_X_REQUEST_ID=client",
		"REQUEST_ID=0123456789012345678901234567890123456789012345678901234567890123x"};
	char last[REQUEST_ID_MAX + 1] = "";

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct request request;

		assert_int_equal(begin(&request, ENV(STOCK, bad[i]), NULL, 0), 0);
		assert_int_equal(strlen(request.id), 32);
		assert_int_equal(strspn(request.id, "0123456789abcdef"), 32);
		assert_string_not_equal(request.id, last);
		memcpy(last, request.id, sizeof last);
		request_release(&request);
	}
}

static void request_a21_methods(void **state)
{
	static const struct {
		const char *param;
		enum http_method method;
	} methods[] = {{"REQUEST_METHOD=GET", HTTP_GET}, {"REQUEST_METHOD=HEAD", HTTP_HEAD},
		{"REQUEST_METHOD=POST", HTTP_POST}, {"REQUEST_METHOD=OPTIONS", HTTP_OPTIONS},
		{"REQUEST_METHOD=get", HTTP_OTHER}, {"REQUEST_METHOD=GETX", HTTP_OTHER}};

	(void)state;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct request request;

		begin(&request, ENV(methods[i].param, "DOCUMENT_URI=/auth"), NULL, 0);
		assert_int_equal(request.method, methods[i].method);
		request_release(&request);
	}
}

static void request_older_prefetch_headers(void **state)
{
	struct request request;

	(void)state;
	begin(&request, ENV(STOCK, "HTTP_PURPOSE=prefetch"), NULL, 0);
	assert_string_equal(request.purpose, "prefetch");
	request_release(&request);
	begin(&request, ENV(STOCK, "HTTP_X_MOZ=prefetch", "HTTP_SEC_PURPOSE="), NULL, 0);
	assert_string_equal(request.purpose, "prefetch");
	request_release(&request);
}

static void request_json_or_html(void **state)
{
	static const struct {
		const char *accept;
		bool json;
	} cases[] = {{"application/json", true}, {"Application/JSON", true}, {"", false},
		{"*/*", false}, {"text/html,application/json", false},
		{"application/json,text/html", true}, {"text/html;q=0.5, application/json", true},
		{"application/json;q=0.8,text/html;q=0.9", false}, {"application/json;q=0", false},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
		{"application/json;charset=utf-8 ; q=1.000 , */*", true},
		{",,application/json,", true}, {"application/json;q=2", false},
		{"application/json;q=1.5", false}, {"application/json;q=0.1234", false},
		{"application/json;", false}, {";q=1,application/json", false},
		{"application/jsonx", false}, {"application/json x", false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request request = {.accept = cases[i].accept};

		if (request_wants_json(&request) != cases[i].json)
			fail_msg("wrong for Accept: %s", cases[i].accept);
		if (request_wants_page(&request) && cases[i].json)
			fail_msg("a page and JSON for Accept: %s", cases[i].accept);
	}
}

static void request_page(void **state)
{
	static const struct {
		const char *accept;
		bool page;
	} cases[] = {{"", false}, {"*/*", false}, {"text/*", false}, {"application/json", false},
		{"text/html", true}, {"TEXT/HTML;q=0.1", true}, {"text/html;q=0", false},
		{"application/json,text/html", false}, {"text/html,application/json", true},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
		{"text/html;q=2", false}, {"text/html;", false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request request = {.accept = cases[i].accept};

		if (request_wants_page(&request) != cases[i].page)
			fail_msg("wrong for Accept: %s", cases[i].accept);
	}
}

/* ---- routes ---- */

static const char *const entries[] = {"bbb", "jitsi", NULL};

static enum route route(const char *mount, const char *path)
{
	return route_find(mount, path, entries, HTTP_GET).route;
}

static void routes_below_the_mount(void **state)
{
	(void)state;
	assert_int_equal(route("/auth", "/auth"), ROUTE_ENTRY);
	assert_int_equal(route("/auth", "/auth/"), ROUTE_ENTRY);
	assert_int_equal(route("/auth", "/auth/login"), ROUTE_LOGIN);
	assert_int_equal(route("/auth", "/auth/logout"), ROUTE_LOGOUT);
	assert_int_equal(route("/auth", "/auth/healthz"), ROUTE_HEALTHZ);
	assert_int_equal(route("/a/b", "/a/b/readyz"), ROUTE_READYZ);
	assert_int_equal(route("/auth", "/auth/invite"), ROUTE_INVITE);
	assert_int_equal(route("/auth", "/auth/guests"), ROUTE_DESK);
	assert_int_equal(route("/auth", "/auth/guests/x"), ROUTE_NOT_FOUND);
	assert_int_equal(route("", "/"), ROUTE_ENTRY);
	assert_int_equal(route("", "/login"), ROUTE_LOGIN);
	assert_int_equal(route("", "/metrics"), ROUTE_METRICS);
}

static void routes_a10_a63_nothing_else(void **state)
{
	static const char *const paths[] = {"", "/", "/aut", "/authx", "/auth//", "/auth/login/",
		"/auth/login/..", "/auth/../auth", "//auth", "/AUTH", "/auth/Login", "/auth?x",
		"/auth/static/../../etc/passwd", "/auth/pages/login.html", "/auth/login\n",
		"/auth/login%00", "auth"};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		assert_int_equal(route("/auth", paths[i]), ROUTE_NOT_FOUND);
	assert_int_equal(route("", "//"), ROUTE_NOT_FOUND);
	assert_int_equal(route("", "/auth"), ROUTE_NOT_FOUND);
}

static void routes_with_a_part_that_varies(void **state)
{
	(void)state;
	assert_int_equal(route("/auth", "/auth/callback/google"), ROUTE_CALLBACK);
	assert_string_equal(
		route_find("/auth", "/auth/callback/a b/c", entries, HTTP_GET).rest, "a b/c");
	assert_int_equal(route("/auth", "/auth/backchannel/google"), ROUTE_BACKCHANNEL);
	assert_int_equal(route("/auth", "/auth/callback/"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/auth/callback"), ROUTE_NOT_FOUND);
	assert_string_equal(route_find("/auth", "/auth/login", entries, HTTP_GET).rest, "");
}

static void routes_of_platforms_with_an_entry(void **state)
{
	(void)state;
	assert_int_equal(route("/auth", "/auth/jitsi"), ROUTE_PLATFORM);
	assert_int_equal(route("/auth", "/auth/jitsi/"), ROUTE_PLATFORM);
	assert_int_equal(route("", "/bbb/weekly"), ROUTE_PLATFORM);
	assert_string_equal(
		route_find("/auth", "/auth/bbb/a/../b", entries, HTTP_GET).rest, "bbb/a/../b");
	assert_int_equal(route("/auth", "/auth/bb"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/auth/bbbb"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/auth/BBB/weekly"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/authbbb/weekly"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/auth/galene/g"), ROUTE_NOT_FOUND);
	assert_int_equal(route("/auth", "/auth/token/"), ROUTE_NOT_FOUND);
}

static void routes_a21_scripts_alone_ask_first(void **state)
{
	(void)state;
	assert_true(route_find("/auth", "/auth/token/x", entries, HTTP_OPTIONS).allowed);
	assert_false(route_find("/auth", "/auth", entries, HTTP_OPTIONS).allowed);
	assert_false(route_find("/auth", "/auth/login", entries, HTTP_OPTIONS).allowed);
	assert_false(route_find("/auth", "/auth/jitsi", entries, HTTP_OPTIONS).allowed);
}

static void routes_a21_methods(void **state)
{
	static const struct {
		const char *path, *allow;
		bool get, post;
	} cases[] = {
		{"/auth", "GET, HEAD", true, false},
		{"/auth/login", "GET, HEAD, POST", true, true},
		{"/auth/callback/x", "GET, HEAD", true, false},
		{"/auth/backchannel/x", "POST", false, true},
		{"/auth/invite", "GET, HEAD, POST", true, true},
		{"/auth/guests", "GET, HEAD, POST", true, true},
		{"/auth/logout", "GET, HEAD, POST", true, true},
		{"/auth/healthz", "GET, HEAD", true, false},
		{"/auth/readyz", "GET, HEAD", true, false},
		{"/auth/metrics", "GET, HEAD", true, false},
		{"/auth/token/meet.example.org", "POST, OPTIONS", false, true},
		{"/auth/bbb/weekly", "GET, HEAD", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *path = cases[i].path;

		assert_string_equal(
			route_find("/auth", path, entries, HTTP_GET).allow, cases[i].allow);
		assert_false(route_find("/auth", path, entries, HTTP_OTHER).allowed);
		assert_int_equal(
			route_find("/auth", path, entries, HTTP_GET).allowed, cases[i].get);
		assert_int_equal(
			route_find("/auth", path, entries, HTTP_HEAD).allowed, cases[i].get);
		assert_int_equal(
			route_find("/auth", path, entries, HTTP_POST).allowed, cases[i].post);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_filled),
		cmocka_unit_test(a_shrunk_request_can_still_be_answered),
		cmocka_unit_test(request_path_is_put_together),
		cmocka_unit_test(request_a57_missing_or_odd),
		cmocka_unit_test(request_a57_content_length),
		cmocka_unit_test(request_a40_header_twice),
		cmocka_unit_test(request_trace),
		cmocka_unit_test(request_later_param_replaces),
		cmocka_unit_test(request_a13_proxy_stays_a_parameter),
		cmocka_unit_test(request_client_is_an_address),
		cmocka_unit_test(request_id_is_checked),
		cmocka_unit_test(request_a21_methods),
		cmocka_unit_test(request_older_prefetch_headers),
		cmocka_unit_test(request_json_or_html),
		cmocka_unit_test(request_page),
		cmocka_unit_test(routes_below_the_mount),
		cmocka_unit_test(routes_a10_a63_nothing_else),
		cmocka_unit_test(routes_of_platforms_with_an_entry),
		cmocka_unit_test(routes_a21_scripts_alone_ask_first),
		cmocka_unit_test(routes_a21_methods),
		cmocka_unit_test(routes_with_a_part_that_varies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

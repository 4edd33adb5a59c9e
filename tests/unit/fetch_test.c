/* SPDX-License-Identifier: MIT
 *
 * Blocking requests against a server that misbehaves on request.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/trace.h"
#include "outbound/fetch.h"

/* -- what is tested -- */

struct fixture {
	struct fetch *fetch;
	struct fetch_answer answer;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	fixture->fetch =
		fetch_new(&(struct fetch_settings){.connect_timeout_ms = 2000, .timeout_ms = 5000},
			&fixture->error);
	start_server();
	*state = fixture;
	return fixture->fetch == NULL;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fetch_answer_release(&fixture->answer);
	fetch_free(&fixture->fetch);
	stop_server();
	free(fixture);
	return 0;
}

/* Sends `request` to `base` and `path`. */
static enum fetch_result send_to(
	struct fixture *fixture, const char *base, const char *path, struct fetch_request request)
{
	char url[256];

	snprintf(url, sizeof url, "%s%s", base, path);
	request.url = url;
	fetch_answer_release(&fixture->answer);
	fixture->error.text[0] = '\0';
	return fetch_do(fixture->fetch, &request, &fixture->answer, &fixture->error);
}

static enum fetch_result get(struct fixture *fixture, const char *path)
{
	return send_to(fixture, server.base, path, (struct fetch_request){0});
}

/* -- tests -- */

static void a_trace_is_passed_on(void **state)
{
	static const char *const headers[] = {"X-One: 1", NULL};
	struct fixture *fixture = *state;
	struct fetch_request request = {.headers = headers};
	struct trace trace;

	trace_parse(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	trace_use(&trace);
	assert_int_equal(send_to(fixture, server.base, "/ok", request), FETCH_ANSWER);
	assert_non_null(strstr(server.last, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-"));
	assert_null(strstr(server.last, "b7ad6b7169203331"));
	assert_non_null(strstr(server.last, "X-One: 1\r\n"));
	trace_use(NULL);
	assert_int_equal(send_to(fixture, server.base, "/ok", request), FETCH_ANSWER);
	assert_null(strstr(server.last, "traceparent"));
	assert_non_null(strstr(server.last, "X-One: 1\r\n"));
}

static void an_answer_comes_whole_and_the_connection_is_kept(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 1; i <= 5; i++) {
		assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
		assert_int_equal(fixture->answer.status, 200);
		assert_string_equal(fixture->answer.body.data, "hi");
		assert_int_equal(fixture->answer.max_age, -1);
		assert_string_equal(fixture->answer.content_type, "");
		assert_int_equal(server.requests, i);
	}
	assert_int_equal(server.connections, 1);
	assert_memory_equal(server.last, "GET /ok HTTP/1.1\r\n", 18);
}

static void headers_that_are_asked_for_are_kept(void **state)
{
	static const char *const keep[] = {"content-length", "Cache-Control", NULL};
	struct fixture *fixture = *state;

	assert_int_equal(
		send_to(fixture, server.base, "/typed", (struct fetch_request){.keep = keep}),
		FETCH_ANSWER);
	assert_string_equal(fixture->answer.kept[0], "2");
	assert_string_equal(fixture->answer.kept[1], ""); /* it has a blank */
	assert_int_equal(get(fixture, "/typed"), FETCH_ANSWER);
	assert_string_equal(fixture->answer.kept[0], "");
}

static void an_empty_body_is_a_text(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/empty"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 204);
	assert_string_equal(fixture->answer.body.data, "");
}

static void headers_are_read(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/typed"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 401);
	assert_string_equal(fixture->answer.content_type, "application/json");
	assert_string_equal(fixture->answer.challenge, "Digest realm=\"a\"\nBearer\n");
	assert_int_equal(fixture->answer.max_age, 600);
	get(fixture, "/no-store");
	assert_int_equal(fixture->answer.max_age, 0);
	assert_string_equal(fixture->answer.challenge, "");
	get(fixture, "/odd-age");
	assert_int_equal(fixture->answer.max_age, -1);
}

static void a_body_is_posted_and_the_next_request_knows_nothing_of_it(void **state)
{
	struct fixture *fixture = *state;
	const char *const headers[] = {"Content-Type: application/json", "X-Extra: 1", NULL};

	assert_int_equal(send_to(fixture, server.base, "/ok",
				 (struct fetch_request){.headers = headers,
					 .body = "{\"a\":1}.",
					 .body_length = 8,
					 .user = "anna",
					 .password = "horse:1"}),
		FETCH_ANSWER);
	assert_memory_equal(server.last, "POST /ok HTTP/1.1\r\n", 19);
	assert_non_null(strstr(server.last, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(server.last, "\r\nX-Extra: 1\r\n"));
	assert_non_null(strstr(server.last, "\r\nAuthorization: Basic YW5uYTpob3JzZTox\r\n"));
	assert_non_null(strstr(server.last, "\r\n\r\n{\"a\":1}."));
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	assert_memory_equal(server.last, "GET /ok HTTP/1.1\r\n", 18);
	assert_null(strstr(server.last, "X-Extra"));
	assert_null(strstr(server.last, "Authorization"));
	assert_int_equal(server.connections, 1);
}

static void an_empty_body_is_posted_too(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(send_to(fixture, server.base, "/closes",
				 (struct fetch_request){.body = "", .timeout_ms = 200}),
		FETCH_TIMEOUT); /* the server waits for a full stop */
}

static void a11_a_redirect_is_not_followed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/redirect"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 302);
	assert_string_equal(fixture->answer.location, "/ok?code=1");
	assert_int_equal(server.requests, 1);
}

static void a10_the_path_goes_out_as_it_is(void **state)
{
	static const char line[] = "GET /a/../b/./%2e%2e/ok HTTP/1.1\r\n";
	struct fixture *fixture = *state;

	get(fixture, "/a/../b/./%2e%2e/ok");
	assert_memory_equal(server.last, line, sizeof line - 1);
}

static void what_went_out_is_never_sent_again(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/dies-second"), FETCH_ANSWER);
	assert_int_equal(get(fixture, "/dies-second"), FETCH_BROKEN);
	assert_int_equal(server.requests, 2);
}

static void what_changes_nothing_is_sent_again_when_a_kept_connection_died(void **state)
{
	const struct fetch_request again = {.repeatable = true};
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/dies-second"), FETCH_ANSWER);
	assert_int_equal(send_to(fixture, server.base, "/dies-second", again), FETCH_ANSWER);
	assert_int_equal(server.requests, 3);
}

static void an_answer_says_how_long_to_wait(void **state)
{
	/* RFC 6585, 4 and RFC 9110, 10.2.3; -1: long, and less than the server said. */
	static const struct {
		const char *path;
		int64_t seconds;
	} cases[] = {{"/wait-9", 9}, {"/later-9", 9}, {"/wait", 10}, {"/later", 0}, {"/moved-9", 0},
		{"/ok", 0}, {"/later-long", -1}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(get(fixture, cases[i].path), FETCH_ANSWER);
		if (cases[i].seconds >= 0)
			assert_int_equal(fixture->answer.retry_after, cases[i].seconds);
		else
			assert_in_range(fixture->answer.retry_after, 60, 24 * 60 * 60);
	}
}

static void a_connection_that_was_closed_while_idle_is_not_used(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 1; i <= 5; i++) {
		assert_int_equal(get(fixture, "/lets-go"), FETCH_ANSWER);
		wait_for_closed(i);
		assert_int_equal(server.connections, i);
	}
}

static void what_the_server_says_of_keep_alive_is_heeded(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/keep-1"), FETCH_ANSWER);
	usleep(700000);
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	assert_int_equal(server.connections, 2);
}

static void sign_in_5_an_encoded_answer_is_decoded_and_the_limit_is_of_what_comes_out(void **state)
{
	const struct fetch_request small = {.body_max = 1};
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/gzip"), FETCH_ANSWER);
	assert_string_equal(fixture->answer.body.data, "hi");
	assert_non_null(strstr(server.last, "Accept-Encoding: identity\r\n"));
	assert_int_equal(send_to(fixture, server.base, "/gzip", small), FETCH_BROKEN);
	assert_non_null(strstr(fixture->error.text, "too large"));
}

static void broken_answers_are_told_apart_and_no_error_has_the_path(void **state)
{
	static const char *const paths[] = {"/secret/junk", "/secret/short", "/secret/closes",
		"/secret/large", "/secret/headers"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(get(fixture, paths[i]), FETCH_BROKEN);
		assert_null(strstr(fixture->error.text, "secret"));
		assert_memory_equal(fixture->error.text, "127.0.0.1:", 10);
	}
	assert_non_null(strstr(fixture->error.text, "too large"));
}

static void a_deadline_ends_a_hanging_one(void **state)
{
	struct fixture *fixture = *state;

	/* On a kept connection the request is written before anybody looks at the time. */
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	assert_int_equal(
		send_to(fixture, server.base, "/hang", (struct fetch_request){.timeout_ms = 100}),
		FETCH_TIMEOUT);
	assert_false(fixture->answer.unconnected);
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
}

static void nobody_there_means_nothing_sent(void **state)
{
	struct fixture *fixture = *state;
	char base[64];
	int fd = bind_loopback(base); /* bound and not listening: refuses */

	assert_int_equal(
		send_to(fixture, base, "/secret", (struct fetch_request){0}), FETCH_UNREACHABLE);
	assert_memory_equal(fixture->error.text, base + 7, strlen(base) - 7);
	assert_null(strstr(fixture->error.text, "secret"));
	close(fd);
}

static void other_schemes_and_a_server_without_tls_are_unreachable(void **state)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/",
		"127.0.0.1", "", "http://user:secret@127.0.0.1/"};
	struct fixture *fixture = *state;
	char base[64];

	/* Nothing is looked up or connected to, whatever listens on the ports of these. */
	for (size_t i = 0; i < COUNT(urls); i++) {
		assert_int_equal(send_to(fixture, urls[i], "", (struct fetch_request){0}),
			FETCH_UNREACHABLE);
		assert_null(strstr(fixture->error.text, "passwd"));
		assert_null(strstr(fixture->error.text, "secret"));
	}
	snprintf(base, sizeof base, "https%.50s", server.base + 4);
	assert_int_equal(send_to(fixture, base, "/ok", (struct fetch_request){.timeout_ms = 300}),
		FETCH_TIMEOUT);
	assert_true(fixture->answer.unconnected);
	assert_int_equal(server.requests, 0);
}

static void a13_a_proxy_from_the_environment_is_not_used(void **state)
{
	struct fixture *fixture = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void *get_often(void *context)
{
	for (int i = 0; i < 50; i++) {
		struct fetch_answer answer;
		struct error error;
		char url[80];
		enum fetch_result result;

		snprintf(url, sizeof url, "%s/ok", server.base);
		result = fetch_do(context, &(struct fetch_request){.url = url}, &answer, &error);
		fetch_answer_release(&answer);
		if (result != FETCH_ANSWER)
			return context;
	}
	return NULL;
}

static void threads_share_it_and_its_connections(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, get_often, fixture->fetch);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *failed = fixture;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(server.requests, 200);
	assert_true(server.connections <= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(an_answer_comes_whole_and_the_connection_is_kept),
		T(a_trace_is_passed_on),
		T(an_empty_body_is_a_text),
		T(headers_are_read),
		T(headers_that_are_asked_for_are_kept),
		T(a_body_is_posted_and_the_next_request_knows_nothing_of_it),
		T(an_empty_body_is_posted_too),
		T(a11_a_redirect_is_not_followed),
		T(a10_the_path_goes_out_as_it_is),
		T(what_went_out_is_never_sent_again),
		T(what_changes_nothing_is_sent_again_when_a_kept_connection_died),
		T(an_answer_says_how_long_to_wait),
		T(a_connection_that_was_closed_while_idle_is_not_used),
		T(what_the_server_says_of_keep_alive_is_heeded),
		T(sign_in_5_an_encoded_answer_is_decoded_and_the_limit_is_of_what_comes_out),
		T(broken_answers_are_told_apart_and_no_error_has_the_path),
		T(a_deadline_ends_a_hanging_one),
		T(nobody_there_means_nothing_sent),
		T(other_schemes_and_a_server_without_tls_are_unreachable),
		T(a13_a_proxy_from_the_environment_is_not_used),
		T(threads_share_it_and_its_connections),
	};
	return cmocka_run_group_tests(tests, start_curl, stop_curl);
}

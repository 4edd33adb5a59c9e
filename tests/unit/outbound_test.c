/* SPDX-License-Identifier: MIT
 *
 * The outbound client against a server that misbehaves on request, and the breaker by itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http_fixture.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "outbound/breaker.h"
#include "outbound/client.h"
#include "outbound/easy.h"
#include "outbound/trust.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HANG_MS = 1000 }; /* enough for another answer on a machine with much to do */

/* -- the client under test -- */

struct fixture {
	uv_loop_t loop;
	struct outbound *outbound;
	struct outbound_peer *peer;
	unsigned calls;
	struct outbound_answer last;
	char body[128];
};

static void note(void *context, const struct outbound_answer *answer)
{
	struct fixture *fixture = context;

	fixture->calls++;
	uv_stop(&fixture->loop);
	fixture->last = *answer;
	snprintf(fixture->body, sizeof fixture->body, "%s", answer->body);
}

static void set_peer(struct fixture *fixture, struct outbound_settings settings)
{
	struct error error;

	outbound_peer_release(&fixture->peer);
	fixture->peer = outbound_peer_new(fixture->outbound, &settings, &error);
	assert_non_null(fixture->peer);
}

static struct outbound_settings settings_of(const char *base)
{
	return (struct outbound_settings){.base = base,
		.connect_timeout_ms = 2000,
		.timeout_ms = 5000,
		.in_flight_max = 100,
		.keep_ms = 4000};
}

static void make_peer(struct fixture *fixture, const char *base, unsigned in_flight_max)
{
	struct outbound_settings settings = settings_of(base);

	settings.in_flight_max = in_flight_max;
	set_peer(fixture, settings);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	uv_loop_init(&fixture->loop);
	fixture->outbound = outbound_new(&fixture->loop);
	start_server();
	make_peer(fixture, server.base, 100);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	outbound_peer_release(&fixture->peer);
	outbound_free(&fixture->outbound);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
	stop_server();
	free(fixture);
	return 0;
}

static void wait_for_calls(struct fixture *fixture, unsigned calls)
{
	while (fixture->calls < calls)
		uv_run(&fixture->loop, UV_RUN_DEFAULT); /* until note() stops it */
}

static void get_within(struct fixture *fixture, const char *target, int64_t timeout_ms)
{
	unsigned before = fixture->calls;

	assert_int_equal(outbound_get(fixture->peer, target, timeout_ms, note, fixture), 0);
	assert_int_equal(fixture->calls, before); /* never before it returns */
	wait_for_calls(fixture, before + 1);
}

static void get(struct fixture *fixture, const char *target)
{
	get_within(fixture, target, 0);
}

/* -- tests -- */

static void an_answer_comes_whole_and_the_connection_is_kept(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 1; i <= 5; i++) {
		get(fixture, "/ok");
		assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
		assert_int_equal(fixture->last.status, 200);
		assert_string_equal(fixture->body, "hi");
		assert_int_equal(server.requests, i);
	}
	assert_int_equal(server.connections, 1);
	assert_non_null(strstr(server.last, "Accept: application/json\r\n"));
}

/* The connection and its handle are used again for a request without a trace. */
static void a_trace_is_passed_on(void **state)
{
	static const char field[] = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-";
	struct fixture *fixture = *state;
	struct trace trace;

	trace_parse(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	for (int i = 0; i < 2; i++) {
		trace_use(&trace);
		assert_int_equal(outbound_get(fixture->peer, "/ok", 0, note, fixture), 0);
		trace_use(NULL);
		wait_for_calls(fixture, fixture->calls + 1);
		assert_non_null(strstr(server.last, field));
		assert_null(strstr(server.last, "b7ad6b7169203331"));
		assert_non_null(strstr(server.last, "Accept: application/json\r\n"));
		assert_non_null(strstr(server.last, "Accept-Encoding: identity\r\n"));
		get(fixture, "/ok");
		assert_null(strstr(server.last, "traceparent"));
		assert_non_null(strstr(server.last, "Accept: application/json\r\n"));
	}
	assert_int_equal(server.connections, 1);
}

static void what_went_out_is_never_sent_again(void **state)
{
	struct fixture *fixture = *state;

	/* A kept connection dies after the second request was written: libcurl would repeat it. */
	get(fixture, "/dies-second");
	assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
	get(fixture, "/dies-second");
	assert_int_equal(fixture->last.result, OUTBOUND_BROKEN);
	assert_true(fixture->last.sent);
	assert_int_equal(server.requests, 2);
}

static void a11_a_redirect_is_not_followed(void **state)
{
	struct fixture *fixture = *state;

	get(fixture, "/redirect");
	assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
	assert_int_equal(fixture->last.status, 302);
	assert_int_equal(server.requests, 1);
}

static void a10_the_target_goes_out_as_it_is(void **state)
{
	static const char line[] = "GET /a/../b/./%2e%2e/c?d=e HTTP/1.1\r\n";
	struct fixture *fixture = *state;

	get(fixture, "/a/../b/./%2e%2e/c?d=e");
	assert_memory_equal(server.last, line, sizeof line - 1);
}

static void broken_answers_are_told_apart_from_none(void **state)
{
	static const char *const targets[] = {"/junk", "/short", "/closes"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		get(fixture, targets[i]);
		assert_int_equal(fixture->last.result, OUTBOUND_BROKEN);
		assert_true(fixture->last.sent);
	}
}

static void a14_too_much_is_cut_off(void **state)
{
	struct fixture *fixture = *state;

	get(fixture, "/large");
	assert_int_equal(fixture->last.result, OUTBOUND_BROKEN);
	assert_string_equal(fixture->last.reason, "answer too large");
	get(fixture, "/headers");
	assert_int_equal(fixture->last.result, OUTBOUND_BROKEN);
	assert_string_equal(fixture->last.reason, "answer too large");
}

static void a_deadline_ends_a_hanging_one(void **state)
{
	struct fixture *fixture = *state;

	get_within(fixture, "/hang", 100);
	assert_int_equal(fixture->last.result, OUTBOUND_TIMEOUT);
	assert_true(fixture->last.sent);
}

static void one_that_hangs_does_not_delay_another(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(outbound_get(fixture->peer, "/hang", HANG_MS, note, fixture), 0);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.status, 200);
	wait_for_calls(fixture, 2);
	assert_int_equal(fixture->last.result, OUTBOUND_TIMEOUT);
}

static void nobody_there_means_nothing_sent(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	char base[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* A port that is bound and does not listen refuses, and nobody else can take it meanwhile.
	 */
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	getsockname(fd, (struct sockaddr *)&address, &length);
	snprintf(base, sizeof base, "http://127.0.0.1:%u", ntohs(address.sin_port));
	make_peer(fixture, base, 100);
	for (int i = 0; i < BREAKER_FAILURES; i++) {
		get(fixture, "/ok");
		assert_int_equal(fixture->last.result, OUTBOUND_UNREACHABLE);
		assert_false(fixture->last.sent);
	}
	get(fixture, "/ok"); /* enough: not even tried */
	assert_int_equal(fixture->last.result, OUTBOUND_BUSY);
	assert_true(fixture->last.retry_after_ms > 0);
	assert_true(fixture->last.retry_after_ms <= BREAKER_OPEN_MS);
	close(fd);
}

static void more_than_the_limit_is_busy(void **state)
{
	struct fixture *fixture = *state;

	make_peer(fixture, server.base, 1);
	assert_int_equal(outbound_get(fixture->peer, "/hang", HANG_MS, note, fixture), 0);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.result, OUTBOUND_BUSY);
	assert_false(fixture->last.sent);
	wait_for_calls(fixture, 2);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.status, 200);
}

static void a_peer_outlives_its_settings(void **state)
{
	struct fixture *fixture = *state;

	/* A reload lets go of the peer while a request is under way. */
	outbound_get(fixture->peer, "/ok", 0, note, fixture);
	outbound_peer_release(&fixture->peer);
	wait_for_calls(fixture, 1);
	assert_int_equal(fixture->last.status, 200);
}

static void a13_a_proxy_from_the_environment_is_not_used(void **state)
{
	struct fixture *fixture = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	get(fixture, "/ok");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(fixture->last.status, 200);
}

/* -- connections -- */

static void stop_loop(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void wait_a_while(struct fixture *fixture, uint64_t ms)
{
	uv_timer_t timer;

	uv_timer_init(&fixture->loop, &timer);
	uv_timer_start(&timer, stop_loop, ms, 0);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void faults_F14_an_idle_connection_ends_before_the_server_ends_it(void **state)
{
	struct fixture *fixture = *state;
	struct outbound_settings settings = settings_of(server.base);

	settings.keep_ms = 100;
	set_peer(fixture, settings);
	get(fixture, "/ok");
	wait_a_while(fixture, 400);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
	assert_int_equal(server.connections, 2);
}

static void faults_F14_what_the_server_says_of_keep_alive_is_heeded(void **state)
{
	struct fixture *fixture = *state;

	get(fixture, "/keep-1"); /* one second: it ends after half of that */
	wait_a_while(fixture, 900);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
	assert_int_equal(server.connections, 2);
}

static void without_keep_alive_no_connection_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct outbound_settings settings = settings_of(server.base);

	settings.keep_ms = 0;
	set_peer(fixture, settings);
	for (int i = 1; i <= 3; i++) {
		get(fixture, "/ok");
		assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
		assert_int_equal(server.connections, i);
	}
}

static void a_connection_that_was_closed_while_idle_is_not_used(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 1; i <= 5; i++) {
		get(fixture, "/lets-go"); /* nothing says that it will be closed */
		assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
		wait_for_closed(i);
		wait_a_while(fixture, 1);
		assert_int_equal(server.connections, i);
	}
}

static void who_finds_no_connection_free_waits_for_one(void **state)
{
	struct fixture *fixture = *state;
	struct outbound_settings settings = settings_of(server.base);

	settings.connections_max = 1;
	set_peer(fixture, settings);
	outbound_get(fixture->peer, "/hang", 300, note, fixture);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.result, OUTBOUND_TIMEOUT);
	wait_for_calls(fixture, 2);
	assert_int_equal(fixture->last.status, 200);
}

static void and_not_beyond_its_own_time(void **state)
{
	struct fixture *fixture = *state;
	struct outbound_settings settings = settings_of(server.base);

	settings.connections_max = 1;
	settings.connect_timeout_ms = 200;
	set_peer(fixture, settings);
	outbound_get(fixture->peer, "/hang", 0, note, fixture);
	get(fixture, "/ok");
	assert_int_equal(fixture->last.result, OUTBOUND_TIMEOUT);
	assert_false(fixture->last.sent);
	assert_string_equal(fixture->last.reason, "no connection became free in time");
	wait_for_calls(fixture, 2);
	assert_true(fixture->last.sent);
}

/* A port whose backlog is full: nobody answers. */
static int make_silent(char base[64], int fill[4])
{
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	int fd = bind_loopback(base);

	listen(fd, 0);
	getsockname(fd, (struct sockaddr *)&address, &length);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&address, sizeof address);
	}
	return fd;
}

static void flow_F1_no_watch_outlives_a_socket_that_never_connected(void **state)
{
	struct fixture *fixture = *state;
	struct outbound_settings settings;
	char base[64];
	int fill[4], fd = make_silent(base, fill);

	settings = settings_of(base);
	settings.connect_timeout_ms = 200;
	set_peer(fixture, settings);
	for (unsigned i = 0; i < 8; i++)
		outbound_get(fixture->peer, "/ok", 0, note, fixture);
	wait_for_calls(fixture, 8);
	assert_int_equal(fixture->last.result, OUTBOUND_TIMEOUT);
	assert_false(fixture->last.sent);
	/* Their numbers come back, for connections that work; teardown runs the loop until it is
	 * empty. */
	make_peer(fixture, server.base, 100);
	for (unsigned i = 0; i < 8; i++)
		outbound_get(fixture->peer, "/ok", 0, note, fixture);
	for (unsigned i = 9; i <= 16; i++) {
		wait_for_calls(fixture, i);
		assert_int_equal(fixture->last.status, 200);
	}
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(fd);
}

static void a_machine_without_descriptors_says_so_and_blames_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, none;

	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3;
	for (int i = 0; i < BREAKER_FAILURES + 2; i++) {
		setrlimit(RLIMIT_NOFILE, &none);
		get(fixture, "/ok");
		setrlimit(RLIMIT_NOFILE, &limit);
		assert_int_equal(fixture->last.result, OUTBOUND_UNREACHABLE);
		assert_non_null(strstr(fixture->last.reason, "descriptor"));
	}
	get(fixture, "/ok");
	assert_int_equal(fixture->last.status, 200);
}

static void flow_F9_an_encoded_answer_is_decoded(void **state)
{
	struct fixture *fixture = *state;

	get(fixture, "/gzip");
	assert_int_equal(fixture->last.result, OUTBOUND_ANSWER);
	assert_string_equal(fixture->body, "hi");
	assert_non_null(strstr(server.last, "Accept-Encoding: identity\r\n"));
}

/* -- what this relies on of libcurl -- */

static int note_written(void *context, char *local, char *remote, int local_port, int remote_port)
{
	CURL **easy = context;

	(void)local, (void)remote, (void)local_port, (void)remote_port;
	assert_false(easy_has_written(*easy));
	*easy = NULL;
	return CURL_PREREQFUNC_OK;
}

static void libcurl_looks_up_no_name_where_it_is_told_the_address(void **unused)
{
	CURL *easy = curl_easy_init(), *seen = easy;
	struct aim aim;
	char url[80];

	(void)unused;
	snprintf(url, sizeof url, "http://nobody.invalid%s/empty", strrchr(server.base, ':'));
	curl_easy_setopt(easy, CURLOPT_URL, url);
	easy_set_safety(easy, NULL);
	easy_aim(easy, &aim, "127.0.0.1");
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, note_written);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, &seen);
	assert_int_equal(curl_easy_perform(easy), CURLE_OK);
	assert_null(seen);
	assert_true(easy_has_written(easy));
	assert_true(easy_is_connected(easy));
	assert_non_null(strstr(server.last, "Host: nobody.invalid:"));
	curl_easy_cleanup(easy);
}

static void libcurl_lets_go_of_a_silent_address_at_once(void **unused)
{
	CURL *easy = curl_easy_init();
	CURLM *multi = curl_multi_init();
	char base[64];
	int fill[4], fd = make_silent(base, fill), running;
	int64_t began;

	(void)unused;
	curl_easy_setopt(easy, CURLOPT_URL, base);
	curl_multi_add_handle(multi, easy);
	for (int i = 0; i < 5; i++) {
		curl_multi_perform(multi, &running);
		curl_multi_poll(multi, NULL, 0, 20, NULL);
	}
	assert_int_equal(running, 1);
	assert_false(easy_is_connected(easy));
	began = clock_monotonic_ms();
	curl_multi_remove_handle(multi, easy);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
	assert_true(clock_monotonic_ms() - began < 20000);
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(fd);
}

static void keep_alive_lines_are_read(void **unused)
{
	static const struct {
		const char *line;
		int64_t keep_ms;
	} lines[] = {{"Keep-Alive: timeout=5\r\n", 4000},
		{"keep-alive: TIMEOUT=3, max=9\r\n", 2000},
		{"Keep-Alive: max=9, timeout=1\r\n", 500}, {"Keep-Alive: timeout=0\r\n", 0},
		{"Keep-Alive: timeout=99999999999999999999\r\n", 4000},
		{"Keep-Alive: timeout=\r\n", 4000}, {"Keep-Alive: timeout=-1\r\n", 4000},
		{"Keep-Alive:\r\n", 4000}, {"X-Keep-Alive: timeout=1\r\n", 4000}};

	(void)unused;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(
			easy_keep_ms(lines[i].line, strlen(lines[i].line), 4000), lines[i].keep_ms);
}

/* -- breaker -- */

static void trip(struct breaker *breaker, int64_t now)
{
	for (int i = 0; i < BREAKER_FAILURES; i++)
		breaker_failed(breaker, now);
}

static void a_breaker_opens_lets_one_try_and_closes(void **unused)
{
	struct breaker breaker = {0};
	int64_t wait = 0;

	(void)unused;
	for (int i = 0; i < BREAKER_FAILURES - 1; i++)
		breaker_failed(&breaker, 1000);
	assert_true(breaker_allows(&breaker, 1000, &wait));
	breaker_failed(&breaker, 1000);
	assert_false(breaker_allows(&breaker, 1000, &wait));
	assert_int_equal(wait, BREAKER_OPEN_MS);
	assert_true(breaker_allows(&breaker, 1000 + BREAKER_OPEN_MS, &wait));
	assert_false(breaker_allows(&breaker, 1000 + BREAKER_OPEN_MS, &wait)); /* one at a time */
	breaker_succeeded(&breaker);
	assert_true(breaker_allows(&breaker, 1000 + BREAKER_OPEN_MS, &wait));
}

static void a_breaker_waits_longer_after_each_failed_try(void **unused)
{
	struct breaker breaker = {0};
	int64_t now = 0, wait = 0, expected = BREAKER_OPEN_MS;

	(void)unused;
	trip(&breaker, now);
	for (int i = 0; i < 8; i++) {
		assert_false(breaker_allows(&breaker, now, &wait));
		assert_int_equal(wait, expected);
		now += wait;
		assert_true(breaker_allows(&breaker, now, &wait));
		breaker_failed(&breaker, now);
		expected = expected * 2 > BREAKER_OPEN_MAX_MS ? BREAKER_OPEN_MAX_MS : expected * 2;
	}
}

static void a_success_in_between_forgets_failures(void **unused)
{
	struct breaker breaker = {0};
	int64_t wait = 0;

	(void)unused;
	for (int i = 0; i < 5 * BREAKER_FAILURES; i++) {
		breaker_failed(&breaker, 0);
		if (i % 2)
			breaker_succeeded(&breaker);
	}
	assert_true(breaker_allows(&breaker, 0, &wait));
}

static void an_abandoned_try_leaves_room_for_another(void **unused)
{
	struct breaker breaker = {0};
	int64_t wait = 0;

	(void)unused;
	trip(&breaker, 0);
	assert_true(breaker_allows(&breaker, BREAKER_OPEN_MS, &wait));
	breaker_abandoned(&breaker);
	assert_true(breaker_allows(&breaker, BREAKER_OPEN_MS, &wait));
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* A reload checks such files: it would never end. */
static void no_certificates_are_read_from_what_may_have_no_end(void **state)
{
	char folder[] = "/tmp/meetauth-outbound-XXXXXX", pipe[64];
	const char *const files[] = {pipe, "/dev/zero"};
	struct error error;

	(void)state;
#ifndef HAVE_OPENSSL
	skip();
#endif
	assert_non_null(mkdtemp(folder));
	snprintf(pipe, sizeof pipe, "%s/ca.pem", folder);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_null(trust_use(files[i], &error));
		assert_non_null(strstr(error.text, files[i]));
	}
	unlink(pipe);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(an_answer_comes_whole_and_the_connection_is_kept),
		with_server(a_trace_is_passed_on),
		with_server(what_went_out_is_never_sent_again),
		with_server(a11_a_redirect_is_not_followed),
		with_server(a10_the_target_goes_out_as_it_is),
		with_server(broken_answers_are_told_apart_from_none),
		with_server(a14_too_much_is_cut_off),
		with_server(a_deadline_ends_a_hanging_one),
		with_server(one_that_hangs_does_not_delay_another),
		with_server(nobody_there_means_nothing_sent),
		with_server(more_than_the_limit_is_busy),
		with_server(a_peer_outlives_its_settings),
		with_server(a13_a_proxy_from_the_environment_is_not_used),
		with_server(faults_F14_an_idle_connection_ends_before_the_server_ends_it),
		with_server(faults_F14_what_the_server_says_of_keep_alive_is_heeded),
		with_server(without_keep_alive_no_connection_is_kept),
		with_server(a_connection_that_was_closed_while_idle_is_not_used),
		with_server(who_finds_no_connection_free_waits_for_one),
		with_server(and_not_beyond_its_own_time),
		with_server(flow_F1_no_watch_outlives_a_socket_that_never_connected),
		with_server(a_machine_without_descriptors_says_so_and_blames_nobody),
		with_server(flow_F9_an_encoded_answer_is_decoded),
		with_server(libcurl_looks_up_no_name_where_it_is_told_the_address),
		cmocka_unit_test(libcurl_lets_go_of_a_silent_address_at_once),
		cmocka_unit_test(no_certificates_are_read_from_what_may_have_no_end),
		cmocka_unit_test(keep_alive_lines_are_read),
		cmocka_unit_test(a_breaker_opens_lets_one_try_and_closes),
		cmocka_unit_test(a_breaker_waits_longer_after_each_failed_try),
		cmocka_unit_test(a_success_in_between_forgets_failures),
		cmocka_unit_test(an_abandoned_try_leaves_room_for_another),
	};

	return cmocka_run_group_tests(tests, start_curl, stop_curl);
}

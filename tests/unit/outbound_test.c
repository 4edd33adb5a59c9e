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
#include "outbound/breaker.h"
#include "outbound/client.h"

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

static void make_peer(struct fixture *fixture, const char *base, unsigned in_flight_max)
{
	struct outbound_settings settings = {
		.base = base,
		.connect_timeout_ms = 2000,
		.timeout_ms = 5000,
		.in_flight_max = in_flight_max,
	};
	struct error error;

	outbound_peer_release(&fixture->peer);
	fixture->peer = outbound_peer_new(fixture->outbound, &settings, &error);
	assert_non_null(fixture->peer);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct error error;

	uv_loop_init(&fixture->loop);
	fixture->outbound = outbound_new(&fixture->loop, &error);
	make_peer(fixture, server.base, 100);
	server.requests = server.connections = 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(an_answer_comes_whole_and_the_connection_is_kept),
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
		cmocka_unit_test(a_breaker_opens_lets_one_try_and_closes),
		cmocka_unit_test(a_breaker_waits_longer_after_each_failed_try),
		cmocka_unit_test(a_success_in_between_forgets_failures),
		cmocka_unit_test(an_abandoned_try_leaves_room_for_another),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}

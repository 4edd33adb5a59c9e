/* SPDX-License-Identifier: MIT
 *
 * The loop of one process: signals, the drain and its limit, and what the parent of the pool says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/channel.h"
#include "pool/loop.h"
#include "pool/signals.h"
#include "pool/socket.h"
#include "telemetry/metrics.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LONG_MS = 600000, SHORT_MS = 50 };

struct fixture {
	uv_loop_t uv;
	uv_timer_t timer;
	char folder[32], address[64];
	int fd;
	int channel; /* the parent's end, or -1 */
	int64_t drain_ms;
	unsigned in_flight, hang_ups, drains, turns;
	/* What happens in the first turns; each step once. */
	void (*steps[4])(struct fixture *fixture);
	size_t step;
};

static int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct error error;

	snprintf(fixture->folder, sizeof fixture->folder, "/tmp/loop-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->address, sizeof fixture->address, "unix:%s/socket", fixture->folder);
	fixture->fd = socket_open(fixture->address, &error);
	assert_true(fixture->fd >= 0);
	assert_int_equal(uv_loop_init(&fixture->uv), 0);
	uv_timer_init(&fixture->uv, &fixture->timer);
	fixture->timer.data = fixture;
	fixture->channel = -1;
	fixture->drain_ms = LONG_MS;
	*state = fixture;
	return 0;
}

static int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	uv_close((uv_handle_t *)&fixture->timer, NULL);
	uv_run(&fixture->uv, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->uv), 0);
	if (fixture->channel >= 0)
		close(fixture->channel);
	unlink(fixture->address + strlen("unix:"));
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* -- what the loop calls -- */

static void receive(void *context, const struct reply *reply, struct request *request)
{
	(void)context;
	(void)request;
	reply_drop(reply);
	fail_msg("nobody has sent a request");
}

static void each_turn(void *context)
{
	((struct fixture *)context)->turns++;
}

static void hang_up(void *context)
{
	((struct fixture *)context)->hang_ups++;
}

static void begin_to_drain(void *context)
{
	((struct fixture *)context)->drains++;
}

static unsigned in_flight(void *context)
{
	return ((struct fixture *)context)->in_flight;
}

static int64_t drain_timeout_ms(void *context)
{
	return ((struct fixture *)context)->drain_ms;
}

/* The next step, a few turns after the one before, so that the loop has dealt with that. */
static void on_timer(uv_timer_t *timer)
{
	struct fixture *fixture = timer->data;

	if (fixture->steps[fixture->step] != NULL)
		fixture->steps[fixture->step++](fixture);
}

static int run_loop(struct fixture *fixture)
{
	const struct loop_hooks hooks = {
		.context = fixture,
		.receive = receive,
		.each_turn = each_turn,
		.hang_up = hang_up,
		.drain = begin_to_drain,
		.in_flight = in_flight,
		.drain_timeout_ms = drain_timeout_ms,
		.connections = 16,
	};
	struct error error = {""};
	int rc;

	uv_timer_start(&fixture->timer, on_timer, 1, 20);
	rc = loop_run(&fixture->uv, fixture->fd, &hooks, &error);
	assert_string_equal(error.text, "");
	assert_true(fixture->turns > 0);
	return rc;
}

/* -- steps -- */

static void terminate(struct fixture *fixture)
{
	(void)fixture;
	raise(SIGTERM);
}

static void interrupt(struct fixture *fixture)
{
	(void)fixture;
	raise(SIGINT);
}

static void quit(struct fixture *fixture)
{
	(void)fixture;
	raise(SIGQUIT);
}

static void send_hang_up(struct fixture *fixture)
{
	(void)fixture;
	raise(SIGHUP);
}

static void answer_all(struct fixture *fixture)
{
	fixture->in_flight = 0;
}

static void send_kind(struct fixture *fixture, int64_t kind)
{
	channel_send(fixture->channel, &(struct channel_message){.kind = kind});
}

static void ask_to_drain(struct fixture *fixture)
{
	send_kind(fixture, CHANNEL_DRAIN);
}

static void ask_to_stop(struct fixture *fixture)
{
	send_kind(fixture, CHANNEL_STOP);
}

static void ask_to_reload(struct fixture *fixture)
{
	send_kind(fixture, CHANNEL_RELOAD);
	send_kind(fixture, 4711); /* of a newer parent */
}

static void tell_figures(struct fixture *fixture)
{
	channel_send(
		fixture->channel, &(struct channel_message){.kind = CHANNEL_FIGURES,
					  .values = {[FIGURE_WANTED] = 4, [FIGURE_READY] = 3}});
}

static void leave(struct fixture *fixture)
{
	close(fixture->channel);
	fixture->channel = -1;
}

static void stall(struct fixture *fixture)
{
	(void)fixture;
	usleep(300000);
}

/* Turns that took longer than 0.25 s. */
static unsigned long stalls(void)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	unsigned long quick = 0, all = 0;

	metrics_print(&text);
	sscanf(strstr(text.data, "meetauth_loop_stall_seconds_bucket{le=\"0.25\"}"), "%*s %lu",
		&quick);
	sscanf(strstr(text.data, "meetauth_loop_stall_seconds_count"), "%*s %lu", &all);
	buffer_release(&text);
	return all - quick;
}

static void a_turn_that_holds_up_the_others_is_counted(void **state)
{
	struct fixture *fixture = *state;
	unsigned long before = stalls();

	fixture->steps[0] = stall;
	fixture->steps[1] = terminate;
	assert_int_equal(run_loop(fixture), 0);
	assert_true(stalls() > before);
}

/* -- signals -- */

static void each_of_three_signals_drains(void **state)
{
	static void (*const signals[])(struct fixture *) = {terminate, interrupt, quit};

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct fixture *fixture;

		assert_int_equal(i > 0 ? fixture_up(state) : 0, 0);
		fixture = *state;
		fixture->steps[0] = signals[i];
		assert_int_equal(run_loop(fixture), 0);
		assert_int_equal(fixture->drains, 1);
		assert_int_equal(i < 2 ? fixture_down(state) : 0, 0);
	}
}

static void a_drain_waits_for_what_is_in_flight(void **state)
{
	struct fixture *fixture = *state;

	fixture->in_flight = 1;
	fixture->steps[0] = terminate;
	fixture->steps[1] = send_hang_up; /* too late for it */
	fixture->steps[2] = answer_all;
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->step, 3);
	assert_int_equal(fixture->drains, 1);
	assert_int_equal(fixture->hang_ups, 0);
}

static void a_second_signal_cuts_it_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->in_flight = 1;
	fixture->steps[0] = terminate;
	fixture->steps[1] = terminate;
	assert_int_equal(run_loop(fixture), 1);
	assert_int_equal(fixture->drains, 1);
}

static void the_drain_timeout_cuts_it_off(void **state)
{
	struct fixture *fixture = *state;

	fixture->in_flight = 1;
	fixture->drain_ms = SHORT_MS;
	fixture->steps[0] = terminate;
	assert_int_equal(run_loop(fixture), 1);
}

static void hang_up_reads_everything_again(void **state)
{
	struct fixture *fixture = *state;

	fixture->steps[0] = send_hang_up;
	fixture->steps[1] = terminate;
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->hang_ups, 1);
}

static void signals_from_before_the_loop_are_kept(void **state)
{
	struct fixture *fixture = *state;
	sigset_t blocked;

	signals_hold();
	raise(SIGHUP);
	raise(SIGTERM);
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->drains, 1);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGTERM));
	assert_false(sigismember(&blocked, SIGHUP));
}

/* -- the parent -- */

/* The process's end, where loop_run() finds it. */
static void have_a_parent(struct fixture *fixture)
{
	int end;

	assert_int_equal(channel_make(&fixture->channel, &end), 0);
	channel_hand_over(end);
}

static void hears(struct fixture *fixture, int64_t kind, int64_t drain_ms)
{
	struct channel_message message;

	assert_int_equal(channel_receive(fixture->channel, &message), CHANNEL_MESSAGE);
	assert_int_equal(message.kind, kind);
	assert_int_equal(message.values[READY_DRAIN_MS], drain_ms);
	assert_int_equal(message.values[READY_SUCCESSOR], 1);
}

static void change_the_timeout(struct fixture *fixture)
{
	fixture->drain_ms = LONG_MS / 2; /* a reload */
}

static void the_parent_hears_when_it_serves_and_when_it_drains(void **state)
{
	struct fixture *fixture = *state;

	have_a_parent(fixture);
	fixture->steps[0] = change_the_timeout;
	fixture->steps[1] = terminate;
	assert_int_equal(run_loop(fixture), 0);
	hears(fixture, CHANNEL_READY, LONG_MS);
	hears(fixture, CHANNEL_READY, LONG_MS / 2);
	hears(fixture, CHANNEL_DRAINING, LONG_MS / 2);
}

static void the_parent_drains_reloads_and_tells_figures(void **state)
{
	struct fixture *fixture = *state;

	have_a_parent(fixture);
	fixture->steps[0] = ask_to_reload;
	fixture->steps[1] = tell_figures;
	fixture->steps[2] = ask_to_drain;
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->hang_ups, 1);
	assert_int_equal(fixture->drains, 1);
}

/* Whoever signals the whole group means one drain: the signal is no second one. */
static void the_parent_and_one_signal_are_one_drain(void **state)
{
	struct fixture *fixture = *state;

	have_a_parent(fixture);
	fixture->in_flight = 1;
	fixture->steps[0] = ask_to_drain;
	fixture->steps[1] = terminate;
	fixture->steps[2] = answer_all;
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->drains, 1);
}

static void the_parent_cuts_a_drain_off(void **state)
{
	struct fixture *fixture = *state;

	have_a_parent(fixture);
	fixture->in_flight = 1;
	fixture->steps[0] = ask_to_drain;
	fixture->steps[1] = ask_to_stop;
	assert_int_equal(run_loop(fixture), 1);
}

static void it_ends_with_the_parent(void **state)
{
	struct fixture *fixture = *state;

	have_a_parent(fixture);
	fixture->in_flight = 1;
	fixture->steps[0] = leave;
	fixture->steps[1] = answer_all;
	assert_int_equal(run_loop(fixture), 0);
	assert_int_equal(fixture->drains, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_turn_that_holds_up_the_others_is_counted),
		TEST(each_of_three_signals_drains),
		TEST(a_drain_waits_for_what_is_in_flight),
		TEST(a_second_signal_cuts_it_off),
		TEST(the_drain_timeout_cuts_it_off),
		TEST(hang_up_reads_everything_again),
		TEST(signals_from_before_the_loop_are_kept),
		TEST(the_parent_hears_when_it_serves_and_when_it_drains),
		TEST(the_parent_drains_reloads_and_tells_figures),
		TEST(the_parent_and_one_signal_are_one_drain),
		TEST(the_parent_cuts_a_drain_off),
		TEST(it_ends_with_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "pool/loop.h"

#include "base/clock.h"
#include "base/wipe.h"
#include "pool/channel.h"
#include "pool/notify.h"
#include "pool/signals.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <signal.h>

struct loop {
	uv_loop_t *uv;
	const struct loop_hooks *hooks;
	struct listener *listener;
	uv_signal_t terminate, interrupt, quit, hang_up;
	uv_check_t after_events;
	uv_prepare_t before_wait;
	uv_timer_t deadline;
	bool draining, signalled;
	int64_t woke_ms; /* when the last wait for events ended */
	int channel;	 /* to the parent of the pool, or -1 */
	uv_poll_t parent;
	struct channel_message told; /* what was last sent to the parent */
	uv_timer_t watchdog;	     /* without a parent */
	unsigned reloads_awaited;    /* the reload ends for the service manager at this number */
};

/* In a drain, requests that are still arriving get at most this time, and half of drain-timeout. */
enum { ARRIVE_MS = 2000 };

/* The number of requests without an answer. */
static unsigned unanswered(const struct loop *loop)
{
	return loop->hooks->in_flight(loop->hooks->context) + listener_waiting(loop->listener);
}

/* Waits for kept connections as well: a request may be on its way on one. */
static void stop_when_done(struct loop *loop)
{
	if (loop->draining && unanswered(loop) == 0 && listener_kept(loop->listener) == 0)
		uv_stop(loop->uv);
}

static unsigned count_reloads(const struct loop *loop)
{
	return loop->hooks->reloads != NULL ? loop->hooks->reloads(loop->hooks->context) : 0;
}

/* Without a parent, this process is the service that the manager watches. */
static void tell_manager(const struct loop *loop)
{
	if (loop->channel < 0 && !loop->draining && count_reloads(loop) >= loop->reloads_awaited)
		notify_ready();
}

/* Tells the parent that this process serves, and what has changed since the last message. */
static void tell_parent(struct loop *loop, enum channel_kind kind)
{
	struct channel_message message = {.kind = kind};
	enum log_target target;
	enum log_format format;

	log_how(&target, &format);
	message.values[READY_DRAIN_MS] = loop->hooks->drain_timeout_ms(loop->hooks->context);
	message.values[READY_LOG_TARGET] = target;
	message.values[READY_LOG_FORMAT] = format;
	message.values[READY_SUCCESSOR] = 1;
	message.values[READY_RELOADS] = count_reloads(loop);
	if (loop->channel < 0 || memcmp(&message, &loop->told, sizeof message) == 0)
		return;
	channel_send(loop->channel, &message);
	loop->told = message;
}

/* Called after the events of sockets and threads. */
static void after_events(uv_check_t *check)
{
	struct loop *loop = check->data;

	loop->woke_ms = (int64_t)uv_now(loop->uv);
	loop->hooks->each_turn(loop->hooks->context);
	log_flush();
	if (!loop->draining)
		tell_parent(loop, CHANNEL_READY);
	tell_manager(loop);
	stop_when_done(loop);
}

/* Called after the timers, before the loop waits for the next event. */
static void before_wait(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;

	loop->hooks->each_turn(loop->hooks->context);
	wipe_stack();
	metric_observe(METRIC_LOOP_STALL_SECONDS, clock_monotonic_ms() - loop->woke_ms);
}

static void on_deadline(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	uv_stop(loop->uv);
}

static void begin_drain(struct loop *loop)
{
	int64_t timeout = loop->hooks->drain_timeout_ms(loop->hooks->context);

	loop->draining = true;
	tell_parent(loop, CHANNEL_DRAINING);
	if (loop->channel < 0)
		notify_stopping();
	loop->hooks->drain(loop->hooks->context);
	listener_stop(loop->listener, timeout / 2 < ARRIVE_MS ? timeout / 2 : ARRIVE_MS);
	log_message(LOG_LEVEL_INFO, "drain", "finishing %u requests", unanswered(loop));
	uv_timer_start(&loop->deadline, on_deadline, (uint64_t)timeout, 0);
	stop_when_done(loop);
}

static void on_terminate(uv_signal_t *signal, int number)
{
	struct loop *loop = signal->data;

	if (loop->signalled)
		uv_stop(loop->uv); /* a second signal: end now */
	else if (!loop->draining)
		begin_drain(loop);
	loop->signalled = true;
}

static void on_hang_up(uv_signal_t *signal, int number)
{
	struct loop *loop = signal->data;

	if (loop->draining)
		return;
	if (loop->channel < 0) {
		notify_reloading();
		loop->reloads_awaited = count_reloads(loop) + 1;
	}
	loop->hooks->hang_up(loop->hooks->context);
}

static void take_figures(const struct channel_message *message)
{
	static const enum metric levels[] = {
		[FIGURE_WANTED] = METRIC_POOL_WANTED,
		[FIGURE_READY] = METRIC_POOL_READY,
		[FIGURE_RESTARTS] = METRIC_POOL_RESTARTS,
		[FIGURE_STARTED] = METRIC_POOL_START,
		[FIGURE_ROLLS] = METRIC_POOL_ROLLS,
	};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		level_set(levels[i], message->values[i]);
}

/* Without a parent, nobody would start this process again or tell it to end, and it would keep the
 * socket. */
static void on_parent_gone(struct loop *loop)
{
	uv_poll_stop(&loop->parent);
	if (loop->draining)
		return;
	log_message(LOG_LEVEL_ERROR, "parent-gone",
		"the parent of the pool is gone: this process ends as well");
	begin_drain(loop);
}

static void on_parent(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;
	struct channel_message message;
	enum channel_read found;

	while ((found = channel_receive(loop->channel, &message)) == CHANNEL_MESSAGE) {
		if (message.kind == CHANNEL_FIGURES)
			take_figures(&message);
		else if (message.kind == CHANNEL_DRAIN && !loop->draining)
			begin_drain(loop);
		else if (message.kind == CHANNEL_STOP)
			uv_stop(loop->uv);
		else if (message.kind == CHANNEL_RELOAD && !loop->draining)
			loop->hooks->hang_up(loop->hooks->context);
	}
	if (found == CHANNEL_GONE)
		on_parent_gone(loop);
}

static void watch_signal(struct loop *loop, uv_signal_t *handle, uv_signal_cb callback, int number)
{
	uv_signal_init(loop->uv, handle);
	handle->data = loop;
	uv_signal_start(handle, callback, number);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	notify_alive();
}

static void report_to_manager(struct loop *loop)
{
	uint64_t interval = (uint64_t)notify_watchdog_ms();

	if (interval > 0)
		uv_timer_start(&loop->watchdog, on_watchdog, interval, interval);
	tell_manager(loop);
}

static void loop_start(struct loop *loop)
{
	loop->woke_ms = clock_monotonic_ms();
	watch_signal(loop, &loop->terminate, on_terminate, SIGTERM);
	watch_signal(loop, &loop->interrupt, on_terminate, SIGINT);
	/* QUIT ends nginx and php-fpm gracefully, too; the multiwatch of Debian 12 sends QUIT for
	 * TERM. */
	watch_signal(loop, &loop->quit, on_terminate, SIGQUIT);
	watch_signal(loop, &loop->hang_up, on_hang_up, SIGHUP);
	uv_check_init(loop->uv, &loop->after_events);
	loop->after_events.data = loop;
	uv_check_start(&loop->after_events, after_events);
	uv_prepare_init(loop->uv, &loop->before_wait);
	loop->before_wait.data = loop;
	uv_prepare_start(&loop->before_wait, before_wait);
	uv_timer_init(loop->uv, &loop->deadline);
	loop->deadline.data = loop;
	uv_timer_init(loop->uv, &loop->watchdog);
	signals_release();
	if (loop->channel < 0) {
		report_to_manager(loop);
		return;
	}
	uv_poll_init(loop->uv, &loop->parent, loop->channel);
	loop->parent.data = loop;
	uv_poll_start(&loop->parent, UV_READABLE | UV_DISCONNECT, on_parent);
	tell_parent(loop, CHANNEL_READY);
}

static void loop_finish(struct loop *loop)
{
	uv_close((uv_handle_t *)&loop->terminate, NULL);
	uv_close((uv_handle_t *)&loop->interrupt, NULL);
	uv_close((uv_handle_t *)&loop->quit, NULL);
	uv_close((uv_handle_t *)&loop->hang_up, NULL);
	uv_close((uv_handle_t *)&loop->after_events, NULL);
	uv_close((uv_handle_t *)&loop->before_wait, NULL);
	uv_close((uv_handle_t *)&loop->deadline, NULL);
	uv_close((uv_handle_t *)&loop->watchdog, NULL);
	if (loop->channel >= 0)
		uv_close((uv_handle_t *)&loop->parent, NULL);
	listener_free(&loop->listener);
	uv_run(loop->uv, UV_RUN_NOWAIT); /* runs the close callbacks */
}

int loop_run(uv_loop_t *uv, int fd, const struct loop_hooks *hooks, struct error *error)
{
	struct loop loop = {.uv = uv, .hooks = hooks, .channel = channel_inherited()};
	unsigned left;

	loop.listener =
		listener_new(uv, fd, hooks->connections, hooks->receive, hooks->context, error);
	if (loop.listener == NULL)
		return -1;
	loop_start(&loop);
	uv_run(uv, UV_RUN_DEFAULT);
	left = unanswered(&loop);
	loop_finish(&loop);
	if (left > 0)
		log_message(LOG_LEVEL_WARNING, "drain-timeout", "%u requests were cut off", left);
	log_flush();
	return left > 0;
}

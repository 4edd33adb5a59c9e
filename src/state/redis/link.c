/* SPDX-License-Identifier: MIT */
#include "state/redis/link.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/text.h"
#include "state/redis/link_private.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <string.h>

enum { QUESTIONS_MAX = 4096 }; /* that wait for a connection */

/* ---- asking ---- */

static void wake(struct link_question *question)
{
	fiber_wake(question->context);
}

static void count_result(const struct link_question *question, int64_t began_ms)
{
	switch (question->result) {
	case LINK_FAILED:
		metric_count(METRIC_STATE_UNREACHABLE);
		break;
	case LINK_LOST:
		metric_count(METRIC_STATE_LOST);
		break;
	case LINK_ANSWERED:
		metric_observe(METRIC_STATE_SECONDS, clock_monotonic_ms() - began_ms);
		if (question->reply->type == REDIS_REPLY_ERROR)
			metric_count(METRIC_STATE_REFUSED);
		break;
	}
}

static void turn_until_ended(struct link *link, const struct link_question *question)
{
	while (!question->ended)
		uv_run(link->loop, UV_RUN_ONCE);
}

static void ask(struct link *link, struct link_question *question)
{
	question->context = fiber_self();
	question->done = question->context != NULL ? wake : NULL;
	if (link_format(question) != 0)
		return;
	if (question->context == NULL && !link->owns_loop)
		log_message(LOG_LEVEL_ERROR, "state", "a question was asked outside of a fiber");
	if ((question->context == NULL && !link->owns_loop) || link->failed || link->ending ||
		link->waiting_count >= QUESTIONS_MAX) {
		question->done = NULL;
		link_end_question(question, LINK_FAILED, NULL);
		return;
	}
	link_push(&link->waiting, question);
	link->waiting_count++;
	link_note_deadline(link, question);
	if (link->state == LINK_READY)
		link_send_soon(link);
	if (question->context != NULL)
		fiber_wait();
	else
		turn_until_ended(link, question);
}

void link_ask(struct link *link, struct link_question *question)
{
	int64_t began_ms = clock_monotonic_ms();

	ask(link, question);
	count_result(question, began_ms);
}

/* ---- life ---- */

bool link_is_ready(const struct link *link)
{
	return link->state == LINK_READY;
}

const char *link_fault(const struct link *link)
{
	return link->fault.text;
}

bool link_wait(struct link *link)
{
	size_t attempts = link->sentinel_count > 0 ? link->sentinel_count : 1;

	while (link->state != LINK_READY && link->failures < attempts)
		uv_run(link->loop, UV_RUN_ONCE);
	return link->state == LINK_READY;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	if (--link->handles == 0)
		free(link);
}

static int make_loop(struct link *link, uv_loop_t *loop, struct error *error)
{
	link->loop = loop;
	if (loop != NULL)
		return 0;
	link->owns_loop = true;
	link->loop = malloc(sizeof *link->loop);
	if (link->loop == NULL)
		return error_set(error, "out of memory");
	uv_loop_init(link->loop);
	return 0;
}

struct link *link_new(uv_loop_t *loop, const struct link_servers *servers, int64_t timeout_ms,
	const struct link_greeting *greeting, struct error *error)
{
	struct link *link = calloc(1, sizeof *link);

	if (link == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	if (link_set_peers(link, servers, error) != 0 || make_loop(link, loop, error) != 0) {
		link_free_peers(link);
		free(link);
		return NULL;
	}
	link->address = &servers->address;
	link->timeout_ms = timeout_ms;
	link->greeting = *greeting;
	uv_timer_init(link->loop, &link->pace);
	uv_timer_init(link->loop, &link->deadline);
	uv_prepare_init(link->loop, &link->flush);
	link->pace.data = link->deadline.data = link->flush.data = link;
	link->handles = 3;
	uv_timer_start(&link->pace, link_on_pace, 0, 0);
	return link;
}

void link_free(struct link **link)
{
	struct link *l = *link;
	uv_loop_t *own;

	*link = NULL;
	if (l == NULL)
		return;
	own = l->owns_loop ? l->loop : NULL;
	l->ending = true;
	link_set_breaker(l, false);
	wire_close(&l->wire);
	l->state = LINK_WAITING;
	link_end_all(&l->sent, LINK_LOST);
	link_end_all(&l->waiting, LINK_FAILED);
	link_free_peers(l);
	uv_close((uv_handle_t *)&l->pace, on_handle_closed);
	uv_close((uv_handle_t *)&l->deadline, on_handle_closed);
	uv_close((uv_handle_t *)&l->flush, on_handle_closed);
	if (own == NULL)
		return;
	uv_run(own, UV_RUN_DEFAULT);
	uv_loop_close(own);
	free(own);
}

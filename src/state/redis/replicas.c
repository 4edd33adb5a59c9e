/* SPDX-License-Identifier: MIT
 *
 * Waits until replicas have what was written: a primary that fails has then lost nothing that was
 * acknowledged. WAIT covers all writes of the connection so far, and what is sent after it is
 * answered after it. So only one is asked at a time, for all changes that wait.
 */
#include "state/redis/redis.h"

#include "base/clock.h"
#include "base/fiber.h"

struct replicating {
	struct replicating *next;
	struct fiber *fiber;
	bool asks; /* the next question, for all that wait then */
	int result;
};

/* Asks the server, which answers late enough if too few replicas do, but not too late: that would
 * end the connection. 0 or -1. */
static int ask_replicas(struct redis *redis, int64_t deadline_ms)
{
	int64_t patience_ms = (deadline_ms - clock_monotonic_ms()) / 4 * 3, have = 0;
	char count[NUMBER_SIZE], patience[NUMBER_SIZE];
	struct command command;
	redisReply *reply;

	if (patience_ms <= 0 || redis->link == NULL) /* 0 would mean: for ever */
		return -1;
	redis_print_number(count, redis->replicas);
	redis_print_number(patience, patience_ms);
	redis_set_words(
		&command, deadline_ms, (const char *const[]){"WAIT", count, patience, NULL});
	link_ask(redis->link, &command.question);
	reply = command.question.reply;
	if (reply == NULL)
		return -1;
	if (reply->type == REDIS_REPLY_INTEGER)
		have = reply->integer;
	snprintf(redis->error, sizeof redis->error, "%lld of %lld replicas (state-replicas) answer",
		(long long)have, (long long)redis->replicas);
	if (reply->type == REDIS_REPLY_ERROR)
		redis_take_error(redis, reply->str);
	redis_warn_of_replication(redis, have, reply->type == REDIS_REPLY_ERROR ? reply->str : "");
	freeReplyObject(reply);
	redis->short_ms = have >= redis->replicas ? 0 : clock_monotonic_ms();
	return redis->short_ms == 0 ? 0 : -1;
}

static void end_all(struct replicating *first, int result)
{
	struct replicating *next;

	for (; first != NULL; first = next) {
		next = first->next;
		first->result = result;
		fiber_wake(first->fiber);
	}
}

/* Waits for its turn. True: this one asks. */
static bool take_turn(struct redis *redis, struct replicating *own)
{
	struct replicating **at = &redis->replicating;

	if (!redis->asks_replicas)
		return true;
	while (*at != NULL)
		at = &(*at)->next;
	*at = own;
	fiber_wait();
	return own->asks;
}

int redis_await_replicas(struct redis *redis, int64_t deadline_ms)
{
	struct replicating own = {.fiber = fiber_self(), .result = -1}, *others, *next;

	if (!take_turn(redis, &own))
		return own.result;
	others = redis->replicating;
	redis->replicating = NULL;
	redis->asks_replicas = true;
	own.result = ask_replicas(redis, deadline_ms);
	next = redis->replicating;
	redis->asks_replicas = next != NULL;
	if (next != NULL) {
		redis->replicating = next->next;
		next->asks = true;
		fiber_wake(next->fiber);
	}
	end_all(others, own.result);
	return own.result;
}

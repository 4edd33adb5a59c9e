/* SPDX-License-Identifier: MIT */
#include "signin/join_rate.h"

#include "base/clock.h"
#include "base/network.h"
#include "base/text.h"
#include "visit/fail.h"

enum {
	GUESTS_TIMES = 15, /* all guests of an address together may have this many times the refused
			      tokens of a person */
};

/* The limit is high because a whole office may sign out at once. */
static const struct state_rate ends = {2000, 24 * 3600 * 1000};

static struct state_rate rate_of(struct config_rate rate, unsigned times)
{
	return (struct state_rate){rate.count * times, rate.period_ms};
}

static void person_key(const struct visit *visit, const char *purpose, const struct identity *who,
	uint8_t key[STATE_KEY_SIZE])
{
	seal_hash(store_hash_key(visit->files->store), key, purpose, "person", who->backend,
		who->subject, NULL);
}

/* Uses the widest network for IPv6, because one customer may have all of it. */
static void guests_key(const struct visit *visit, const char *purpose, uint8_t key[STATE_KEY_SIZE])
{
	struct network around[NETWORK_AROUND_MAX];
	size_t count = network_around(visit->request.client, around), of;
	char prefix[2 * sizeof around[0].address + 1] = "";

	if (count > 0) {
		of = around[0].six ? count - 1 : 0;
		text_hex(around[of].address, around[of].prefix / 8, prefix);
	}
	seal_hash(store_hash_key(visit->files->store), key, purpose, "guests of", prefix, NULL);
}

void join_rate_limit(const struct visit *visit, struct state_claimed *claim)
{
	struct state_limit *limit = &claim->limits[0];

	claim->limit_count = 1;
	limit->rate = rate_of(visit->service->settings->throttle_joins, 1);
	if (visit->session.who.guest)
		guests_key(visit, "joins", limit->key);
	else
		person_key(visit, "joins", &visit->session.who, limit->key);
}

int64_t join_rate_take_end(const struct visit *visit, const struct identity *who)
{
	uint8_t key[STATE_KEY_SIZE];

	if (who->guest)
		guests_key(visit, "ends", key);
	else
		person_key(visit, "ends", who, key);
	return state_take(visit->server->state, key, ends, clock_wall_ms());
}

enum step join_rate_refuse(struct visit *visit, int64_t wait_ms, const char *why)
{
	visit_set_detail(visit, "%s", why);
	visit->report.retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_JOIN_THROTTLED);
}

enum step join_rate_check(struct visit *visit)
{
	struct state *state = visit->server->state;
	struct config_rate rate = visit->service->settings->throttle_refused;
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait, now_ms = clock_wall_ms();

	person_key(visit, "refused", &visit->session.who, key);
	wait = state_wait(state, key, rate_of(rate, 1), now_ms);
	if (wait == 0 && visit->session.who.guest) {
		guests_key(visit, "refused", key);
		wait = state_wait(state, key, rate_of(rate, GUESTS_TIMES), now_ms);
	}
	if (wait == 0)
		return STEP_NEXT;
	if (wait > 0)
		return join_rate_refuse(
			visit, wait, "the platform refused too many request tokens of this person");
	visit_set_detail(visit, "the state does not answer");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

void join_rate_count_bad_answer(struct visit *visit)
{
	uint8_t key[STATE_KEY_SIZE];

	person_key(visit, "refused", &visit->session.who, key);
	state_take(visit->server->state, key,
		rate_of(visit->service->settings->throttle_refused, 1), clock_wall_ms());
}

void join_rate_count_refused(struct visit *visit)
{
	uint8_t key[STATE_KEY_SIZE];

	join_rate_count_bad_answer(visit);
	if (!visit->session.who.guest)
		return;
	guests_key(visit, "refused", key);
	state_take(visit->server->state, key,
		rate_of(visit->service->settings->throttle_refused, GUESTS_TIMES), clock_wall_ms());
}

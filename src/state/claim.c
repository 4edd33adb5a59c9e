/* SPDX-License-Identifier: MIT
 *
 * Counters, and claims, which counters may limit.
 */
#include "state/driver.h"

#include "telemetry/metrics.h"

/* ---- counters ---- */

/* The generic cell rate algorithm stores one number, the theoretical arrival time: when the counter
 * is full again. In microseconds, so that "7/1s" does not drift. */
struct take {
	int64_t now_us;
	int64_t period_us;
	int64_t interval_us; /* time after which one more is allowed */
	int64_t wait_us;     /* result: 0 if one was taken */
};

static struct take take_of(struct state_rate rate, int64_t now_us)
{
	struct take take = {.now_us = now_us, .period_us = rate.period_ms * 1000};

	take.interval_us = rate.count > 0 ? take.period_us / rate.count : take.period_us;
	return take;
}

/* A time beyond now + period can only be left by a clock that was wrong. It would lock people out,
 * so it is cut. */
static int64_t arrival(int64_t value, bool found, const struct take *take)
{
	if (!found || value < take->now_us)
		return take->now_us;
	return value < take->now_us + take->period_us ? value : take->now_us + take->period_us;
}

static enum state_edit decide_take(int64_t *value, bool found, void *context)
{
	struct take *take = context;
	int64_t from = arrival(*value, found, take), next = from + take->interval_us;
	bool was_beyond = found && *value > from;

	take->wait_us = next - take->period_us - take->now_us;
	if (take->wait_us <= 0) {
		take->wait_us = 0;
		*value = next;
		return STATE_EDIT_STORE;
	}
	if (!was_beyond)
		return STATE_EDIT_NONE;
	*value = from; /* otherwise the wait would never end */
	return STATE_EDIT_STORE;
}

int64_t state_take(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms)
{
	struct state_name name = state_name_of(STATE_KIND_COUNTER, key);
	struct take take = take_of(rate, state_time(state, now_ms * 1000));

	if (rate.count == 0) /* a rate of zero never allows */
		return rate.period_ms > 0 ? rate.period_ms : 1;
	if (state_change_one(state, &name, take.now_us, decide_take, &take) != 0)
		return state->local != NULL ? state_take(state->local, key, rate, now_ms) : -1;
	return (take.wait_us + 999) / 1000;
}

int64_t state_wait(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms)
{
	struct state_name name = state_name_of(STATE_KIND_COUNTER, key);
	struct take take = take_of(rate, state_time(state, now_ms * 1000));
	int64_t value = 0;
	int rc = state_read_one(state, &name, &value);

	if (rc < 0)
		return state->local != NULL ? state_wait(state->local, key, rate, now_ms) : -1;
	decide_take(&value, rc > 0, &take);
	return (take.wait_us + 999) / 1000;
}

static enum state_edit decide_give(int64_t *value, bool found, void *context)
{
	const struct take *take = context;

	if (!found)
		return STATE_EDIT_NONE;
	*value = arrival(*value, found, take) - take->interval_us;
	return *value > take->now_us ? STATE_EDIT_STORE : STATE_EDIT_ERASE;
}

int state_give(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms)
{
	struct state_name name = state_name_of(STATE_KIND_COUNTER, key);
	struct take take = take_of(rate, state_time(state, now_ms * 1000));

	if (state_change_one(state, &name, take.now_us, decide_give, &take) == 0)
		return 0;
	return state->local != NULL ? state_give(state->local, key, rate, now_ms) : -1;
}

/* ---- claims ---- */

struct claim {
	int64_t now_us, until_us;
	const struct take *limits;
	size_t limit_count;
	enum state_verdict verdict;
};

static enum state_edit decide_claim(int64_t *value, bool found, void *context)
{
	struct claim *claim = context;

	if (found && *value > claim->now_us) {
		claim->verdict = STATE_CLAIM_LOST;
		return STATE_EDIT_NONE;
	}
	claim->verdict = STATE_CLAIM_LIMITED;
	for (size_t i = 0; i < claim->limit_count; i++)
		if (claim->limits[i].wait_us > 0)
			return STATE_EDIT_NONE;
	claim->verdict = STATE_CLAIM_WON;
	*value = claim->until_us;
	return STATE_EDIT_STORE;
}

/* The changes of one batch. Filled in place, because the changes point into it. */
struct claiming {
	struct state_name names[STATE_CLAIMS_MAX * (1 + STATE_LIMITS_MAX)];
	struct state_change changes[STATE_CLAIMS_MAX * (1 + STATE_LIMITS_MAX)];
	size_t change_count;
	struct take limits[STATE_CLAIMS_MAX][STATE_LIMITS_MAX];
	struct claim claims[STATE_CLAIMS_MAX];
};

static void add_change(struct claiming *all, enum state_kind kind, const uint8_t *key,
	state_decide *decide, void *context)
{
	size_t i = all->change_count++;

	all->names[i] = state_name_of(kind, key);
	all->changes[i] = (struct state_change){&all->names[i], decide, context};
}

/* Adds the changes of the claim's limits, then of the claim. */
static void add_claim(
	struct claiming *all, size_t index, const struct state_claimed *claimed, int64_t now_us)
{
	struct take *limits = all->limits[index];

	for (size_t i = 0; i < claimed->limit_count; i++) {
		limits[i] = take_of(claimed->limits[i].rate, now_us);
		add_change(all, STATE_KIND_RATE, claimed->limits[i].key, decide_take, &limits[i]);
	}
	all->claims[index] = (struct claim){.now_us = now_us,
		.until_us = now_us + claimed->seconds * 1000000,
		.limits = limits,
		.limit_count = claimed->limit_count};
	add_change(all, STATE_KIND_CLAIM, claimed->key, decide_claim, &all->claims[index]);
}

static int64_t longest_wait_ms(const struct claim *claim)
{
	int64_t wait_us = 0;

	for (size_t i = 0; i < claim->limit_count; i++)
		if (claim->limits[i].wait_us > wait_us)
			wait_us = claim->limits[i].wait_us;
	return (wait_us + 999) / 1000;
}

/* Makes all claims in one change. 0, or as the driver's change(). */
static int claim_together(
	struct state *state, struct state_claimed *claims, size_t count, int64_t now_ms)
{
	struct claiming all;
	int64_t now_us = state_time(state, now_ms * 1000);
	enum state_verdict failed = STATE_CLAIM_BROKEN;
	int rc = -1;

	all.change_count = 0;
	for (size_t i = 0; i < count && count <= STATE_CLAIMS_MAX; i++)
		add_claim(&all, i, &claims[i], now_us);
	if (count <= STATE_CLAIMS_MAX)
		rc = state->driver->change(state, all.changes, all.change_count, now_us);
	if (rc == STATE_CHANGE_UNKNOWN)
		failed = STATE_CLAIM_UNKNOWN;
	for (size_t i = 0; i < count; i++) {
		claims[i].verdict = rc == 0 ? all.claims[i].verdict : failed;
		claims[i].is_local = false;
		claims[i].wait_ms = rc == 0 ? longest_wait_ms(&all.claims[i]) : 0;
	}
	return rc;
}

/* Makes the claim in the local table. Whatever the server says, a key that this machine has won
 * before is lost: it may have been won there while the server did not answer. */
static void claim_locally(struct state *state, struct state_claimed *claimed, int64_t now_ms)
{
	struct state_claimed local = *claimed;

	if (claimed->verdict == STATE_CLAIM_LOST || claimed->verdict == STATE_CLAIM_LIMITED)
		return;
	if (claimed->verdict != STATE_CLAIM_BROKEN)
		local.limit_count = 0; /* the server has counted it */
	claim_together(state->local, &local, 1, now_ms);
	if (claimed->verdict == STATE_CLAIM_UNKNOWN)
		return;
	local.is_local = claimed->verdict == STATE_CLAIM_BROKEN && local.verdict == STATE_CLAIM_WON;
	if (local.is_local) {
		metric_count(METRIC_STATE_LOCAL);
		state->missed++;
	}
	claimed->verdict = local.verdict;
	claimed->wait_ms = local.wait_ms;
	claimed->is_local = local.is_local;
}

/* Makes all claims in one change; where one may have had no room, each alone. */
void state_claim_all(
	struct state *state, struct state_claimed *claims, size_t count, int64_t now_ms)
{
	int rc = claim_together(state, claims, count, now_ms);

	for (size_t i = 0; i < count && state->local != NULL; i++)
		claim_locally(state, &claims[i], now_ms);
	if (rc == 0)
		state_catch_up(state);
	if (rc == 0 || rc == STATE_CHANGE_UNKNOWN)
		return;
	if (state->capacity == 0 && count <= STATE_CLAIMS_MAX)
		return; /* a server: there is room for all or none, and each would wait for the
			   deadline */
	for (size_t i = 0; i < count; i++)
		claim_together(state, &claims[i], 1, now_ms);
}

enum state_verdict state_claim(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t seconds, int64_t now)
{
	struct state_claimed claimed = {.key = key, .seconds = seconds};

	claim_together(state, &claimed, 1, now * 1000);
	if (state->local != NULL)
		claim_locally(state, &claimed, now * 1000);
	return claimed.verdict;
}

static enum state_edit decide_erase(int64_t *value, bool found, void *context)
{
	return found ? STATE_EDIT_ERASE : STATE_EDIT_NONE;
}

int state_is_claimed(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now)
{
	struct state_name name = state_name_of(STATE_KIND_CLAIM, key);
	int64_t until = 0;
	int rc = state_read_one(state, &name, &until);

	if (rc < 0 && state->local != NULL)
		return state_is_claimed(state->local, key, now);
	return rc > 0 ? until > state_time(state, now * 1000000) : rc;
}

int state_unclaim(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = state_name_of(STATE_KIND_CLAIM, key);
	int rc = state_change_one(state, &name, 0, decide_erase, NULL);

	return state->local != NULL ? state_unclaim(state->local, key) : rc;
}

/* SPDX-License-Identifier: MIT */
#include "flow/throttle.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/network.h"
#include "base/text.h"
#include "telemetry/metrics.h"

enum {
	KNOWN_SECONDS = 14 * 24 * 3600, /* how long a browser is known for an account */
	MEETING_TIMES =
		10, /* tries at one meeting's key from everywhere, in those of one address */
	PREFIX_SIZE = 2 * 16 + 1,
};

static struct state_rate rate_of(const struct visit *visit, enum tries_of which)
{
	const struct settings *settings = visit->service->settings;
	struct config_rate rate =
		which == TRIES_ADDRESS ? settings->throttle_address : settings->throttle_account;

	return (struct state_rate){
		rate.count * (which == TRIES_MEETING ? MEETING_TIMES : 1), rate.period_ms};
}

/* An IPv6 customer has at least a /64 to choose addresses from: it counts as one. */
static void prefix_of(const char *client, char prefix[PREFIX_SIZE])
{
	struct network host;

	prefix[0] = '\0';
	if (network_parse_host(client, &host))
		text_hex(host.address, host.six ? 8 : 4, prefix);
}

/* Whether somebody has signed in to the account with this browser, and what for it has counters of
 * its own. */
static void browser_key(const struct visit *visit, const char *purpose, const char *folded,
	uint8_t key[STATE_KEY_SIZE])
{
	char browser[2 * TICKET_BROWSER_SIZE + 1];

	text_hex(visit->browser, TICKET_BROWSER_SIZE, browser);
	seal_hash(store_hash_key(visit->files->store), key, purpose, folded, browser, NULL);
}

static void account_key(const struct visit *visit, const char *account, uint8_t key[STATE_KEY_SIZE])
{
	char folded[FOLD_SIZE];

	fold_name(account, folded);
	if (visit->browser_known) {
		browser_key(visit, "known-browser", folded, key);
		if (state_known(visit->station->state, key) > 0) {
			browser_key(visit, "throttle-browser", folded, key);
			return;
		}
	}
	seal_hash(store_hash_key(visit->files->store), key, "throttle-account", folded, NULL);
}

void throttle_know(struct visit *visit, const char *account)
{
	uint8_t key[STATE_KEY_SIZE];
	char folded[FOLD_SIZE];

	if (!visit->browser_known || account[0] == '\0')
		return;
	fold_name(account, folded);
	browser_key(visit, "known-browser", folded, key);
	state_know(visit->station->state, key, visit->now, visit->now + KNOWN_SECONDS);
}

static enum step answer_throttled(struct visit *visit, int64_t wait_ms)
{
	visit->is_join = false; /* it is not over: they may try again */
	if (wait_ms < 0) {
		visit_note(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	visit->is_logged = true;
	metric_count(METRIC_LOGIN_THROTTLED);
	login_log_nobody(visit, "throttled", NULL, NULL);
	visit->retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_LOGIN_THROTTLED);
}

/* From a counter whose key is set. */
static enum step take(struct visit *visit, enum tries_of which, struct tries *tries)
{
	int64_t wait = state_take(
		visit->station->state, tries->keys[which], rate_of(visit, which), clock_wall_ms());

	tries->counted[which] = wait == 0;
	return wait == 0 ? STEP_NEXT : answer_throttled(visit, wait);
}

/* Before anybody has looked: what was taken from others goes back when this one is used up. */
static enum step take_also(struct visit *visit, enum tries_of which, struct tries *tries)
{
	if (take(visit, which, tries) == STEP_NEXT)
		return STEP_NEXT;
	throttle_give_back(visit, tries);
	return STEP_DONE;
}

static enum step take_address(struct visit *visit, struct tries *tries)
{
	char prefix[PREFIX_SIZE];

	prefix_of(visit->request.client, prefix);
	seal_hash(store_hash_key(visit->files->store), tries->keys[TRIES_ADDRESS],
		"throttle-address", prefix, NULL);
	return take(visit, TRIES_ADDRESS, tries);
}

enum step throttle_take(struct visit *visit, const char *account, struct tries *tries)
{
	if (take_address(visit, tries) != STEP_NEXT)
		return STEP_DONE;
	if (account == NULL)
		return STEP_NEXT;
	account_key(visit, account, tries->keys[TRIES_ACCOUNT]);
	return take_also(visit, TRIES_ACCOUNT, tries);
}

enum step throttle_take_meeting(struct visit *visit, const char *key, struct tries *tries)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	char prefix[PREFIX_SIZE];

	if (take_address(visit, tries) != STEP_NEXT)
		return STEP_DONE;
	prefix_of(visit->request.client, prefix);
	seal_hash(hash_key, tries->keys[TRIES_ACCOUNT], "throttle-guesser", key, prefix, NULL);
	seal_hash(hash_key, tries->keys[TRIES_MEETING], "throttle-meeting", key, NULL);
	if (take_also(visit, TRIES_ACCOUNT, tries) != STEP_NEXT)
		return STEP_DONE;
	return take_also(visit, TRIES_MEETING, tries);
}

enum step throttle_take_person(struct visit *visit, const char *subject, struct tries *tries)
{
	uint8_t *key = tries->keys[TRIES_PERSON];

	account_key(visit, subject, key);
	if (seal_equal(key, tries->keys[TRIES_ACCOUNT], STATE_KEY_SIZE))
		return STEP_NEXT;
	return take(visit, TRIES_PERSON, tries);
}

void throttle_give_back(struct visit *visit, struct tries *tries)
{
	for (enum tries_of which = TRIES_ADDRESS; which < TRIES_KINDS; which++)
		if (tries->counted[which])
			state_give(visit->station->state, tries->keys[which], rate_of(visit, which),
				clock_wall_ms());
	*tries = (struct tries){0};
}

enum step throttle_take_answer(struct visit *visit, unsigned count)
{
	/* Until the ticket is too old, and so longer than anybody could use it. */
	struct state_rate rate = {
		count, visit->service->settings->ticket_lifetime * 1000 * (int64_t)count};
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	visit_note_key(visit, "answers", key);
	wait = state_take(visit->station->state, key, rate, clock_wall_ms());
	return wait == 0 ? STEP_NEXT : answer_throttled(visit, wait);
}

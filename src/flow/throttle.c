/* SPDX-License-Identifier: MIT */
#include "flow/throttle.h"

#include "base/clock.h"
#include "telemetry/metrics.h"

static struct state_rate throttle_rate(const struct visit *visit, int which)
{
	const struct settings *settings = visit->service->settings;
	struct config_rate rate =
		which == 0 ? settings->throttle_account : settings->throttle_address;

	return (struct state_rate){rate.count, rate.period_ms};
}

/* A name in the one form under which its tries are counted, so that capitals buy no more of them.
 */
static void fold(const char *name, char folded[IDENTITY_SUBJECT_MAX + 1])
{
	size_t i = 0;

	for (; name[i] != '\0' && i < IDENTITY_SUBJECT_MAX; i++)
		folded[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	folded[i] = '\0';
}

/* An IPv6 customer has at least a /64 to choose addresses from: it counts as one. */
static void prefix_of(const char *client, char prefix[64])
{
	unsigned char address[16];

	if (uv_inet_pton(AF_INET6, client, address) != 0) {
		snprintf(prefix, 64, "%s", client);
		return;
	}
	memset(address + 8, 0, 8);
	uv_inet_ntop(AF_INET6, address, prefix, 64);
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
	login_log(visit, "throttled", NULL, NULL, NULL);
	visit->retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_LOGIN_THROTTLED);
}

enum step throttle_take(struct visit *visit, const char *account, struct tries *tries)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	char folded[IDENTITY_SUBJECT_MAX + 1], prefix[64];
	int64_t wait = 0;

	fold(account, folded);
	prefix_of(visit->request.client, prefix);
	seal_hash(hash_key, tries->keys[0], "throttle-account", folded, NULL);
	seal_hash(hash_key, tries->keys[1], "throttle-address", prefix, NULL);
	for (int i = 1; i >= 0 && wait == 0; i--) {
		wait = state_take(visit->station->state, tries->keys[i], throttle_rate(visit, i),
			clock_wall_ms());
		tries->counted[i] = wait == 0;
	}
	if (wait == 0)
		return STEP_NEXT;
	throttle_give_back(visit, tries); /* the address's, when the account's is used up */
	return answer_throttled(visit, wait);
}

void throttle_give_back(struct visit *visit, struct tries *tries)
{
	for (int i = 0; i < 2; i++)
		if (tries->counted[i])
			state_give(visit->station->state, tries->keys[i], throttle_rate(visit, i),
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

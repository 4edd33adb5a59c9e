/* SPDX-License-Identifier: MIT */
#include "signin/used_link.h"

#include "visit/fail.h"

void used_link_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE])
{
	seal_hash(store_hash_key(visit->files->store), key, "claim", visit->join.platform,
		visit->join.request_token, NULL);
}

/* Platforms that get a signed token have links that do not expire. */
static bool has_claim(const struct visit *visit)
{
	return visit->destination == DESTINATION_MEETING && visit->platform->driver->grant == NULL;
}

enum step used_link_refuse(struct visit *visit)
{
	uint8_t key[STATE_KEY_SIZE];

	if (!has_claim(visit))
		return STEP_NEXT;
	used_link_key(visit, key);
	if (state_is_claimed(visit->server->state, key, visit->now) <= 0)
		return STEP_NEXT;
	visit_set_detail(visit, "this request token was used before: the link was opened twice");
	return visit_fail(visit, FAILURE_ALREADY_USED);
}

/* SPDX-License-Identifier: MIT */
#include "signin/factor.h"

#include "auth/totp.h"
#include "base/text.h"

enum { CODE_S = 10 * 60 }; /* longer than any code is valid */

/* Finds the person's TOTP keys. Returns as store_texts(). */
static size_t find_factor_keys(
	const struct visit *visit, const struct identity *who, const char *keys[STORE_VERSIONS_MAX])
{
	char name[TOTP_NAME_SIZE];

	if (totp_secret_name(who->backend, who->subject, name, sizeof name) != 0)
		return 0;
	return store_texts(visit->files->store, name, visit->now, keys);
}

void factor_digest(
	const struct visit *visit, const struct identity *who, char digest[2 * SEAL_HASH_SIZE + 1])
{
	const char *keys[STORE_VERSIONS_MAX];
	uint8_t hash[SEAL_HASH_SIZE];

	digest[0] = '\0';
	if (find_factor_keys(visit, who, keys) == 0)
		return;
	seal_hash(store_hash_key(visit->files->store), hash, "factor", who->backend, who->subject,
		keys[0], NULL);
	text_hex(hash, sizeof hash, digest);
}

bool factor_is_same(const struct visit *visit, const struct identity *who)
{
	char digest[2 * SEAL_HASH_SIZE + 1];

	factor_digest(visit, who, digest);
	return strcmp(digest, who->factor != NULL ? who->factor : "") == 0;
}

/* Claims the time step, for all processes of the pool. */
static bool is_new_code(struct visit *visit, const struct identity *who, int64_t step)
{
	char number[24], name[TOTP_NAME_SIZE];
	uint8_t key[STATE_KEY_SIZE];

	snprintf(number, sizeof number, "%lld", (long long)step);
	totp_secret_name(who->backend, who->subject, name, sizeof name);
	seal_hash(store_hash_key(visit->files->store), key, "totp-step", name, number, NULL);
	return state_claim(visit->server->state, key, CODE_S, visit->now) == STATE_CLAIM_WON;
}

bool factor_is_right(struct visit *visit, const struct identity *who, const char *code)
{
	const char *keys[STORE_VERSIONS_MAX];
	size_t count = find_factor_keys(visit, who, keys);
	int64_t step;

	for (size_t i = 0; i < count; i++)
		if (totp_check(keys[i], code, visit->now, &step) == TOTP_RIGHT)
			return is_new_code(visit, who, step);
	return false;
}

/* SPDX-License-Identifier: MIT */
#include "signin/tries.h"

#include "base/clock.h"
#include "base/text.h"

enum { HEX_SIZE = 2 * STATE_KEY_SIZE + 1 };

void tries_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE], const char *purpose,
	const char *first, const char *second)
{
	seal_hash(store_hash_key(visit->files->store), key, purpose, first, second, NULL);
}

int64_t tries_take(struct visit *visit, struct tries *tries, const uint8_t key[STATE_KEY_SIZE],
	struct state_rate rate, bool of_address)
{
	int64_t wait = state_take(visit->server->state, key, rate, clock_wall_ms());

	if (wait != 0 || tries->count >= TRIES_MAX)
		return wait;
	memcpy(tries->taken[tries->count].key, key, STATE_KEY_SIZE);
	tries->taken[tries->count].rate = rate;
	tries->taken[tries->count++].of_address = of_address;
	return 0;
}

int64_t tries_take_shared(struct visit *visit, struct tries *tries,
	const uint8_t key[STATE_KEY_SIZE], struct state_rate rate, const char *newcomer,
	bool of_address)
{
	struct state_rate once = {1, rate.period_ms},
			  reserve = {(rate.count + 1) / 2, rate.period_ms};
	uint8_t other[STATE_KEY_SIZE];
	char hex[HEX_SIZE];
	bool is_new;
	int64_t wait;

	text_hex(key, STATE_KEY_SIZE, hex);
	tries_key(visit, other, "throttle-newcomer", hex, newcomer);
	is_new = tries_take(visit, tries, other, once, of_address) == 0;
	wait = tries_take(visit, tries, key, rate, of_address);
	if (wait <= 0 || !is_new)
		return wait;
	tries_key(visit, other, "throttle-reserve", hex, NULL);
	return tries_take(visit, tries, other, reserve, of_address) == 0 ? 0 : wait;
}

static void give_back(struct visit *visit, struct tries *tries, bool of_address_too)
{
	size_t kept = 0;

	for (size_t i = 0; i < tries->count; i++)
		if (of_address_too || !tries->taken[i].of_address)
			state_give(visit->server->state, tries->taken[i].key, tries->taken[i].rate,
				clock_wall_ms());
		else
			tries->taken[kept++] = tries->taken[i];
	tries->count = kept;
}

void tries_give_back(struct visit *visit, struct tries *tries)
{
	give_back(visit, tries, true);
}

void tries_spare_account(struct visit *visit, struct tries *tries)
{
	give_back(visit, tries, false);
}

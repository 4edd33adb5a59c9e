/* SPDX-License-Identifier: MIT
 *
 * Counters of tries in the shared state, and a record of what one try has used.
 */
#pragma once

#include "visit/visit.h"

enum { TRIES_MAX = 16 };

/* What one try has used; zero at first. */
struct tries {
	size_t count;
	struct {
		uint8_t key[STATE_KEY_SIZE];
		struct state_rate rate;
		bool of_address;
	} taken[TRIES_MAX];
	uint8_t account[STATE_KEY_SIZE]; /* the key that the name as typed was counted under */
	bool of_browser;		 /* that key is a known browser's */
};

/* Makes a key in the shared state. The last two may be NULL. */
void tries_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE], const char *purpose,
	const char *first, const char *second);

/* Counts one try. Returns as state_take(). `of_address`: the counter is the address's or a
 * network's. */
int64_t tries_take(struct visit *visit, struct tries *tries, const uint8_t key[STATE_KEY_SIZE],
	struct state_rate rate, bool of_address);

/* Counts one try on a counter that many clients share. Once it is used up, a reserve of half as
 * much again serves newcomers: each value of `newcomer` gets one try a period if it made none
 * before. So a client that uses up the counter shuts out only those it shares `newcomer` with. */
int64_t tries_take_shared(struct visit *visit, struct tries *tries,
	const uint8_t key[STATE_KEY_SIZE], struct state_rate rate, const char *newcomer,
	bool of_address);

/* Gives back everything: the try was good, or no backend looked at it. */
void tries_give_back(struct visit *visit, struct tries *tries);

/* Gives back all but the address's part: the try says nothing about the account, but it took a
 * place in a queue or a worker's time. */
void tries_spare_account(struct visit *visit, struct tries *tries);

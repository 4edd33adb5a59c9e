/* SPDX-License-Identifier: MIT
 *
 * Counters of tries in the shared state, and what one try has taken from them.
 */
#ifndef SIGNIN_TRIES_H
#define SIGNIN_TRIES_H

#include "visit/visit.h"

enum { TRIES_MAX = 16 };

/* What was taken for one try; zero at first. */
struct tries {
	size_t count;
	struct {
		uint8_t key[STATE_KEY_SIZE];
		struct state_rate rate;
		bool of_address;
	} taken[TRIES_MAX];
	uint8_t account[STATE_KEY_SIZE]; /* whose tries the name as typed costs */
	bool of_browser;		 /* they were of a browser that is known */
};

/* A key in the shared state; the last two may be NULL. */
void tries_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE], const char *purpose,
	const char *first, const char *second);

/* Takes one from a counter. As state_take(). `of_address`: it is the address that pays. */
int64_t tries_take(struct visit *visit, struct tries *tries, const uint8_t key[STATE_KEY_SIZE],
	struct state_rate rate, bool of_address);

/* From a counter that many share. Where it is used up there is half as much again for newcomers: of
 * those that `newcomer` tells apart each gets one in a period, if it has made no other try. So
 * whoever uses up what all need shuts out those alone who come from where they come from. */
int64_t tries_take_shared(struct visit *visit, struct tries *tries,
	const uint8_t key[STATE_KEY_SIZE], struct state_rate rate, const char *newcomer,
	bool of_address);

/* A good try does not count, and one that nobody looked at does not either. */
void tries_give_back(struct visit *visit, struct tries *tries);

/* It says nothing of the account, but it took a place in a queue or a worker's time, of which
 * nobody may have as much as they like: the address pays. */
void tries_spare_account(struct visit *visit, struct tries *tries);

#endif

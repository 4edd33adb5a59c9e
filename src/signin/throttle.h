/* SPDX-License-Identifier: MIT
 *
 * Limits on sign-in tries, by account, by client address and by the networks around it. The pool
 * shares the counters through the state.
 *
 * No client can use up everybody's tries: a browser that somebody has signed in with has counters
 * of its own, and part of each shared counter is reserved for clients that have made no try yet.
 */
#pragma once

#include "signin/tries.h"

/* Counts a try for the address and for the name as typed, before any backend is asked, so that
 * parallel tries cannot slip through. `account` NULL: for the address alone. `only`: the backend to
 * be asked; NULL: all that take passwords. STEP_NEXT; or STEP_DONE after failing with 429, or 503
 * if the state does not answer. */
enum step throttle_take(struct visit *visit, const char *account,
	const struct service_backend *only, struct tries *tries);

/* The same for a meeting's key, which everybody in the meeting has. One address gets as many
 * guesses as an account has tries, and leaves the other addresses theirs. */
enum step throttle_take_meeting(struct visit *visit, const char *key, struct tries *tries);

/* The same for a code from a provider: counts for the address, or for the browser if somebody has
 * signed in at that provider with it. */
enum step throttle_take_code(struct visit *visit, const char *backend, struct tries *tries);

/* Counts the try for the account that the backend has found, which may have several names (an
 * e-mail address, another spelling). It counts good and bad tries alike, so that 429 does not tell
 * which one this was. If the backend named no account, counts for `typed`. A browser that is known
 * at another backend has no tries of its own here. Returns as throttle_take(). */
enum step throttle_take_person(
	struct visit *visit, const struct identity *who, const char *typed, struct tries *tries);

/* Remembers that a backend knows this name, so that the log can name the account once its tries are
 * used up and no backend is asked any more. */
void throttle_name(struct visit *visit, const char *typed, const struct identity *who);

/* Counts one of the `count` answers that the visit's challenge allows. Returns as
 * throttle_take(). */
enum step throttle_take_answer(struct visit *visit, unsigned count);

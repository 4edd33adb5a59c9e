/* SPDX-License-Identifier: MIT
 *
 * How the configuration wants the state to be opened.
 */
#pragma once

#include "config/config.h"
#include "secret/store.h"
#include "state/state.h"

/* The names in the store of the passwords for the state's server and for the Sentinels. */
#define SERVICE_STATE_SECRET	 "state"
#define SERVICE_SENTINELS_SECRET "sentinels"

/* All but the loop and the password. The texts are the settings'. */
struct state_options service_state_options(const struct settings *settings);

/* The newest password for the state's server or for the Sentinels; NULL: none. */
const char *service_state_password(const struct store *store, enum state_peer peer);

/* Tells the other machines of the state which change of the store this one has loaded. 0 or -1. */
int service_tell_generation(struct state *state, const struct store *store, int64_t now);

/* The newest change of the store that a machine has loaded within a day; 0: none; -1: the state
 * does not answer. */
int64_t service_newest_generation(struct state *state, const struct store *store);

/* Opens the state for a program without a loop: each question waits for its answer. The store has
 * to outlive it. NULL with an error. */
struct state *service_open_state(
	const struct settings *settings, struct store *store, struct error *error);

/* SPDX-License-Identifier: MIT
 *
 * A visit: one request from its arrival to its answer. What it goes through is a table of steps
 * (visit.c), the same five for every join: arrive, authenticate, authorize, exchange, return.
 */
#ifndef VISIT_VISIT_H
#define VISIT_VISIT_H

#include "http/request.h"
#include "service/service.h"
#include "state/state.h"

#include <uv.h>

struct visit;

/* What all visits of a process share; outlives them. */
struct station {
	uv_loop_t *loop;
	struct state *state;
	struct service *service; /* the newest; a visit takes a use of it */
	unsigned in_flight;
	unsigned most_in_flight; /* as the limit of descriptors allows */
	bool draining;
	struct visit *claiming, *last_claiming; /* visits whose request token is to be claimed */
};

/* Once a turn of the loop, after what the turn brought: claims the request tokens of all visits
 * that came as far. */
void visit_each_turn(struct station *station);

/* Begins a visit, which ends by itself: the descriptor and the request's contents are its own from
 * now on. */
void visit_begin(struct station *station, int fd, uint16_t request_id, struct request *request);

#endif

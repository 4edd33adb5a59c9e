/* SPDX-License-Identifier: MIT
 *
 * A visit: one request from its arrival to its answer. It goes through the steps that its route
 * lists (routes.c). A step is a function that never blocks: it answers NEXT, or DONE when the visit
 * has its response or has failed (fail.h), or WAIT after it arranged that visit_continue() is
 * called. One thread, that of the loop, owns all visits.
 */
#ifndef VISIT_VISIT_H
#define VISIT_VISIT_H

#include "http/params.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"
#include "service/service.h"
#include "session/session.h"
#include "session/ticket.h"
#include "state/state.h"
#include "visit/failure.h"

#include <uv.h>

struct visit;

enum step { STEP_DONE = 0, STEP_NEXT, STEP_WAIT };

typedef enum step step_function(struct visit *visit);

enum {
	STEPS_MAX = 12,	  /* of a route, with the NULL at their end */
	DETAIL_MAX = 256, /* thousands of visits wait at once: no struct error */
};

/* What a method at a route goes through. */
struct route_row {
	enum route route;
	enum http_method method;
	bool is_join; /* a failure ends a join, and has its audit line */
	step_function *steps[STEPS_MAX];
};

/* What is above a visit, and handed down to it. */
struct routes {
	const struct route_row *rows;
	size_t count;
	/* Makes the response of a visit that has failed. */
	void (*show_failure)(struct visit *visit);
};

/* What all visits of a process share; outlives them. */
struct server {
	uv_loop_t *loop;
	const struct routes *routes;
	struct state *state;
	struct service *service; /* the newest; a visit takes a use of it */
	const struct reload *reload;
	unsigned in_flight;
	unsigned most_in_flight; /* as the limit of descriptors allows */
	bool draining;
	struct visit *claiming, *last_claiming; /* visits whose request token is to be claimed */
};

struct visit {
	struct server *server;
	struct service *service;
	struct files *files;
	int fd;
	uint16_t request_id;
	struct request request;
	step_function *const *steps; /* what is still to do, ended by NULL */
	int64_t started_ms;	     /* monotonic */
	int64_t now;		     /* wall clock at the start, seconds */
	struct response response;    /* its status is 0 until a step has begun one */

	/* arrive */
	struct join join;
	struct service_platform
		*platform; /* NULL until the host name was found to be one of ours */
	struct params *form;
	struct join lost;   /* of a ticket that did not open: what it was for, for the log alone */
	const char *origin; /* of the page whose script asks; NULL: a browser visits */

	/* authenticate */
	struct session session; /* empty until somebody is known */
	bool session_is_new, session_ended;
	bool is_ambient; /* the session is of this visit alone */
	uint8_t browser[TICKET_BROWSER_SIZE];
	bool browser_known, browser_is_new;
	const char *route_rest;	  /* what varies in the path: a title, an entry and its rest */
	struct ticket_note *note; /* of the ticket that came; NULL: none */
	bool to_desk;		  /* the join is none: they want to the guest desk */
	bool no_room;		  /* the platform's rooms are all taken */
	bool reauthenticate;	  /* another account is wanted */
	bool has_waited;	  /* for a backend: the visitor may be gone */

	/* exchange */
	size_t secret_index; /* of the version being tried */
	uint8_t claim[STATE_KEY_SIZE];
	struct visit *next_claiming;
	int64_t exchange_started_ms, exchange_ms;
	struct buffer token; /* the access token */
	bool handed_over;    /* to the page of an application (platform.h, app): there is none */

	/* for the page and the audit line */
	bool is_join;	/* ends with a line event=join */
	bool is_logged; /* has its line already: event=login */
	bool failed;
	enum failure failure;
	bool invitation;	 /* it is one that is not good, or not any more */
	const char *parameter;	 /* which one was bad; a constant, or of the join */
	bool too_long;		 /* and that is what was wrong with it */
	char *hostname;		 /* that came and is no platform of ours; NULL: none */
	const char *rule;	 /* which rule decided */
	const char *role;	 /* that it gives; "" */
	const char *allow;	 /* for 405 */
	int64_t retry_after;	 /* seconds; 0: none */
	char detail[DETAIL_MAX]; /* for the log; empty: nothing to say */
};

/* Begins a visit, which ends by itself: the descriptor and the request's contents are its own from
 * now on. */
void visit_begin(struct server *server, int fd, uint16_t request_id, struct request *request);

/* Goes on with a visit that waited, as if the step it waited in had answered `step` now. The visit
 * may be gone afterwards. */
void visit_continue(struct visit *visit, enum step step);

#endif

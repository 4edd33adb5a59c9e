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
#include "visit/outcome.h"

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
	enum outcome begins; /* what a request is taken for */
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

/* Where somebody goes once they are signed in. */
enum destination {
	DESTINATION_NONE = 0,
	DESTINATION_MEETING, /* visit->join, at visit->platform */
	DESTINATION_DESK,
};

/* What becomes of the session's cookie with the answer. */
enum cookie_change { COOKIE_STAYS = 0, COOKIE_SET, COOKIE_DELETED };

struct visit_browser {
	uint8_t id[TICKET_BROWSER_SIZE];
	bool known;  /* the id is the browser's */
	bool is_new; /* and it is to be told */
};

struct visit_signin {
	enum cookie_change cookie;
	bool is_ambient;     /* the session is of this visit alone */
	bool reauthenticate; /* another account is wanted */
	bool has_waited;     /* for a backend: the visitor may be gone */
	bool fresh_groups;   /* the session's may not be older than the visit */
};

struct visit_exchange {
	size_t secret_index; /* of the version being tried */
	uint8_t claim[STATE_KEY_SIZE];
	struct visit *next; /* whose request token is to be claimed */
	int64_t started_ms, took_ms;
	const char *role;    /* that the rule gives; "" */
	struct buffer token; /* the access token */
};

/* For the failure's page and the log. */
struct visit_report {
	const char *parameter;	 /* which one was bad; a constant, or of the join */
	char *hostname;		 /* that came and is no platform of ours; owned; NULL: none */
	struct join lost;	 /* of a ticket that did not open: what it was for */
	const char *rule;	 /* which rule decided */
	const char *allow;	 /* for 405 */
	int64_t retry_after;	 /* seconds; 0: none */
	char detail[DETAIL_MAX]; /* empty: nothing to say */
};

struct visit {
	struct server *server;
	struct service *service; /* that it began with, and so its files */
	struct files *files;
	int fd;
	uint16_t request_id;
	struct request request;
	const char *route_rest;	     /* what varies in the path: a title, an entry and its rest */
	step_function *const *steps; /* what is still to do, ended by NULL */
	int64_t started_ms;	     /* monotonic */
	int64_t now;		     /* wall clock at the start, seconds */
	struct response response;    /* its status is 0 until a step has begun one */
	enum outcome outcome;
	enum failure failure; /* why, where the outcome is one that failed */

	/* What they came for: arrive. */
	enum destination destination;
	struct join join; /* complete where the destination is a meeting, else empty */
	struct service_platform
		*platform; /* NULL until the host name was found to be one of ours */
	struct params *form;
	const char *origin; /* of the page whose script asks; NULL: a browser visits */

	/* Who they are: signin. */
	struct session session;	 /* empty until somebody is known */
	struct pending *pending; /* of the ticket that came; NULL: none */
	struct visit_browser browser;
	struct visit_signin signin;

	struct visit_exchange exchange; /* join */
	struct visit_report report;
};

/* Begins a visit, which ends by itself: the descriptor and the request's contents are its own from
 * now on. */
void visit_begin(struct server *server, int fd, uint16_t request_id, struct request *request);

/* Goes on with a visit that waited, as if the step it waited in had answered `step` now. The visit
 * may be gone afterwards. */
void visit_continue(struct visit *visit, enum step step);

#endif

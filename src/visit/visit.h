/* SPDX-License-Identifier: MIT
 *
 * A visit: one request from its arrival to its response. It runs the steps of its route (routes.c).
 * A step never blocks the loop. It returns STEP_NEXT; STEP_DONE when the visit has its response or
 * has failed (fail.h); or STEP_WAIT after arranging that visit_continue() is called. The loop's
 * thread owns all visits.
 *
 * A question to the state may make a step wait in the middle, on its fiber (base/fiber.h), while
 * the loop handles other events. Nobody else touches the visit meanwhile. What a step found in the
 * server or in a list that visits share may have changed after such a question.
 */
#pragma once

#include "http/params.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"
#include "pool/reply.h"
#include "service/rooms.h"
#include "service/service.h"
#include "service/upkeep.h"
#include "session/code.h"
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
	STEPS_MAX = 12,	  /* of a route, with the NULL at the end */
	DETAIL_MAX = 256, /* shorter than struct error, because thousands of visits may wait */
};

/* The steps for a method at a route. */
struct route_row {
	enum route route;
	enum http_method method;
	enum outcome begins; /* outcome until a step sets another */
	step_function *steps[STEPS_MAX];
};

/* What the layers above hand down to visits. */
struct routes {
	const struct route_row *rows;
	size_t count;
	/* Makes the response of a failed visit. */
	void (*show_failure)(struct visit *visit);
};

/* What all visits of a process share. It outlives them. */
struct server {
	uv_loop_t *loop;
	const struct routes *routes;
	struct state *state;
	struct service *service; /* the newest; each visit holds a reference */
	const struct reload *reload;
	struct upkeep *upkeep; /* NULL: nothing is renewed */
	unsigned in_flight;
	unsigned most_in_flight; /* that the limit of descriptors allows */
	bool draining;
	struct visit *claiming, *last_claiming; /* visits that wait for the batch of claims */
};

/* Where a sign-in leads. */
enum destination {
	DESTINATION_NONE = 0,
	DESTINATION_MEETING, /* visit->join, at visit->platform */
	DESTINATION_DESK,
	DESTINATION_ME, /* the page of their own meetings */
};

/* What the response does with the session's cookie. */
enum cookie_change { COOKIE_STAYS = 0, COOKIE_SET, COOKIE_DELETED };

struct visit_browser {
	uint8_t id[TICKET_BROWSER_SIZE];
	bool known;  /* the id is set */
	bool is_new; /* the response sets its cookie */
};

/* A script, or a native program, that asks for a token: no cookie is set, failures are JSON. */
struct visit_script {
	bool asks;	       /* false: a browser visits */
	const char *origin;    /* of its page, as the section has it; NULL: a native program's */
	char *code, *verifier; /* that a visit by the entry ended with; owned; NULL: none */
	char *client;	       /* which of its windows asks; owned; NULL: it does not say */
};

struct visit_signin {
	enum cookie_change cookie;
	bool by_code;	     /* a script's code held the session, renewed a minute ago at most */
	bool is_ambient;     /* the web server named the person; the session ends with the visit */
	bool reauthenticate; /* the visitor wants to use another account */
	bool has_waited;     /* for a backend, so the visitor may be gone */
	bool fresh_groups;   /* read the session's groups again in this visit */
};

struct visit_exchange {
	size_t secret_index; /* of the secret's version being tried */
	uint8_t claim[STATE_KEY_SIZE];
	bool holds_claim;   /* the request token is used up, */
	bool is_local;	    /* as far as this machine knows: the state's server did not answer */
	struct visit *next; /* in the server's list of claims */
	int64_t started_ms, took_ms;
	const char *role; /* from the rule; "" without one */
	bool clears_room; /* the meeting has its room anew, and this visit has it cleared */
	uint8_t clearing[STATE_KEY_SIZE]; /* the lease of that */
	struct buffer token;		  /* the access token */
};

/* For the page of a failure and the log. */
struct visit_report {
	const char *parameter;	 /* the bad one; a constant or the join's */
	char *hostname;		 /* one that belongs to no platform; owned; NULL: none */
	struct join lost;	 /* the join in a ticket that did not open; for one that is only too
				  * old, with its meeting token */
	bool no_cookie;		 /* a ticket of ours came without a browser's cookie */
	const char *rule;	 /* that decided */
	const char *allow;	 /* for 405 */
	int64_t retry_after;	 /* seconds; 0: none */
	char detail[DETAIL_MAX]; /* empty: nothing to say */
};

struct visit {
	struct server *server;
	struct service *service; /* the one that the visit began with; so are its files */
	struct files *files;
	struct reply reply;
	struct request request;
	const char
		*route_rest; /* the variable part of the path: a title, or an entry and its rest */
	step_function *const *steps; /* the remaining steps, ended by NULL */
	int64_t started_ms;	     /* monotonic */
	int64_t now;		     /* wall clock at the start, seconds */
	struct response response;    /* status 0 until a step begins it */
	enum outcome outcome;
	enum failure failure; /* set if the outcome is a failure */

	/* What the visitor wants: set by arrive. */
	enum destination destination;
	struct join join;		   /* complete for DESTINATION_MEETING, else empty */
	struct service_platform *platform; /* NULL until the host name matched a platform */
	struct params *form;
	struct visit_script script;

	/* Who the visitor is: set by signin. */
	struct session session;	 /* empty until the visitor is known */
	struct pending *pending; /* from the ticket; NULL: none */
	struct visit_browser browser;
	struct visit_signin signin;

	struct visit_exchange exchange; /* set by join */
	struct visit_report report;
};

/* Begins a visit, which ends by itself. It takes over the reply and the request's contents. */
void visit_begin(struct server *server, const struct reply *reply, struct request *request);

/* Continues a waiting visit as if its step had just returned `step`. The visit may be freed when
 * this returns. */
void visit_continue(struct visit *visit, enum step step);

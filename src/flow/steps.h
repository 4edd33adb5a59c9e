/* SPDX-License-Identifier: MIT
 *
 * The inside of a visit and its steps; private to flow/. A step never blocks: it answers NEXT, or
 * DONE when `response` is ready, or WAIT after it arranged that visit_resume() is called.
 */
#ifndef FLOW_STEPS_H
#define FLOW_STEPS_H

#include "flow/visit.h"
#include "http/params.h"
#include "http/response.h"
#include "session/session.h"
#include "session/ticket.h"

enum step { STEP_DONE = 0, STEP_NEXT, STEP_WAIT };

struct visit;
typedef enum step step_function(struct visit *visit);

/* How a visit can fail. */
enum failure {
#define FAILURE(id, code, status, result, metric) FAILURE_##id,
#include "service/failures.def"
#undef FAILURE
	FAILURE_COUNT,
};

enum { DETAIL_MAX = 144 }; /* thousands of visits wait at once: no struct error */

struct login; /* a password being checked; login.c */

struct visit {
	struct station *station;
	struct service *service;
	struct files *files;
	int fd;
	uint16_t request_id;
	struct request request;
	step_function *const *steps; /* what is still to do, ended by NULL */
	int64_t started_ms;	     /* monotonic */
	int64_t now;		     /* wall clock at the start, seconds */
	struct response response;

	/* arrive */
	struct join join;
	struct service_platform
		*platform; /* NULL until the host name was found to be one of ours */
	struct params *form;

	/* authenticate */
	struct session session; /* empty until somebody is known */
	bool session_is_new, session_ended;
	uint8_t browser[TICKET_BROWSER_SIZE];
	bool browser_known, browser_is_new;
	struct login *login;
	bool has_waited; /* for a password: the visitor may be gone */

	/* exchange */
	struct outbound_request *exchange;
	size_t secret_index; /* of the version being tried */
	uint8_t claim[STATE_KEY_SIZE];
	struct visit *next_claiming;
	int64_t exchange_started_ms, exchange_ms;
	struct buffer token; /* the access token */

	/* for the page and the audit line */
	bool is_join;	/* ends with a line event=join */
	bool is_logged; /* has its line already: event=login */
	bool failed;
	enum failure failure;
	const char *parameter;	 /* which one was bad; a constant */
	const char *rule;	 /* which rule decided */
	const char *allow;	 /* for 405 */
	int64_t retry_after;	 /* seconds; 0: none */
	char detail[DETAIL_MAX]; /* for the log; empty: nothing to say */
};

/* Goes on with a visit that waited, as if the step it waited in had answered `step` now. */
void visit_continue(struct visit *visit, enum step step);

/* Answers with the failure's page (or JSON). Always STEP_DONE. */
enum step visit_fail(struct visit *visit, enum failure failure);

/* Sets the detail for the log: a sentence for the operator, never a secret. */
void visit_note(struct visit *visit, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *failure_code(enum failure failure);
int failure_status(enum failure failure);

/* The browser's id from its cookie, or a new one whose cookie goes out with the answer. */
void visit_know_browser(struct visit *visit);

/* Opens a ticket of that kind, sealed for this browser, into the visit's join. 0 or -1. */
int visit_open_ticket(struct visit *visit, enum ticket_kind kind, const char *text);

/* Appends a ticket for the visit's join and browser. 0 or -1 (too long). */
int visit_seal_ticket(struct visit *visit, enum ticket_kind kind, struct buffer *text);

/* -- arrive.c -- */
step_function arrive_from_platform; /* the entry's query: a new join */
step_function arrive_with_ticket;   /* GET login: a pending join */
step_function arrive_with_form; /* POST: takes the form apart, after checking where it comes from */
step_function arrive_with_form_ticket;
step_function arrive_and_stop; /* HEAD: all is well, nothing is done */

/* -- authenticate.c -- */
step_function authenticate_by_session;
step_function authenticate_show_login;
step_function authenticate_again; /* to the login page with the visit's join */

/* Looks for a session that holds good. 1: there is one (visit->session), 0: none, -1: the state
 * does not answer. */
int authenticate_find_session(struct visit *visit);

/* -- login.c -- */
step_function authenticate_by_password;

/* -- authorize.c, exchange.c, return.c -- */
step_function authorize_join;
step_function exchange_token;
step_function return_to_platform;

/* -- logout.c -- */
step_function logout_show;
step_function logout_do;

/* -- operate.c -- */
step_function operate_healthz;
step_function operate_readyz;
step_function operate_metrics;

#endif

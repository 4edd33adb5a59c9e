/* SPDX-License-Identifier: MIT
 *
 * The inside of a visit and its steps. A step never blocks: it answers NEXT, or
 * DONE when `response` is ready, or WAIT after it arranged that visit_resume() is called.
 */
#ifndef VISIT_STEPS_H
#define VISIT_STEPS_H

#include "visit/visit.h"
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

enum { DETAIL_MAX = 256 }; /* thousands of visits wait at once: no struct error */

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

/* Goes on with a visit that waited, as if the step it waited in had answered `step` now. */
void visit_continue(struct visit *visit, enum step step);

/* Answers with the failure's page (or JSON). Always STEP_DONE. */
enum step visit_fail(struct visit *visit, enum failure failure);

/* Refuses a join that no ticket holds, and names the longest of what is handed on. STEP_DONE. */
enum step visit_refuse_long_join(struct visit *visit);

/* Sends the browser to `url`, which may lead to other sites, with a status of 302 or 303. Chromium
 * and Safari apply form-action of the page that a form was on to every redirect that follows, those
 * of other hosts too, which nobody can list beforehand. So a form is answered with a page that goes
 * on by itself: there its redirects end. Programs get the redirect. */
void visit_redirect(struct visit *visit, int status, const char *url);

/* Sets the detail for the log: a sentence for the operator, never a secret. */
void visit_note(struct visit *visit, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *failure_code(enum failure failure);
int failure_status(enum failure failure);

/* The browser's id from its cookie, or a new one whose cookie goes out with the answer. */
void visit_know_browser(struct visit *visit);

/* Opens a ticket of that kind, sealed for this browser (of the logout form and the desk: also for
 * whoever is signed in, whose session has been found before), into the visit's join and note. 0,
 * or -1 with the cause in the visit's detail. */
int visit_open_ticket(struct visit *visit, enum ticket_kind kind, const char *text);

/* Appends a ticket for the visit's join and browser, with its note where the kind has one. 0 or -1
 * (too long). */
int visit_seal_ticket(struct visit *visit, enum ticket_kind kind, struct buffer *text);

/* The visit's note, a new one with a fresh id and seed for this backend. NULL without memory. */
struct ticket_note *visit_make_note(struct visit *visit, const struct service_backend *backend);

void visit_drop_note(struct visit *visit);

/* A key in the state for what may happen to a note a certain number of times. */
void visit_note_key(const struct visit *visit, const char *purpose, uint8_t key[STATE_KEY_SIZE]);

/* -- arrive.c -- */
step_function arrive_from_platform; /* the entry's query: a new join */
step_function arrive_with_ticket;   /* GET login: a pending join */
step_function arrive_with_form; /* POST: takes the form apart, after checking where it comes from */
step_function arrive_with_form_ticket; /* a pending join, or the answer to a challenge */
step_function arrive_from_provider;    /* GET callback: a pending join that went to a provider */
step_function arrive_with_invitation;  /* POST invite */
step_function arrive_with_message;     /* POST backchannel: a provider's form */
step_function arrive_by_entry;	       /* the entry of a platform's driver: a new join */
step_function arrive_and_stop;	       /* HEAD: all is well, nothing is done */

/* Answers a visit for a platform that is not configured; the log says what came and what there is.
 * `entry` is where it came in, "" for the mount. STEP_DONE. */
enum step arrive_unknown_platform(struct visit *visit, const char *hostname, const char *entry);

/* Whether no browser can be led to meetings of the visit's platform; noted then. */
bool arrive_is_for_scripts(struct visit *visit);

/* Lets the driver of the visit's platform read what the visit brings. STEP_NEXT, or STEP_DONE after
 * answering. */
enum step arrive_at(struct visit *visit, const char *rest,
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r),
	const void *query);

/* -- authenticate.c -- */
step_function authenticate_by_session;
step_function authenticate_at_login; /* GET login: the page, or off to the provider of a button */
step_function authenticate_again;    /* to the login page (or provider) with the visit's join */

/* Looks for a session that holds good. 1: there is one (visit->session), 0: none, -1: the state
 * does not answer. */
int authenticate_find_session(struct visit *visit);

/* Whether the backend that vouched for somebody is still there and knows them. */
bool authenticate_stands(const struct visit *visit, const struct identity *who);

/* Begins a session of `who` (taken over) in the place of the one that the browser had, which ends.
 * STEP_NEXT, or STEP_DONE after answering. */
enum step authenticate_begin_session(struct visit *visit, struct identity *who);

/* Ends a session for good: copies of its cookie, too. 0; 1 where the person has ended too many
 * lately (join_rate.h); -1 when the state does not answer. */
int authenticate_end_session(const struct visit *visit, const struct session *session);

/* Answers for what that returned. STEP_DONE. */
enum step authenticate_fail_to_end(struct visit *visit, int rc);

/* Makes `who` fit into a cookie by leaving out what rules do not need. 0, or -1 when it does not
 * fit all the same. */
int authenticate_fit(const struct visit *visit, struct identity *who);

/* False when groups of `who` were left out that rules name by now. */
bool authenticate_groups_are_whole(const struct visit *visit, const struct identity *who);

/* -- login.c -- */
step_function authenticate_by_form; /* a password, a code, … */

/* Somebody who is right and whose session would not fit into a cookie: logs it and answers. */
enum step login_refuse_size(struct visit *visit, const struct identity *who);

/* The last of a login: counts, logs, begins the session. */
enum step login_grant(struct visit *visit, struct identity *who);

/* One line event=login. The user is `who`'s subject and comes from nowhere else: a backend set it,
 * so it is the name of an account and not whatever was typed, which may be a password in the wrong
 * field. NULL fields are left out. `detail` says why, for the operator. */
void login_log(const struct visit *visit, const char *result, const struct identity *who,
	const char *detail);

/* The same where no backend has said whom it is about; `backend` is a title, NULL: none. */
void login_log_nobody(
	const struct visit *visit, const char *result, const char *backend, const char *detail);

/* The code of a second factor was wrong: asks again. STEP_DONE. */
enum step login_wrong_code(struct visit *visit);

/* -- challenge.c -- */
/* Asks a backend's second question. STEP_DONE. */
enum step challenge_ask(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge);

/* Somebody (taken over) passed the first question: asks for the code of their second factor, where
 * they have one, refuses them where they must and have none, or lets them pass. */
enum step challenge_second_factor(
	struct visit *visit, struct service_backend *backend, struct identity *who);
enum step challenge_check_code(struct visit *visit, const char *code);

/* Whether somebody has the second factor that their session began with, or none as then. */
bool challenge_is_same_factor(const struct visit *visit, const struct identity *who);

/* Whether the visit's note is granted for the first time; else answers. */
bool challenge_use_up(struct visit *visit);

/* -- redirect.c -- */
enum step redirect_begin(struct visit *visit, struct service_backend *backend);
step_function authenticate_by_provider; /* who came back */
step_function backchannel_end;		/* a session at a provider has ended */

/* -- renew.c -- */
step_function authenticate_renew; /* reads the groups of the session again where they are old */

/* -- invite.c -- */
step_function invite_show; /* the page of an invitation */
step_function invite_accept;

/* -- authorize.c, exchange.c, return.c -- */
step_function authorize_join;

/* Whether the policy would let them into the visit's meeting. */
bool authorize_would_allow(const struct visit *visit, const struct identity *who);
step_function room_take; /* room.c */
step_function room_keep;
step_function exchange_token;

/* The versions of the secret for the visit's meeting, newest first; NULL and 0 where there are
 * none. */
const struct store_secret *exchange_secrets(const struct visit *visit, size_t *count_r);

/* Notes when the platform last took a version of its secret. */
void exchange_note_acceptance(struct visit *visit, const struct store_secret *secret);
step_function return_to_platform;

/* -- grant.c -- */
enum step grant_access(struct visit *visit); /* exchange_token() of drivers with a grant */

/* -- script.c -- */
step_function arrive_from_script;
step_function authenticate_script;
step_function return_to_script;
step_function script_preflight; /* OPTIONS: may it send that? */

/* Adds what lets the script's page read the answer; nothing where no script asks. */
void script_add_headers(struct visit *visit);

/* -- desk.c -- */
step_function desk_enter; /* whoever is not signed in comes back here */
step_function desk_show;
step_function desk_change; /* POST: one of the page's forms */
step_function desk_return; /* to the page, after a login or a change */

/* Notes that somebody came into a meeting, where the desk shows it. */
void desk_mark(const struct visit *visit);

/* -- logout.c -- */
/* One line event=logout. `detail` NULL: they signed out here. */
void logout_log(
	const struct visit *visit, const char *user, const char *backend, const char *detail);

step_function logout_show;
step_function logout_do;

/* -- operate.c -- */
step_function operate_healthz;
step_function operate_readyz;
step_function operate_metrics;

#endif

/* SPDX-License-Identifier: MIT
 *
 * Step 2 with a form. The throttle counts the try, then backends check it on their queues. The
 * password form goes to all backends that take passwords, in the order of the file; any other form
 * names its backend.
 */
#include "signin/steps.h"

#include "base/text.h"
#include "base/typed.h"
#include "signin/admission.h"
#include "signin/call.h"
#include "signin/challenge.h"
#include "signin/known.h"
#include "signin/doubt.h"
#include "signin/log.h"
#include "signin/login.h"
#include "signin/throttle.h"
#include "telemetry/metrics.h"
#include "visit/fail.h"
#include "visit/ticket.h"

enum { ANSWERS_MAX = 5 }; /* answers accepted to one challenge */

static const char impossible[] = "a field is empty or too long, and nobody was asked";

/* A sign-in while backends are being asked. */
struct login {
	struct call *call;
	struct service_backend *only;	    /* the form's backend; NULL: all that take passwords */
	const char *name, *password;	    /* from the form; "" without such a field */
	char normal[AUTH_PASSWORD_MAX + 1]; /* the password, normalized (base/typed.h) */
	bool differs;			    /* `normal` is not what was typed: try that second */
	bool as_typed;			    /* the current call tries what was typed */
	bool denied;			    /* the normalized password was denied */
	const char *answer; /* to the visit's challenge; NULL: there was no challenge */
	struct tries tries;
	size_t index; /* of the next backend to ask */
	bool asked;
	bool costs;			      /* a backend was busy with it and failed */
	const struct service_backend *broken; /* the last backend that failed, and why */
	struct error why;
};

static enum auth_verdict work(struct call *call)
{
	call->attempt.secrets = call->secrets;
	return call->backend->driver->check(call->backend->instance, &call->attempt);
}

/* Whether the policy would admit the owner of this address if nothing else were known about them.
 * The address is in the form that the identity would have. */
static bool is_admitted(
	const struct visit *visit, const struct service_backend *backend, const char *typed)
{
	char address[IDENTITY_SUBJECT_MAX + 1];
	struct identity who = {
		.backend = (char *)backend->title, .subject = address, .email = address};

	text_lower(typed, address, sizeof address);
	return admission_ask(visit, &who).verdict == POLICY_ALLOW;
}

static void prepare(struct login *login, const struct service_backend *backend)
{
	struct call *call = login->call;
	struct visit *visit = call->visit;

	call->whom = doubt_whom(visit, login->name);
	call->attempt = (struct auth_attempt){
		.name = login->name,
		.password = login->as_typed ? login->password : login->normal,
		.answer = login->answer,
		.asked = login->answer != NULL ? &call->asked : NULL,
		.join = visit_goal(visit),
		.client = visit->request.client,
		.admitted = backend->driver->form != NULL && backend->driver->form->asks_policy &&
			    is_admitted(visit, backend, login->name),
		.who = &call->who,
		.challenge = &call->challenge,
		.error = &call->error,
	};
}

static void release(struct login *login)
{
	call_release(login->call);
	explicit_bzero(login->normal, sizeof login->normal);
	free(login);
}

/* For forms that let into one meeting the throttle counts guesses at the meeting's key. */
enum { MEETING_KEY_SIZE = 2 * IDENTITY_SUBJECT_MAX + IDENTITY_MEETING_MAX };

static void name_meeting(const struct login *login, char key[MEETING_KEY_SIZE])
{
	const struct join *join = &login->call->visit->join;

	snprintf(key, MEETING_KEY_SIZE, "%s/%s/%s", login->only->title, join->platform,
		join->meeting_id);
}

/* After a grant, remembers the browser for the name as typed and for the account. */
static enum step know(struct login *login, enum step step)
{
	const struct auth_backend *driver = login->call->backend->driver;
	struct visit *visit = login->call->visit;
	char key[MEETING_KEY_SIZE];

	if (step == STEP_NEXT && driver->one_meeting && driver->form->password_label != NULL) {
		name_meeting(login, key);
		known_add_meeting(visit, key);
	}
	if (step != STEP_NEXT || driver->one_meeting)
		return step;
	known_add_account(visit, visit->session.who.backend, login->name);
	known_add_account(visit, visit->session.who.backend, visit->session.who.subject);
	return step;
}

static enum step conclude_grant(struct login *login)
{
	struct call *call = login->call;
	struct visit *visit = call->visit;

	tries_give_back(visit, &login->tries);
	if (login->answer != NULL && !visit_use_up_pending(visit))
		return STEP_DONE;
	if (call->backend->driver->one_meeting &&
		identity_add_meeting(&call->who, visit->join.platform, visit->join.meeting_id) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (call->backend->driver->second_factor && login->answer == NULL)
		return know(login, challenge_second_factor(visit, call->backend, &call->who));
	return know(login, login_grant(visit, &call->who));
}

/* The throttle has counted the name as typed. Counts the account too if the backend has named
 * it. */
static enum step count_person(struct login *login)
{
	struct call *call = login->call;

	if (call->backend->driver->one_meeting ||
		(call->verdict != AUTH_DENY && call->verdict != AUTH_GRANT))
		return STEP_NEXT;
	if (call->verdict == AUTH_DENY && call->who.subject != NULL)
		throttle_name(call->visit, login->name, &call->who);
	return throttle_take_person(call->visit, &call->who, login->name, &login->tries);
}

/* With several backends, names the last one that failed, not the last one asked. */
static void log_unavailable(const struct login *login)
{
	const struct call *call = login->call;

	if (call->verdict == AUTH_UNFIT)
		login_log(call->visit, "unavailable", &call->who, call->error.text);
	else
		login_log_nobody(call->visit, "unavailable",
			login->broken != NULL ? login->broken->title : call->who.backend,
			call->error.text);
}

static const char *why_unknown(const struct login *login)
{
	if (login->call->error.text[0] != '\0')
		return login->call->error.text;
	return login->only == NULL ? "no backend knows that name" : NULL;
}

/* Turns the verdict into the visit's next step. Only a grant returns STEP_NEXT. */
static enum step conclude(struct login *login)
{
	struct call *call = login->call;
	struct visit *visit = call->visit;
	if (count_person(login) != STEP_NEXT)
		return STEP_DONE;
	switch (call->verdict) {
	case AUTH_GRANT:
		return conclude_grant(login);
	case AUTH_CHALLENGE:
		return challenge_ask(visit, call->backend, &call->challenge);
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE:
		if (login->costs || call->refused)
			tries_spare_account(visit, &login->tries);
		else
			tries_give_back(visit, &login->tries);
		if (!call->refused)
			log_unavailable(login);
		return call_fail(call);
	case AUTH_DENY:
		login_log(visit, "failed", &call->who, call->error.text);
		break;
	case AUTH_UNKNOWN:
		login_log_nobody(visit, "failed", call->who.backend, why_unknown(login));
		break;
	}
	metric_count(METRIC_LOGIN_FAILED);
	return login_answer_wrong(
		visit, login->name, login->only != NULL ? call->who.backend : NULL);
}

static enum step ask_next(struct login *login);

static void on_done(struct call *call)
{
	struct login *login = call->context;
	struct visit *visit = call->visit;
	enum step step;

	login->costs |= call->verdict == AUTH_UNAVAILABLE || call->verdict == AUTH_UNFIT;
	step = ask_next(login);

	if (step != STEP_WAIT) {
		release(login);
		visit_continue(visit, step);
	}
}

/* Whether to ask the same backend again, now with the password as typed. That happens for unknown
 * names too, or the response time would tell which names the backend knows. */
static bool is_asked_twice(const struct login *login)
{
	enum auth_verdict verdict = login->call->verdict;

	return login->differs && login->asked && !login->as_typed &&
	       (verdict == AUTH_DENY || verdict == AUTH_UNKNOWN);
}

/* The next backend that takes passwords, or the form's own backend once. */
static struct service_backend *following_backend(struct login *login)
{
	struct service *service = login->call->visit->service;
	struct service_backend *only = login->only;

	if (only != NULL)
		return login->index++ == 0 ? only : NULL;
	while (login->index < service->backend_count) {
		struct service_backend *backend = &service->backends[login->index++];

		if (auth_kind(backend->driver) == AUTH_PASSWORD)
			return backend;
	}
	return NULL;
}

static struct service_backend *next_backend(struct login *login)
{
	bool again = is_asked_twice(login);

	login->as_typed = again;
	login->denied = again && login->call->verdict == AUTH_DENY;
	return again ? login->call->backend : following_backend(login);
}

/* Whether to ask on. Denied with the normalized password stays denied unless the password as typed
 * is granted. */
static bool goes_on(struct login *login)
{
	enum auth_verdict *verdict = &login->call->verdict;

	if (!login->asked || is_asked_twice(login))
		return true;
	if (login->denied && (*verdict == AUTH_UNKNOWN || *verdict == AUTH_UNAVAILABLE))
		*verdict = AUTH_DENY;
	return *verdict == AUTH_UNKNOWN || *verdict == AUTH_UNAVAILABLE;
}

/* Asks backends until one decides: after an unknown name or a failure the next is asked, a wrong
 * password ends the search. A failure is reported unless a later backend grants or denies.
 * STEP_WAIT while a backend is being asked. */
static enum step ask_next(struct login *login)
{
	struct call *call = login->call;
	struct service_backend *backend;

	while (goes_on(login)) {
		if (login->asked && call->verdict == AUTH_UNAVAILABLE) {
			login->broken = call->backend;
			login->why = call->error;
		}
		backend = next_backend(login);
		if (backend == NULL)
			break;
		prepare(login, backend);
		login->asked = true;
		if (call_start(call, backend, work, on_done) == 0)
			return STEP_WAIT;
	}
	if (call->verdict == AUTH_UNKNOWN && login->broken != NULL)
		call->verdict = AUTH_UNAVAILABLE;
	if (call->verdict == AUTH_UNAVAILABLE && login->broken != NULL)
		call->error = login->why;
	return conclude(login);
}

static void fill_asked(const struct pending *pending, struct auth_challenge *asked)
{
	snprintf(asked->name, sizeof asked->name, "%s", pending->name != NULL ? pending->name : "");
	snprintf(asked->prompt, sizeof asked->prompt, "%s",
		pending->prompt != NULL ? pending->prompt : "");
	asked->echo = pending->echo;
	asked->state_length = pending->state_length;
	memcpy(asked->state, pending->state, pending->state_length);
}

_Static_assert(
	(int)TICKET_STATE_MAX == (int)AUTH_STATE_MAX, "a challenge fits into a pending sign-in");

static struct login *make_login(struct visit *visit, const struct login *what)
{
	struct login *login = malloc(sizeof *login);

	if (login == NULL)
		return NULL;
	*login = *what;
	login->call = call_new(visit);
	if (login->call == NULL) {
		free(login);
		return NULL;
	}
	login->call->context = login;
	login->differs = typed_password(login->password, login->normal, sizeof login->normal);
	if (login->answer != NULL)
		fill_asked(visit->pending, &login->call->asked);
	return login;
}

/* Takes a try from the counters: of the name; for a form that lets into one meeting, of the
 * meeting's key; of the address alone if the form has neither field. */
static enum step take_try(struct login *login)
{
	const struct auth_backend *driver = login->only != NULL ? login->only->driver : NULL;
	struct visit *visit = login->call->visit;
	char key[MEETING_KEY_SIZE];

	if (driver == NULL || driver->form == NULL)
		return throttle_take(visit, login->name, login->only, &login->tries);
	if ((driver->one_meeting ? driver->form->password_label : driver->form->name_label) == NULL)
		return throttle_take(visit, NULL, NULL, &login->tries);
	if (!driver->one_meeting)
		return throttle_take(visit, login->name, login->only, &login->tries);
	name_meeting(login, key);
	return throttle_take_meeting(visit, key, &login->tries);
}

static enum step begin(struct visit *visit, const struct login *what)
{
	struct login *login = make_login(visit, what);
	enum step step;

	if (login == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	step = take_try(login);
	if (step == STEP_NEXT)
		step = ask_next(login);
	if (step != STEP_WAIT)
		release(login);
	return step;
}

/* Reads a required field. 0, or -1 after failing the visit. */
static int take_field(struct visit *visit, const char *field, const char **value_r)
{
	if (params_get(visit->form, field, value_r) == PARAM_ONCE)
		return 0;
	visit_refuse(visit, field, "missing or given twice");
	return -1;
}

/* Reads the form's backend. *only_r stays NULL for the password form. */
static int take_backend(struct visit *visit, struct service_backend **only_r)
{
	const char *title = NULL;

	if (params_get(visit->form, "backend", &title) == PARAM_MISSING)
		return 0;
	if (take_field(visit, "backend", &title) != 0)
		return -1;
	*only_r = service_backend(visit->service, title);
	if (*only_r != NULL && auth_kind((*only_r)->driver) == AUTH_FORM &&
		(visit->destination == DESTINATION_MEETING || !(*only_r)->driver->one_meeting))
		return 0;
	visit_refuse(visit, "backend", "not the title of a backend with its own form");
	return -1;
}

static enum step answer_challenge(struct visit *visit)
{
	struct login login = {.name = visit->pending->name, .password = ""};

	login.only = service_backend(visit->service, visit->pending->backend);
	if (login.only == NULL) {
		visit_set_detail(visit, "a reload has taken backend %s out of the configuration",
			visit->pending->backend);
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	}
	if (take_field(visit, "answer", &login.answer) != 0)
		return STEP_DONE;
	if (login.name == NULL)
		login.name = "";
	if ((login.answer[0] == '\0' && !login.only->driver->empty_answers) ||
		strlen(login.answer) > AUTH_PASSWORD_MAX) {
		login_log_nobody(visit, "failed", login.only->title, impossible);
		return login_answer_wrong(visit, NULL, NULL);
	}
	if (throttle_take_answer(visit, ANSWERS_MAX) != STEP_NEXT)
		return STEP_DONE;
	if (visit->pending->who.subject != NULL)
		return challenge_check_code(visit, login.answer);
	return begin(visit, &login);
}

/* A form that cannot be right is answered like a wrong one. */
static bool is_possible(const struct login *login, bool has_name, bool has_password)
{
	size_t name = strlen(login->name), password = strlen(login->password);

	return name <= IDENTITY_SUBJECT_MAX && password <= AUTH_PASSWORD_MAX &&
	       (name > 0 || !has_name) && (password > 0 || !has_password);
}

enum step authenticate_by_form(struct visit *visit)
{
	struct login login = {.name = "", .password = ""};
	bool has_name, has_password;

	if (visit->pending != NULL)
		return answer_challenge(visit);
	if (take_backend(visit, &login.only) != 0)
		return STEP_DONE;
	params_clean(visit->form, "name");
	has_name = login.only == NULL || login.only->driver->form->name_label != NULL;
	has_password = login.only == NULL || login.only->driver->form->password_label != NULL;
	if ((has_name && take_field(visit, "name", &login.name) != 0) ||
		(has_password && take_field(visit, "password", &login.password) != 0))
		return STEP_DONE;
	if (!is_possible(&login, has_name, has_password)) {
		login_log_nobody(
			visit, "failed", login.only != NULL ? login.only->title : NULL, impossible);
		return login_answer_wrong(visit,
			strlen(login.name) <= IDENTITY_SUBJECT_MAX ? login.name : NULL,
			login.only != NULL ? login.only->title : NULL);
	}
	return begin(visit, &login);
}

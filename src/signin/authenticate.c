/* SPDX-License-Identifier: MIT
 *
 * Step 2: who is it? The session or the web server says so; otherwise the visitor gets the login
 * page. form.c, challenge.c and redirect.c handle what the page submits.
 */
#include "signin/authenticate.h"

#include "signin/admission.h"
#include "signin/log.h"
#include "signin/redirect.h"
#include "signin/session.h"
#include "signin/steps.h"
#include "signin/used_link.h"
#include "view/pages.h"
#include "visit/fail.h"
#include "visit/ticket.h"

static const char *request_value(const void *request, const char *name)
{
	return request_param(request, name);
}

/* Asks the backends that read the web server's parameters. The identity holds for this request
 * only: no session begins, because the web server sends it with each request. */
static enum step look_around(struct visit *visit)
{
	struct service *service = visit->service;

	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];
		struct identity who = IDENTITY_INIT;
		enum auth_verdict verdict = AUTH_UNAVAILABLE;
		struct error error = {0};

		if (auth_kind(backend->driver) != AUTH_AMBIENT)
			continue;
		if (identity_set(&who.backend, backend->title, IDENTITY_SUBJECT_MAX) == 0)
			verdict = backend->driver->identify(
				backend->instance, request_value, &visit->request, &who, &error);
		if (verdict == AUTH_GRANT) {
			session_begin(&visit->session, &who, signin_limits(visit), visit->now);
			visit->signin.is_ambient = true;
			if (visit->platform != NULL && visit->platform->driver->grant != NULL)
				visit_know_browser(visit); /* `user_id` is derived from it */
		}
		identity_release(&who);
		if (verdict == AUTH_GRANT)
			return STEP_NEXT;
		if (verdict != AUTH_UNKNOWN) {
			login_log_nobody(visit, "failed", backend->title, error.text);
			visit_set_detail(visit, "%s", error.text);
			return visit_fail(visit, verdict == AUTH_DENY
							 ? FAILURE_LOGIN_FAILED
							 : FAILURE_BACKEND_UNAVAILABLE);
		}
	}
	return STEP_NEXT;
}

enum step authenticate_by_session(struct visit *visit)
{
	int found = signin_find_session(visit);

	if (found < 0) {
		visit_set_detail(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	/* A session for other meetings does not identify anybody here. */
	if (found > 0 && !admission_is_good_for(visit, &visit->session.who)) {
		session_release(&visit->session);
		found = 0;
	}
	if (found == 0)
		return look_around(visit);
	if (session_is_stale(&visit->session, signin_limits(visit), visit->now)) {
		session_use(&visit->session, signin_limits(visit), visit->now);
		visit->signin.cookie = COOKIE_SET;
	}
	return STEP_NEXT;
}

/* The ways to sign in. */
struct choice {
	unsigned forms, redirects;
	struct service_backend *redirect; /* the first */
};

static struct choice choice_of(struct service *service)
{
	struct choice choice = {0};

	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];
		enum auth_kind kind = auth_kind(backend->driver);

		choice.forms += kind == AUTH_PASSWORD || kind == AUTH_FORM;
		choice.redirects += kind == AUTH_REDIRECT;
		if (kind == AUTH_REDIRECT && choice.redirect == NULL)
			choice.redirect = backend;
	}
	return choice;
}

/* Redirects to the login page. The ticket in its address hides the tokens. */
static enum step go_to_login(struct visit *visit)
{
	struct buffer url = BUFFER_INIT(TICKET_TEXT_MAX + 2048);
	enum step step = STEP_DONE;

	buffer_text(&url, visit->service->login_url);
	buffer_text(&url, visit->signin.reauthenticate ? "?again=1&ticket=" : "?ticket=");
	if (visit_seal_ticket(visit, TICKET_JOIN, &url) != 0 || url.failed) {
		step = visit_refuse_long_join(visit);
	} else {
		visit->outcome = OUTCOME_SHOWED_LOGIN;
		response_begin(&visit->response, 303, visit->request.id);
		response_header(&visit->response, "Location", url.data);
	}
	buffer_wipe(&url);
	return step;
}

enum step authenticate_again(struct visit *visit)
{
	struct choice choice = choice_of(visit->service);

	if (visit->script.asks) { /* a script cannot show a page */
		visit_set_detail(visit, "no session");
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	}
	if (choice.forms == 0 && choice.redirects == 1)
		return redirect_begin(visit, choice.redirect);
	if (choice.forms + choice.redirects > 0)
		return go_to_login(visit);
	visit_set_detail(
		visit, "the web server names no user, and no other way to sign in is configured");
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

enum step authenticate_require(struct visit *visit)
{
	if (visit->session.who.subject != NULL)
		return STEP_NEXT;
	if (!visit->script.asks && used_link_refuse(visit) != STEP_NEXT)
		return STEP_DONE;
	return authenticate_again(visit);
}

/* Reads which provider's button was used: it leads to the login page with the title of its backend.
 * 0 or -1. */
static int read_button(struct visit *visit, struct service_backend **backend_r)
{
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	const char *title = NULL, *again = "";
	int rc = -1;

	*backend_r = NULL;
	if (query != NULL && params_get(query, "backend", &title) != PARAM_REPEATED &&
		params_get(query, "again", &again) != PARAM_REPEATED)
		rc = 0;
	visit->signin.reauthenticate = strcmp(again, "1") == 0;
	if (rc == 0 && title != NULL) {
		*backend_r = service_backend(visit->service, title);
		rc = *backend_r != NULL && auth_kind((*backend_r)->driver) == AUTH_REDIRECT ? 0
											    : -1;
	}
	params_free(&query);
	return rc;
}

enum step authenticate_at_login(struct visit *visit)
{
	struct service_backend *backend;

	if (read_button(visit, &backend) != 0) {
		visit->report.parameter = "backend";
		visit_set_detail(visit, "backend: not the title of a provider, or given twice");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (used_link_refuse(visit) != STEP_NEXT)
		return STEP_DONE;
	if (backend != NULL && visit->request.method == HTTP_GET)
		return redirect_begin(visit, backend);
	if (pages_login(visit, 200, NULL, NULL) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	visit->outcome = OUTCOME_SHOWED_LOGIN;
	return STEP_DONE;
}

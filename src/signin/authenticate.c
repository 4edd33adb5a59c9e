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
#include "view/onward.h"
#include "view/pages.h"
#include "visit/fail.h"
#include "visit/ticket.h"

static const char *request_value(const void *request, const char *name)
{
	return request_param(request, name);
}

/* Asks the backends that read the web server's parameters. The identity holds for this request
 * only: no session begins, because the web server sends it with each request. */
static enum step identify_request(struct visit *visit)
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
		return identify_request(visit);
	if (session_is_stale(&visit->session, signin_limits(visit), visit->now)) {
		session_use(&visit->session, signin_limits(visit), visit->now);
		visit->signin.cookie = COOKIE_SET;
	}
	return STEP_NEXT;
}

/* The ways to sign in. */
struct choice {
	unsigned ways;
	struct service_backend *only; /* the only way, if it is a redirect; otherwise NULL */
};

static struct choice choice_of(const struct service *service)
{
	struct choice choice = {0};

	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];
		enum auth_kind kind = auth_kind(backend->driver);

		choice.ways += kind == AUTH_PASSWORD || kind == AUTH_FORM;
		if (kind != AUTH_REDIRECT && backend->login[0] == '\0')
			continue;
		choice.ways++;
		choice.only = backend;
	}
	if (choice.ways > 1)
		choice.only = NULL;
	return choice;
}

bool authenticate_has_page(const struct service *service, const char *backend)
{
	const struct service_backend *only = choice_of(service).only;

	return only == NULL || strcmp(only->title, backend) != 0;
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

/* Appends the backend's address, with ours to come back to in the place of AUTH_RETURN. The ticket
 * in ours hides the tokens from the other program and its log. */
static int append_login(const struct service_backend *backend, const char *back, const char *origin,
	struct buffer *url)
{
	const char *login = backend->login, *at = strstr(login, AUTH_RETURN);

	if (login[0] == '/')
		buffer_text(url, origin);
	buffer_append(url, login, (size_t)(at - login));
	buffer_percent(url, back);
	buffer_text(url, at + strlen(AUTH_RETURN));
	return url->failed ? -1 : 0;
}

/* Redirects to where the web server's authentication signs people in. */
static enum step go_to_web_server(struct visit *visit, const struct service_backend *backend)
{
	const char *origin = visit->service->settings->origin;
	struct buffer back = BUFFER_INIT(TICKET_TEXT_MAX + 4096);
	struct buffer url = BUFFER_INIT(2 * TICKET_TEXT_MAX + 8192);
	enum step step = STEP_DONE;

	buffer_printf(&back, "%s%s&back=1&ticket=", visit->service->login_url, backend->path);
	if (visit_seal_ticket(visit, TICKET_JOIN, &back) != 0 || back.failed ||
		append_login(backend, back.data, origin, &url) != 0) {
		step = visit_refuse_long_join(visit);
	} else {
		visit->outcome = OUTCOME_SENT_TO_PROVIDER;
		onward_redirect(visit, 302, url.data);
	}
	buffer_wipe(&back);
	buffer_wipe(&url);
	return step;
}

/* Redirects to a provider, or to where the web server's authentication signs people in. */
static enum step begin_at(struct visit *visit, struct service_backend *backend)
{
	return auth_kind(backend->driver) == AUTH_REDIRECT ? redirect_begin(visit, backend)
							   : go_to_web_server(visit, backend);
}

/* Whether the visitor need not press the button. The desk and /auth/me ask the web server again
 * after the sign-in. If it names the user at the login page but not there, redirects would never
 * end. */
static bool may_go_at_once(const struct visit *visit, const struct service_backend *backend)
{
	return auth_kind(backend->driver) == AUTH_REDIRECT ||
	       visit->destination == DESTINATION_MEETING;
}

/* The web server's authentication has sent the visitor back. */
static enum step come_back(struct visit *visit)
{
	if (identify_request(visit) != STEP_NEXT)
		return STEP_DONE;
	if (visit->session.who.subject != NULL) {
		visit->outcome = OUTCOME_JOINING;
		return STEP_NEXT;
	}
	visit_set_detail(visit, "the web server names no user after the sign-in at \"login\"");
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

enum step authenticate_again(struct visit *visit)
{
	struct choice choice = choice_of(visit->service);

	if (visit->script.asks) { /* a script cannot show a page */
		visit_set_detail(visit, "no session");
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	}
	if (choice.only != NULL && may_go_at_once(visit, choice.only))
		return begin_at(visit, choice.only);
	if (choice.ways > 0)
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
static int read_button(struct visit *visit, struct service_backend **backend_r, bool *back_r)
{
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	const char *title = NULL, *again = "", *back = "";
	int rc = -1;

	*backend_r = NULL;
	if (query != NULL && params_get(query, "backend", &title) != PARAM_REPEATED &&
		params_get(query, "again", &again) != PARAM_REPEATED &&
		params_get(query, "back", &back) != PARAM_REPEATED)
		rc = 0;
	*back_r = strcmp(back, "1") == 0;
	visit->signin.reauthenticate = strcmp(again, "1") == 0;
	if (rc == 0 && title != NULL) {
		*backend_r = service_backend(visit->service, title);
		rc = *backend_r != NULL && (auth_kind((*backend_r)->driver) == AUTH_REDIRECT ||
						   (*backend_r)->login[0] != '\0')
			     ? 0
			     : -1;
	}
	params_free(&query);
	return rc;
}

enum step authenticate_at_login(struct visit *visit)
{
	struct service_backend *backend;
	bool back;

	if (visit->pending != NULL) /* the page of the second question, in another language */
		return pages_challenge(visit, false) == 0 ? STEP_DONE
							  : visit_fail(visit, FAILURE_INTERNAL);
	if (read_button(visit, &backend, &back) != 0) {
		visit->report.parameter = "backend";
		visit_set_detail(visit, "backend: not the title of a provider, or given twice");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (used_link_refuse(visit) != STEP_NEXT)
		return STEP_DONE;
	if (backend != NULL && visit->request.method == HTTP_GET)
		return back && backend->login[0] != '\0' ? come_back(visit)
							 : begin_at(visit, backend);
	if (pages_login(visit, 200, NULL, NULL) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	visit->outcome = OUTCOME_SHOWED_LOGIN;
	return STEP_DONE;
}

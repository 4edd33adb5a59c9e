/* SPDX-License-Identifier: MIT */
#include "visit/visit.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "telemetry/metrics.h"
#include "visit/audit.h"
#include "visit/fail.h"
#include "visit/ticket.h"

/* -- the response -- */

/* Every response carries the cookies, failures included: somebody who signed in stays signed in
 * even when the platform is down. */
static void add_cookies(struct visit *visit)
{
	const struct seal_ring *ring = store_ring(visit->files->store);
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX + 1);

	if (visit->script.asks)
		return;
	if (visit->signin.cookie == COOKIE_DELETED)
		response_cookie(&visit->response, SESSION_COOKIE, "", 0);
	else if (visit->signin.cookie == COOKIE_SET &&
		 session_seal(ring, &visit->session, &text) == 0)
		response_cookie(&visit->response, SESSION_COOKIE, text.data, -1);
	buffer_clear(&text);
	if (visit->browser.is_new && ticket_browser_seal(ring, visit->browser.id, &text) == 0)
		response_cookie(&visit->response, TICKET_COOKIE, text.data, -1);
	buffer_wipe(&text);
}

static void count_status(int status)
{
	static const enum metric by_class[] = {
		METRIC_REQUEST_2XX, METRIC_REQUEST_3XX, METRIC_REQUEST_4XX, METRIC_REQUEST_5XX};

	metric_count(by_class[status >= 200 && status < 600 ? status / 100 - 2 : 3]);
}

static void free_visit(struct visit *visit)
{
	visit->server->in_flight--;
	gauge_add(METRIC_IN_FLIGHT, -1);
	request_release(&visit->request);
	response_release(&visit->response);
	join_release(&visit->join);
	session_release(&visit->session);
	visit_drop_pending(visit);
	join_release(&visit->report.lost);
	params_free(&visit->form);
	free(visit->script.code);
	free(visit->script.verifier);
	free(visit->script.client);
	free(visit->report.hostname);
	buffer_wipe(&visit->exchange.token);
	files_drop(&visit->files);
	service_drop(&visit->service);
	free(visit);
}

static void finish(struct visit *visit)
{
	struct response *response = &visit->response;
	int64_t total_ms = clock_monotonic_ms() - visit->started_ms;
	bool head = visit->request.method == HTTP_HEAD;

	if (response->status == 0) /* a step has failed */
		visit->server->routes->show_failure(visit);
	add_cookies(visit);
	if (response_is_broken(response)) {
		visit_set_detail(visit, "the answer did not fit or had a forbidden character");
		visit_fail(visit, FAILURE_INTERNAL);
		visit->server->routes->show_failure(visit);
	}
	reply_send(&visit->reply, response->head.data, response->head.length, response->body.data,
		head ? 0 : response->body.length);
	count_status(response->status);
	metric_observe(METRIC_REQUEST_SECONDS, total_ms);
	audit_visit(visit, total_ms);
	free_visit(visit);
}

static void run_steps(struct visit *visit, enum step step)
{
	while (step == STEP_NEXT) {
		step_function *next = *visit->steps++;

		step = next(visit);
	}
	if (step == STEP_DONE)
		finish(visit);
}

struct continuing {
	struct visit *visit;
	enum step step;
};

static void run_on_fiber(void *context)
{
	struct continuing continuing = *(const struct continuing *)context;

	run_steps(continuing.visit, continuing.step);
}

/* The steps run on a fiber, so that they can wait for the state. */
void visit_continue(struct visit *visit, enum step step)
{
	if (fiber_self() != NULL)
		run_steps(visit, step);
	else
		fiber_run(run_on_fiber, &(struct continuing){visit, step});
}

/* -- the beginning -- */

static enum step answer_not_found(struct visit *visit)
{
	visit_set_detail(visit, "no such path; the web server's log has it");
	return visit_fail(visit, FAILURE_NOT_FOUND);
}

static enum step answer_method_not_allowed(struct visit *visit)
{
	visit_set_detail(visit, "this path takes %s", visit->report.allow);
	return visit_fail(visit, FAILURE_METHOD_NOT_ALLOWED);
}

static enum step answer_overloaded(struct visit *visit)
{
	const struct settings *settings = visit->service->settings;
	unsigned most = visit->server->most_in_flight;

	if (visit->request.arrival == REQUEST_LATE)
		visit_set_detail(visit, "it waited too long in the queue of the socket");
	else if (visit->report.detail[0] == '\0')
		visit_set_detail(visit, "%u requests are in flight already (max-in-flight)",
			settings->max_in_flight < most ? settings->max_in_flight : most);
	visit->report.retry_after = 1;
	return visit_fail(visit, FAILURE_OVERLOADED);
}

static enum step answer_bad_request(struct visit *visit)
{
	return visit_fail(visit, FAILURE_BAD_REQUEST);
}

static enum step answer_too_large(struct visit *visit)
{
	return visit_fail(visit, FAILURE_TOO_LARGE);
}

/* Chooses the steps for a request that did not arrive whole. True if it chose. */
static bool choose_refusal(struct visit *visit)
{
	static step_function *const broken[] = {answer_bad_request};
	static step_function *const too_large[] = {answer_too_large};
	static step_function *const overloaded[] = {answer_overloaded};

	if (visit->request.complaint != NULL)
		visit_set_detail(visit, "%s", visit->request.complaint);
	if (visit->request.arrival == REQUEST_BROKEN)
		visit->steps = broken;
	else if (visit->request.arrival == REQUEST_TOO_LARGE)
		visit->steps = too_large;
	else if (visit->request.arrival == REQUEST_NO_ROOM)
		visit->steps = overloaded;
	else
		return false;
	return true;
}

static void choose_route(struct visit *visit)
{
	const struct routes *routes = visit->server->routes;
	static step_function *const not_found[] = {answer_not_found};
	static step_function *const wrong_method[] = {answer_method_not_allowed};
	static step_function *const overloaded[] = {answer_overloaded};
	const struct settings *settings = visit->service->settings;
	struct route_found found = route_find(settings->mount, visit->request.path,
		visit->service->entries, visit->request.method);

	visit->report.allow = found.allow;
	visit->route_rest = found.rest;
	visit->steps = found.route == ROUTE_NOT_FOUND ? not_found : wrong_method;
	for (size_t i = 0; found.allowed && i < routes->count; i++) {
		const struct route_row *row = &routes->rows[i];

		if (row->route != found.route || row->method != visit->request.method)
			continue;
		visit->steps = row->steps;
		visit->outcome = row->begins;
	}
	if (visit->outcome == OUTCOME_JOINING &&
		(visit->request.arrival == REQUEST_LATE ||
			visit->server->in_flight > settings->max_in_flight ||
			visit->server->in_flight > visit->server->most_in_flight))
		visit->steps = overloaded;
}

void visit_begin(struct server *server, const struct reply *reply, struct request *request)
{
	struct visit *visit = calloc(1, sizeof *visit);

	if (visit == NULL) { /* no memory for a response: the web server answers 502 */
		request_release(request);
		reply_drop(reply);
		return;
	}
	server->in_flight++;
	gauge_add(METRIC_IN_FLIGHT, 1);
	visit->server = server;
	visit->service = service_use(server->service);
	visit->files = files_use(server->service->files);
	visit->reply = *reply;
	visit->request = *request;
	visit->started_ms = clock_monotonic_ms();
	visit->now = clock_wall();
	visit->exchange.role = "";
	visit->exchange.token = BUFFER_INIT(PLATFORM_GRANT_MAX);
	response_init(&visit->response);
	if (!choose_refusal(visit))
		choose_route(visit);
	visit_continue(visit, STEP_NEXT);
}

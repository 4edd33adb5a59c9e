/* SPDX-License-Identifier: MIT */
#include "visit/visit.h"

#include "base/clock.h"
#include "base/text.h"
#include "view/pages.h"
#include "visit/steps.h"
#include "http/route.h"
#include "pool/fastcgi.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <stdarg.h>
#include <strings.h>
#include <unistd.h>

enum {
	STEPS_MAX = 9,
	STATE_RETRY_S = 10, /* a state that is full or gone may be back by then */
};

_Static_assert((int)SEAL_HASH_SIZE == (int)TICKET_BROWSER_SIZE, "a holder is as long as a browser");

/* The whole story: which steps a request goes through, in order. */
static const struct story {
	enum route route;
	enum http_method method;
	bool is_join;
	step_function *steps[STEPS_MAX];
} stories[] = {
	{ROUTE_ENTRY, HTTP_GET, true,
		{arrive_from_platform, authenticate_by_session, authorize_join, room_take,
			exchange_token, room_keep, return_to_platform}},
	{ROUTE_ENTRY, HTTP_HEAD, false, {arrive_from_platform, arrive_and_stop}},
	{ROUTE_PLATFORM, HTTP_GET, true,
		{arrive_by_entry, authenticate_by_session, authorize_join, room_take,
			exchange_token, room_keep, return_to_platform}},
	{ROUTE_PLATFORM, HTTP_HEAD, false, {arrive_by_entry, arrive_and_stop}},
	{ROUTE_TOKEN, HTTP_POST, true,
		{arrive_from_script, authenticate_script, authorize_join, room_take, exchange_token,
			room_keep, return_to_script}},
	{ROUTE_TOKEN, HTTP_OPTIONS, false, {script_preflight}},
	{ROUTE_LOGIN, HTTP_GET, false, {arrive_with_ticket, authenticate_at_login}},
	{ROUTE_LOGIN, HTTP_HEAD, false, {arrive_with_ticket, authenticate_at_login}},
	{ROUTE_LOGIN, HTTP_POST, true,
		{arrive_with_form, arrive_with_form_ticket, authenticate_by_form, authorize_join,
			room_take, exchange_token, room_keep, return_to_platform}},
	{ROUTE_CALLBACK, HTTP_GET, true,
		{arrive_from_provider, authenticate_by_provider, authorize_join, room_take,
			exchange_token, room_keep, return_to_platform}},
	{ROUTE_CALLBACK, HTTP_HEAD, false, {arrive_from_provider, arrive_and_stop}},
	{ROUTE_BACKCHANNEL, HTTP_POST, false, {arrive_with_message, backchannel_end}},
	{ROUTE_INVITE, HTTP_GET, false, {invite_show}},
	{ROUTE_INVITE, HTTP_HEAD, false, {invite_show}},
	{ROUTE_INVITE, HTTP_POST, false, {arrive_with_form, arrive_with_invitation, invite_accept}},
	{ROUTE_DESK, HTTP_GET, false, {desk_enter, authenticate_by_session, desk_show}},
	{ROUTE_DESK, HTTP_HEAD, false, {desk_enter, authenticate_by_session, desk_show}},
	{ROUTE_DESK, HTTP_POST, false,
		{desk_enter, arrive_with_form, authenticate_by_session, desk_change}},
	{ROUTE_LOGOUT, HTTP_GET, false, {logout_show}},
	{ROUTE_LOGOUT, HTTP_HEAD, false, {logout_show}},
	{ROUTE_LOGOUT, HTTP_POST, false, {arrive_with_form, logout_do}},
	{ROUTE_HEALTHZ, HTTP_GET, false, {operate_healthz}},
	{ROUTE_HEALTHZ, HTTP_HEAD, false, {operate_healthz}},
	{ROUTE_READYZ, HTTP_GET, false, {operate_readyz}},
	{ROUTE_READYZ, HTTP_HEAD, false, {operate_readyz}},
	{ROUTE_METRICS, HTTP_GET, false, {operate_metrics}},
	{ROUTE_METRICS, HTTP_HEAD, false, {operate_metrics}},
};

/* How failures look from outside. */
static const struct {
	const char *code;
	int status;
	const char *result; /* in the audit line of a join */
	enum metric metric;
} failures[FAILURE_COUNT] = {
#define FAILURE(id, code, status, result, metric) {code, status, result, METRIC_##metric},
#include "service/failures.def"
#undef FAILURE
};

const char *failure_code(enum failure failure)
{
	return failures[failure].code;
}

int failure_status(enum failure failure)
{
	return failures[failure].status;
}

void visit_note(struct visit *visit, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(visit->detail, sizeof visit->detail, format, args);
	va_end(args);
}

enum step visit_fail(struct visit *visit, enum failure failure)
{
	visit->failed = true;
	visit->failure = failure;
	if (failure == FAILURE_INTERNAL && visit->detail[0] == '\0')
		visit_note(visit, "no memory");
	if (failure == FAILURE_STATE_UNAVAILABLE)
		visit->retry_after = STATE_RETRY_S;
	pages_failure(visit);
	return STEP_DONE;
}

/* What is for a program on the visitor's machine ends there. */
static bool is_web_address(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

void visit_redirect(struct visit *visit, int status, const char *url)
{
	if (visit->request.method == HTTP_POST && is_web_address(url) &&
		visit->request.fetch_site[0] != '\0' && request_wants_page(&visit->request)) {
		pages_onward(visit, url);
		return;
	}
	response_begin(&visit->response, status, visit->request.id);
	response_header(&visit->response, "Location", url);
}

/* -- the answer -- */

/* Cookies go with whatever the answer is: somebody who signed in stays signed in, also when the
 * platform is down. */
static void add_cookies(struct visit *visit)
{
	const struct seal_ring *ring = store_ring(visit->files->store);
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX + 1);

	if (visit->origin != NULL)
		return;
	if (visit->session_ended)
		response_cookie(&visit->response, SESSION_COOKIE, "", 0);
	else if (visit->session_is_new && session_seal(ring, &visit->session, &text) == 0)
		response_cookie(&visit->response, SESSION_COOKIE, text.data, -1);
	buffer_clear(&text);
	if (visit->browser_is_new && ticket_browser_seal(ring, visit->browser, &text) == 0)
		response_cookie(&visit->response, TICKET_COOKIE, text.data, -1);
	buffer_wipe(&text);
}

static void count_status(int status)
{
	static const enum metric by_class[] = {
		METRIC_REQUEST_2XX, METRIC_REQUEST_3XX, METRIC_REQUEST_4XX, METRIC_REQUEST_5XX};

	metric_count(by_class[status >= 200 && status < 600 ? status / 100 - 2 : 3]);
}

/* What operators are to be woken by: something is out of order. Too much at a time passes by
 * itself, and what is wrong with a request or a person is no fault of the service. */
static enum log_level level_of(const struct visit *visit)
{
	if (!visit->failed || failures[visit->failure].status < 500)
		return LOG_LEVEL_INFO;
	return visit->failure == FAILURE_OVERLOADED ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR;
}

/* The one line a join leaves behind. */
static void audit_join(const struct visit *visit, int64_t total_ms)
{
	struct log_line line;
	bool ok = !visit->failed;

	metric_count(ok ? METRIC_JOIN_OK : failures[visit->failure].metric);
	log_begin(&line, level_of(visit), "join");
	log_text(&line, "result", ok ? "ok" : failures[visit->failure].result);
	log_text(&line, "code", ok ? "ok" : failures[visit->failure].code);
	log_text(&line, "platform",
		visit->platform != NULL ? visit->platform->title : visit->lost.platform);
	log_text(&line, "hostname", visit->hostname);
	log_text(&line, "meeting_id",
		visit->join.meeting_id != NULL ? visit->join.meeting_id : visit->lost.meeting_id);
	log_text(&line, "room", visit->join.room);
	log_text(&line, "user", visit->session.who.subject);
	log_text(&line, "backend", visit->session.who.backend);
	log_text(&line, "rule", visit->rule);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "parameter", visit->parameter);
	log_text(&line, "detail", visit->detail[0] != '\0' ? visit->detail : NULL);
	log_number(&line, "exchange_ms", visit->exchange_ms);
	log_number(&line, "total_ms", total_ms);
	log_end(&line);
}

/* A failure that is no join's: only what an operator has to look at. */
static void log_failure(const struct visit *visit)
{
	struct log_line line;

	log_begin(&line, level_of(visit), "failure");
	log_text(&line, "code", failures[visit->failure].code);
	log_text(&line, "user", visit->session.who.subject);
	log_text(&line, "backend", visit->session.who.backend);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "parameter", visit->parameter);
	log_text(&line, "detail", visit->detail[0] != '\0' ? visit->detail : NULL);
	log_end(&line);
}

static void free_visit(struct visit *visit)
{
	visit->station->in_flight--;
	gauge_add(METRIC_IN_FLIGHT, -1);
	close(visit->fd);
	request_release(&visit->request);
	response_release(&visit->response);
	join_release(&visit->join);
	session_release(&visit->session);
	visit_drop_note(visit);
	join_release(&visit->lost);
	params_free(&visit->form);
	free(visit->hostname);
	buffer_wipe(&visit->token);
	files_drop(&visit->files);
	service_drop(&visit->service);
	free(visit);
}

static void finish(struct visit *visit)
{
	struct response *response = &visit->response;
	int64_t total_ms = clock_monotonic_ms() - visit->started_ms;
	bool head = visit->request.method == HTTP_HEAD;

	add_cookies(visit);
	if (response_is_broken(response)) {
		visit_note(visit, "the answer did not fit or had a forbidden character");
		visit_fail(visit, FAILURE_INTERNAL);
	}
	fastcgi_write(visit->fd, visit->request_id, response->head.data, response->head.length,
		response->body.data, head ? 0 : response->body.length);
	count_status(response->status);
	metric_observe(METRIC_REQUEST_SECONDS, total_ms);
	if (visit->is_join && (visit->failed || visit->handed_over || visit->token.length > 0)) {
		if (!visit->failed && !visit->handed_over)
			desk_mark(visit);
		audit_join(visit, total_ms);
	} else if (visit->failed && !visit->is_logged) {
		log_failure(visit);
	}
	free_visit(visit);
}

void visit_continue(struct visit *visit, enum step step)
{
	while (step == STEP_NEXT) {
		step_function *next = *visit->steps++;

		step = next(visit);
	}
	if (step == STEP_DONE)
		finish(visit);
}

/* -- the beginning -- */

static enum step answer_not_found(struct visit *visit)
{
	visit_note(visit, "there is nothing at this path, which the web server's log has");
	return visit_fail(visit, FAILURE_NOT_FOUND);
}

static enum step answer_method_not_allowed(struct visit *visit)
{
	visit_note(visit, "this path takes %s", visit->allow);
	return visit_fail(visit, FAILURE_METHOD_NOT_ALLOWED);
}

static enum step answer_overloaded(struct visit *visit)
{
	const struct settings *settings = visit->service->settings;
	unsigned most = visit->station->most_in_flight;

	if (visit->request.arrival == REQUEST_LATE)
		visit_note(visit, "it waited too long in the queue of the socket");
	else if (visit->detail[0] == '\0')
		visit_note(visit, "%u requests are in flight already (max-in-flight)",
			settings->max_in_flight < most ? settings->max_in_flight : most);
	visit->retry_after = 1;
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

/* Where the request did not arrive as one that can be answered as what it asks for. */
static bool choose_refusal(struct visit *visit)
{
	static step_function *const broken[] = {answer_bad_request};
	static step_function *const too_large[] = {answer_too_large};
	static step_function *const overloaded[] = {answer_overloaded};

	if (visit->request.complaint != NULL)
		visit_note(visit, "%s", visit->request.complaint);
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

static void choose_story(struct visit *visit)
{
	static step_function *const not_found[] = {answer_not_found};
	static step_function *const wrong_method[] = {answer_method_not_allowed};
	static step_function *const overloaded[] = {answer_overloaded};
	const struct settings *settings = visit->service->settings;
	struct route_found found = route_find(settings->mount, visit->request.path,
		visit->service->entries, visit->request.method);

	visit->allow = found.allow;
	visit->route_rest = found.rest;
	visit->steps = found.route == ROUTE_NOT_FOUND ? not_found : wrong_method;
	for (size_t i = 0; found.allowed && i < sizeof stories / sizeof *stories; i++) {
		if (stories[i].route != found.route || stories[i].method != visit->request.method)
			continue;
		visit->steps = stories[i].steps;
		visit->is_join = stories[i].is_join;
	}
	if (visit->is_join && (visit->request.arrival == REQUEST_LATE ||
				      visit->station->in_flight > settings->max_in_flight ||
				      visit->station->in_flight > visit->station->most_in_flight))
		visit->steps = overloaded;
}

void visit_begin(struct station *station, int fd, uint16_t request_id, struct request *request)
{
	struct visit *visit = calloc(1, sizeof *visit);

	if (visit == NULL) { /* nothing can be answered without memory; the web server says 502 */
		request_release(request);
		close(fd);
		return;
	}
	station->in_flight++;
	gauge_add(METRIC_IN_FLIGHT, 1);
	visit->station = station;
	visit->service = service_use(station->service);
	visit->files = files_use(station->service->files);
	visit->fd = fd;
	visit->request_id = request_id;
	visit->request = *request;
	visit->started_ms = clock_monotonic_ms();
	visit->now = clock_wall();
	visit->role = "";
	visit->token = BUFFER_INIT(PLATFORM_GRANT_MAX);
	response_init(&visit->response);
	if (!choose_refusal(visit))
		choose_story(visit);
	visit_continue(visit, STEP_NEXT);
}

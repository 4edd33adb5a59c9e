/* SPDX-License-Identifier: MIT
 *
 * Step 1: validates the parameters of the platform's redirect ("External Meeting Authorization
 * Service", section 3.1).
 */
#include "join/arrive.h"

#include "base/text.h"
#include "join/handover.h"
#include "join/steps.h"
#include "signin/admission.h"
#include "visit/fail.h"

static bool is_meeting_id(const char *text)
{
	return text_is_token(text, 1, JOIN_ID_MAX, JOIN_ID_OTHERS);
}

/* The mandatory parameters except the host name. Each must be given exactly once. */
static const struct parameter {
	const char *name;
	size_t maximum;
	bool (*fits)(const char *text);
} meeting_id = {"meetingId", JOIN_ID_MAX, is_meeting_id},
  meeting_token = {"meetingToken", JOIN_TOKEN_MAX, join_is_meeting_token},
  request_token = {"requestToken", JOIN_REQUEST_MAX, join_is_request_token};

/* Copies a valid parameter. Returns 0, or -1 after it has failed the visit. */
static int take(struct visit *visit, const struct params *query, const struct parameter *parameter,
	char **copy_r)
{
	const char *value = NULL;
	enum params_count count = params_get(query, parameter->name, &value);

	if (count != PARAM_ONCE) {
		visit_refuse(
			visit, parameter->name, count == PARAM_MISSING ? "missing" : "given twice");
		return -1;
	}
	if (strlen(value) > parameter->maximum) {
		visit_refuse_long(visit, parameter->name, "too long");
		return -1;
	}
	if (!parameter->fits(value)) {
		visit_refuse(visit, parameter->name, "wrong length or characters");
		return -1;
	}
	*copy_r = strdup(value);
	if (*copy_r == NULL)
		visit_fail(visit, FAILURE_INTERNAL);
	return *copy_r != NULL ? 0 : -1;
}

enum { HOSTNAME_MAX = 253 };

/* Fails the visit because no such platform is configured. The log shows the name and the known
 * platforms. `entry` is the visit's entry, or "" for MOUNT. Returns STEP_DONE. */
static enum step refuse_platform(struct visit *visit, const char *hostname, const char *entry)
{
	const struct service *service = visit->service;
	struct buffer known = BUFFER_INIT(DETAIL_MAX);
	size_t length = strcspn(entry, "/");

	for (size_t i = 0; i < service->platform_count; i++) {
		const char *own = platform_entry(service->platforms[i].driver);

		if (own == NULL ? length == 0
				: strlen(own) == length && strncmp(own, entry, length) == 0)
			buffer_printf(&known, "%s%s", known.length > 0 ? ", " : "",
				service->platforms[i].title);
	}
	visit->report.hostname = strndup(hostname, HOSTNAME_MAX);
	visit_set_detail(visit, "no platform of this name at this address; known: %s",
		known.length > 0 ? known.data : "none");
	buffer_release(&known);
	return visit_fail(visit, FAILURE_UNKNOWN_PLATFORM);
}

/* Selects the platform by the host name, which is used for nothing else. */
static int take_platform(struct visit *visit, const struct params *query)
{
	const char *hostname = NULL;
	enum params_count count = params_get(query, "hostname", &hostname);

	if (count != PARAM_ONCE || !text_is_host(hostname)) {
		visit_refuse(visit, "hostname",
			count == PARAM_MISSING ? "missing"
			: count == PARAM_ONCE  ? "not a host name"
					       : "given twice");
		return -1;
	}
	visit->platform = service_platform(visit->service, hostname);
	/* Platforms with their own entry do not accept visits here. */
	if (visit->platform == NULL || visit->platform->driver->entry != NULL) {
		visit->platform = NULL;
		refuse_platform(visit, hostname, "");
		return -1;
	}
	visit->join.platform = strdup(visit->platform->title);
	if (visit->join.platform == NULL)
		visit_fail(visit, FAILURE_INTERNAL);
	return visit->join.platform != NULL ? 0 : -1;
}

static int take_forwards(struct visit *visit, const struct params *query)
{
	const struct platform_peer *peer = visit->platform->peer;

	for (size_t i = 0; i < peer->forward.count; i++) {
		const char *value = NULL;
		enum params_count count = params_get(query, peer->forward.items[i], &value);

		if (count == PARAM_MISSING)
			continue;
		if (count == PARAM_REPEATED) {
			visit_refuse(visit, peer->forward.items[i], "given twice");
			return -1;
		}
		if (join_add_forward(&visit->join, peer->forward.items[i], value) != 0) {
			visit_fail(visit, FAILURE_INTERNAL);
			return -1;
		}
	}
	return 0;
}

static enum step read_query(struct visit *visit, const struct params *query)
{
	struct join *join = &visit->join;

	visit->destination = DESTINATION_MEETING;
	/* Validate all four before looking up the platform. */
	if (take(visit, query, &meeting_id, &join->meeting_id) != 0 ||
		take(visit, query, &meeting_token, &join->meeting_token) != 0 ||
		take(visit, query, &request_token, &join->request_token) != 0 ||
		take_platform(visit, query) != 0 || take_forwards(visit, query) != 0)
		return STEP_DONE;
	return STEP_NEXT;
}

enum step arrive_from_platform(struct visit *visit)
{
	const char *text = visit->request.query;
	struct params *query;
	enum step step;

	/* A browser's prefetch must not use up the request token. */
	if (strstr(visit->request.purpose, "prefetch") != NULL)
		return visit_refuse(visit, "Sec-Purpose", "prefetches are refused");
	query = params_parse(text, strlen(text));
	if (query == NULL)
		return visit_refuse(visit, "query", "malformed");
	step = read_query(visit, query);
	params_free(&query);
	return step;
}

/* ---- by the entry of a driver ---- */

static enum platform_parameter get_parameter(
	const void *query, const char *name, const char **value_r)
{
	switch (params_get(query, name, value_r)) {
	case PARAM_ONCE:
		return PLATFORM_ONCE;
	case PARAM_REPEATED:
	case PARAM_UNREADABLE:
		return PLATFORM_REPEATED;
	case PARAM_MISSING:
		break;
	}
	return PLATFORM_MISSING;
}

enum step arrive_at(struct visit *visit, const char *rest,
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r),
	const void *query)
{
	const struct service_platform *platform = visit->platform;
	struct error error = {0};
	struct platform_arrival arrival = {rest, get, query, &visit->join, "path", &error, false};

	visit->join.platform = strdup(platform->title);
	visit->join.request_token = strdup("");
	if (visit->join.platform == NULL || visit->join.request_token == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	visit->destination = DESTINATION_MEETING;
	if (platform->driver->entry->arrive(platform->instance, &arrival) == 0)
		return STEP_NEXT;
	return arrival.too_long ? visit_refuse_long(visit, arrival.bad, error.text)
				: visit_refuse(visit, arrival.bad, error.text);
}

/* Removes a slash at the end of the path: URLs of meetings may have one, as Galene's do, but no id
 * does. */
static enum step arrive_below(struct visit *visit, const char *rest, const struct params *query)
{
	size_t length = strlen(rest);
	char *name = strndup(rest, length - (length > 0 && rest[length - 1] == '/'));
	enum step step = name != NULL ? arrive_at(visit, name, get_parameter, query)
				      : visit_fail(visit, FAILURE_INTERNAL);

	free(name);
	return step;
}

static enum step read_entry(struct visit *visit, const struct params *query)
{
	const char *entry = visit->route_rest, *slash = strchr(entry, '/'), *title = NULL;
	enum step step;

	if (params_get(query, "platform", &title) == PARAM_REPEATED)
		return visit_refuse(visit, "platform", "given twice");
	visit->platform = service_platform_at(visit->service, entry, title);
	if (visit->platform == NULL)
		return title != NULL ? refuse_platform(visit, title, entry)
				     : visit_refuse(visit, "platform",
					       "several platforms have this entry: name one");
	if (!handover_is_asked_for(query) && admission_is_for_scripts(visit))
		return visit_fail(visit, FAILURE_NOT_FOUND);
	step = arrive_below(visit, slash != NULL ? slash + 1 : "", query);
	return step == STEP_NEXT ? handover_read(visit, query) : step;
}

enum step arrive_by_entry(struct visit *visit)
{
	struct params *query;
	enum step step;

	if (strstr(visit->request.purpose, "prefetch") != NULL)
		return visit_refuse(visit, "Sec-Purpose", "prefetches are refused");
	query = params_parse(visit->request.query, strlen(visit->request.query));
	if (query == NULL)
		return visit_refuse(visit, "query", "malformed");
	step = read_entry(visit, query);
	params_free(&query);
	return step;
}

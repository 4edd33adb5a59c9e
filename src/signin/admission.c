/* SPDX-License-Identifier: MIT */
#include "signin/admission.h"

#include "service/groups.h"
#include "signin/factor.h"
#include "visit/fail.h"
#include "visit/ticket.h"

struct sought {
	const struct join *join;
	bool found;
};

static void compare_meeting(void *context, const struct auth_meeting *meeting)
{
	struct sought *sought = context;

	sought->found |= strcmp(meeting->platform, sought->join->platform) == 0 &&
			 strcmp(meeting->meeting_id, sought->join->meeting_id) == 0;
}

bool admission_is_good_for(const struct visit *visit, const struct identity *who)
{
	const struct service_backend *backend = service_backend(visit->service, who->backend);
	struct sought sought = {&visit->join, false};

	if (visit->destination != DESTINATION_MEETING)
		return true;
	if (backend == NULL || backend->driver->meetings == NULL)
		return identity_is_good_for(who, visit->join.platform, visit->join.meeting_id);
	backend->driver->meetings->of_guest(backend->instance, who, compare_meeting, &sought);
	return sought.found;
}

struct policy_answer admission_ask(const struct visit *visit, const struct identity *who)
{
	const struct join *join = visit_goal(visit);
	struct policy_question question = {
		.who = who,
		.platform = join->platform,
		.meeting_id = join->meeting_id,
		.meeting_token = join->meeting_token,
		.client = visit->request.client,
		.now = visit->now,
	};

	return policy_decide_indexed(
		&visit->service->settings->policy, visit->service->rules, &question);
}

bool admission_is_valid(const struct visit *visit, const struct identity *who)
{
	const struct service_backend *backend = service_backend(visit->service, who->backend);

	if (backend == NULL)
		return false;
	if (backend->driver->session_valid != NULL &&
		!backend->driver->session_valid(backend->instance, who))
		return false;
	return !backend->driver->second_factor || factor_is_same(visit, who);
}

/* Drops groups that no rule names first, then the data that the backend needs to read the groups
 * again. */
int admission_fit(const struct visit *visit, struct identity *who)
{
	const struct service *service = visit->service;

	if (session_fits(who))
		return 0;
	if (who->groups_digest == 0)
		groups_trim(service->settings, service->groups_digest, who);
	if (!session_fits(who) && who->refresh_data != NULL) {
		explicit_bzero(who->refresh_data, strlen(who->refresh_data));
		identity_set(&who->refresh_data, NULL, IDENTITY_REFRESH_DATA_MAX);
	}
	return session_fits(who) ? 0 : -1;
}

bool admission_groups_are_whole(const struct visit *visit, const struct identity *who)
{
	return who->groups_digest == 0 || who->groups_digest == visit->service->groups_digest;
}

bool admission_is_for_scripts(struct visit *visit)
{
	if (platform_takes_browsers(visit->platform->driver, visit->platform->peer))
		return false;
	visit_set_detail(visit, "this platform serves scripts only: its option app is not set");
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "signin/login.h"

#include "signin/admission.h"
#include "signin/log.h"
#include "signin/session.h"
#include "telemetry/metrics.h"
#include "view/pages.h"
#include "visit/fail.h"

enum step login_refuse_size(struct visit *visit, const struct identity *who)
{
	metric_count(METRIC_LOGIN_FAILED);
	login_log(visit, "failed", who,
		"the person's names and those groups that rules name do not fit into a "
		"session cookie (2500 bytes): use shorter names or fewer groups");
	visit->outcome = OUTCOME_LOGIN_REFUSED;
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

enum step login_grant(struct visit *visit, struct identity *who)
{
	/* A reload since the first question may have added rules that name a dropped group. */
	if (!admission_groups_are_whole(visit, who)) {
		visit_set_detail(
			visit, "after a reload the rules name other groups: sign in again");
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	}
	if (admission_fit(visit, who) != 0)
		return login_refuse_size(visit, who);
	metric_count(METRIC_LOGIN_OK);
	login_log(visit, "ok", who, NULL);
	return signin_begin_session(visit, who);
}

enum step login_answer_wrong(struct visit *visit, const char *name, const char *backend)
{
	visit->outcome = OUTCOME_LOGIN_REFUSED;
	if (request_wants_json(&visit->request))
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	if (visit->pending != NULL)
		return pages_challenge(visit, true) == 0 ? STEP_DONE
							 : visit_fail(visit, FAILURE_INTERNAL);
	if (pages_login(visit, failure_row(FAILURE_LOGIN_FAILED)->status, name, backend) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	return STEP_DONE;
}

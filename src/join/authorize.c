/* SPDX-License-Identifier: MIT
 *
 * Step 3: may they? Nothing has been exchanged before this says yes.
 */
#include "visit/steps.h"

#include "policy/policy.h"

static struct policy_answer ask(const struct visit *visit, const struct identity *who)
{
	struct policy_question question = {
		.who = who,
		.platform = visit->join.platform,
		.meeting_id = visit->join.meeting_id,
		.meeting_token = visit->join.meeting_token,
		.client = visit->request.client,
		.now = visit->now,
	};

	return policy_decide(&visit->service->settings->policy, &question);
}

bool authorize_would_allow(const struct visit *visit, const struct identity *who)
{
	return ask(visit, who).verdict == POLICY_ALLOW;
}

enum step authorize_join(struct visit *visit)
{
	struct policy_answer answer;

	if (visit->to_desk) /* which asks for itself who may */
		return desk_return(visit);
	if (!identity_is_good_for(
		    &visit->session.who, visit->join.platform, visit->join.meeting_id)) {
		visit->rule = "meetings of the account";
		return visit_fail(visit, FAILURE_DENIED);
	}
	answer = ask(visit, &visit->session.who);
	visit->rule = answer.rule;
	visit->role = answer.role;
	return answer.verdict == POLICY_ALLOW ? STEP_NEXT : visit_fail(visit, FAILURE_DENIED);
}

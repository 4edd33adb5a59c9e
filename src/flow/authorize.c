/* SPDX-License-Identifier: MIT
 *
 * Step 3: may they? Nothing has been exchanged before this says yes.
 */
#include "flow/steps.h"

#include "policy/policy.h"

enum step authorize_join(struct visit *visit)
{
	struct policy_question question = {
		.who = &visit->session.who,
		.platform = visit->join.platform,
		.meeting_id = visit->join.meeting_id,
		.meeting_token = visit->join.meeting_token,
		.now = visit->now,
	};
	struct policy_answer answer = policy_decide(&visit->service->settings->policy, &question);

	visit->rule = answer.rule;
	return answer.verdict == POLICY_ALLOW ? STEP_NEXT : visit_fail(visit, FAILURE_DENIED);
}

/* SPDX-License-Identifier: MIT
 *
 * Step 3: asks the policy. No exchange happens before it allows the join.
 */
#include "join/steps.h"

#include "signin/admission.h"
#include "visit/fail.h"

enum step authorize_join(struct visit *visit)
{
	struct policy_answer answer;

	if (!admission_is_good_for(visit, &visit->session.who)) {
		visit->report.rule = "meetings of the account";
		return visit_fail(visit, FAILURE_DENIED);
	}
	answer = admission_ask(visit, &visit->session.who);
	visit->report.rule = answer.rule;
	visit->exchange.role = answer.role;
	return answer.verdict == POLICY_ALLOW ? STEP_NEXT : visit_fail(visit, FAILURE_DENIED);
}

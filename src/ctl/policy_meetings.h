/* SPDX-License-Identifier: MIT
 *
 * What is wrong with the patterns of meetings in the rules of the policy, as the drivers of the
 * platforms see it. Private to policy.c.
 */
#ifndef CTL_POLICY_MEETINGS_H
#define CTL_POLICY_MEETINGS_H

#include "policy/policy.h"
#include "service/service.h"

/* As policy_lint(): calls `found` for each pattern that no meeting of the rule's platforms can
 * match, or that can be got around; returns their number. The service's platforms are open. */
size_t policy_meetings_lint(const struct service *service,
	void (*found)(void *context, const struct config_rule *rule, const char *text),
	void *context);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Findings about a valid configuration that an operator should know: rules, guest desk settings and
 * backends that can never decide, or that admit more people than it seems.
 */
#pragma once

#include "policy/policy.h"
#include "service/service.h"

struct service_finding {
	const char *about; /* the section: rule "staff", "policy", "guest-desk" */
	const char *rule;  /* the title of the rule; NULL if it is not about a rule */
	const char *file;
	int line; /* of the file, on which the section starts; 0 if it is about the whole policy */
	const char *text;
};

typedef void service_found(void *context, const struct service_finding *finding);

/* Calls `found` for each finding and returns their number. The platforms of the service must be
 * open. The strings of a finding are valid during the call only. */
size_t service_lint(
	const struct service *service, int64_t now, service_found *found, void *context);

/* Logs what each variable of the environment sets, and a warning for each finding. */
void service_log_findings(const struct service *service, int64_t now);

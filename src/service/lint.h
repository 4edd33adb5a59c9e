/* SPDX-License-Identifier: MIT
 *
 * What an operator should know about rules, the guest desk and the order of backends though the
 * configuration is good: what can never decide, and what lets in more people than it seems to.
 */
#pragma once

#include "policy/policy.h"
#include "service/service.h"

struct service_finding {
	const char *about; /* the section: rule "staff", "policy", "guest-desk" */
	const char *rule;  /* the title of the rule; NULL: it is about something else */
	int line;	   /* that the section starts on; 0: it is about the whole policy */
	const char *text;
};

typedef void service_found(void *context, const struct service_finding *finding);

/* Calls `found` for each finding; returns their number. The service's platforms are open. */
size_t service_lint(
	const struct service *service, int64_t now, service_found *found, void *context);

/* A warning in the log for each. */
void service_log_findings(const struct service *service, int64_t now);

/* SPDX-License-Identifier: MIT
 *
 * What the tests of the policy share: a person of whom nothing more is known, and a question about
 * them.
 */
#ifndef POLICY_FIXTURE_H
#define POLICY_FIXTURE_H

#include "config_fixture.h"

#include "policy/policy.h"

static const struct identity nobody = {.backend = (char *)"staff", .subject = (char *)"nobody"};

static inline struct policy_question question(const struct identity *who)
{
	return (struct policy_question){
		.who = who,
		.platform = "meeting.example.org",
		.meeting_id = "5f521a93c20ff6721fbb6a6c",
		.meeting_token = "8320-2640-2482-3499",
		.client = "192.0.2.7",
		.now = NOON,
	};
}

#endif

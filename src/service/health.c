/* SPDX-License-Identifier: MIT */
#include "service/health.h"

#include <stddef.h>

/* The breaker of the person; NULL for nobody, and for a person who has not failed lately. */
static struct breaker *find_person(struct health *health, uint64_t whom)
{
	for (size_t i = 0; whom != 0 && i < HEALTH_PEOPLE; i++)
		if (health->people[i].failed_ms > 0 && health->people[i].whom == whom)
			return &health->people[i].breaker;
	return NULL;
}

/* Records the failure. True if it is the person's first in a while, or concerns nobody in
 * particular. */
static bool record_person(struct health *health, uint64_t whom, int64_t now_ms)
{
	size_t at = 0;
	bool is_new;

	if (whom == 0)
		return true;
	for (size_t i = 0; i < HEALTH_PEOPLE; i++) {
		bool is_them = health->people[i].whom == whom;

		if (is_them || health->people[i].failed_ms < health->people[at].failed_ms)
			at = i;
		if (is_them)
			break;
	}
	is_new = health->people[at].whom != whom || health->people[at].failed_ms == 0 ||
		 now_ms - health->people[at].failed_ms > HEALTH_PERSON_MS;
	if (is_new)
		health->people[at].breaker = (struct breaker){.failures_max = HEALTH_FAILURES};
	health->people[at].whom = whom;
	health->people[at].failed_ms = now_ms;
	breaker_failed(&health->people[at].breaker, now_ms);
	return is_new;
}

bool health_allows(struct health *health, uint64_t whom, int64_t now_ms, int64_t *wait_ms_r)
{
	struct breaker *person = find_person(health, whom);

	if (!breaker_allows(&health->all, now_ms, wait_ms_r))
		return false;
	if (person == NULL || breaker_allows(person, now_ms, wait_ms_r))
		return true;
	breaker_abandoned(&health->all);
	return false;
}

void health_succeeded(struct health *health, uint64_t whom)
{
	struct breaker *person = find_person(health, whom);

	breaker_succeeded(&health->all);
	if (person != NULL)
		breaker_succeeded(person);
}

void health_abandoned(struct health *health, uint64_t whom)
{
	struct breaker *person = find_person(health, whom);

	breaker_abandoned(&health->all);
	if (person != NULL)
		breaker_abandoned(person);
}

bool health_failed(struct health *health, uint64_t whom, int64_t now_ms)
{
	bool counts = record_person(health, whom, now_ms);

	/* The call that is let through after a pause decides for the backend, whoever made it. */
	if (!counts && !health->all.probing)
		return false;
	if (health->all.failures + 1 < health->all.failures_max) {
		breaker_failed(&health->all, now_ms);
		return false;
	}
	if (health->probing)
		return false;
	health->probing = true;
	return true;
}

void health_decide(struct health *health, bool well, int64_t now_ms)
{
	health->probing = false;
	if (well)
		breaker_succeeded(&health->all);
	else
		breaker_failed(&health->all, now_ms);
}

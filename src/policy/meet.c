/* SPDX-License-Identifier: MIT */
#include "policy/meet.h"

#include "base/text.h"

#include <strings.h>

static bool names(const struct config_list *patterns, const char *name)
{
	return patterns->count == 0 || text_matches_any(patterns->items, patterns->count, name);
}

static bool names_platform(const struct config_list *titles, const char *title)
{
	for (size_t i = 0; i < titles->count; i++)
		if (strcasecmp(titles->items[i], title) == 0)
			return true;
	return titles->count == 0;
}

/* The condition that the pair does not meet; NULL: the rule hits. */
static const char *missed(const struct config_meet *meet, const struct policy_pair *pair)
{
	if (!names(&meet->accounts, pair->starter))
		return "accounts: not this user";
	if (!names(&meet->with, pair->other))
		return "with: not this user";
	if (!names_platform(&meet->platforms, pair->platform))
		return "platforms: not this platform";
	if (meet->not_before != 0 && pair->now < meet->not_before)
		return "not-before: later than that time";
	if (meet->not_after != 0 && pair->now > meet->not_after)
		return "not-after: earlier than that time";
	return NULL;
}

struct policy_reason policy_explain_meet(
	const struct config_meet *meet, const struct policy_pair *pair)
{
	const char *condition = missed(meet, pair);
	struct policy_reason reason = {condition != NULL ? POLICY_MISS : POLICY_HIT, ""};

	if (condition != NULL)
		snprintf(reason.text, sizeof reason.text, "%s", condition);
	return reason;
}

struct policy_answer policy_may_start(
	const struct config_policy *policy, const struct policy_pair *pair)
{
	for (size_t i = 0; i < policy->meet_count; i++) {
		const struct config_meet *meet = &policy->meets[i];

		if (missed(meet, pair) == NULL)
			return (struct policy_answer){
				meet->allow ? POLICY_ALLOW : POLICY_DENY, meet->name, ""};
	}
	return (struct policy_answer){POLICY_DENY, "default", ""};
}

bool policy_may_meet(const struct config_policy *policy, const struct policy_pair *pair)
{
	const struct policy_pair turned = {pair->other, pair->starter, pair->platform, pair->now};

	return policy_may_start(policy, pair).verdict == POLICY_ALLOW ||
	       policy_may_start(policy, &turned).verdict == POLICY_ALLOW;
}

/* ---- lint ---- */

static bool covers(const struct config_list *outer, const struct config_list *inner)
{
	for (size_t i = 0; i < inner->count; i++)
		if (!names(outer, inner->items[i]))
			return false;
	return outer->count == 0 || inner->count > 0;
}

static bool is_shadowed(const struct config_meet *outer, const struct config_meet *inner)
{
	return covers(&outer->accounts, &inner->accounts) && covers(&outer->with, &inner->with) &&
	       covers(&outer->platforms, &inner->platforms) && outer->not_before == 0 &&
	       outer->not_after == 0;
}

static const struct config_meet *find_shadow(const struct config_policy *policy, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_shadowed(&policy->meets[i], &policy->meets[index]))
			return &policy->meets[i];
	return NULL;
}

/* A sentence, or NULL. */
static const char *fault_of(const struct settings *settings, const struct config_meet *meet)
{
	if (meet->not_after != 0 && meet->not_before > meet->not_after)
		return "its window never opens: not-before is later than not-after";
	if (meet->allow && meet->accounts.count == 0 && meet->with.count == 0)
		return "every guest with an account may start a meeting with every other: name "
		       "them in accounts and with";
	for (size_t i = 0; i < meet->platforms.count; i++)
		if (config_platform(settings, meet->platforms.items[i]) == NULL)
			return "platforms: it names one that is not configured";
	return settings->desk.present && settings->desk.accounts != NULL
		       ? NULL
		       : "nobody can start a meeting: write a guest-desk and a backend of type "
			 "guest-account";
}

size_t policy_lint_meets(const struct settings *settings,
	void (*found)(
		void *context, const char *about, const char *file, int line, const char *text),
	void *context)
{
	size_t count = 0;

	for (size_t i = 0; i < settings->policy.meet_count; i++) {
		const struct config_meet *meet = &settings->policy.meets[i];
		const struct config_meet *shadow = find_shadow(&settings->policy, i);
		const char *fault = fault_of(settings, meet);
		char about[80], text[512], where[CONFIG_WHERE_SIZE];

		if (fault == NULL && shadow == NULL)
			continue;
		snprintf(about, sizeof about, "meet \"%s\"", meet->name);
		if (shadow != NULL)
			snprintf(text, sizeof text,
				"it is shadowed: meet \"%s\" %s decides everything it could",
				shadow->name,
				config_where(shadow->file, shadow->line, meet->file, where));
		else
			snprintf(text, sizeof text, "%s", fault);
		found(context, about, meet->file, meet->line, text);
		count++;
	}
	return count;
}

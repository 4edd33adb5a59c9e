/* SPDX-License-Identifier: MIT */
#include "policy/condition.h"

#include "base/text.h"
#include "policy/sources.h"

#include <strings.h>

static enum policy_match to_match(bool hit)
{
	return hit ? POLICY_HIT : POLICY_MISS;
}

static enum policy_match match_any(const struct config_list *list, const char *text,
	bool (*matches)(const char *item, const char *text))
{
	for (size_t i = 0; i < list->count; i++)
		if (matches(list->items[i], text))
			return POLICY_HIT;
	return POLICY_MISS;
}

static bool same(const char *item, const char *text)
{
	return strcmp(item, text) == 0;
}

static bool same_host(const char *item, const char *text)
{
	return strcasecmp(item, text) == 0;
}

static bool glob(const char *pattern, const char *text)
{
	return text_matches(pattern, text, false);
}

/* How a rule compares names. A rule that denies ignores case: some backends report names as they
 * were typed, and directories ignore the case of groups, so another spelling must not evade the
 * rule. */
typedef int (*comparison)(const char *, const char *);

static comparison comparison_of(const struct config_rule *rule)
{
	return rule->allow ? strcmp : strcasecmp;
}

static enum policy_match match_groups(
	const struct config_rule *rule, const struct policy_question *question)
{
	const struct identity *who = question->who;
	comparison compare = comparison_of(rule);

	for (size_t i = 0; who != NULL && i < rule->groups.count; i++)
		for (size_t g = 0; g < who->group_count; g++)
			if (compare(rule->groups.items[i], who->groups[g]) == 0)
				return POLICY_HIT;
	return POLICY_MISS;
}

/* Matches an item "backend/subject" or "subject". A backend's title has no '/', so the first '/'
 * ends it; a subject that contains '/' never passes for another backend's. */
static enum policy_match match_user(
	const struct config_rule *rule, const char *item, const struct identity *who)
{
	comparison compare = comparison_of(rule);
	const char *slash = strchr(item, '/');
	size_t length = slash != NULL ? (size_t)(slash - item) : 0;

	if (slash == NULL)
		return to_match(compare(item, who->subject) == 0);
	if (compare(slash + 1, who->subject) != 0)
		return POLICY_MISS;
	if (who->backend == NULL)
		return POLICY_MAY;
	return to_match(strlen(who->backend) == length && memcmp(item, who->backend, length) == 0);
}

static enum policy_match match_users(
	const struct config_rule *rule, const struct policy_question *question)
{
	const struct config_list *list = &rule->users;
	enum policy_match best = POLICY_MISS;

	if (question->who == NULL || question->who->subject == NULL)
		return POLICY_MAY;
	for (size_t i = 0; i < list->count; i++) {
		enum policy_match match = match_user(rule, list->items[i], question->who);

		best = match > best ? match : best;
	}
	return best;
}

/* "alice" covers "BACKEND/alice". */
static bool user_covers(const char *outer, const char *inner)
{
	const char *slash = strchr(inner, '/');

	if (strcmp(outer, inner) == 0)
		return true;
	return slash != NULL && strchr(outer, '/') == NULL && strcmp(outer, slash + 1) == 0;
}

/* Copies the part before the '@'. False unless there is exactly one '@' with text on both sides. */
static bool local_part(const char *address, char local[IDENTITY_EMAIL_MAX + 1])
{
	const char *at = strchr(address, '@');
	size_t length = at != NULL ? (size_t)(at - address) : 0;

	if (length == 0 || length > IDENTITY_EMAIL_MAX || at[1] == '\0' ||
		strchr(at + 1, '@') != NULL)
		return false;
	memcpy(local, address, length);
	local[length] = '\0';
	return true;
}

bool condition_email_matches(const char *pattern, const char *address)
{
	char wanted[IDENTITY_EMAIL_MAX + 1], local[IDENTITY_EMAIL_MAX + 1];

	if (!local_part(pattern, wanted) || !local_part(address, local))
		return false;
	return text_matches(wanted, local, true) &&
	       text_matches(strchr(pattern, '@') + 1, strchr(address, '@') + 1, true);
}

static enum policy_match match_emails(
	const struct config_rule *rule, const struct policy_question *question)
{
	const struct config_list *list = &rule->emails;
	if (question->who == NULL || question->who->email == NULL)
		return POLICY_MISS;
	return match_any(list, question->who->email, condition_email_matches);
}

static enum policy_match match_backends(
	const struct config_rule *rule, const struct policy_question *question)
{
	const struct config_list *list = &rule->backends;
	if (question->who == NULL || question->who->backend == NULL)
		return POLICY_MAY;
	return match_any(list, question->who->backend, same);
}

static enum policy_match match_platforms(
	const struct config_rule *rule, const struct policy_question *question)
{
	const struct config_list *list = &rule->platforms;
	if (question->platform == NULL)
		return POLICY_MAY;
	return match_any(list, question->platform, same_host);
}

static enum policy_match match_meetings(
	const struct config_rule *rule, const struct policy_question *question)
{
	if (question->meeting_id == NULL)
		return POLICY_MAY;
	return match_any(&rule->meetings, question->meeting_id, glob);
}

static enum policy_match match_meeting_tokens(
	const struct config_rule *rule, const struct policy_question *question)
{
	if (question->meeting_token == NULL)
		return POLICY_MAY;
	return match_any(&rule->meeting_tokens, question->meeting_token, glob);
}

static enum policy_match match_acr(
	const struct config_rule *rule, const struct policy_question *question)
{
	if (question->who == NULL || question->who->acr == NULL)
		return POLICY_MISS;
	return match_any(&rule->acr, question->who->acr, same);
}

static enum policy_match match_second_factor(
	const struct config_rule *rule, const struct policy_question *question)
{
	return to_match(question->who != NULL && question->who->second_factor);
}

static enum policy_match match_networks(
	const struct config_rule *rule, const struct policy_question *question)
{
	struct network host;

	if (question->client == NULL)
		return POLICY_MAY;
	if (!network_parse_host(question->client, &host))
		return POLICY_MISS;
	for (size_t i = 0; i < rule->networks.count; i++)
		if (network_covers(&rule->parsed_networks[i], &host))
			return POLICY_HIT;
	return POLICY_MISS;
}

/* Both texts were parsed when the configuration was read. */
static bool network_text_covers(const char *outer, const char *inner)
{
	struct network wide, narrow;

	return network_parse(outer, &wide) == NULL && network_parse(inner, &narrow) == NULL &&
	       network_covers(&wide, &narrow);
}

static enum policy_match match_not_before(
	const struct config_rule *rule, const struct policy_question *question)
{
	if (question->now == 0)
		return POLICY_MAY;
	return to_match(question->now >= rule->not_before);
}

static enum policy_match match_not_after(
	const struct config_rule *rule, const struct policy_question *question)
{
	if (question->now == 0)
		return POLICY_MAY;
	return to_match(question->now <= rule->not_after);
}

#define AT(field) offsetof(struct config_rule, field)

const struct condition conditions[CONDITION_COUNT] = {
	{"users", AT(users), 0, false, SOURCE_SUBJECT, match_users, user_covers},
	{"groups", AT(groups), 0, true, SOURCE_GROUPS, match_groups, same},
	{"emails", AT(emails), 0, true, SOURCE_EMAIL, match_emails, condition_email_matches},
	{"backends", AT(backends), 0, false, 0, match_backends, same},
	{"platforms", AT(platforms), 0, false, 0, match_platforms, same_host},
	{"meetings", AT(meetings), 0, false, 0, match_meetings, glob},
	{"meeting-tokens", AT(meeting_tokens), 0, false, 0, match_meeting_tokens, glob},
	{"acr", AT(acr), 0, true, SOURCE_ACR, match_acr, same},
	{"second-factor", 0, 0, true, 0, match_second_factor, NULL},
	{"networks", AT(networks), 0, false, 0, match_networks, network_text_covers},
	{"not-before", 0, AT(not_before), false, 0, match_not_before, NULL},
	{"not-after", 0, AT(not_after), false, 0, match_not_after, NULL},
};

const struct config_list *condition_list(
	const struct condition *condition, const struct config_rule *rule)
{
	return condition->list != 0 ? (const void *)((const char *)rule + condition->list) : NULL;
}

int64_t condition_time(const struct condition *condition, const struct config_rule *rule)
{
	int64_t time = 0;

	if (condition->time != 0)
		memcpy(&time, (const char *)rule + condition->time, sizeof time);
	return time;
}

bool condition_written(const struct condition *condition, const struct config_rule *rule)
{
	const struct config_list *list = condition_list(condition, rule);

	if (list != NULL)
		return list->count > 0;
	return condition->time != 0 ? condition_time(condition, rule) != 0 : rule->second_factor;
}

static bool needs_backend(const struct config_rule *rule, const struct policy_question *question)
{
	return rule->allow && question->who != NULL && question->who->guest &&
	       rule->backends.count == 0;
}

static enum policy_match match_one(const struct condition *condition,
	const struct config_rule *rule, const struct policy_question *question, bool who_known)
{
	if (condition->match == match_backends && needs_backend(rule, question))
		return POLICY_MISS;
	if (!condition_written(condition, rule))
		return POLICY_HIT;
	if (condition->claim && !who_known)
		return POLICY_MAY;
	return condition->match(rule, question);
}

enum policy_match condition_match_all(const struct config_rule *rule,
	const struct policy_question *question, bool who_known, const struct condition **which_r)
{
	enum policy_match worst = POLICY_HIT;
	const struct condition *which = NULL;

	for (size_t i = 0; i < CONDITION_COUNT; i++) {
		enum policy_match match = match_one(&conditions[i], rule, question, who_known);

		if (match < worst) {
			worst = match;
			which = &conditions[i];
		}
		if (worst == POLICY_MISS)
			break;
	}
	if (which_r != NULL)
		*which_r = which;
	return worst;
}

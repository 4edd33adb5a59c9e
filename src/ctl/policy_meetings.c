/* SPDX-License-Identifier: MIT */
#include "ctl/policy_meetings.h"

#include <strings.h>

enum { TEXT_MAX = 600, SAMPLE_MAX = 4096 };

/* Whether a meeting of a platform can match a pattern. */
enum matches { NEVER = 0, NEVER_SO_WRITTEN, PERHAPS, CAN };

/* ---- one pattern and one platform ---- */

/* Puts something else in place of each '*'; it may stand for any run of characters, too. */
static void fill_in(const char *pattern, const char *by, struct buffer *sample)
{
	for (; *pattern != '\0'; pattern++)
		buffer_append(
			sample, *pattern == '*' ? by : pattern, *pattern == '*' ? strlen(by) : 1);
}

/* Takes a meeting of the pattern to the driver: one that comes out as another has a form that no
 * id has. `id` gets what it comes out as. */
static enum matches try_sample(const struct service_platform *platform, const char *pattern,
	const char *by, struct buffer *id)
{
	struct buffer sample = BUFFER_INIT(SAMPLE_MAX);
	enum matches matches = NEVER;
	struct error error;
	char *found = NULL;

	fill_in(pattern, by, &sample);
	if (!sample.failed && sample.data != NULL &&
		platform_meeting(
			platform->driver, platform->instance, sample.data, &found, &error) == 0)
		matches = strcmp(found, sample.data) == 0 ? CAN : NEVER_SO_WRITTEN;
	if (found != NULL) {
		buffer_clear(id);
		buffer_text(id, found);
	}
	free(found);
	buffer_release(&sample);
	return matches;
}

/* Where the driver takes none of the samples, it may take another, unless it looks at single
 * characters alone. */
static enum matches match(
	const struct service_platform *platform, const char *pattern, struct buffer *id)
{
	enum matches first = try_sample(platform, pattern, "0", id), second;

	if (strchr(pattern, '*') == NULL)
		return first;
	second = try_sample(platform, pattern, "/0", id);
	if (first == NEVER && second == NEVER && platform->driver->arrive != NULL)
		return PERHAPS;
	return first > second ? first : second;
}

/* ---- one rule ---- */

static bool is_about(const struct config_rule *rule, const char *title)
{
	for (size_t i = 0; i < rule->platforms.count; i++)
		if (strcasecmp(rule->platforms.items[i], title) == 0)
			return true;
	return rule->platforms.count == 0;
}

/* What is wrong with the pattern, in `text`. Whether something is. */
static bool lint_pattern(const struct service *service, const struct config_rule *rule,
	const char *pattern, char text[TEXT_MAX])
{
	struct buffer id = BUFFER_INIT(SAMPLE_MAX);
	enum matches best = NEVER;
	bool by_token = false, is_plain = strchr(pattern, '*') == NULL, asked = false;

	for (size_t i = 0; i < service->platform_count; i++) {
		const struct service_platform *platform = &service->platforms[i];
		enum matches matches;

		if (!is_about(rule, platform->title))
			continue;
		asked = true;
		matches = match(platform, pattern, &id);
		by_token = by_token || (platform->driver->arrive == NULL && matches == CAN);
		best = matches > best ? matches : best;
	}
	if (!asked)
		best = PERHAPS;
	if (best == NEVER)
		snprintf(text, TEXT_MAX,
			"meetings: \"%.200s\" can never match a meeting id or token", pattern);
	else if (best == NEVER_SO_WRITTEN && is_plain)
		snprintf(text, TEXT_MAX,
			"meetings: \"%.200s\" can never match: the meeting's id is \"%.200s\"",
			pattern, id.data != NULL ? id.data : "");
	else if (best == NEVER_SO_WRITTEN)
		snprintf(text, TEXT_MAX,
			"meetings: \"%.200s\" can never match: an id is written like \"%.200s\"",
			pattern, id.data != NULL ? id.data : "");
	else if (by_token && strchr(pattern, '-') != NULL)
		snprintf(text, TEXT_MAX,
			"meetings: \"%.200s\" looks like a meeting token, which visitors supply "
			"and the "
			"platform does not confirm: write the meeting id where it matters",
			pattern);
	else
		text[0] = '\0';
	buffer_release(&id);
	return text[0] != '\0';
}

size_t policy_meetings_lint(const struct service *service,
	void (*found)(void *context, const struct config_rule *rule, const char *text),
	void *context)
{
	const struct config_policy *policy = &service->settings->policy;
	char text[TEXT_MAX];
	size_t count = 0;

	for (size_t i = 0; i < policy->count; i++)
		for (size_t m = 0; m < policy->rules[i].meetings.count; m++)
			if (lint_pattern(service, &policy->rules[i],
				    policy->rules[i].meetings.items[m], text)) {
				found(context, &policy->rules[i], text);
				count++;
			}
	return count;
}

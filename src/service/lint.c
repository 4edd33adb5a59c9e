/* SPDX-License-Identifier: MIT */
#include "service/lint.h"

#include "base/site.h"
#include "base/text.h"
#include "policy/meet.h"
#include "telemetry/log.h"

#include <strings.h>

enum { TEXT_MAX = 600, SAMPLE_MAX = 4096 };

/* Whether an id of a platform's meeting can match a pattern. NEVER_SO_WRITTEN: the platform writes
 * such an id in another way. */
enum matches { NEVER = 0, NEVER_SO_WRITTEN, PERHAPS, CAN };

/* ---- one pattern and one platform ---- */

/* Writes the pattern with each '*' replaced by `by`. */
static void fill_in(const char *pattern, const char *by, struct buffer *sample)
{
	for (; *pattern != '\0'; pattern++)
		buffer_append(
			sample, *pattern == '*' ? by : pattern, *pattern == '*' ? strlen(by) : 1);
}

/* True if a visit to the platform can contain a meeting token of this form. Visits to drivers with
 * their own entry have only an id. */
static bool is_token(const struct service_platform *platform, const char *text)
{
	return platform->driver->entry == NULL && join_is_meeting_token(text);
}

/* Lets the driver parse a sample of the pattern. If the id that results, in `id`, differs from the
 * sample, no id has this form. */
static enum matches try_sample(const struct service_platform *platform, const char *pattern,
	const char *by, struct buffer *id)
{
	struct buffer sample = BUFFER_INIT(SAMPLE_MAX);
	enum matches matches = NEVER;
	struct error error;
	char *found = NULL;

	fill_in(pattern, by, &sample);
	if (!sample.failed && sample.data != NULL &&
		platform_meeting_id(
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

/* If the driver accepts none of the samples, it may still accept another one, unless it only checks
 * single characters. */
static enum matches match(
	const struct service_platform *platform, const char *pattern, struct buffer *id)
{
	enum matches first = try_sample(platform, pattern, "0", id), second;

	if (strchr(pattern, '*') == NULL)
		return first;
	second = try_sample(platform, pattern, "/0", id);
	if (first == NEVER && second == NEVER && platform->driver->entry != NULL)
		return PERHAPS;
	return first > second ? first : second;
}

/* ---- the patterns of a rule ---- */

/* The next platform that the rule is about; `*at` is 0 at first. NULL: no more. */
static const struct service_platform *next_platform(
	const struct service *service, const struct config_rule *rule, size_t *at)
{
	const struct service_platform *found = NULL;

	if (rule->platforms.count == 0)
		return *at < service->platform_count ? &service->platforms[(*at)++] : NULL;
	while (found == NULL && *at < rule->platforms.count)
		found = service_platform(service, rule->platforms.items[(*at)++]);
	return found;
}

/* True if visits to a platform of the rule contain a meeting token, which the platform does not
 * confirm. */
static bool has_tokens(const struct service *service, const struct config_rule *rule)
{
	const struct service_platform *platform;

	for (size_t at = 0; (platform = next_platform(service, rule, &at)) != NULL;)
		if (platform->driver->entry == NULL)
			return true;
	return false;
}

static bool may_be_token(
	const struct service *service, const struct config_rule *rule, const char *pattern)
{
	struct buffer sample = BUFFER_INIT(SAMPLE_MAX);
	const struct service_platform *platform;
	bool may = false;

	fill_in(pattern, "0", &sample);
	for (size_t at = 0;
		!may && !sample.failed && (platform = next_platform(service, rule, &at)) != NULL;)
		may = is_token(platform, sample.data);
	buffer_release(&sample);
	return may;
}

/* The best result of the rule's platforms for the pattern; `id` is the id that resulted. */
static enum matches match_any(const struct service *service, const struct config_rule *rule,
	const char *pattern, struct buffer *id)
{
	const struct service_platform *platform;
	enum matches best = NEVER;
	bool asked = false;

	for (size_t at = 0;
		best != CAN && (platform = next_platform(service, rule, &at)) != NULL;) {
		enum matches matches = match(platform, pattern, id);

		asked = true;
		best = matches > best ? matches : best;
	}
	return asked ? best : PERHAPS;
}

/* Writes what is wrong with a pattern of ids; "" if nothing is. */
static void lint_id(const struct service *service, const struct config_rule *rule,
	const char *pattern, char text[TEXT_MAX])
{
	static const char move[] =
		"only ids are compared, because platforms do not confirm a token: write the "
		"meeting's id, or move it to meeting-tokens";
	struct buffer id = BUFFER_INIT(SAMPLE_MAX);
	enum matches best = match_any(service, rule, pattern, &id);
	bool token = (best == NEVER || strchr(pattern, '-') != NULL) &&
		     may_be_token(service, rule, pattern);

	text[0] = '\0';
	if (best == NEVER && token)
		snprintf(text, TEXT_MAX,
			"meetings: \"%.200s\" can never match a meeting id and looks like a "
			"meeting token: %s",
			pattern, move);
	else if (best == NEVER)
		snprintf(text, TEXT_MAX, "meetings: \"%.200s\" can never match a meeting id",
			pattern);
	else if (best == NEVER_SO_WRITTEN)
		snprintf(text, TEXT_MAX, "meetings: \"%.200s\" can never match: %s \"%.200s\"",
			pattern,
			strchr(pattern, '*') == NULL ? "the meeting's id is"
						     : "an id is written like",
			id.data != NULL ? id.data : "");
	else if (token)
		snprintf(text, TEXT_MAX, "meetings: \"%.200s\" looks like a meeting token: %s",
			pattern, move);
	buffer_release(&id);
}

/* The same for a pattern of tokens. */
static void lint_token(const struct service *service, const struct config_rule *rule,
	const char *pattern, char text[TEXT_MAX])
{
	text[0] = '\0';
	if (!has_tokens(service, rule))
		snprintf(text, TEXT_MAX,
			"meeting-tokens: \"%.200s\" is compared with ids, because no visit to the "
			"rule's platforms has a token: move it to meetings",
			pattern);
	else if (!may_be_token(service, rule, pattern))
		snprintf(text, TEXT_MAX,
			"meeting-tokens: \"%.200s\" can never match a meeting token", pattern);
}

/* ---- allowed-origins ---- */

/* Writes what is wrong with an origin; "" if nothing is. */
static void lint_origin(const struct service *service, const struct service_platform *platform,
	const char *origin, char text[TEXT_MAX])
{
	text[0] = '\0';
	if (platform->driver->script->takes_password ||
		site_is_same(service->settings->origin, origin) ||
		redirect_page_of(platform->peer, origin) != NULL)
		return;
	snprintf(text, TEXT_MAX,
		"allowed-origins: scripts of %.200s get no token: it is another site than "
		"base-url, so browsers do not send the session's cookie, and neither app nor "
		"redirects has a page of it that could receive a code",
		origin);
}

/* ---- running ---- */

/* One run of service_lint(). */
struct lint {
	const struct service *service;
	service_found *found;
	void *context;
	size_t count;
};

static void add_finding(struct lint *lint, const struct service_finding *finding)
{
	lint->found(lint->context, finding);
	lint->count++;
}

static void on_rule(void *context, const struct config_rule *rule, const char *text)
{
	const struct lint *lint = context;
	char about[100];

	snprintf(about, sizeof about, "rule \"%s\"", rule != NULL ? rule->name : "");
	add_finding(context, &(struct service_finding){rule != NULL ? about : "policy",
				     rule != NULL ? rule->name : NULL,
				     rule != NULL ? rule->file : lint->service->settings->file,
				     rule != NULL ? rule->line : 0, text});
}

static void on_section(
	void *context, const char *about, const char *file, int line, const char *text)
{
	add_finding(context, &(struct service_finding){about, NULL, file, line, text});
}

static void lint_patterns(struct lint *lint, const struct config_rule *rule)
{
	char text[TEXT_MAX];

	for (size_t i = 0; i < rule->meetings.count; i++) {
		lint_id(lint->service, rule, rule->meetings.items[i], text);
		if (text[0] != '\0')
			on_rule(lint, rule, text);
	}
	for (size_t i = 0; i < rule->meeting_tokens.count; i++) {
		lint_token(lint->service, rule, rule->meeting_tokens.items[i], text);
		if (text[0] != '\0')
			on_rule(lint, rule, text);
	}
}

static void lint_origins(struct lint *lint, size_t index)
{
	const struct service_platform *platform = &lint->service->platforms[index];
	const struct section *section = lint->service->settings->platforms[index];
	char about[100], text[TEXT_MAX];

	snprintf(about, sizeof about, "platform \"%.64s\"", platform->title);
	for (size_t i = 0; platform->driver->script != NULL && i < platform->peer->origins.count;
		i++) {
		lint_origin(lint->service, platform, platform->peer->origins.items[i], text);
		if (text[0] != '\0')
			on_section(lint, about, section_file(section), section_line(section), text);
	}
}

size_t service_lint(const struct service *service, int64_t now, service_found *found, void *context)
{
	const struct config_policy *policy = &service->settings->policy;
	struct lint lint = {service, found, context, 0};

	policy_lint(service->settings, now, on_rule, &lint);
	for (size_t i = 0; i < policy->count; i++)
		lint_patterns(&lint, &policy->rules[i]);
	policy_lint_sections(service->settings, on_section, &lint);
	for (size_t i = 0; i < service->platform_count; i++)
		lint_origins(&lint, i);
	policy_lint_meets(service->settings, on_section, &lint);
	return lint.count;
}

static void log_finding(void *context, const struct service_finding *finding)
{
	(void)context;
	log_message(LOG_LEVEL_WARNING, "policy", "%s:%d: %s: %s", finding->file,
		finding->line > 0 ? finding->line : 1, finding->about, finding->text);
}

void service_log_findings(const struct service *service, int64_t now)
{
	const char *about;

	for (size_t i = 0; (about = config_variable(service->settings, i)) != NULL; i++)
		log_message(LOG_LEVEL_INFO, "environment", "%s", about);
	service_lint(service, now, log_finding, NULL);
}

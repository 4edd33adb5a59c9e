/* SPDX-License-Identifier: MIT */
#include "policy/condition.h"

/* Replaces the end of a truncated text by an ellipsis, at a character boundary. */
static void cut(char *text, size_t size)
{
	static const char ellipsis[] = "…";
	size_t at = size - sizeof ellipsis;

	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, ellipsis, sizeof ellipsis);
}

static void print_list(struct buffer *text, const struct config_list *list, enum policy_match match)
{
	if (list->count == 0) { /* only possible for guests and `backends` */
		buffer_text(text, "guests need a rule that names their backend");
		return;
	}
	buffer_text(text, match == POLICY_MAY ? "needs one of " : "none of ");
	for (size_t i = 0; i < list->count; i++)
		buffer_printf(text, "%s%s", i > 0 ? ", " : "", list->items[i]);
}

static void print_time(struct buffer *text, const struct condition *condition, int64_t seconds)
{
	time_t at = (time_t)seconds;
	char written[32] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buffer_printf(text, "only %s %s",
		condition->time == offsetof(struct config_rule, not_before) ? "from" : "until",
		written);
}

/* Prints why a rule misses or may hit. */
static void print_reason(struct buffer *text, const struct condition *condition,
	const struct config_rule *rule, enum policy_match match)
{
	const struct config_list *list = condition_list(condition, rule);

	buffer_printf(text, "%s: ", condition->name);
	if (list != NULL)
		print_list(text, list, match);
	else if (condition->time == 0)
		buffer_text(text, match == POLICY_MAY ? "needs one" : "none was used");
	else
		print_time(text, condition, condition_time(condition, rule));
}

/* Prints why a rule hits: its conditions, all of which hold. */
static void print_hit(struct buffer *text, const struct config_rule *rule)
{
	for (size_t i = 0; i < CONDITION_COUNT; i++)
		if (condition_written(&conditions[i], rule))
			buffer_printf(
				text, "%s%s", text->length > 0 ? ", " : "", conditions[i].name);
	if (text->length == 0)
		buffer_text(text, "no conditions");
}

struct policy_reason policy_explain(
	const struct config_rule *rule, const struct policy_question *question, bool who_known)
{
	const struct condition *which;
	struct policy_reason reason = {.match = POLICY_MISS};
	struct buffer text = BUFFER_INIT(1 << 20); /* the size limit of a configuration */

	reason.match = condition_match_all(rule, question, who_known, &which);
	if (which == NULL)
		print_hit(&text, rule);
	else
		print_reason(&text, which, rule, reason.match);
	snprintf(reason.text, sizeof reason.text, "%s", text.data != NULL ? text.data : "");
	if (text.length >= sizeof reason.text)
		cut(reason.text, sizeof reason.text);
	buffer_release(&text);
	return reason;
}

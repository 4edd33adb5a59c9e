/* SPDX-License-Identifier: MIT */
#include "auth/users.h"

#include <time.h>

static void encode(struct buffer *line, const char *text, const char *special)
{
	for (;;) {
		size_t plain = strcspn(text, special);

		buffer_append(line, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		buffer_printf(line, "%%%02X", (unsigned char)*text++);
	}
}

static void format_time(struct buffer *line, int64_t when)
{
	char text[sizeof "2026-12-31T18:00:00Z" + 16];
	time_t seconds = (time_t)when;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, "%FT%TZ", &tm) > 0)
		buffer_text(line, text);
	else
		line->failed = true;
}

void users_format(const struct user *user, struct buffer *line)
{
	const char *group = user->groups;

	encode(line, user->name, user->name[0] == '#' ? "%:#" : "%:");
	buffer_printf(line, ":%s%s:", user->disabled ? "!" : "", user->hash);
	encode(line, user->display, "%:");
	buffer_text(line, ":");
	encode(line, user->email, "%:");
	buffer_text(line, ":");
	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1) {
		if (i > 0)
			buffer_text(line, ",");
		encode(line, group, "%:,");
	}
	buffer_text(line, ":");
	if (user->expires != 0)
		format_time(line, user->expires);
	if (user->enablings != 0)
		buffer_printf(line, ":%lld", (long long)user->enablings);
	buffer_text(line, "\n");
}

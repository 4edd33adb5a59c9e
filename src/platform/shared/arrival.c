/* SPDX-License-Identifier: MIT */
#include "platform/shared/arrival.h"

#include <stdarg.h>

int arrival_refuse(struct platform_arrival *arrival, const char *parameter, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(arrival->error->text, sizeof arrival->error->text, format, args);
	va_end(args);
	arrival->bad = parameter;
	return -1;
}

int arrival_refuse_length(struct platform_arrival *arrival, const char *parameter, size_t maximum)
{
	arrival->too_long = true;
	return arrival_refuse(arrival, parameter, "longer than %zu bytes", maximum);
}

int arrival_optional(struct platform_arrival *arrival, const char *name, const char **value_r)
{
	*value_r = NULL;
	switch (arrival->get(arrival->query, name, value_r)) {
	case PLATFORM_REPEATED:
		return arrival_refuse(arrival, name, "given twice");
	case PLATFORM_NO_TEXT:
		return arrival_refuse(
			arrival, name, "not a string, or contains control characters");
	case PLATFORM_MISSING:
	case PLATFORM_ONCE:
		break;
	}
	return 0;
}

int arrival_named(struct platform_arrival *arrival, const char *parameter, const char **text_r)
{
	const char *value;

	*text_r = arrival->rest;
	if (arrival_optional(arrival, parameter, &value) != 0)
		return -1;
	if (value == NULL)
		return 0;
	if (arrival->rest[0] != '\0')
		return arrival_refuse(arrival, parameter, "names a second meeting");
	*text_r = value;
	return 0;
}

int arrival_remember(struct platform_arrival *arrival, const char *name, const char *value)
{
	if (value == NULL || join_add_forward(arrival->join, name, value) == 0)
		return 0;
	return arrival_refuse(arrival, name, "out of memory");
}

int arrival_set_meeting(struct platform_arrival *arrival, const char *id)
{
	struct join *join = arrival->join;

	join->meeting_id = strdup(id);
	join->meeting_token = strdup(id);
	if (join->meeting_id != NULL && join->meeting_token != NULL)
		return 0;
	return arrival_refuse(arrival, "meeting", "out of memory");
}

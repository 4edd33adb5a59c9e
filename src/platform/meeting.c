/* SPDX-License-Identifier: MIT
 *
 * Finds the id of a meeting that a person typed, with the parser that the driver has for visits.
 */
#include "platform/registry.h"

#include "base/text.h"

#include <strings.h>

/* Parameters in which visits bring the URL of a meeting, of all platforms. */
static const char *const addresses[] = {"meetingUrl", "conferenceUri", "webLink", "location"};

struct written {
	const char *name, *value;
};

static enum platform_parameter get_written(
	const void *query, const char *name, const char **value_r)
{
	const struct written *written = query;

	if (written->name == NULL || strcmp(written->name, name) != 0)
		return PLATFORM_MISSING;
	*value_r = written->value;
	return PLATFORM_ONCE;
}

/* Parses the text as the parameter `name`, or as the path after the entry if `name` is NULL.
 * Returns 0 with the id, or -1. */
static int try_as(const struct platform_driver *driver, const void *instance, const char *name,
	const char *text, char **id_r, struct error *error)
{
	struct join join = JOIN_INIT;
	const struct written written = {name, text};
	struct platform_arrival arrival = {
		name == NULL ? text : "", get_written, &written, &join, "meeting", error, false};
	int rc = driver->entry->arrive(instance, &arrival);

	if (rc == 0) {
		*id_r = join.meeting_id;
		join.meeting_id = NULL;
	}
	join_release(&join);
	return rc;
}

/* Whether the error of parsing the text as that parameter is more helpful than that of parsing it
 * as a path, which some platforms do not accept at all. */
static bool tells_more(
	const struct platform_driver *driver, const char *parameter, const char *text)
{
	const char *own = driver->entry->parameter;

	return own != NULL && strcmp(own, parameter) == 0 &&
	       ((driver->script != NULL && driver->script->scripts_only) ||
		       strstr(text, "://") != NULL);
}

int platform_meeting_id(const struct platform_driver *driver, const void *instance,
	const char *text, char **id_r, struct error *error)
{
	struct error other = {""};
	int rc;

	*id_r = NULL;
	if (!text_is_printable(text))
		return error_set(error, "not UTF-8, or contains control characters");
	if (driver->entry == NULL) {
		if (!text_is_token(text, 1, JOIN_ID_MAX, JOIN_ID_OTHERS))
			return error_set(error, "an id is 1 to %d letters, digits, - and _",
				(int)JOIN_ID_MAX);
		*id_r = strdup(text);
		return *id_r != NULL ? 0 : error_set(error, "out of memory");
	}
	rc = try_as(driver, instance, NULL, text, id_r, error);
	for (size_t i = 0; rc != 0 && i < sizeof addresses / sizeof *addresses; i++) {
		rc = try_as(driver, instance, addresses[i], text, id_r, &other);
		if (tells_more(driver, addresses[i], text))
			*error = other;
	}
	return rc;
}

/* SPDX-License-Identifier: MIT
 *
 * Finds the meeting that a person typed, or whose link they pasted, with the parser that the driver
 * has for visits.
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

/* ---- links ---- */

#define ID_MARK	   "meeting-id-here"
#define TOKEN_MARK "meeting-token-here"

/* Copies the part of the link in the place of a mark, which ends where the address goes on. */
static char *copy_part(const char **link, char next)
{
	const char ends[] = {'/', '?', '#', next, '\0'};
	size_t length = strcspn(*link, ends);
	char *part = strndup(*link, length);

	*link += length;
	if (part != NULL && text_unpercent(part) == 0)
		return part;
	free(part);
	return NULL;
}

/* Compares the link with the address of a meeting's page, which has marks for id and token. */
static int match(const char *page, const char *link, char **id_r, char **token_r)
{
	while (*page != '\0') {
		bool is_id = strncmp(page, ID_MARK, strlen(ID_MARK)) == 0;
		bool is_token = strncmp(page, TOKEN_MARK, strlen(TOKEN_MARK)) == 0;

		if (is_id || is_token) {
			char **part_r = is_id ? id_r : token_r;

			page += strlen(is_id ? ID_MARK : TOKEN_MARK);
			free(*part_r);
			*part_r = copy_part(&link, *page);
			if (*part_r == NULL)
				return -1;
		} else if (*page++ != *link++) {
			return -1;
		}
	}
	link += *link == '/';
	return strchr("?#", *link) != NULL ? 0 : -1;
}

/* Reads the address to which the driver redirects browsers. */
static int read_redirect(const struct platform_driver *driver, const void *instance,
	const char *link, char **id_r, char **token_r)
{
	const struct join join = {
		.meeting_id = (char *)ID_MARK, .meeting_token = (char *)TOKEN_MARK};
	struct buffer url = BUFFER_INIT(8192);
	const struct platform_peer *peer = instance;
	const char *rest = text_after_url(link, peer->site);
	int rc = -1;

	driver->redirect_url(instance, &join, "", NULL, &url);
	if (url.data != NULL && rest != NULL) {
		const char *page = text_after_url(url.data, peer->site);

		url.data[strcspn(url.data, "?#")] = '\0';
		rc = page != NULL ? match(page, rest, id_r, token_r) : -1;
	}
	buffer_release(&url);
	if (rc == 0 && *token_r != NULL && join_is_meeting_token(*token_r) &&
		(*id_r == NULL || text_is_token(*id_r, 1, JOIN_ID_MAX, JOIN_ID_OTHERS)))
		return 0;
	return -1;
}

/* Reads the address of a meeting as visits bring it, or one below the peer's `site`. */
static int read_address(
	const struct platform_driver *driver, const void *instance, const char *link, char **id_r)
{
	const struct platform_peer *peer = instance;
	const char *page = driver->entry->page, *rest;
	struct error error;
	char *path;
	int rc = -1;

	for (size_t i = 0; rc != 0 && i < sizeof addresses / sizeof *addresses; i++)
		rc = try_as(driver, instance, addresses[i], link, id_r, &error);
	rest = text_after_url(link, peer->site != NULL ? peer->site : "");
	if (rc == 0 || page == NULL || rest == NULL || strncmp(rest, page, strlen(page)) != 0)
		return rc;
	rest += strlen(page);
	path = strndup(rest, strcspn(rest, "?#"));
	if (path != NULL && text_unpercent(path) == 0 && text_is_printable(path)) {
		size_t length = strlen(path);

		if (length > 0 && path[length - 1] == '/')
			path[length - 1] = '\0';
		rc = try_as(driver, instance, NULL, path, id_r, &error);
	}
	free(path);
	return rc;
}

int platform_meeting_link(const struct platform_driver *driver, const void *instance,
	const char *link, char **id_r, char **token_r)
{
	int rc;

	*id_r = *token_r = NULL;
	if (driver->entry == NULL) {
		rc = read_redirect(driver, instance, link, id_r, token_r);
	} else {
		rc = read_address(driver, instance, link, id_r);
		*token_r = rc == 0 ? strdup(*id_r) : NULL;
		rc = *token_r != NULL ? 0 : -1;
	}
	if (rc == 0)
		return 0;
	free(*id_r);
	free(*token_r);
	*id_r = *token_r = NULL;
	return -1;
}

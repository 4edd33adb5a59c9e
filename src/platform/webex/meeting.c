/* SPDX-License-Identifier: MIT
 *
 * Identifies the meeting by its number, its id or the link of its page, as POST /meetings/join
 * accepts them. A meeting has all three names, but a rule about one does not apply to the others.
 * So the option `meetings-by` selects which names visitors may use.
 */
#include "platform/webex/webex.h"

#include "base/text.h"
#include "platform/shared/arrival.h"

#include <strings.h>

enum { NUMBER_MIN = 8, NUMBER_MAX = 15, ID_HEX = 32, LINK_PATH_MAX = 300, OWN_MAX = 64 };

/* The parameter for links, under which the join also stores the link as received. */
static const char WEB_LINK[] = "webLink";

static bool is_allowed(const struct webex *webex, enum webex_name name)
{
	return (webex->named_by & 1U << name) != 0;
}

static bool is_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return text[length] == '\0' && length >= NUMBER_MIN && length <= NUMBER_MAX;
}

/* Whether a text is a meeting's id: 32 hex digits, followed by a time for one meeting of a series:
 * _20260131T090000Z. */
static bool is_id(const char *text)
{
	if (strspn(text, "0123456789abcdef") != ID_HEX)
		return false;
	text += ID_HEX;
	if (text[0] == '\0')
		return true;
	return text[0] == '_' && strlen(text) <= 40 && text_is_token(text, 2, 40, "_") &&
	       strspn(text, "_0123456789TZI") == strlen(text);
}

const char *webex_field_of(const char *meeting)
{
	if (is_number(meeting))
		return "meetingNumber";
	return is_id(meeting) ? "meetingId" : WEB_LINK;
}

/* Whether a URL is a meeting's page on our site, "https://SITE/SITE/j.php?MTID=m…" or
 * "https://SITE/meet/USER", and unambiguous for all HTTP clients. */
static bool is_link(const struct webex *webex, const char *text)
{
	size_t length = strlen(webex->site), path;

	if (strncasecmp(text, webex->site, length) != 0 || text[length] != '/')
		return false;
	text += length;
	path = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789-._~/");
	if (path < 2 || path > LINK_PATH_MAX)
		return false;
	if (memmem(text, path, "//", 2) != NULL || memmem(text, path, "/.", 2) != NULL)
		return false;
	if (text[path] == '\0')
		return true;
	return strncmp(text + path, "?MTID=", 6) == 0 && text_is_token(text + path + 6, 8, 64, "");
}

/* Converts a link's path to lower case without a trailing slash, so that a rule applies to all
 * spellings of the link. The query stays unchanged. */
static void fold_path(const char *text, char path[LINK_MAX])
{
	size_t length = strcspn(text, "?");

	text_lower(text, path, length + 1);
	if (text[length] == '\0' && path[length - 1] == '/')
		length--;
	snprintf(path + length, LINK_MAX - length, "%s", text + strcspn(text, "?"));
}

/* Numbers and ids are unique in all of Webex, so the name does not contain the site. If one room
 * had two names, two meetings would meet in it; two rooms with one name would only waste a room. */
int webex_name_room(const void *instance, const char *text, struct buffer *name)
{
	const struct webex *webex = instance;
	bool link = is_link(webex, text);
	char host[PLATFORM_URL_MAX], path[LINK_MAX];

	if (!link && !is_number(text) && !is_id(text))
		return -1;
	links_host_of(link ? webex->site : webex->peer.api, host);
	fold_path(link ? text + strlen(webex->site) : text, path);
	text_lower(path, path, sizeof path);
	buffer_printf(name, "%s %s", host, path);
	return 0;
}

const char *webex_meeting_of(const struct join *join)
{
	const char *link = join_remembered(join, WEB_LINK);

	if (join->room != NULL)
		return join->room;
	return link != NULL ? link : join->meeting_id;
}

/* With shared rooms, visitors' own names also count as numbers: webex_arrive() accepts them so. */
const char *webex_parameter_of(const struct join *join, const char **value_r)
{
	const char *link = join_remembered(join, WEB_LINK);

	*value_r = link != NULL ? link : join->meeting_id;
	if (link != NULL)
		return WEB_LINK;
	return is_id(join->meeting_id) ? "meetingId" : "meetingNumber";
}

static int take_link(struct platform_arrival *arrival, const struct webex *webex, const char *text)
{
	char link[LINK_MAX], path[LINK_MAX];

	if (!is_allowed(webex, WEBEX_LINK))
		return arrival_refuse(arrival, WEB_LINK, "meetings-by does not contain \"link\"");
	if (strlen(text) > strlen(webex->site) + LINK_PATH_MAX)
		return arrival_refuse_length(
			arrival, WEB_LINK, strlen(webex->site) + LINK_PATH_MAX);
	if (!is_link(webex, text))
		return arrival_refuse(arrival, WEB_LINK, "not the link of a meeting on this site");
	text += strlen(webex->site);
	snprintf(link, sizeof link, "%s%s", webex->site, text);
	if (arrival_remember(arrival, WEB_LINK, link) != 0)
		return -1;
	fold_path(text, path);
	snprintf(link, sizeof link, "%s%s", webex->site, path);
	return arrival_set_meeting(arrival, link);
}

/* With shared rooms, visitors choose the id of a meeting, and never see which room it uses. */
static int take_own(struct platform_arrival *arrival, const char *parameter, const char *text)
{
	if (strlen(text) > OWN_MAX)
		return arrival_refuse_length(arrival, parameter, OWN_MAX);
	if (!text_is_token(text, 1, OWN_MAX, "_.~-"))
		return arrival_refuse(
			arrival, parameter, "not 1 to %d letters, digits, or - . _ ~", OWN_MAX);
	return arrival_set_meeting(arrival, text);
}

static int take_name(struct platform_arrival *arrival, const struct webex *webex,
	const char *parameter, const char *text)
{
	if (is_number(text) && !is_allowed(webex, WEBEX_NUMBER))
		return arrival_refuse(
			arrival, parameter, "meetings-by does not contain \"number\"");
	if (is_id(text) && !is_allowed(webex, WEBEX_ID))
		return arrival_refuse(arrival, parameter, "meetings-by does not contain \"id\"");
	if (!is_number(text) && !is_id(text))
		return arrival_refuse(arrival, parameter,
			"neither a meeting number of %d to %d digits nor an id", NUMBER_MIN,
			NUMBER_MAX);
	return arrival_set_meeting(arrival, text);
}

int webex_arrive(const void *instance, struct platform_arrival *arrival)
{
	static const char *const names[] = {"meetingNumber", "meetingId", WEB_LINK};
	const struct webex *webex = instance;
	const char *parameter = "meetingNumber", *meeting = NULL;

	if (arrival->rest[0] != '\0')
		meeting = arrival->rest;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value;

		if (arrival_optional(arrival, names[i], &value) != 0)
			return -1;
		if (value != NULL && meeting != NULL)
			return arrival_refuse(arrival, names[i], "names a second meeting");
		if (value == NULL)
			continue;
		meeting = value;
		parameter = names[i];
	}
	if (meeting == NULL)
		return arrival_refuse(arrival, parameter, "missing");
	if (webex->peer.rooms.count > 0)
		return take_own(arrival, parameter, meeting);
	if (strcmp(parameter, WEB_LINK) == 0)
		return take_link(arrival, instance, meeting);
	return take_name(arrival, instance, parameter, meeting);
}

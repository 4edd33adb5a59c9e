/* SPDX-License-Identifier: MIT
 *
 * Platform "lync": Lync and Live Meeting know a meeting by its conference address, which no browser
 * opens, and let strangers in by the meeting's own key (digest authentication over SIP). Nothing of
 * that goes through us: the page shows a link for the program and the key, to whom the policy lets
 * in, and to nobody before. The key is in the store as "meeting/TITLE/USER@DOMAIN/ID".
 */
#include "platform/conference.h"
#include "platform/links.h"
#include "platform/shared.h"

#include "base/text.h"

#include <strings.h>

enum { KEY_MAX = 128 };

struct instance {
	struct platform_peer peer;
	char site[SHARED_URL_MAX];
	struct links domains;
	const char *title;
};

static const struct option options[] = {
	{"domains", OPTION_LIST, NULL, "SIP domains of organizers; TITLE by default"},
	{"site", OPTION_STRING, NULL,
		"https://host[:port] that `check --connect` looks at; https://TITLE by default"},
	{"ca-file", OPTION_STRING, "", "certificates (PEM) to trust instead of the system's"},
	{0},
};

/* ---- opening ---- */

static int configure(void *context, const struct section *section, struct error *error)
{
	struct instance *instance = context;

	instance->title = section_title(section);
	instance->peer.api = instance->peer.site = instance->site;
	instance->peer.ca_file = section_string(section, "ca-file");
	shared_set_timeouts(&instance->peer);
	if (shared_read_url(section, "site", instance->site, error) != 0 ||
		links_read(section, "domains", &instance->domains, error) != 0)
		return -1;
	if (instance->domains.count == 0)
		instance->domains = (struct links){&instance->title, 1, "domains"};
	for (size_t i = 0; i < instance->domains.count; i++)
		if (strchr(instance->domains.hosts[i], ':') != NULL)
			return section_error(
				section, "domains", error, "must be SIP domains, without a port");
	return 0;
}

static int open_lync(const struct section *section, void **instance_r, struct error *error)
{
	return shared_open(section, sizeof(struct instance), configure, free, instance_r, error);
}

/* ---- arriving ---- */

static bool is_ours(const struct instance *instance, const char *domain)
{
	for (size_t i = 0; i < instance->domains.count; i++)
		if (strcasecmp(instance->domains.hosts[i], domain) == 0)
			return true;
	return false;
}

static int arrive(const void *context, struct platform_arrival *arrival)
{
	static const char parameter[] = "conferenceUri";
	struct conference conference;
	char name[CONFERENCE_TEXT_MAX], written[CONFERENCE_TEXT_MAX];
	const char *uri, *where = "meeting";

	if (shared_optional(arrival, parameter, &uri) != 0)
		return -1;
	if (uri != NULL && arrival->rest[0] != '\0')
		return shared_refuse(arrival, parameter, "a second meeting");
	if (uri != NULL)
		where = parameter;
	else
		uri = arrival->rest;
	if (uri[0] == '\0')
		return shared_refuse(arrival, where, "missing");
	if (conference_read(uri, &conference) != 0)
		return shared_refuse(arrival, where,
			"is neither USER@DOMAIN/ID nor "
			"sip:USER@DOMAIN;gruu;opaque=app:conf:focus:id:ID");
	if (!is_ours(context, conference.domain))
		return shared_refuse(arrival, where,
			"the organizer's domain, %.100s, is not one of the option `domains`",
			conference.domain);
	conference_write(&conference, written);
	conference_name(&conference, name);
	if (join_add_forward(arrival->join, parameter, written) != 0)
		return shared_refuse(arrival, parameter, "no memory");
	return shared_set_meeting(arrival, name);
}

/* ---- the key, and the page ---- */

static enum platform_verdict grant_meeting(void *context, const struct platform_grant *grant)
{
	const struct instance *instance = context;
	const char *key;

	if (grant->secrets.count == 0) {
		error_set(grant->error,
			"there is no key of this meeting: meetauthctl secret set meeting/%s/%s",
			instance->title, grant->join->meeting_id);
		return PLATFORM_REFUSED;
	}
	key = grant->secrets.values[0];
	if (strlen(key) > KEY_MAX || !text_is_printable(key)) {
		error_set(grant->error, "the meeting's key is longer than %d bytes, or no text",
			KEY_MAX);
		return PLATFORM_UNABLE;
	}
	buffer_text(grant->token, key);
	*grant->accepted = 0;
	return grant->token->failed ? PLATFORM_UNABLE : PLATFORM_GRANTED;
}

/* The address is of characters that a link may have as they are (RFC 3261 section 25.1). */
static void show(const void *context, const struct join *join, const char *token,
	struct buffer *link, struct buffer *key)
{
	const char *uri = shared_forwarded(join, "conferenceUri");

	(void)context;
	if (uri == NULL)
		link->failed = true;
	else
		buffer_printf(link, "conf:%s", uri);
	buffer_text(key, token);
}

const struct platform_driver platform_lync = {
	.type = "lync",
	.summary = "Lync and Live Meeting, by a page with the meeting's key",
	.options = options,
	.entry = "lync",
	.secrets_of = PLATFORM_SECRETS_OF_MEETING,
	.open = open_lync,
	.close = free,
	.peer = shared_peer,
	.arrive = arrive,
	.grant = grant_meeting,
	.show = show,
};

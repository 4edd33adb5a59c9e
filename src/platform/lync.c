/* SPDX-License-Identifier: MIT
 *
 * Platform "lync": the clients of Lync and Live Meeting join a meeting by its conference URI, which
 * browsers cannot open, and admit anonymous users by the meeting's key (digest authentication over
 * SIP). We take no part in that: once the policy allows the visitor, a page shows a link that opens
 * the client, and the key. The key is in the store as "meeting/TITLE/USER@DOMAIN/ID".
 */
#include "platform/shared/arrival.h"
#include "platform/shared/conference.h"
#include "platform/shared/links.h"
#include "platform/shared/options.h"

#include "base/text.h"

#include <strings.h>

enum { KEY_MAX = 128 };

struct lync {
	struct platform_peer peer;
	struct config_list domains;
	const char *title;
	unsigned link; /* which links to show if the visit does not name a program */
};

enum { LINK_BOTH = 0, LINK_CONF, LINK_MEET };

static const struct option options[] = {
	{"domains", OPTION_LIST, NULL, "SIP domains of organizers; TITLE by default",
		.of = OPTION_DOMAIN, OPTION_INTO(struct lync, domains)},
	{"link", OPTION_ENUM, "both",
		"links on the page if the visit does not name a program: conf (Communicator, "
		"Lync), meet (Live Meeting) or both",
		.words = OPTION_WORDS("both", "conf", "meet"), OPTION_INTO(struct lync, link)},
	PEER_SITE("https://host[:port] that `check --connect` tests; https://TITLE by default"),
	PEER_CA_FILE,
	{0},
};

/* ---- opening ---- */

static int lync_open(void *context, const struct section *section, struct error *error)
{
	struct lync *lync = context;

	lync->title = section_title(section);
	if (lync->domains.count == 0)
		lync->domains = (struct config_list){&lync->title, 1};
	return 0;
}

/* ---- arriving ---- */

static const char program[] = "program";

static int lync_arrive(const void *context, struct platform_arrival *arrival)
{
	static const char parameter[] = "conferenceUri";
	static const char *const words[] = {
		[CONFERENCE_LYNC] = "conf", [CONFERENCE_LIVE_MEETING] = "meet"};
	struct conference conference;
	char name[CONFERENCE_TEXT_MAX], written[CONFERENCE_TEXT_MAX];
	const char *uri, *where;

	if (arrival_named(arrival, parameter, &uri) != 0)
		return -1;
	where = uri == arrival->rest ? "meeting" : parameter;
	if (uri[0] == '\0')
		return arrival_refuse(arrival, where, "missing");
	if (conference_read(uri, &conference) != 0)
		return arrival_refuse(arrival, where,
			"neither USER@DOMAIN/ID nor "
			"sip:USER@DOMAIN;gruu;opaque=app:conf:focus:id:ID (conf: or meet: may "
			"precede it)");
	if (!links_have_domain(&((const struct lync *)context)->domains, conference.domain))
		return arrival_refuse(arrival, where,
			"the organizer's domain, %.100s, is not in the option `domains`",
			conference.domain);
	conference_write(&conference, written);
	conference_name(&conference, name);
	if (arrival_remember(arrival, parameter, written) != 0 ||
		arrival_remember(arrival, program, words[conference.program]) != 0)
		return -1;
	return arrival_set_meeting(arrival, name);
}

/* ---- the key, and the page ---- */

static int lync_validate_secret(const void *context, const char *secret, struct error *error)
{
	(void)context;
	if (strlen(secret) > KEY_MAX || !text_is_printable(secret))
		return error_set(
			error, "the key of a meeting is a text of at most %d bytes", KEY_MAX);
	return 0;
}

static enum platform_verdict lync_admit(void *context, const struct platform_grant *grant)
{
	const struct lync *lync = context;
	char ended[TEXT_TIME_SIZE];
	const char *key;

	if (grant->secrets.count == 0) {
		error_set(grant->error, "%s%s: meetauthctl secret set meeting/%s/%s",
			grant->secrets.ended != 0 ? "the key of this meeting ended at "
						  : "no key for this meeting is in the store",
			grant->secrets.ended != 0 ? text_from_time(grant->secrets.ended, ended)
						  : "",
			lync->title, grant->join->meeting_id);
		return PLATFORM_REFUSED;
	}
	key = grant->secrets.values[0];
	if (lync_validate_secret(lync, key, grant->error) != 0)
		return PLATFORM_UNABLE;
	buffer_text(grant->token, key);
	*grant->accepted = 0;
	return grant->token->failed ? PLATFORM_UNABLE : PLATFORM_GRANTED;
}

/* The program comes from the visit, or else from the option `link`. The URI consists of characters
 * that need no escaping in a link (RFC 3261 section 25.1). */
static void lync_page(const void *context, const struct join *join, const char *token,
	struct platform_meeting_page *page)
{
	const struct lync *lync = context;
	const char *uri = join_remembered(join, "conferenceUri");
	const char *named = join_remembered(join, program);
	bool conf = named != NULL ? strcmp(named, "conf") == 0 : lync->link != LINK_MEET;
	bool meet = named != NULL ? strcmp(named, "meet") == 0 : lync->link != LINK_CONF;

	if (uri == NULL)
		page->link.failed = true;
	if (uri != NULL && conf)
		buffer_printf(&page->link, "conf:%s", uri);
	if (uri != NULL && meet)
		buffer_printf(&page->live, "meet:%s", uri);
	buffer_text(&page->key, token);
}

const struct platform_driver platform_lync = {
	.type = "lync",
	.summary = "Lync and Live Meeting, by a page with the meeting's key",
	.options = options,
	.instance_size = sizeof(struct lync),
	.grant = &(const struct platform_grant_ops){.admit = lync_admit},
	.entry = &(const struct platform_entry_ops){.name = "lync", .arrive = lync_arrive},
	.secret = &(const struct platform_secret_ops){.validate_secret = lync_validate_secret},
	.secret_scope = PLATFORM_SECRET_PER_MEETING,
	.open = lync_open,
	.page = lync_page,
};

/* SPDX-License-Identifier: MIT
 *
 * Platform "webex": a link that joins one meeting, requested by a Service App (POST
 * /meetings/join), or a guest token for the script of a page (POST /guests/token). Both are also
 * possible with a Guest Issuer, which Webex no longer offers to new customers.
 */
#include "platform/webex/webex.h"

#include "base/text.h"
#include "config/config.h"
#include "platform/redirect.h"

enum { THREADS = 8, ADDRESS_MAX = 254 };

static int check_email(const char *text, struct error *why)
{
	if (option_check_visible(text, why) != 0)
		return -1;
	if (strchr(text, '@') != NULL && strlen(text) <= ADDRESS_MAX)
		return 0;
	return error_set(why, "is not an e-mail address, like host@example.org");
}

static const char *const modes[] = {"service-app", "guest-issuer", NULL};
static const char *const names[] = {
	[WEBEX_NUMBER] = "number", [WEBEX_ID] = "id", [WEBEX_LINK] = "link", NULL};

static const struct option options[] = {
	{"mode", OPTION_ENUM, "service-app", "service-app, or guest-issuer if you still have one",
		.words = modes, OPTION_INTO(struct webex, guest_issuer)},
	{"api", OPTION_ORIGIN, "https://webexapis.com", "https://host[:port] of Webex's API",
		OPTION_INTO(struct platform_peer, api)},
	{"site", OPTION_ORIGIN, NULL, "https://host[:port] of the site; https://TITLE by default",
		OPTION_INTO(struct webex, site)},
	{"join-hosts", OPTION_LIST, "{\"webex.com\"}",
		"hosts (and their subdomains) that join links may lead to", .of = OPTION_HOST,
		.not_empty = true, OPTION_INTO(struct webex, join_hosts.hosts)},
	PEER_CA_FILE,
	{"client-id", OPTION_TEXT, "", "of the Service App", .check = option_check_visible,
		OPTION_INTO(struct webex, client_id)},
	{"host-email", OPTION_TEXT, "", "of the host whose meetings the Service App may join",
		.check = check_email, OPTION_INTO(struct webex, host_email)},
	{"issuer", OPTION_TEXT, "", "id of the Guest Issuer", .check = option_check_visible,
		OPTION_INTO(struct webex, issuer)},
	{"meetings-by", OPTION_LIST, "{\"number\"}",
		"what visitors may name a meeting by: number, id, link", .of = OPTION_ENUM,
		.words = names, .not_empty = true, OPTION_INTO(struct webex, named_by)},
	{"rooms", OPTION_LIST, NULL,
		"Webex meetings (number, id or link) that visitors' meetings share, one at a time",
		.max = PLATFORM_ROOMS_MAX, OPTION_INTO(struct platform_peer, rooms)},
	{"room-lease", OPTION_SECONDS, "4h", "how long a meeting holds a room after its last join",
		.min = 1, .max = 7 * OPTION_DAY_S, OPTION_INTO(struct platform_peer, room_lease)},
	{"lifetime", OPTION_MINUTES, "5m", "how long a link is valid, 1m to 60m", .min = 1,
		.max = 60, OPTION_INTO(struct webex, link_minutes)},
	{"guest-token-lifetime", OPTION_SECONDS, "5m",
		"guest-issuer: how long the token that signs a guest in is valid, 1m to 1d",
		.min = 60, .max = OPTION_DAY_S, OPTION_INTO(struct webex, login_lifetime)},
	PEER_PREFILL("pass name and e-mail to Webex, not only the account's name"),
	{"email-domain", OPTION_DOMAIN, "guests.invalid",
		"domain of invented addresses for visitors without e-mail", .not_empty = true,
		OPTION_INTO(struct webex, email_domain)},
	PEER_ORIGINS,
	PEER_APP,
	PEER_TIMEOUTS("for all requests of one join"),
	{0},
};

/* ---- opening ---- */

static int check_mode(const struct section *section, const struct webex *webex, struct error *error)
{
	if (webex->guest_issuer && webex->issuer[0] == '\0')
		return section_error(section, "issuer", error, "is required in mode guest-issuer");
	if (!webex->guest_issuer && webex->client_id[0] == '\0')
		return section_error(
			section, "client-id", error, "is required in mode service-app");
	if (!webex->guest_issuer && webex->host_email[0] == '\0')
		return section_error(
			section, "host-email", error, "is required in mode service-app");
	return 0;
}

/* Builds the sources for the Content-Security-Policy: "webex.com *.webex.com". */
static int make_csp_sources(struct webex *webex)
{
	const struct config_list *hosts = &webex->join_hosts.hosts;
	struct buffer text = BUFFER_INIT(4096);

	for (size_t i = 0; i < hosts->count; i++)
		buffer_printf(
			&text, "%s%s *.%s", i > 0 ? " " : "", hosts->items[i], hosts->items[i]);
	webex->peer.redirect_sources = webex->csp_sources = text.data;
	return text.failed || text.data == NULL ? -1 : 0;
}

static int webex_open(void *context, const struct section *section, struct error *error)
{
	struct webex *webex = context;

	webex->join_hosts.called = "join-hosts";
	if (webex->peer.app_url == NULL)
		webex->peer.site = webex->site;
	if (make_csp_sources(webex) != 0)
		return section_error(section, "join-hosts", error,
			"must have one to a few hosts, like webex.com");
	webex->peer.room_rest = webex->link_minutes * 60;
	if (check_mode(section, webex, error) != 0)
		return -1;
	if (webex->peer.rooms.count > 0 && webex->peer.room_lease < webex->peer.room_rest)
		return section_error(section, "room-lease", error,
			"is shorter than lifetime (%lld minutes): a link that is still valid would "
			"lead into the next meeting",
			(long long)webex->link_minutes);
	return options_name_rooms(section, &webex->peer, webex_name_room, webex,
		"its number (8 to 15 digits, without spaces), its id (32 hex digits), or the whole "
		"link of its page on the site",
		error);
}

static void webex_close(void *context)
{
	struct webex *webex = context;

	free(webex->csp_sources);
}

/* ---- the grant ---- */

static enum platform_verdict ask_as_app(struct webex_call *call, const char *secret)
{
	enum platform_verdict verdict = PLATFORM_UNAUTHORIZED;
	struct webex_pair pair;

	if (webex_pair_read(secret, &pair) != 0) {
		error_set(call->grant->error, "the secret is not {\"clientSecret\": …, "
					      "\"refreshToken\": …} in one line");
		return PLATFORM_UNABLE;
	}
	if (pair.access == NULL || pair.access_ends <= call->grant->now)
		error_set(call->grant->error,
			"no access token is valid any more: see event=renewal in the log");
	else
		verdict = call->grant->clears_room ? webex_clear_room(call, pair.access)
						   : PLATFORM_GRANTED;
	if (verdict == PLATFORM_GRANTED)
		verdict = call->grant->by_script ? webex_guest(call, pair.access)
						 : webex_join(call, pair.access);
	webex_pair_release(&pair);
	return verdict;
}

/* Requests a guest token. It gives no right to expel people, so rooms are not cleared. */
static enum platform_verdict ask_as_guest(struct webex_call *call, const char *secret)
{
	char *token = NULL;
	int64_t lifetime = 0;
	enum platform_verdict verdict = webex_login(call, secret, &token, &lifetime);

	if (verdict == PLATFORM_GRANTED)
		verdict = call->grant->by_script ? webex_put_guest(call, token, lifetime)
						 : webex_join(call, token);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	return verdict;
}

/* Tries an older secret only if the newer one gives no access: its token has expired or does not
 * exist yet, or Webex answers 401. If none gives access, the result is that of the newest. */
static enum platform_verdict webex_admit(void *context, const struct platform_grant *grant)
{
	struct webex *webex = context;
	struct webex_call call = {.webex = webex, .grant = grant};
	enum platform_verdict first = PLATFORM_UNABLE;
	struct error why = {0};

	call.talk = talk_for(&webex->peer, grant);
	for (size_t i = 0; i < grant->secrets.count; i++) {
		enum platform_verdict verdict =
			webex->guest_issuer ? ask_as_guest(&call, grant->secrets.values[i])
					    : ask_as_app(&call, grant->secrets.values[i]);

		if (verdict == PLATFORM_GRANTED)
			*grant->accepted = i;
		if (verdict != PLATFORM_UNABLE && verdict != PLATFORM_UNAUTHORIZED)
			return verdict;
		if (i == 0) {
			first = verdict;
			why = *grant->error;
		}
	}
	*grant->error = why;
	return first;
}

const struct platform_driver platform_webex = {
	.type = "webex",
	.summary = "Webex, by a Service App or a Guest Issuer",
	.options = options,
	.instance_size = sizeof(struct webex),
	.grant = &(const struct platform_grant_ops){.admit = webex_admit, .threads = THREADS},
	.entry =
		&(const struct platform_entry_ops){
			.name = "webex", .parameter = "webLink", .arrive = webex_arrive},
	.script = &(const struct platform_script_ops){.meeting_parameter = webex_parameter_of},
	.secret = &(const struct platform_secret_ops){.validate_secret = webex_validate_secret,
		.renewal_due = webex_pair_due,
		.renew = webex_pair_renew,
		.authorization_url = webex_authorization_url,
		.client_secret = webex_client_secret,
		.redeem_code = webex_redeem_code},
	.open = webex_open,
	.close = webex_close,
	.check_connection = webex_pair_check,
};

/* SPDX-License-Identifier: MIT
 *
 * Platform "webex": a link that joins one meeting, by a Service App (POST /meetings/join), or a
 * guest's token for the script of a page (POST /guests/token); both also by a Guest Issuer, for
 * those who still have one.
 */
#ifdef HAVE_CJOSE

#include "platform/webex/webex.h"

#include "base/text.h"
#include "config/config.h"

enum { THREADS = 8, LINK_MINUTES_MAX = 60, ADDRESS_MAX = 254 };

static const struct option options[] = {
	{"mode", OPTION_STRING, "service-app",
		"service-app, or guest-issuer for who still has one"},
	{"api", OPTION_STRING, "https://webexapis.com", "https://host[:port] of Webex's interface"},
	{"site", OPTION_STRING, NULL, "https://host[:port] of the site; https://TITLE by default"},
	{"join-hosts", OPTION_LIST, "{\"webex.com\"}",
		"hosts (and all below them) that a link into a meeting may lead to"},
	{"ca-file", OPTION_STRING, "", "certificates (PEM) to trust instead of the system's"},
	{"client-id", OPTION_STRING, "", "of the Service App"},
	{"host-email", OPTION_STRING, "", "of the host whose meetings the Service App may join"},
	{"issuer", OPTION_STRING, "", "id of the Guest Issuer"},
	{"meetings-by", OPTION_LIST, "{\"number\"}",
		"what visitors may name a meeting by: number, id, link"},
	{"rooms", OPTION_LIST, NULL,
		"meetings (number, id or link) that take the visitors' own in, one at a time"},
	{"room-lease", OPTION_DURATION, "4h", "how long a room is a meeting's after its last join"},
	{"lifetime", OPTION_DURATION, "5m", "how long a link is good, 1m to 60m"},
	{"prefill", OPTION_BOOL, "true",
		"name and e-mail go to Webex, not the account's name alone"},
	{"email-domain", OPTION_STRING, "guests.invalid",
		"who has no e-mail address gets one in this domain"},
	{"allowed-origins", OPTION_LIST, NULL, "origins of pages whose scripts may ask for tokens"},
	{"connect-timeout", OPTION_DURATION, "2s", "for name lookup, TCP and TLS"},
	{"timeout", OPTION_DURATION, "10s", "for all that is asked for one join"},
	{0},
};

/* ---- opening ---- */

/* What Webex has given out, or knows somebody by. */
static int check_id(
	const struct section *section, const char *option, const char *mode, struct error *error)
{
	const char *value = section_string(section, option);

	if (value[0] == '\0')
		return section_error(section, option, error, "is needed by %s", mode);
	if (!text_is_visible_ascii(value))
		return section_error(section, option, error,
			"has a blank or a letter that is not ASCII: copy the whole of it as Webex "
			"shows it");
	return 0;
}

static int read_mode(const struct section *section, struct webex *webex, struct error *error)
{
	const char *mode = section_string(section, "mode");

	webex->client_id = section_string(section, "client-id");
	webex->host_email = section_string(section, "host-email");
	webex->issuer = section_string(section, "issuer");
	webex->guest_issuer = strcmp(mode, "guest-issuer") == 0;
	if (!webex->guest_issuer && strcmp(mode, "service-app") != 0)
		return section_error(section, "mode", error, "must be service-app or guest-issuer");
	if (webex->guest_issuer)
		return check_id(section, "issuer", "guest-issuer", error);
	if (check_id(section, "client-id", "service-app", error) != 0 ||
		check_id(section, "host-email", "service-app", error) != 0)
		return -1;
	if (strchr(webex->host_email, '@') == NULL || strlen(webex->host_email) > ADDRESS_MAX)
		return section_error(section, "host-email", error,
			"is no e-mail address, like host@example.org");
	return 0;
}

static int read_names(const struct section *section, struct webex *webex, struct error *error)
{
	size_t count;
	const char *const *names = section_list(section, "meetings-by", &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], "number") == 0)
			webex->by_number = true;
		else if (strcmp(names[i], "id") == 0)
			webex->by_id = true;
		else if (strcmp(names[i], "link") == 0)
			webex->by_link = true;
		else
			return section_error(section, "meetings-by", error,
				"\"%.50s\" is none of number, id and link", names[i]);
	}
	return count > 0 ? 0
			 : section_error(section, "meetings-by", error, "must have at least one");
}

static int read_lifetime(const struct section *section, struct webex *webex, struct error *error)
{
	int64_t milliseconds = section_milliseconds(section, "lifetime");

	webex->link_minutes = (int)(milliseconds / 60000);
	if (milliseconds % 60000 == 0 && webex->link_minutes >= 1 &&
		milliseconds <= LINK_MINUTES_MAX * 60000)
		return 0;
	return section_error(
		section, "lifetime", error, "must be whole minutes, 1m to %dm", LINK_MINUTES_MAX);
}

/* Sources of a Content-Security-Policy: "webex.com *.webex.com". */
static int make_csp_sources(struct webex *webex)
{
	struct buffer text = BUFFER_INIT(4096);

	for (size_t i = 0; i < webex->join_hosts.count; i++)
		buffer_printf(&text, "%s%s *.%s", i > 0 ? " " : "", webex->join_hosts.hosts[i],
			webex->join_hosts.hosts[i]);
	if (text.failed)
		buffer_release(&text);
	webex->peer.redirect_sources = webex->csp_sources = text.data;
	return text.data != NULL ? 0 : -1;
}

static int read_hosts(const struct section *section, struct webex *webex, struct error *error)
{
	if (links_read(section, "join-hosts", &webex->join_hosts, error) != 0)
		return -1;
	if (webex->join_hosts.count == 0 || make_csp_sources(webex) != 0)
		return section_error(section, "join-hosts", error,
			"must have one to a few hosts, like webex.com");
	webex->email_domain = section_string(section, "email-domain");
	if (!text_is_host(webex->email_domain) || strchr(webex->email_domain, ':') != NULL)
		return section_error(section, "email-domain", error, "is no name of a domain");
	return 0;
}

static int webex_open(void *context, const struct section *section, struct error *error)
{
	struct webex *webex = context;
	struct platform_peer *peer = &webex->peer;
	struct error why;

	peer->api = section_string(section, "api");
	if (config_check_url(peer->api, &why) != 0)
		return section_error(section, "api", error, "%s", why.text);
	if (strchr(strstr(peer->api, "://") + 3, '/') != NULL || strlen(peer->api) > 250)
		return section_error(section, "api", error,
			"must be https://host or https://host:port, without a path");
	if (shared_read_url(section, "site", webex->site, error) != 0)
		return -1;
	peer->site = webex->site;
	peer->ca_file = section_string(section, "ca-file");
	peer->prefill = section_bool(section, "prefill");
	if (read_mode(section, webex, error) != 0 || read_names(section, webex, error) != 0 ||
		read_lifetime(section, webex, error) != 0 ||
		read_hosts(section, webex, error) != 0 ||
		shared_read_origins(section, peer, error) != 0 ||
		shared_read_rooms(section, peer, webex_name_room, webex,
			"its number (8 to 15 digits, without spaces), its id (32 hex digits), or "
			"the whole link of its page on the site",
			error) != 0)
		return -1;
	return shared_new_fetch(section, peer, &webex->fetch, error);
}

static void webex_close(void *context)
{
	struct webex *webex = context;

	fetch_free(&webex->fetch);
	shared_free_rooms(&webex->peer);
	free(webex->csp_sources);
}

/* ---- the grant ---- */

static enum platform_verdict ask_as_app(struct webex_call *call, const char *secret)
{
	enum platform_verdict verdict = PLATFORM_UNABLE;
	struct webex_pair pair;

	if (webex_pair_read(secret, &pair) != 0) {
		error_set(call->grant->error, "the secret is not {\"clientSecret\": …, "
					      "\"refreshToken\": …} in one line");
		return PLATFORM_UNABLE;
	}
	if (pair.access == NULL || pair.access_ends <= call->grant->now)
		error_set(call->grant->error,
			"there is no access token that is still good: see event=renewal in the "
			"log");
	else if (call->grant->by_script)
		verdict = webex_guest(call, pair.access);
	else
		verdict = webex_join(call, pair.access);
	webex_pair_release(&pair);
	return verdict;
}

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

/* An older secret is tried only where the newer one has no right to ask: it has ended, was not made
 * use of yet, or Webex answers 401. */
static enum platform_verdict webex_admit(void *context, const struct platform_grant *grant)
{
	struct webex *webex = context;
	struct webex_call call = {.webex = webex, .grant = grant};
	enum platform_verdict verdict = PLATFORM_UNABLE;

	call.talk = talk_for(webex->fetch, grant);
	for (size_t i = 0; i < grant->secrets.count; i++) {
		call.unauthorized = false;
		verdict = webex->guest_issuer ? ask_as_guest(&call, grant->secrets.values[i])
					      : ask_as_app(&call, grant->secrets.values[i]);
		if (verdict == PLATFORM_GRANTED)
			*grant->accepted = i;
		if (verdict != PLATFORM_UNABLE && !call.unauthorized)
			break;
	}
	return verdict;
}

static const struct platform_entry_ops webex_entry = {
	.name = "webex",
	.parameter = "webLink",
	.arrive = webex_arrive,
};

static const struct platform_grant_ops webex_grant = {.admit = webex_admit, .threads = THREADS};
static const struct platform_script_ops webex_script = {0};

static const struct platform_secret_ops webex_secret = {
	.validate_secret = webex_validate_secret,
	.renewal_due = webex_pair_due,
	.renew = webex_pair_renew,
};

const struct platform_driver platform_webex = {
	.type = "webex",
	.summary = "Webex, by a Service App or a Guest Issuer",
	.options = options,
	.instance_size = sizeof(struct webex),
	.grant = &webex_grant,
	.entry = &webex_entry,
	.script = &webex_script,
	.secret = &webex_secret,
	.open = webex_open,
	.close = webex_close,
	.check_connection = webex_pair_check,
};

#endif

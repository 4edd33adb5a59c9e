/* SPDX-License-Identifier: MIT
 *
 * Platform "skype": an anonymous token for one meeting of Skype for Business Online, for the script
 * of a page, as in "Anonymous Meeting Join" of the Trusted Application API. The script cannot
 * choose the token's origins and session, which would widen its rights; the driver sets both.
 */
#include "platform/skype/skype.h"

#include "base/text.h"
#include "config/config.h"
#include "platform/redirect.h"
#include "platform/shared/arrival.h"

#include <strings.h>

enum { THREADS = 8, MEETING_MAX = 400, SEGMENTS_MIN = 2, SEGMENTS_MAX = 3, ORIGINS_MAX = 4096 };

static int check_endpoint(const char *text, struct error *why)
{
	if (strncmp(text, "sip:", 4) == 0 && strchr(text, '@') != NULL &&
		text_is_visible_ascii(text))
		return 0;
	return error_set(why, "must be like sip:helpdesk@example.com");
}

/* Refuses the default port, so that a meeting has only one URL and a rule about it always applies.
 */
static int check_meeting_host(const char *host, struct error *why)
{
	const char *port = strchr(host, ':');

	if (port != NULL && strcmp(port, ":443") == 0)
		return error_set(why, "443 is the default port: leave it out");
	return 0;
}

static const struct option options[] = {
	{"discover", OPTION_PAGE,
		"https://noammeetings.resources.lync.com/platformservice/discover",
		"URL of the Trusted Application API's discovery", .not_empty = true,
		OPTION_INTO(struct skype, discover)},
	{"authority", OPTION_ORIGIN, "https://login.microsoftonline.com",
		"https://host[:port] of the token endpoint", OPTION_INTO(struct skype, authority)},
	{"tenant", OPTION_NAME, "", "name or id of the tenant at the token endpoint",
		.required = true, .max = 100, .extra = "._-", OPTION_INTO(struct skype, tenant)},
	{"client-id", OPTION_TEXT, "", "of the application", .required = true,
		.check = option_check_visible, OPTION_INTO(struct skype, client_id)},
	{"resource", OPTION_TEXT, "",
		"resource of the application's token; https://HOST of discover by default",
		OPTION_INTO(struct skype, resource)},
	{"endpoint", OPTION_TEXT, "", "sip: address of the application's trusted endpoint",
		.required = true, .check = check_endpoint, OPTION_INTO(struct skype, endpoint)},
	{"hosts", OPTION_LIST, "{\"lync.com\", \"skypeforbusiness.com\"}",
		"hosts (and all below them) that links may lead to", .of = OPTION_HOST,
		OPTION_INTO(struct skype, hosts.hosts)},
	{"meeting-hosts", OPTION_LIST, "{\"meet.lync.com\"}", "hosts of meetings' addresses",
		.of = OPTION_HOST, .check = check_meeting_host,
		OPTION_INTO(struct skype, meeting_hosts)},
	PEER_CA_FILE,
	{"allowed-origins", OPTION_LIST, NULL, "origins of pages whose scripts may request tokens",
		.of = OPTION_SENT, .required = true, OPTION_INTO(struct platform_peer, origins)},
	PEER_APP,
	PEER_TIMEOUTS("for all requests of one token"),
	{0},
};

/* Splits `discover`, which may have a query such as ?Region=northamerica. */
static int open_discover(const struct section *section, struct skype *skype, struct error *error)
{
	size_t length = (size_t)(strstr(skype->discover, "://") + 3 - skype->discover);

	skype->hosts.called = "hosts";
	if (strcspn(skype->discover, "?") >= sizeof skype->api ||
		strlen(skype->discover) >= LINK_MAX)
		return section_error(section, "discover", error, "is too long");
	length += strcspn(skype->discover + length, "/?");
	memcpy(skype->api, skype->discover, length);
	skype->api[length] = '\0';
	if (skype->resource[0] == '\0')
		skype->resource = skype->api;
	if (links_allow(&skype->hosts, skype->discover))
		return 0;
	return section_error(section, "discover", error, "leads to a host that is not in `hosts`");
}

/* Builds allowedOrigins of the tokens from the origins that may request them. */
static int join_origins(const struct section *section, struct skype *skype, struct error *error)
{
	struct buffer text = BUFFER_INIT(ORIGINS_MAX);

	for (size_t i = 0; i < skype->peer.origins.count; i++)
		buffer_printf(&text, "%s%s", i > 0 ? ";" : "", skype->peer.origins.items[i]);
	skype->origins = text.data;
	if (!text.failed)
		return 0;
	return section_error(section, "allowed-origins", error, "has too many entries");
}

static int skype_open(void *context, const struct section *section, struct error *error)
{
	struct skype *skype = context;
	struct platform_peer *peer = &skype->peer;

	pthread_mutex_init(&skype->lock, NULL);
	peer->api = skype->api;
	if (peer->app_url == NULL)
		peer->site = skype->api;
	skype->title = section_title(section);
	snprintf(skype->token_url, sizeof skype->token_url, "%s/%s/oauth2/token", skype->authority,
		skype->tenant);
	return open_discover(section, skype, error) != 0 ? -1 : join_origins(section, skype, error);
}

static void skype_close(void *context)
{
	struct skype *skype = context;

	skype_wipe(&skype->token);
	pthread_mutex_destroy(&skype->lock);
	free(skype->origins);
}

/* ---- arriving ---- */

/* Returns the path of an https URL at one of meeting-hosts, or NULL. The port must be spelled as in
 * the option. */
static const char *path_of(const struct skype *skype, const char *url)
{
	static const char scheme[] = "https://";
	const char *host = url + sizeof scheme - 1;
	size_t length;

	if (strncasecmp(url, scheme, sizeof scheme - 1) != 0)
		return NULL;
	length = strcspn(host, "/");
	for (size_t i = 0; i < skype->meeting_hosts.count; i++)
		if (strlen(skype->meeting_hosts.items[i]) == length &&
			strncasecmp(skype->meeting_hosts.items[i], host, length) == 0)
			return host + length;
	return NULL;
}

/* Whether a path is [TENANT/]USER/ID of letters, digits, "-", ".", "_", "~" and apostrophes. */
static bool is_path(const char *path)
{
	size_t segments = path[0] == '/' ? links_segments(path + 1, 100, "-._~'") : 0;

	return segments >= SEGMENTS_MIN && segments <= SEGMENTS_MAX;
}

/* Servers ignore case. So that a meeting has one name, converts everything to lower case except the
 * id at the end, which is upper case as in invitations. */
static void fold(char *url)
{
	char *id = strrchr(url, '/');

	for (char *at = url; *at != '\0'; at++) {
		if (at < id && *at >= 'A' && *at <= 'Z')
			*at = (char)(*at + 32);
		if (at > id && *at >= 'a' && *at <= 'z')
			*at = (char)(*at - 32);
	}
}

static int skype_arrive(const void *instance, struct platform_arrival *arrival)
{
	static const char parameter[] = "meetingUrl";
	const struct skype *skype = instance;
	const char *given, *path;
	char url[MEETING_MAX], name[MEETING_MAX];

	if (arrival_optional(arrival, parameter, &given) != 0)
		return -1;
	if (arrival->rest[0] != '\0')
		return arrival_refuse(
			arrival, "path", "not allowed: the meeting must be in %s", parameter);
	if (given == NULL)
		return arrival_refuse(arrival, parameter, "missing");
	if (strlen(given) >= sizeof url)
		return arrival_refuse_length(arrival, parameter, sizeof url - 1);
	path = links_trim(given, url, sizeof url) == 0 ? path_of(skype, url) : NULL;
	if (path == NULL || !is_path(path))
		return arrival_refuse(arrival, parameter,
			"not https://HOST/TENANT/USER/ID with a host of meeting-hosts, as it "
			"stands "
			"there");
	memcpy(name, url, strlen(url) + 1);
	fold(name);
	if (arrival_remember(arrival, parameter, url) != 0)
		return -1;
	return arrival_set_meeting(arrival, name);
}

/* ---- the grant ---- */

/* If the service refuses a cached token of the application, it was revoked early, and a new one is
 * requested once. A token that is already new would be refused again. */
static enum platform_verdict skype_admit(void *context, const struct platform_grant *grant)
{
	struct skype *skype = context;
	struct talk talk = talk_for(&skype->peer, grant);
	enum platform_verdict verdict = PLATFORM_REFUSED;
	bool again = true;

	if (!grant->by_script) {
		error_set(grant->error, "only scripts of pages get tokens of this platform");
		return PLATFORM_UNABLE;
	}
	for (int tries = 0; tries < 2 && again; tries++) {
		struct skype_held held = {NULL, false};
		bool unauthorized = false;

		verdict = skype_token(skype, grant, &talk, &held);
		if (verdict == PLATFORM_GRANTED)
			verdict = skype_make_token(skype, grant, &talk, held.token, &unauthorized);
		again = unauthorized && held.cached;
		if (again)
			skype_forget(skype, held.token);
		skype_wipe(&held.token);
	}
	return verdict;
}

static const char *skype_meeting_parameter(const struct join *join, const char **value_r)
{
	static const char parameter[] = "meetingUrl";

	*value_r = join_remembered(join, parameter);
	return parameter;
}

const struct platform_driver platform_skype = {
	.type = "skype",
	.summary = "Skype for Business Online, by the Trusted Application API",
	.options = options,
	.instance_size = sizeof(struct skype),
	.grant = &(const struct platform_grant_ops){.admit = skype_admit, .threads = THREADS},
	.entry =
		&(const struct platform_entry_ops){
			.name = "skype", .parameter = "meetingUrl", .arrive = skype_arrive},
	.script = &(const struct platform_script_ops){.scripts_only = true,
		.meeting_parameter = skype_meeting_parameter},
	.open = skype_open,
	.close = skype_close,
	.check_connection = skype_try_secret,
};

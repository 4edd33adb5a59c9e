/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "base/colour.h"
#include "base/text.h"

#include <strings.h>

enum {
	IN_FLIGHT_MAX = 1000000,
	SESSION_LIFETIME_MAX_S = 400 * 24 * 3600, /* how long revocations are kept */
	STATE_TIMEOUT_MIN_MS = 10,
	STATE_TIMEOUT_MAX_MS = 10000,
	STATE_REPLICAS_MAX = 16,
	STATE_PREFIX_LENGTH_MAX = 64, /* STATE_PREFIX_MAX */
	LANGUAGE_MAX = 35,	      /* RFC 5646 section 4.4.1 */
	ROLE_MAX = 32,
	TITLE_MAX = 200,
};

static const char *const log_targets[] = {"stderr", "syslog", "journald", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const log_users[] = {"plain", "keyed", "none", NULL};
static const char *const defaults[] = {"deny", "allow", NULL};

static int check_language(const char *text, struct error *why)
{
	return text_is_token(text, 2, LANGUAGE_MAX, "-")
		       ? 0
		       : error_set(why, "is not the name of a language like en or pt-BR");
}

/* Pictures must be on this host: pages load nothing from other hosts. */
static int check_path(const char *text, struct error *why)
{
	return text[0] == '/' && text[1] != '/' && text_is_visible_ascii(text)
		       ? 0
		       : error_set(
				 why, "is not a path on this host like \"/auth/static/logo.svg\"");
}

/* Links and the text on buttons are in this colour, or on it. */
static int check_accent(const char *text, struct error *why)
{
	static const struct colour grounds[] = {{0xff, 0xff, 0xff}, {0xee, 0xf1, 0xf5}};
	static const struct colour black = {0, 0, 0};
	struct colour accent, readable;
	char nearest[COLOUR_SIZE];

	if (colour_parse(text, &accent) != 0)
		return error_set(why, "is not a colour like \"#1b5cb8\"");
	readable = colour_readable(accent, black, grounds, 2, COLOUR_CONTRAST);
	colour_format(readable, nearest);
	if (strcasecmp(nearest, text) == 0)
		return 0;
	return error_set(why,
		"has a contrast of %.1f to the page's background; %.1f is needed to read it; the "
		"nearest colour that has it is \"%s\"",
		colour_contrast(accent, grounds[1]), COLOUR_CONTRAST, nearest);
}

static int check_link(const char *text, struct error *why)
{
	bool is_path = text[0] == '/' && text[1] != '/';

	return text_is_visible_ascii(text) && (is_path || strncmp(text, "https://", 8) == 0 ||
						      strncmp(text, "mailto:", 7) == 0)
		       ? 0
		       : error_set(
				 why, "is not an address that begins with https://, mailto: or /");
}

static int check_state_prefix(const char *text, struct error *why)
{
	return strlen(text) <= STATE_PREFIX_LENGTH_MAX && text_is_token(text, 1, 64, ":._-")
		       ? 0
		       : error_set(why,
				 "is not 1 to %d letters, digits or : . _ - like \"meetauth:\"",
				 STATE_PREFIX_LENGTH_MAX);
}

/* Pages show the title in the place of a number, to everybody. */
static int check_title(const char *text, struct error *why)
{
	return strlen(text) <= TITLE_MAX && text_is_printable(text)
		       ? 0
		       : error_set(why, "is longer than %d bytes, or has control characters",
				 TITLE_MAX);
}

/* The role is sent to the platform, which may accept only these characters. */
static int check_role(const char *text, struct error *why)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length <= ROLE_MAX && text[length] == '\0'
		       ? 0
		       : error_set(why,
				 "is not 1 to %d small letters, digits or -, like \"moderator\"",
				 ROLE_MAX);
}

#define SETTING(member) OPTION_INTO(struct settings, member)
#define RULE(member)	OPTION_INTO(struct config_rule, member)
/* A written list must not be empty: it would look like a missing condition. */
#define CONDITION(member) .not_empty = true, RULE(member)

const struct option schema_file_options[] = {
	{"base-url", OPTION_URL, NULL, "address of this service, https://host/path",
		.required = true, SETTING(base_url)},
	{"store", OPTION_TEXT, LOCALSTATEDIR "/lib/meetauth/store", "the sealed store",
		.not_empty = true, SETTING(store)},
	{"store-key", OPTION_TEXT, SYSCONFDIR "/meetauth/store.key", "the store's master key",
		.not_empty = true, SETTING(store_key)},
	{"state", OPTION_TEXT, "lmdb:/run/meetauth", "what the processes of a pool share",
		.not_empty = true, .fixed = true, SETTING(state)},
	{"state-timeout", OPTION_DURATION, "500ms", "how long a server of the state may take",
		.fixed = true, .min = STATE_TIMEOUT_MIN_MS, .max = STATE_TIMEOUT_MAX_MS,
		SETTING(state_timeout_ms)},
	{"state-replicas", OPTION_NUMBER, "0",
		"replicas of the server that must have a claim before it counts", .fixed = true,
		.max = STATE_REPLICAS_MAX, SETTING(state_replicas)},
	{"state-prefix", OPTION_TEXT, "meetauth:", "start of the keys on a server of the state",
		.fixed = true, .check = check_state_prefix, SETTING(state_prefix)},
	{"state-ca-file", OPTION_FILE, "",
		"certificates (PEM) to trust instead of the system's, for rediss:", .fixed = true,
		SETTING(state_ca_file)},
	{"state-certificate", OPTION_FILE, "",
		"certificate (PEM) to show to a rediss: server, and those that sign it",
		.fixed = true, SETTING(state_certificate)},
	{"state-certificate-key", OPTION_FILE, "", "private key (PEM) of state-certificate",
		.fixed = true, SETTING(state_certificate_key)},
	{"sentinels", OPTION_LIST, NULL, "Sentinels that know the server of the state",
		.fixed = true, .of = OPTION_HOST, SETTING(sentinels)},
	{"sentinel-name", OPTION_TEXT, "", "the Sentinels' name for the server of the state",
		.fixed = true, SETTING(sentinel_name)},
	{"state-required", OPTION_BOOL, "true",
		"whether nobody joins without the server of the state", .fixed = true,
		SETTING(state_required)},
	{"metrics-folder", OPTION_TEXT, NULL,
		"folder for the metrics of this machine's processes; default: that of the state",
		.fixed = true, SETTING(metrics_folder)},
	{"share", OPTION_TEXT, DATADIR "/meetauth", "folder of pages, lang and static",
		.not_empty = true, SETTING(share)},
	{"session-lifetime", OPTION_SECONDS, "12h", "longest lifetime of a session", .min = 1,
		.max = SESSION_LIFETIME_MAX_S, SETTING(session_lifetime)},
	{"session-idle", OPTION_SECONDS, "1h", "longest time a session may be unused", .min = 1,
		SETTING(session_idle)},
	{"ticket-lifetime", OPTION_SECONDS, "10m", "longest time for a sign-in", .min = 1,
		SETTING(ticket_lifetime)},
	{"drain-timeout", OPTION_DURATION, "10s", "how long a stop waits for requests in flight",
		SETTING(drain_timeout_ms)},
	{"confine", OPTION_BOOL, "true", "whether processes give up what they never need",
		SETTING(confine)},
	{"throttle-account", OPTION_RATE, "10/10m", "wrong passwords for one account",
		SETTING(throttle_account)},
	{"throttle-address", OPTION_RATE, "60/10m", "wrong passwords from one address",
		SETTING(throttle_address)},
	{"throttle-joins", OPTION_RATE, "60000/10m", "joins of one person",
		SETTING(throttle_joins)},
	{"throttle-refused", OPTION_RATE, "20/10m", "refused request tokens of one person",
		SETTING(throttle_refused)},
	{"max-in-flight", OPTION_NUMBER, "10000", "visits a process works on at once", .min = 1,
		.max = IN_FLIGHT_MAX, SETTING(max_in_flight)},
	{"log", OPTION_ENUM, "stderr", "stderr, syslog or journald", .words = log_targets,
		SETTING(log)},
	{"log-format", OPTION_ENUM, "logfmt", "logfmt or json", .words = log_formats,
		SETTING(log_format)},
	{"log-users", OPTION_ENUM, "plain", "plain, keyed or none", .words = log_users,
		SETTING(log_users)},
	{"confirm", OPTION_BOOL, "false", "whether a join without any page asks first",
		SETTING(confirm)},
	{"languages", OPTION_LIST, "{\"en\"}", "languages of the pages, the default first",
		.not_empty = true, .distinct = true, .check = check_language, SETTING(languages)},
	{"brand-name", OPTION_TEXT, NULL, "name of the organisation on pages", SETTING(brand_name)},
	{"brand-logo", OPTION_TEXT, NULL, "path of the logo on this host", .check = check_path,
		SETTING(brand_logo)},
	{"brand-logo-dark", OPTION_TEXT, NULL, "the same for browsers in dark colours",
		.check = check_path, SETTING(brand_logo_dark)},
	{"brand-icon", OPTION_TEXT, NULL, "path of the icon of tabs and bookmarks on this host",
		.check = check_path, SETTING(brand_icon)},
	{"brand-accent", OPTION_TEXT, NULL, "colour of buttons and links, \"#rrggbb\"",
		.check = check_accent, SETTING(brand_accent)},
	{"brand-help", OPTION_TEXT, NULL, "address of a page that helps visitors",
		.check = check_link, SETTING(brand_help)},
	{"brand-privacy", OPTION_TEXT, NULL, "address of the privacy notice", .check = check_link,
		SETTING(brand_privacy)},
	{0},
};

const struct option schema_platform_options[] = {
	{"type", OPTION_TEXT, NULL, "the driver"},
	{0},
};

/* One for each language that is shipped. */
#define LABEL(code)                                                                                \
	{                                                                                          \
		"label-" code, OPTION_TEXT, NULL, "the label on pages of that language",           \
			.not_empty = true                                                          \
	}

const struct option schema_backend_options[] = {
	{"type", OPTION_TEXT, NULL, "the driver"},
	{"label", OPTION_TEXT, NULL, "label of its button or form; default: the title",
		.not_empty = true},
	LABEL("ar"),
	LABEL("cs"),
	LABEL("de"),
	LABEL("en"),
	LABEL("es"),
	LABEL("fr"),
	LABEL("he"),
	LABEL("it"),
	LABEL("ja"),
	LABEL("nl"),
	LABEL("pl"),
	LABEL("pt"),
	LABEL("tr"),
	LABEL("uk"),
	LABEL("zh"),
	{0},
};

const struct option schema_policy_options[] = {
	{"default", OPTION_ENUM, "deny", "verdict if no rule hits: deny or allow",
		.words = defaults, OPTION_INTO(struct config_policy, allow_by_default)},
	{0},
};

const struct option schema_rule_options[] = {
	{"allow", OPTION_BOOL, NULL, "true: allow, false: deny", RULE(allow)},
	{"groups", OPTION_LIST, NULL, "any of these groups", CONDITION(groups)},
	{"users", OPTION_LIST, NULL, "SUBJECT or BACKEND/SUBJECT", CONDITION(users)},
	{"emails", OPTION_LIST, NULL, "patterns of e-mail addresses", CONDITION(emails)},
	{"backends", OPTION_LIST, NULL, "titles of backends", CONDITION(backends)},
	{"platforms", OPTION_LIST, NULL, "titles of platforms", CONDITION(platforms)},
	{"meetings", OPTION_LIST, NULL, "patterns of meeting ids", CONDITION(meetings)},
	{"meeting-tokens", OPTION_LIST, NULL, "patterns of meeting tokens",
		CONDITION(meeting_tokens)},
	{"acr", OPTION_LIST, NULL, "authentication context classes of a provider", CONDITION(acr)},
	{"second-factor", OPTION_BOOL, NULL, "true: the visitor gave a second factor",
		RULE(second_factor)},
	{"networks", OPTION_LIST, NULL, "addresses or networks of visitors", CONDITION(networks)},
	{"not-before", OPTION_TIME, NULL, "2026-01-01T08:00Z", RULE(not_before)},
	{"not-after", OPTION_TIME, NULL, "2026-12-31T18:00Z", RULE(not_after)},
	{"role", OPTION_TEXT, NULL, "role in the meeting of the people it allows",
		.not_empty = true, .check = check_role, RULE(role)},
	{"title", OPTION_TEXT, NULL, "what pages call its meetings", .not_empty = true,
		.check = check_title, RULE(title)},
	{0},
};

const struct option schema_meet_options[] = {
	{"allow", OPTION_BOOL, NULL, "what the rule says", OPTION_INTO(struct config_meet, allow)},
	{"accounts", OPTION_LIST, NULL, "names of the guest accounts that start a meeting",
		.not_empty = true, OPTION_INTO(struct config_meet, accounts)},
	{"with", OPTION_LIST, NULL, "names of the guest accounts that they start it with",
		.not_empty = true, OPTION_INTO(struct config_meet, with)},
	{"platforms", OPTION_LIST, NULL, "titles of platforms", .not_empty = true,
		OPTION_INTO(struct config_meet, platforms)},
	{"not-before", OPTION_TIME, NULL, "2026-01-01T08:00Z",
		OPTION_INTO(struct config_meet, not_before)},
	{"not-after", OPTION_TIME, NULL, "2026-12-31T18:00Z",
		OPTION_INTO(struct config_meet, not_after)},
	{0},
};

const struct option schema_desk_options[] = {
	{"groups", OPTION_LIST, NULL, "groups whose members may use the desk", .required = true,
		OPTION_INTO(struct config_desk, groups)},
	{"backends", OPTION_LIST, NULL, "backends whose groups count; default: all",
		.not_empty = true, OPTION_INTO(struct config_desk, backends)},
	{"accounts", OPTION_TEXT, NULL, "backend of the accounts; default: the only guest-account"},
	{"invitations", OPTION_TEXT, NULL, "backend of the invitations; default: the only invite"},
	{0},
};

size_t schema_count(const struct option *options)
{
	size_t count = 0;

	while (options != NULL && options[count].name != NULL)
		count++;
	return count;
}

bool schema_has(const struct option *options, const char *name)
{
	while (options->name != NULL && strcmp(options->name, name) != 0)
		options++;
	return options->name != NULL;
}

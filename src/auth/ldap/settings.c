/* SPDX-License-Identifier: MIT
 *
 * The options of backend "ldap", validated without network.
 */
#include "auth/ldap/ldap.h"
#include "base/network.h"

#include <strings.h>
#include <unistd.h>

enum { TIMEOUT_MAX_MS = 60000 };

static bool is_set(const char *text)
{
	return text[0] != '\0';
}

static bool is_loopback(const char *host)
{
	struct network four, six, peer;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	return network_parse("127.0.0.0/8", &four) == NULL && network_parse("::1", &six) == NULL &&
	       network_parse_host(host, &peer) &&
	       (network_covers(&four, &peer) || network_covers(&six, &peer));
}

/* ---- servers ---- */

/* Validates a server's URL. Returns NULL, or what is wrong. */
static const char *check_url(const LDAPURLDesc *url, bool start_tls)
{
	if (strcmp(url->lud_scheme, "ldap") != 0 && strcmp(url->lud_scheme, "ldaps") != 0)
		return "does not start with ldap:// or ldaps://";
	if (url->lud_host == NULL || !is_set(url->lud_host))
		return "has no host";
	if ((url->lud_dn != NULL && is_set(url->lud_dn)) || url->lud_attrs != NULL ||
		url->lud_exts != NULL || (url->lud_filter != NULL && is_set(url->lud_filter)))
		return "must be a server only: base and filter are options of their own";
	if (strcmp(url->lud_scheme, "ldap") == 0 && !start_tls && !is_loopback(url->lud_host))
		return "would send passwords unencrypted: write ldaps://, or set start-tls (plain "
		       "ldap:// is allowed for this machine only)";
	return NULL;
}

static int read_server(struct directory *directory, const char *text, struct error *why)
{
	struct directory_server *server = &directory->servers[directory->server_count++];
	LDAPURLDesc *url = NULL;
	const char *wrong = "is not a server's URL, ldaps://host[:port]";

	if (ldap_url_parse(text, &url) == LDAP_URL_SUCCESS && url->lud_next == NULL)
		wrong = check_url(url, directory->start_tls);
	*server = (struct directory_server){.url = text};
	server->ldaps = wrong == NULL && strcmp(url->lud_scheme, "ldaps") == 0;
	ldap_free_urldesc(url);
	return wrong == NULL ? 0 : error_set(why, "\"%s\" %s", text, wrong);
}

static int read_servers(
	const struct section *section, struct directory *directory, struct error *error)
{
	bool secure = directory->start_tls;

	for (size_t i = 0; i < directory->urls.count; i++) {
		if (read_server(directory, directory->urls.items[i], error) != 0)
			return section_blame(section, "servers", error);
		secure = secure || directory->servers[i].ldaps;
	}
	if (secure && access(directory->ca_file, R_OK) != 0)
		return section_error(section, "ca-file", error, "%s: %m", directory->ca_file);
	return 0;
}

/* ---- filters and DNs ---- */

static bool is_dn(const char *text)
{
	LDAPDN dn = NULL;
	bool good = ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && dn != NULL;

	ldap_dnfree(dn);
	return good;
}

/* Whether the parentheses of a filter are balanced. Those in values are escaped (RFC 4515 section
 * 3). */
static bool is_filter(const char *text)
{
	int depth = 0;

	if (text[0] != '(')
		return false;
	for (const char *at = text; *at != '\0'; at++) {
		depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
		if (depth < 0 || (depth == 0 && at[1] != '\0'))
			return false;
	}
	return depth == 0;
}

static int check_dn(const char *text, struct error *why)
{
	return is_dn(text) ? 0 : error_set(why, "is not a DN");
}

static int check_attribute(const char *text, struct error *why)
{
	size_t length =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-;.");

	return text[length] == '\0' ? 0 : error_set(why, "is not the name of an attribute");
}

/* Check for a row of options: a filter, or "". */
static int check_filter(const char *text, struct error *why)
{
	return is_filter(text) ? 0 : error_set(why, "is not a filter like \"(uid={name})\"");
}

#define DIRECTORY(member) OPTION_INTO(struct directory, member)
#define DN(member)	  .check = check_dn, DIRECTORY(member)
#define ATTRIBUTE(member) .check = check_attribute, DIRECTORY(member)

const struct option directory_options[] = {
	{"servers", OPTION_LIST, NULL, "ldaps:// or ldap:// URLs, tried in this order",
		.required = true, .max = DIRECTORY_SERVERS_MAX, DIRECTORY(urls)},
	{"start-tls", OPTION_BOOL, "false",
		"use StartTLS with ldap://, and refuse servers without it", DIRECTORY(start_tls)},
	{"ca-file", OPTION_TEXT, "/etc/ssl/certs/ca-certificates.crt",
		"certificates (PEM) of the authorities to trust", DIRECTORY(ca_file)},
	{"bind-dn", OPTION_TEXT, NULL,
		"the service account; its password is the secret backend/TITLE", DN(bind_dn)},
	{"base", OPTION_TEXT, NULL, "where users are searched", DN(base)},
	{"filter", OPTION_TEXT, "(uid={name})", "finds the entry of a user name",
		.check = check_filter, DIRECTORY(filter)},
	{"scope", OPTION_ENUM, "sub", "sub (the whole subtree) or one (children of the base only)",
		.words = OPTION_WORDS("sub", "one"), DIRECTORY(one_level)},
	{"user-dn", OPTION_TEXT, NULL, "a DN with {name}, bound without a search", DN(user_dn)},
	{"subject-attribute", OPTION_TEXT, "uid", "the name in rules and in the log",
		.not_empty = true, ATTRIBUTE(subject_attribute)},
	{"name-attribute", OPTION_TEXT, "cn", "the display name", ATTRIBUTE(name_attribute)},
	{"email-attribute", OPTION_TEXT, "mail", "the e-mail address", ATTRIBUTE(email_attribute)},
	{"group-attribute", OPTION_TEXT, "memberOf", "the groups, as DNs in the entry",
		ATTRIBUTE(group_attribute)},
	{"group-names", OPTION_ENUM, "rdn", "rdn: the first part of a group's DN; dn: all of it",
		.words = OPTION_WORDS("rdn", "dn"), DIRECTORY(whole_dn)},
	{"group-base", OPTION_TEXT, NULL, "where groups are searched; base by default",
		DN(group_base)},
	{"group-filter", OPTION_TEXT, NULL, "finds the groups of {dn} or {name}",
		.check = check_filter, DIRECTORY(group_filter)},
	{"group-name-attribute", OPTION_TEXT, NULL, "the name of a group that was found",
		ATTRIBUTE(group_name_attribute)},
	{"nested", OPTION_BOOL, "false", "groups within groups (Active Directory)",
		DIRECTORY(nested)},
	{"group-match", OPTION_LIST, NULL, "patterns of the groups to keep; all by default",
		DIRECTORY(group_match)},
	{"second-factor", OPTION_ENUM, "optional",
		"optional: users with a key are asked for a code; required: others are refused",
		.words = AUTH_SECOND_FACTOR},
	{"group-refresh", OPTION_DURATION, "15m", "how old the groups of a session may get",
		DIRECTORY(group_refresh_ms)},
	{"connect-timeout", OPTION_DURATION, "2s", "for one server: connection, TLS, bind",
		.min = 1, .max = TIMEOUT_MAX_MS, DIRECTORY(connect_ms)},
	{"timeout", OPTION_DURATION, "10s", "for a whole sign-in", .min = 1, .max = TIMEOUT_MAX_MS,
		DIRECTORY(timeout_ms)},
	{0},
};

static int check_template(
	const struct section *section, const struct directory *directory, struct error *error)
{
	static const char *const others[] = {"base", "filter", "scope"};
	char *dn = directory_dn(directory->user_dn, "somebody");

	ldap_memfree(dn);
	if (dn == NULL)
		return section_error(section, "user-dn", error,
			"is not a DN with {name} as a value, like "
			"\"uid={name},ou=people,dc=example,dc=org\"");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (section_has(section, others[i]))
			return section_error(section, others[i], error,
				"is for a search, which user-dn replaces");
	if (!is_set(directory->bind_dn) && directory->group_refresh_ms != 0)
		return section_error(section, "group-refresh", error,
			"with user-dn, reading groups again requires bind-dn: set it, or set "
			"group-refresh = \"0\", which keeps the groups of the sign-in");
	return 0;
}

static int read_search(
	const struct section *section, struct directory *directory, struct error *error)
{
	if (!is_set(directory->base))
		return section_error(section, "base", error,
			"is missing: set where to search users (or user-dn, to bind without a "
			"search)");
	if (strstr(directory->filter, "{name}") == NULL)
		return section_error(section, "filter", error,
			"does not contain {name}: write one like \"(uid={name})\"");
	if (asprintf(&directory->nobody, "cn=meetauth knows nobody of that name,%s",
		    directory->base) < 0) {
		directory->nobody = NULL;
		return section_error(section, NULL, error, "out of memory");
	}
	return 0;
}

/* ---- groups ---- */

static int read_group_search(
	const struct section *section, struct directory *directory, struct error *error)
{
	if (!is_set(directory->group_base))
		directory->group_base = directory->base;
	if (directory->nested) {
		if (is_set(directory->group_filter))
			return section_error(section, "nested", error,
				"cannot be combined with group-filter: remove one of them");
		/* LDAP_MATCHING_RULE_IN_CHAIN, [MS-ADTS] 3.1.1.3.4.4.3 */
		directory->group_filter = "(member:1.2.840.113556.1.4.1941:={dn})";
	}
	if (!is_set(directory->group_filter))
		return 0;
	if (strstr(directory->group_filter, "{name}") == NULL &&
		strstr(directory->group_filter, "{dn}") == NULL)
		return section_error(section, "group-filter", error,
			"contains neither {dn} nor {name}: write one like \"(member={dn})\"");
	if (!is_set(directory->group_base))
		return section_error(section, "group-base", error, "is missing");
	return 0;
}

int directory_scope(const struct directory *directory)
{
	return directory->one_level ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE;
}

int directory_open(void *instance, const struct section *section, struct error *error)
{
	struct directory *directory = instance;

	pthread_mutex_init(&directory->lock, NULL);
	directory->title = section_title(section);
	if (read_servers(section, directory, error) != 0)
		return -1;
	if ((is_set(directory->user_dn) ? check_template(section, directory, error)
					: read_search(section, directory, error)) != 0)
		return -1;
	return read_group_search(section, directory, error);
}

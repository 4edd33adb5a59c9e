/* SPDX-License-Identifier: MIT
 *
 * What the section of a directory says, checked without asking a server.
 */
#ifdef HAVE_LDAP

#include "auth/ldap_private.h"
#include "base/network.h"

#include <strings.h>
#include <unistd.h>

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

/* What is wrong with the address of a server, or NULL. */
static const char *check_url(const LDAPURLDesc *url, bool start_tls)
{
	if (strcmp(url->lud_scheme, "ldap") != 0 && strcmp(url->lud_scheme, "ldaps") != 0)
		return "does not start with ldap:// or ldaps://";
	if (url->lud_host == NULL || !is_set(url->lud_host))
		return "has no host";
	if ((url->lud_dn != NULL && is_set(url->lud_dn)) || url->lud_attrs != NULL ||
		url->lud_exts != NULL || (url->lud_filter != NULL && is_set(url->lud_filter)))
		return "is to be a server alone: what to search has options of its own";
	if (strcmp(url->lud_scheme, "ldap") == 0 && !start_tls && !is_loopback(url->lud_host))
		return "would send passwords in the clear: write ldaps://, or set start-tls (plain "
		       "ldap:// is for this machine only)";
	return NULL;
}

static int read_server(const struct section *section, struct directory *directory, const char *text,
	struct error *error)
{
	struct directory_server *server = &directory->servers[directory->server_count];
	LDAPURLDesc *url = NULL;
	const char *wrong = "is no address of a server (ldaps://host[:port])";

	if (ldap_url_parse(text, &url) == LDAP_URL_SUCCESS && url->lud_next == NULL)
		wrong = check_url(url, directory->start_tls);
	*server = (struct directory_server){.url = text};
	server->ldaps = wrong == NULL && strcmp(url->lud_scheme, "ldaps") == 0;
	ldap_free_urldesc(url);
	if (wrong != NULL)
		return section_error(section, "servers", error, "\"%s\" %s", text, wrong);
	directory->server_count++;
	return 0;
}

static int read_servers(
	const struct section *section, struct directory *directory, struct error *error)
{
	size_t count;
	const char *const *servers = section_list(section, "servers", &count);
	bool secure = directory->start_tls;

	if (count == 0 || count > DIRECTORY_SERVERS_MAX)
		return section_error(section, "servers", error,
			"needs 1 to %d addresses like \"ldaps://ldap.example.org\"",
			DIRECTORY_SERVERS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (read_server(section, directory, servers[i], error) != 0)
			return -1;
		secure = secure || directory->servers[i].ldaps;
	}
	if (secure && access(directory->ca_file, R_OK) != 0)
		return section_error(section, "ca-file", error, "%s: %m", directory->ca_file);
	return 0;
}

/* ---- whom to look for ---- */

static bool is_dn(const char *text)
{
	LDAPDN dn = NULL;
	bool good = ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && dn != NULL;

	ldap_dnfree(dn);
	return good;
}

/* Parentheses in values are escaped (RFC 4515 section 3), so they can be counted. */
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

static int check_dn(const struct section *section, const char *name, struct error *error)
{
	const char *text = section_string(section, name);

	if (is_set(text) && !is_dn(text))
		return section_error(section, name, error, "\"%s\" is no DN", text);
	return 0;
}

static int check_attribute(const struct section *section, const char *name, struct error *error)
{
	const char *text = section_string(section, name);

	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-;.") !=
		strlen(text))
		return section_error(
			section, name, error, "\"%s\" is no name of an attribute", text);
	return 0;
}

static int check_names(const struct section *section, struct error *error)
{
	static const char *const dns[] = {"bind-dn", "base", "user-dn", "group-base"};
	static const char *const attributes[] = {"subject-attribute", "name-attribute",
		"email-attribute", "group-attribute", "group-name-attribute"};

	for (size_t i = 0; i < sizeof dns / sizeof *dns; i++)
		if (check_dn(section, dns[i], error) != 0)
			return -1;
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (check_attribute(section, attributes[i], error) != 0)
			return -1;
	if (!is_set(section_string(section, "subject-attribute")))
		return section_error(section, "subject-attribute", error, "is empty");
	return 0;
}

static int read_scope(
	const struct section *section, struct directory *directory, struct error *error)
{
	const char *scope = section_string(section, "scope");

	if (strcmp(scope, "sub") != 0 && strcmp(scope, "one") != 0)
		return section_error(section, "scope", error, "is neither \"sub\" nor \"one\"");
	directory->scope = scope[0] == 's' ? LDAP_SCOPE_SUBTREE : LDAP_SCOPE_ONELEVEL;
	return 0;
}

static int read_template(
	const struct section *section, struct directory *directory, struct error *error)
{
	static const char *const others[] = {"base", "filter", "scope"};
	char *dn = directory_dn(directory->user_dn, "somebody");

	ldap_memfree(dn);
	if (dn == NULL)
		return section_error(section, "user-dn", error,
			"is no DN with {name} for a value, like "
			"\"uid={name},ou=people,dc=example,dc=org\"");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (section_has(section, others[i]))
			return section_error(section, others[i], error,
				"is for a search, and user-dn takes its place");
	if (!is_set(directory->bind_dn) && section_milliseconds(section, "group-refresh") != 0)
		return section_error(section, "group-refresh", error,
			"reading groups again needs bind-dn beside user-dn; set it, or "
			"group-refresh = \"0\", by which groups stay as they were at sign-in");
	return 0;
}

static int read_search(
	const struct section *section, struct directory *directory, struct error *error)
{
	if (!is_set(directory->base))
		return section_error(section, "base", error,
			"is missing: where to search people (or user-dn, to bind without a "
			"search)");
	if (!is_filter(directory->filter) || strstr(directory->filter, "{name}") == NULL)
		return section_error(section, "filter", error,
			"is no filter with {name} in it, like \"(uid={name})\"");
	if (read_scope(section, directory, error) != 0)
		return -1;
	if (asprintf(&directory->nobody, "cn=meetauth knows nobody of that name,%s",
		    directory->base) < 0) {
		directory->nobody = NULL;
		return section_error(section, NULL, error, "no memory");
	}
	return 0;
}

/* ---- groups ---- */

static int read_group_search(
	const struct section *section, struct directory *directory, struct error *error)
{
	directory->group_filter = section_string(section, "group-filter");
	directory->group_base = section_string(section, "group-base");
	if (!is_set(directory->group_base))
		directory->group_base = directory->base;
	if (section_bool(section, "nested")) {
		if (is_set(directory->group_filter))
			return section_error(section, "nested", error,
				"makes a group-filter of its own: leave one of them out");
		/* LDAP_MATCHING_RULE_IN_CHAIN, [MS-ADTS] 3.1.1.3.4.4.3 */
		directory->group_filter = "(member:1.2.840.113556.1.4.1941:={dn})";
	}
	if (!is_set(directory->group_filter))
		return 0;
	if (!is_filter(directory->group_filter) ||
		(strstr(directory->group_filter, "{name}") == NULL &&
			strstr(directory->group_filter, "{dn}") == NULL))
		return section_error(section, "group-filter", error,
			"is no filter with {dn} or {name} in it, like \"(member={dn})\"");
	if (!is_set(directory->group_base))
		return section_error(section, "group-base", error, "is missing");
	return 0;
}

static int read_groups(
	const struct section *section, struct directory *directory, struct error *error)
{
	const char *names = section_string(section, "group-names");

	directory->group_attribute = section_string(section, "group-attribute");
	directory->group_name_attribute = section_string(section, "group-name-attribute");
	directory->group_match =
		section_list(section, "group-match", &directory->group_match_count);
	if (strcmp(names, "rdn") != 0 && strcmp(names, "dn") != 0)
		return section_error(
			section, "group-names", error, "is neither \"rdn\" nor \"dn\"");
	directory->whole_dn = names[0] == 'd';
	return read_group_search(section, directory, error);
}

static int read_times(
	const struct section *section, struct directory *directory, struct error *error)
{
	directory->connect_ms = section_milliseconds(section, "connect-timeout");
	directory->timeout_ms = section_milliseconds(section, "timeout");
	if (directory->connect_ms < 1 || directory->connect_ms > 60000)
		return section_error(
			section, "connect-timeout", error, "is not between 1ms and 60s");
	if (directory->timeout_ms < 1 || directory->timeout_ms > 60000)
		return section_error(section, "timeout", error, "is not between 1ms and 60s");
	return 0;
}

int directory_read(const struct section *section, struct directory *directory, struct error *error)
{
	directory->title = section_title(section);
	directory->start_tls = section_bool(section, "start-tls");
	directory->ca_file = section_string(section, "ca-file");
	directory->bind_dn = section_string(section, "bind-dn");
	directory->base = section_string(section, "base");
	directory->filter = section_string(section, "filter");
	directory->user_dn = section_string(section, "user-dn");
	directory->subject_attribute = section_string(section, "subject-attribute");
	directory->name_attribute = section_string(section, "name-attribute");
	directory->email_attribute = section_string(section, "email-attribute");
	if (read_servers(section, directory, error) != 0 || check_names(section, error) != 0)
		return -1;
	if ((is_set(directory->user_dn) ? read_template : read_search)(section, directory, error) !=
		0)
		return -1;
	if (read_groups(section, directory, error) != 0)
		return -1;
	return read_times(section, directory, error);
}

#endif

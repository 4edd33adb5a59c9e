/* SPDX-License-Identifier: MIT
 *
 * Platform "galene": a signed token for one group of Galene, as in its galene-protocol.md
 * ("Authorisation protocol") and as its package token verifies it. We are an authentication portal,
 * to which Galene redirects browsers, and an authentication server, to which Galene's page posts
 * the user name and password that the visitor typed.
 */
#include "base/text.h"
#include "platform/shared/arrival.h"
#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/person.h"
#include "platform/shared/token.h"

#include <strings.h>

enum { GROUP_MAX = 200, LIFETIME_MIN_S = 10, USERNAME_MAX = 3 * IDENTITY_NAME_MAX };

struct galene {
	struct platform_peer peer;
	int64_t lifetime;
};

static const struct option options[] = {
	PEER_SITE("https://host[:port] of Galene; https://TITLE by default"),
	PEER_CA_FILE,
	{"lifetime", OPTION_SECONDS, "30s", "how long a token is valid; it is used at once",
		.min = LIFETIME_MIN_S, .max = OPTION_DAY_S, OPTION_INTO(struct galene, lifetime)},
	PEER_PREFILL("show people's names, not their account names"),
	{"allowed-origins", OPTION_LIST, NULL,
		"origins of pages whose scripts may request tokens; site by default",
		.of = OPTION_SENT, OPTION_INTO(struct platform_peer, origins)},
	{0},
};

/* ---- opening ---- */

static int galene_open(void *context, const struct section *section, struct error *error)
{
	struct platform_peer *peer = context;

	if (!section_has(section, "allowed-origins"))
		peer->origins = (struct config_list){&peer->site, 1};
	return 0;
}

/* ---- arriving ---- */

/* Whether a text is a group's name, "group" or "group/subgroup". */
static bool is_group(const char *text)
{
	return strlen(text) <= GROUP_MAX && text[0] != '.' && strstr(text, "/.") == NULL &&
	       links_segments(text, GROUP_MAX, "_.~-") > 0;
}

/* Extracts the group from the URL of Galene's page, which may have a fragment. Returns NULL if it
 * is not a page of this Galene. */
static const char *group_of(
	const struct galene *galene, const char *location, char group[GROUP_MAX + 1])
{
	size_t site = strlen(galene->peer.site), length;

	if (strncasecmp(location, galene->peer.site, site) != 0 ||
		strncmp(location + site, "/group/", 7) != 0)
		return NULL;
	location += site + 7;
	length = strcspn(location, "#");
	if (length < 2 || length > GROUP_MAX || location[length - 1] != '/')
		return NULL;
	memcpy(group, location, length - 1);
	group[length - 1] = '\0';
	return group;
}

/* Browsers come with the group in the path, since Galene adds no parameters to a portal's URL.
 * Galene's page sends its own URL as `location`. */
static int galene_arrive(const void *context, struct platform_arrival *arrival)
{
	char group[GROUP_MAX + 1];
	const char *location, *name = arrival->rest;

	if (arrival_optional(arrival, "location", &location) != 0)
		return -1;
	if (location != NULL)
		name = group_of(context, location, group);
	if (name == NULL)
		return arrival_refuse(
			arrival, "location", "not the address of a group of this Galene");
	if (!is_group(name))
		return arrival_refuse(arrival, "group",
			"missing, or not letters, digits, - . _ and ~ between slashes");
	return arrival_set_meeting(arrival, name);
}

/* ---- the token ---- */

/* The permissions of the roles op, present and observe in Galene's group files. */
static json_t *permissions_of(const struct platform_grant *grant)
{
	if (person_is_moderator(grant))
		return json_pack("[s, s, s, s]", "op", "present", "message", "token");
	if (person_is_observer(grant))
		return json_array();
	return json_pack("[s, s]", "present", "message");
}

/* Galene accepts no name with a backslash, and none that path.Clean() would change: a slash at
 * either end, two slashes in a row, or segments "." and ".." (group.go, validUsername). These
 * characters are replaced by their full-width forms, so that different names stay different. */
static void put_username(const char *name, struct buffer *username)
{
	const char *from = name;

	while (*name != '\0') {
		size_t dots = strspn(name, ".");
		bool starts = name == from || name[-1] == '/';

		if (*name == '\\') {
			buffer_text(username, "\xef\xbc\xbc");
		} else if (*name == '/' && (starts || name[1] == '\0')) {
			buffer_text(username, "\xef\xbc\x8f");
		} else if (starts && (dots == 1 || dots == 2) &&
			   (name[dots] == '/' || name[dots] == '\0')) {
			for (; dots > 0; dots--, name++)
				buffer_text(username, "\xef\xbc\x8e");
			continue;
		} else {
			buffer_append(username, name, 1);
		}
		name++;
	}
}

static json_t *username_of(const struct galene *galene, const struct platform_grant *grant)
{
	struct buffer username = BUFFER_INIT(USERNAME_MAX);
	json_t *text;

	put_username(
		galene->peer.prefill ? person_name(grant->who) : person_account_name(grant->who),
		&username);
	text = username.failed ? NULL : json_string(username.data);
	buffer_release(&username);
	return text;
}

/* The key names its algorithm, as the keys in Galene's group files do. */
static int read_key(
	const char *secret, struct token_key *key, json_t **document_r, struct error *error)
{
	*document_r = json_loads(secret, JSON_REJECT_DUPLICATES, NULL);
	*key = (struct token_key){json_string_value(json_object_get(*document_r, "alg")), secret,
		strlen(secret), NULL};
	if (key->algorithm != NULL)
		return 0;
	return error_set(error, "the secret is not a JWK with an alg");
}

static enum platform_verdict galene_admit(void *context, const struct platform_grant *grant)
{
	const struct galene *galene = context;
	enum platform_verdict verdict = PLATFORM_UNABLE;
	struct token_key key;
	json_t *document;

	if (read_key(grant->secrets.values[0], &key, &document, grant->error) == 0)
		verdict = token_sign(grant, &key,
			json_pack("{s:o, s:o, s:o, s:I, s:I, s:s}", "sub",
				username_of(galene, grant), "aud",
				json_sprintf(
					"%s/group/%s/", galene->peer.site, grant->join->meeting_id),
				"permissions", permissions_of(grant), "iat", (json_int_t)grant->now,
				"exp", (json_int_t)(grant->now + galene->lifetime), "iss",
				"meetauth"));
	json_decref(document);
	return verdict;
}

/* Galene accepts these algorithms only, and a shared key only if it is exactly as long as the
 * algorithm's hash (token/jwt.go, ParseKey). */
static int check_algorithm(const char *algorithm, const json_t *document, struct error *error)
{
	static const struct {
		const char *algorithm;
		size_t bytes; /* length of the shared key; 0: not a shared key */
	} known[] = {{"HS256", 32}, {"HS384", 48}, {"HS512", 64}, {"ES256", 0}, {"RS256", 0}};
	const char *key = json_string_value(json_object_get(document, "k"));
	size_t digits = key != NULL ? strcspn(key, "=") : 0;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].algorithm, algorithm) != 0)
			continue;
		if (known[i].bytes == 0 || digits * 6 / 8 == known[i].bytes)
			return 0;
		return error_set(error,
			"the key (k) has %zu bytes; for %s Galene needs exactly %zu",
			digits * 6 / 8, algorithm, known[i].bytes);
	}
	return error_set(error,
		"alg is none of those that Galene supports: HS256, HS384, HS512, ES256, RS256");
}

static int galene_validate_secret(const void *context, const char *secret, struct error *error)
{
	struct token_key key;
	json_t *document;
	int rc = read_key(secret, &key, &document, error);

	if (rc == 0)
		rc = check_algorithm(key.algorithm, document, error);
	if (rc == 0)
		rc = token_try(&key, error);
	json_decref(document);
	return rc;
}

/* ---- what the browser gets ---- */

static void galene_redirect_url(const void *context, const struct join *join, const char *token,
	const struct identity *who, struct buffer *url)
{
	const struct galene *galene = context;

	buffer_printf(url, "%s/group/%s/?", galene->peer.site, join->meeting_id);
	if (who != NULL) {
		struct buffer username = BUFFER_INIT(USERNAME_MAX);

		put_username(person_name(who), &username);
		buffer_text(url, "username=");
		buffer_percent(url, username.data != NULL ? username.data : "");
		buffer_text(url, "&");
		buffer_release(&username);
	}
	buffer_text(url, "token=");
	buffer_percent(url, token);
}

static void galene_token_response(const void *context, const struct join *join, const char *token,
	struct platform_token_response *response)
{
	response->media_type = "application/jwt";
	buffer_text(response->body, token);
}

const struct platform_driver platform_galene = {
	.type = "galene",
	.summary = "Galene, by signed tokens",
	.options = options,
	.instance_size = sizeof(struct galene),
	.grant =
		&(const struct platform_grant_ops){.admit = galene_admit, .is_slow = token_is_slow},
	.entry = &(const struct platform_entry_ops){.name = "galene", .arrive = galene_arrive},
	.script = &(const struct platform_script_ops){.token_response = galene_token_response,
		.takes_password = true},
	.secret = &(const struct platform_secret_ops){.validate_secret = galene_validate_secret},
	.open = galene_open,
	.redirect_url = galene_redirect_url,
};

/* SPDX-License-Identifier: MIT
 *
 * Platform "jitsi": a signed token for one room of Jitsi Meet, as in lib-jitsi-meet's doc/tokens.md
 * and as Jitsi's Prosody modules verify it (luajwtjitsi, token/util, token_affiliation).
 */
#include "platform/jitsi/jitsi.h"

#include "base/text.h"
#include "platform/shared/links.h"
#include "platform/shared/person.h"
#include "platform/shared/token.h"

enum { EARLIER_S = 30, LIFETIME_MIN_S = 30 }; /* EARLIER_S: Prosody allows no clock skew for nbf */

static const char *const algorithms[] = {"HS256", "HS384", "HS512", "RS256", NULL};

static const struct option options[] = {
	PEER_SITE("https://host[:port] of Jitsi Meet; https://TITLE by default"),
	PEER_CA_FILE,
	{"app-id", OPTION_TEXT, NULL, "app_id of Prosody, the issuer of tokens (iss)",
		.required = true, OPTION_INTO(struct jitsi, app_id)},
	{"audience", OPTION_TEXT, NULL, "audience of tokens (aud); app-id by default",
		.null_if_unset = true, .not_empty = true, OPTION_INTO(struct jitsi, audience)},
	{"domain", OPTION_DOMAIN, NULL, "sub of rooms without a tenant; host of site by default",
		.null_if_unset = true, .not_empty = true, OPTION_INTO(struct jitsi, domain_option)},
	{"algorithm", OPTION_ENUM, "HS256", "HS256, HS384, HS512 or RS256", .words = algorithms,
		OPTION_INTO(struct jitsi, algorithm)},
	{"lifetime", OPTION_SECONDS, "5m", "how long a token is valid", .min = LIFETIME_MIN_S,
		.max = OPTION_DAY_S, OPTION_INTO(struct jitsi, lifetime)},
	PEER_PREFILL("put name and e-mail into the token"),
	{0},
};

static int jitsi_open(void *context, const struct section *section, struct error *error)
{
	struct jitsi *jitsi = context;

	jitsi->peer.redirect_sources = "org.jitsi.meet: jitsi-meet: intent:";
	if (jitsi->audience == NULL)
		jitsi->audience = jitsi->app_id;
	if (jitsi->domain_option != NULL)
		text_lower(jitsi->domain_option, jitsi->domain, sizeof jitsi->domain);
	else
		links_host_of(jitsi->peer.site, jitsi->domain);
	return 0;
}

/* ---- the token ---- */

/* The claim context.user, which everybody in the room can see. It has strings only, since Prosody's
 * modules fail on null. */
static json_t *user_of(const struct jitsi *jitsi, const struct platform_grant *grant)
{
	bool moderator = person_is_moderator(grant);
	json_t *user = json_object();

	json_object_set_new(user, "id", token_subject(grant->who));
	if (jitsi->peer.prefill) {
		token_claim(user, "name", person_name(grant->who));
		token_claim(user, "email", grant->who->email);
	}
	token_claim(user, "affiliation", moderator ? "owner" : "member");
	token_claim(user, "moderator", moderator ? "true" : "false");
	return user;
}

static json_t *claims_of(const struct jitsi *jitsi, const struct platform_grant *grant)
{
	const char *tenant = join_remembered(grant->join, JITSI_TENANT);
	const char *room = jitsi_room(grant->join);
	json_t *claims = json_object();
	char lower[128];

	if (room == NULL) { /* a ticket from before an upgrade: sign nothing without a room */
		json_decref(claims);
		return NULL;
	}
	text_lower(tenant != NULL ? tenant : "", lower, sizeof lower);
	token_claim(claims, "iss", jitsi->app_id);
	token_claim(claims, "aud", jitsi->audience);
	token_claim(claims, "sub", lower[0] != '\0' ? lower : jitsi->domain);
	token_claim(claims, "room", room);
	json_object_set_new(claims, "iat", json_integer(grant->now));
	json_object_set_new(claims, "nbf", json_integer(grant->now - EARLIER_S));
	json_object_set_new(claims, "exp", json_integer(grant->now + jitsi->lifetime));
	json_object_set_new(claims, "context", json_pack("{s:o}", "user", user_of(jitsi, grant)));
	return claims;
}

/* Reads the key. Prosody finds RS256 keys by kid, so a JWK without one is refused. The caller
 * releases *document_r. */
static int read_key(const struct jitsi *jitsi, const char *secret, struct token_key *key,
	json_t **document_r, struct error *error)
{
	*document_r = NULL;
	*key = (struct token_key){jitsi->algorithm, secret, strlen(secret), NULL};
	if (strcmp(jitsi->algorithm, "RS256") != 0)
		return 0;
	*document_r = json_loads(secret, JSON_REJECT_DUPLICATES, NULL);
	key->kid = json_string_value(json_object_get(*document_r, "kid"));
	if (key->kid != NULL)
		return 0;
	return error_set(error, "the secret is not a private key as JWK with a kid");
}

static enum platform_verdict jitsi_admit(void *context, const struct platform_grant *grant)
{
	const struct jitsi *jitsi = context;
	enum platform_verdict verdict = PLATFORM_UNABLE;
	struct token_key key;
	json_t *document;

	if (read_key(jitsi, grant->secrets.values[0], &key, &document, grant->error) == 0)
		verdict = token_sign(grant, &key, claims_of(jitsi, grant));
	json_decref(document);
	return verdict;
}

static int jitsi_validate_secret(const void *context, const char *secret, struct error *error)
{
	struct token_key key;
	json_t *document;
	int rc = read_key(context, secret, &key, &document, error);

	if (rc == 0)
		rc = token_try(&key, error);
	json_decref(document);
	return rc;
}

/* ---- the way back ---- */

static void append_overrides(const struct join *join, struct buffer *url)
{
	char separator = '#';

	for (size_t i = 0; i < join->forward_count; i++) {
		if (!jitsi_is_override(join->forward[i].name))
			continue;
		buffer_printf(url, "%c%s=", separator, join->forward[i].name);
		buffer_percent(url, join->forward[i].value);
		separator = '&';
	}
}

/* Redirects native clients to a URL with their own scheme. The host always comes from the
 * configuration. */
static void jitsi_redirect_url(const void *context, const struct join *join, const char *token,
	const struct identity *who, struct buffer *url)
{
	const struct jitsi *jitsi = context;
	const char *client = join_remembered(join, JITSI_CLIENT);
	const char *tenant = join_remembered(join, JITSI_TENANT);
	const char *room = join_remembered(join, JITSI_ROOM);
	bool android = client != NULL && strcmp(client, "android") == 0;
	const char *host = strstr(jitsi->peer.site, "://");

	if (room != NULL && room[0] == '\0')
		room = jitsi_room(join);
	if (client == NULL || room == NULL)
		buffer_text(url, jitsi->peer.site);
	else
		buffer_printf(url, "%s%s",
			android			     ? "intent"
			: strcmp(client, "ios") == 0 ? "org.jitsi.meet"
						     : "jitsi-meet",
			host);
	if (tenant != NULL)
		buffer_printf(url, "/%s", tenant);
	buffer_printf(url, "/%s?jwt=", room != NULL ? room : "");
	buffer_percent(url, token);
	append_overrides(join, url);
	if (android)
		buffer_text(url, "#Intent;scheme=org.jitsi.meet;package=org.jitsi.meet;end");
}

const struct platform_driver platform_jitsi = {
	.type = "jitsi",
	.summary = "Jitsi Meet, by signed tokens",
	.options = options,
	.instance_size = sizeof(struct jitsi),
	.grant = &(const struct platform_grant_ops){.admit = jitsi_admit, .is_slow = token_is_slow},
	.entry =
		&(const struct platform_entry_ops){
			.name = "jitsi", .page = "/", .arrive = jitsi_arrive},
	.secret =
		&(const struct platform_secret_ops){
			.generated_hint = "put it into Prosody's configuration as app_secret",
			.validate_secret = jitsi_validate_secret},
	.open = jitsi_open,
	.redirect_url = jitsi_redirect_url,
};

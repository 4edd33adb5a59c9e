/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

#include "base/text.h"
#include "config/config.h"

enum { SCOPE_MAX = 1024 };

static const char *const client_auths[] = {
	[OIDC_SECRET_BASIC] = "client_secret_basic",
	[OIDC_SECRET_POST] = "client_secret_post",
	[OIDC_PRIVATE_KEY] = "private_key_jwt",
	[OIDC_PUBLIC] = "none",
	NULL,
};

const char *oidc_client_auth_word(enum oidc_client_auth client_auth)
{
	return client_auths[client_auth];
}

static int check_algorithm(const char *text, struct error *why)
{
	return jose_is_algorithm(text)
		       ? 0
		       : error_set(why,
				 "is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
				 "ES384, ES512, EdDSA");
}

static int check_visible(const char *text, struct error *why)
{
	return text_is_visible_ascii(text)
		       ? 0
		       : error_set(why, "has characters other than visible ASCII");
}

#define OIDC(member) OPTION_INTO(struct oidc, member)

const struct option oidc_option_table[] = {
	{"issuer", OPTION_URL, NULL, "the provider's issuer, exactly as in its metadata",
		.required = true, OIDC(options.issuer)},
	{"client-id", OPTION_TEXT, NULL, "our client id at the provider", .required = true,
		OIDC(options.client_id)},
	{"client-auth", OPTION_ENUM, "client_secret_basic",
		"client_secret_basic, client_secret_post, private_key_jwt or none",
		.words = client_auths, OIDC(options.client_auth)},
	{"key-algorithm", OPTION_TEXT, "RS256", "algorithm of private_key_jwt", .not_empty = true,
		.check = check_algorithm, OIDC(options.key_algorithm)},
	{"key-id", OPTION_TEXT, NULL, "the key's id at the provider, if the key has none",
		OIDC(options.key_id)},
	{"algorithms", OPTION_LIST, "{\"RS256\"}", "algorithms that tokens may be signed with",
		.not_empty = true, .max = OIDC_ALGORITHMS_MAX, .check = check_algorithm,
		OIDC(options.algorithms)},
	{"scopes", OPTION_LIST, "{\"openid\", \"email\", \"profile\"}", "scopes to request",
		.check = check_visible, OIDC(options.scopes)},
	{"acr-values", OPTION_LIST, NULL,
		"authentication context classes, one of which is required", .check = check_visible,
		OIDC(options.acr_values)},
	{"max-age", OPTION_SECONDS, NULL,
		"how long ago the user may have signed in at the provider", .null_if_unset = true,
		OIDC(options.max_age)},
	{"prompt", OPTION_ENUM, NULL, "login, select_account, consent or none",
		.words = OPTION_WORDS("none", "login", "consent", "select_account", ""),
		OIDC(options.prompt)},
	{"name-claim", OPTION_TEXT, "name", "the claim with the name", OIDC(options.name_claim)},
	{"email-claim", OPTION_TEXT, "email", "the claim with the e-mail address",
		OIDC(options.email_claim)},
	{"groups-claim", OPTION_TEXT, "groups", "the claim with the groups; dots are a path",
		OIDC(options.groups_claim)},
	{"group-match", OPTION_LIST, NULL, "patterns of the groups to keep; all by default",
		OIDC(options.group_match)},
	{"groups-separator", OPTION_TEXT, NULL, "separator of groups in one string",
		.null_if_unset = true, .max = 1, OIDC(options.groups_separator)},
	{"allow-unverified-email", OPTION_BOOL, "false", "accept addresses that are not verified",
		OIDC(options.allow_unverified_email)},
	{"userinfo", OPTION_BOOL, "false", "also request the userinfo endpoint",
		OIDC(options.userinfo)},
	{"group-refresh", OPTION_DURATION, "15m", "how old groups may become"},
	{"metadata-url", OPTION_TEXT, NULL, "URL of the metadata, if not below the issuer",
		OIDC(options.metadata_url)},
	{"clock-skew", OPTION_SECONDS, "60s", "how much the provider's clock may differ",
		.max = OIDC_SKEW_MAX, OIDC(options.skew)},
	{"ca-file", OPTION_TEXT, NULL, "certificates (PEM) of the authorities to trust",
		OIDC(settings.ca_file)},
	{"connect-timeout", OPTION_DURATION, "2s", "how long a connection may take",
		OIDC(settings.connect_timeout_ms)},
	{"timeout", OPTION_DURATION, "10s", "how long an answer may take",
		OIDC(settings.timeout_ms)},
	{0},
};

/* Joins the items with spaces, which they cannot contain (RFC 6749 section 3.3). */
static int join_list(const struct section *section, const char *name,
	const struct config_list *list, char **joined_r, struct error *error)
{
	struct buffer text = BUFFER_INIT(SCOPE_MAX);

	buffer_text(&text, "");
	for (size_t i = 0; i < list->count; i++)
		buffer_printf(&text, "%s%s", i > 0 ? " " : "", list->items[i]);
	if (text.failed) {
		buffer_release(&text);
		return section_error(section, name, error, "is too long");
	}
	*joined_r = text.data;
	return 0;
}

int oidc_check_endpoint(const char *url, const char *name, const char *issuer, struct error *error)
{
	char address[OIDC_URL_MAX + 1];
	size_t length = strcspn(url, "?");
	bool tls = strncmp(issuer, "https://", 8) == 0;
	struct error why;

	snprintf(address, sizeof address, "%.*s",
		(int)(length < OIDC_URL_MAX ? length : OIDC_URL_MAX), url);
	if (strlen(url) > OIDC_URL_MAX || !text_is_visible_ascii(url) || strchr(url, '#') != NULL)
		return error_set(error, "%s is not a usable URL", name);
	if (config_check_url(address, &why) != 0)
		return error_set(error, "%s %s", name, why.text);
	if (tls && strncmp(url, "https://", 8) != 0)
		return error_set(error, "%s is not https://", name);
	return 0;
}

int oidc_options_check(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	size_t i = 0;

	if (options->metadata_url[0] != '\0' &&
		oidc_check_endpoint(options->metadata_url, "it", options->issuer, error) != 0)
		return section_blame(section, "metadata-url", error);
	while (i < options->scopes.count && strcmp(options->scopes.items[i], "openid") != 0)
		i++;
	if (i == options->scopes.count)
		return section_error(section, "scopes", error,
			"must contain \"openid\": without it there is no ID token");
	if (strcmp(options->email_claim, "email") != 0 && !options->allow_unverified_email)
		return section_error(section, "email-claim", error,
			"providers mark only the claim \"email\" as verified; to trust another "
			"claim, set allow-unverified-email = true");
	if (join_list(section, "scopes", &options->scopes, &options->scope, error) != 0)
		return -1;
	return join_list(section, "acr-values", &options->acr_values, &options->acr_text, error);
}

void oidc_options_release(struct oidc_options *options)
{
	free(options->scope);
	free(options->acr_text);
}

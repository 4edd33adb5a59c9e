/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CJOSE

#include "auth/oidc.h"

#include "base/text.h"
#include "config/config.h"

enum { SCOPE_MAX = 1024 };

static int read_names(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	struct error why;

	options->issuer = section_string(section, "issuer");
	options->client_id = section_string(section, "client-id");
	if (options->issuer[0] == '\0')
		return section_error(section, "issuer", error,
			"is needed: the provider's address, as in \"https://login.example.org\"");
	if (config_check_url(options->issuer, &why) != 0)
		return section_error(section, "issuer", error, "%s", why.text);
	if (options->client_id[0] == '\0')
		return section_error(section, "client-id", error,
			"is needed: the id that the provider gave to this application");
	options->metadata_url = section_string(section, "metadata-url");
	if (options->metadata_url[0] != '\0' &&
		oidc_check_endpoint(options->metadata_url, "it", options->issuer, &why) != 0)
		return section_error(section, "metadata-url", error, "%s", why.text);
	return 0;
}

static int read_algorithms(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	size_t count;
	const char *const *names = section_list(section, "algorithms", &count);

	if (count == 0 || count > OIDC_ALGORITHMS_MAX)
		return section_error(
			section, "algorithms", error, "takes 1 to %d names", OIDC_ALGORITHMS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!jose_is_algorithm(names[i]))
			return section_error(section, "algorithms", error,
				"\"%.32s\" is none of RS256, RS384, RS512, PS256, PS384, PS512, "
				"ES256, ES384, ES512, EdDSA",
				names[i]);
		options->algorithms[i] = names[i];
	}
	return 0;
}

static const char *const client_auths[] = {
	[OIDC_SECRET_BASIC] = "client_secret_basic",
	[OIDC_SECRET_POST] = "client_secret_post",
	[OIDC_PRIVATE_KEY] = "private_key_jwt",
	[OIDC_PUBLIC] = "none",
};

const char *oidc_client_auth_word(enum oidc_client_auth client_auth)
{
	return client_auths[client_auth];
}

static int read_client_auth(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	const size_t count = sizeof client_auths / sizeof *client_auths;
	const char *word = section_string(section, "client-auth");
	size_t i = 0;

	options->key_algorithm = section_string(section, "key-algorithm");
	options->key_id = section_string(section, "key-id");
	if (!jose_is_algorithm(options->key_algorithm))
		return section_error(section, "key-algorithm", error,
			"is none of RS256, PS256, ES256, EdDSA and their like");
	while (i < count && strcmp(client_auths[i], word) != 0)
		i++;
	if (i == count)
		return section_error(section, "client-auth", error,
			"is none of client_secret_basic, client_secret_post, private_key_jwt, "
			"none");
	options->client_auth = (enum oidc_client_auth)i;
	return 0;
}

/* The items with blanks between, which are therefore none of their characters (RFC 6749 3.3). */
static int join_list(
	const struct section *section, const char *name, char **joined_r, struct error *error)
{
	struct buffer text = BUFFER_INIT(SCOPE_MAX);
	size_t count;
	const char *const *items = section_list(section, name, &count);

	buffer_text(&text, "");
	for (size_t i = 0; i < count; i++) {
		if (!text_is_visible_ascii(items[i])) {
			buffer_release(&text);
			return section_error(section, name, error,
				"\"%.64s\" is not of visible ASCII characters", items[i]);
		}
		buffer_printf(&text, "%s%s", i > 0 ? " " : "", items[i]);
	}
	if (text.failed) {
		buffer_release(&text);
		return section_error(section, name, error, "is too long");
	}
	*joined_r = text.data;
	return 0;
}

static int read_request(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	static const char *const prompts[] = {"", "none", "login", "consent", "select_account"};
	size_t i = 0, count;
	const char *const *scopes = section_list(section, "scopes", &count);

	while (i < count && strcmp(scopes[i], "openid") != 0)
		i++;
	if (i == count)
		return section_error(section, "scopes", error,
			"must have \"openid\" in it: without it there is no ID token");
	options->prompt = section_string(section, "prompt");
	for (i = 0; i < sizeof prompts / sizeof *prompts; i++)
		if (strcmp(prompts[i], options->prompt) == 0)
			break;
	if (i == sizeof prompts / sizeof *prompts)
		return section_error(section, "prompt", error,
			"is none of login, select_account, consent, none");
	options->max_age = section_has(section, "max-age")
				   ? section_milliseconds(section, "max-age") / 1000
				   : -1;
	options->skew = section_milliseconds(section, "clock-skew") / 1000;
	if (options->skew > OIDC_SKEW_MAX)
		return section_error(section, "clock-skew", error,
			"is more than %d minutes: set the clocks right (NTP)", OIDC_SKEW_MAX / 60);
	options->acr_values = section_list(section, "acr-values", &options->acr_count);
	if (join_list(section, "scopes", &options->scope, error) != 0)
		return -1;
	return join_list(section, "acr-values", &options->acr_text, error);
}

static int read_claims(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	options->name_claim = section_string(section, "name-claim");
	options->email_claim = section_string(section, "email-claim");
	options->groups_claim = section_string(section, "groups-claim");
	options->group_match = section_list(section, "group-match", &options->group_match_count);
	if (section_has(section, "groups-separator"))
		options->groups_separator = section_string(section, "groups-separator");
	if (options->groups_separator != NULL && strlen(options->groups_separator) > 1)
		return section_error(section, "groups-separator", error,
			"one character of ASCII is needed, or \"\", not \"%.64s\"",
			options->groups_separator);
	options->userinfo = section_bool(section, "userinfo");
	options->allow_unverified_email = section_bool(section, "allow-unverified-email");
	if (strcmp(options->email_claim, "email") != 0 && !options->allow_unverified_email)
		return section_error(section, "email-claim", error,
			"providers say only of the claim \"email\" that it is verified; for "
			"another, "
			"allow-unverified-email = true says that you trust it");
	return 0;
}

int oidc_options_read(
	const struct section *section, struct oidc_options *options, struct error *error)
{
	if (read_names(section, options, error) != 0 ||
		read_algorithms(section, options, error) != 0 ||
		read_client_auth(section, options, error) != 0 ||
		read_request(section, options, error) != 0)
		return -1;
	return read_claims(section, options, error);
}

void oidc_options_release(struct oidc_options *options)
{
	free(options->scope);
	free(options->acr_text);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

/* The sources of claims, the most recent first; ends with NULL. */
struct sources {
	const json_t *claims[3];
};

static const json_t *find(const struct sources *sources, const char *path, const json_t **source_r)
{
	const json_t *found = NULL;

	for (size_t i = 0; found == NULL && sources->claims[i] != NULL; i++) {
		*source_r = sources->claims[i];
		found = oidc_claim(sources->claims[i], path);
	}
	return found;
}

/* Sets a member that is only displayed. Ignores a value that is too long. */
static void set_optional(char **field, const json_t *value, size_t maximum)
{
	if (json_is_string(value))
		identity_set(field, json_string_value(value), maximum);
}

/* Joins given and family name, since CAS and others send only these. */
static void compose_name(const struct sources *sources, struct identity *who)
{
	const json_t *source;
	const char *given = json_string_value(find(sources, "given_name", &source));
	const char *family = json_string_value(find(sources, "family_name", &source));
	char *whole;

	if (given == NULL || family == NULL || asprintf(&whole, "%s %s", given, family) < 0)
		return;
	identity_set(&who->name, whole, IDENTITY_NAME_MAX);
	free(whole);
}

static void read_name(
	const struct oidc_options *options, const struct sources *sources, struct identity *who)
{
	const json_t *source;

	set_optional(&who->name, find(sources, options->name_claim, &source), IDENTITY_NAME_MAX);
	if (who->name == NULL)
		compose_name(sources, who);
	if (who->name == NULL)
		set_optional(&who->name, find(sources, "preferred_username", &source),
			IDENTITY_NAME_MAX);
}

/* Whether a claim is true. Amazon Cognito and Sign in with Apple send strings "true" and "false".
 */
static bool says_yes(const json_t *value)
{
	return json_is_true(value) ||
	       (json_is_string(value) && strcmp(json_string_value(value), "true") == 0);
}

static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strpbrk(text, " \"<>,;") == NULL;
}

/* Reads email and email_verified from the same source, so that one source cannot verify another's
 * address. */
static void read_email(
	const struct oidc_options *options, const struct sources *sources, struct identity *who)
{
	const json_t *source = NULL, *email = find(sources, options->email_claim, &source);

	if (!json_is_string(email) || !is_address(json_string_value(email)))
		return;
	if (options->allow_unverified_email || says_yes(json_object_get(source, "email_verified")))
		set_optional(&who->email, email, IDENTITY_EMAIL_MAX);
}

/* Values of amr (RFC 8176 section 2). Values that are not in the table are not a factor ("geo",
 * "rba", "user", "wia"). */
static const struct {
	const char *method;
	enum { KNOWN = 1, HELD = 2, INHERENT = 4, SEVERAL = 7 } kinds;
} methods[] = {
	{"mfa", SEVERAL},
	{"mca", SEVERAL},
	{"pwd", KNOWN},
	{"pin", KNOWN},
	{"kba", KNOWN},
	{"otp", HELD},
	{"hwk", HELD},
	{"swk", HELD},
	{"sc", HELD},
	{"sms", HELD},
	{"tel", HELD},
	{"pop", HELD},
	{"face", INHERENT},
	{"fpt", INHERENT},
	{"iris", INHERENT},
	{"retina", INHERENT},
	{"vbm", INHERENT},
};

static unsigned kinds_of(const char *method)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].method, method) == 0)
			return methods[i].kinds;
	return 0;
}

/* Whether amr has two factors. Two methods of the same kind are one factor (NIST SP 800-63B
 * section 4.2.1). */
static bool has_second_factor(const json_t *claims)
{
	const json_t *list = json_object_get(claims, "amr"), *item;
	unsigned kinds = 0;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item))
			kinds |= kinds_of(json_string_value(item));
	}
	return (kinds & (kinds - 1)) != 0; /* more than one bit is set */
}

/* Stores the access token if it is useful for renewals: not if the groups come from the ID token.
 */
static void keep(const struct oidc_options *options, const json_t *claims, const json_t *userinfo,
	const char *access_token, struct identity *who)
{
	if (userinfo == NULL || access_token == NULL)
		return;
	if (oidc_claim(claims, options->groups_claim) != NULL &&
		oidc_claim(userinfo, options->groups_claim) == NULL)
		return;
	identity_set(&who->refresh_data, access_token, IDENTITY_REFRESH_DATA_MAX);
}

/* Reads name, e-mail and groups. */
static int read_profile(const struct oidc_options *options, const struct sources *sources,
	struct identity *who, struct error *error)
{
	read_name(options, sources, who);
	read_email(options, sources, who);
	return oidc_groups_read(options, sources->claims, who, error);
}

int oidc_person_read(const struct oidc_options *options, const json_t *claims,
	const json_t *userinfo, const char *access_token, struct identity *who, struct error *error)
{
	const struct sources sources = {
		{userinfo != NULL ? userinfo : claims, userinfo != NULL ? claims : NULL, NULL}};
	struct identity new = IDENTITY_INIT;
	char session[DIGEST_SIZE];
	int rc = identity_set(&new.subject, oidc_text(claims, "sub"), IDENTITY_SUBJECT_MAX);

	oidc_session_digest(claims, session);
	rc |= identity_set(&new.provider_session, session, IDENTITY_DIGEST_MAX);

	if (rc != 0)
		error_set(error, "out of memory for an identity");
	else
		rc = read_profile(options, &sources, &new, error);
	set_optional(&new.acr, json_object_get(claims, "acr"), IDENTITY_ACR_MAX);
	new.second_factor = has_second_factor(claims);
	keep(options, claims, userinfo, access_token, &new);
	if (rc == 0) {
		identity_adopt(who, &new);
	}
	identity_release(&new);
	return rc;
}

static void swap(char **a, char **b)
{
	char *other = *a;

	*a = *b;
	*b = other;
}

/* Name and e-mail remain if userinfo does not contain them. Groups that it does not contain are
 * removed. */
static void take_over(const struct oidc_options *options, const json_t *userinfo,
	struct identity *who, struct identity *new)
{
	char **groups = who->groups;
	size_t count = who->group_count;

	if (new->name != NULL)
		swap(&who->name, &new->name);
	if (oidc_claim(userinfo, options->email_claim) != NULL)
		swap(&who->email, &new->email);
	who->groups = new->groups;
	who->group_count = new->group_count;
	who->groups_digest = 0;
	new->groups = groups;
	new->group_count = count;
}

int oidc_person_renew(const struct oidc_options *options, const json_t *userinfo,
	struct identity *who, struct error *error)
{
	const struct sources sources = {{userinfo, NULL, NULL}};
	struct identity new = IDENTITY_INIT;
	int rc = read_profile(options, &sources, &new, error);

	if (rc == 0)
		take_over(options, userinfo, who, &new);
	identity_release(&new);
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

#include "base/text.h"

#include <strings.h>

/* Adds a group unless group-match excludes it. Returns 0, or -1 with an error. */
static int add_group(const struct oidc_options *options, const char *group, struct identity *who,
	struct error *error)
{
	if (group[0] == '\0')
		return 0;
	if (options->group_match.count > 0 &&
		!text_matches_any(options->group_match.items, options->group_match.count, group))
		return 0;
	if (identity_add_group(who, group) == 0)
		return 0;
	if (who->group_count >= IDENTITY_GROUPS_MAX)
		return error_set(error,
			"more than %d groups: keep those that rules name with group-match",
			IDENTITY_GROUPS_MAX);
	return error_set(error,
		"a group's name is longer than %d bytes or has control characters: exclude it with "
		"group-match",
		IDENTITY_GROUP_MAX);
}

/* Adds a part of a string, without the spaces around it. */
static int add_part(const struct oidc_options *options, const char *start, size_t length,
	struct identity *who, struct error *error)
{
	char *group;
	int rc;

	for (; length > 0 && start[0] == ' '; start++)
		length--;
	while (length > 0 && start[length - 1] == ' ')
		length--;
	group = strndup(start, length);
	if (group == NULL)
		return error_set(error, "out of memory for a group");
	rc = add_group(options, group, who, error);
	free(group);
	return rc;
}

/* Reads groups from a string. If it could be several groups, the operator must set
 * groups-separator. */
static int read_text(const struct oidc_options *options, const char *text, struct identity *who,
	struct error *error)
{
	const char *separator = options->groups_separator, *end;

	if (separator == NULL && (strchr(text, ',') != NULL || text[0] == '[' || text[0] == '{'))
		return error_set(error,
			"the claim \"%.64s\" is a string that may be one group or several: "
			"configure the provider to send an array, or set groups-separator to the "
			"separator (\"\": it is one group)",
			options->groups_claim);
	if (separator == NULL || separator[0] == '\0')
		return add_group(options, text, who, error);
	for (; (end = strchr(text, separator[0])) != NULL; text = end + 1)
		if (add_part(options, text, (size_t)(end - text), who, error) != 0)
			return -1;
	return add_part(options, text, strlen(text), who, error);
}

static int read_list(const struct oidc_options *options, const json_t *list, struct identity *who,
	struct error *error)
{
	const json_t *group;
	size_t i;

	json_array_foreach(list, i, group)
	{
		if (!json_is_string(group))
			return error_set(error,
				"the claim \"%.64s\" is an array with other members than strings: "
				"configure the provider to send an array of group names",
				options->groups_claim);
		if (add_group(options, json_string_value(group), who, error) != 0)
			return -1;
	}
	return 0;
}

/* Whether a member is the claim, or the first part of the claim's path. */
static bool leads_to(const char *name, const char *path)
{
	size_t length = strlen(name);

	return strncmp(name, path, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

static bool says_no(const json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_false(value) ||
	       (json_is_string(value) && strcasecmp(json_string_value(value), "false") == 0);
}

/* Whether some groups are not in the token: aggregated or distributed claims (OpenID Connect
 * Core 1.0 section 5.6.2), which Microsoft Entra ID sends instead of more than 200 groups. It also
 * sends "hasgroups", "groups:src1" and "groups":"src1" ("groups overage claim"). */
static bool are_elsewhere(const json_t *claims, const char *path)
{
	const json_t *found = oidc_claim(claims, path);
	size_t length = strlen(path);
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(claims, "_claim_names"), name, value)
	{
		if (leads_to(name, path) && !json_is_null(value))
			return true;
	}
	json_object_foreach((json_t *)claims, name, value)
	{
		if (strncmp(name, path, length) == 0 && strncmp(name + length, ":src", 4) == 0)
			return true;
	}
	if (json_is_string(found) && json_object_get(json_object_get(claims, "_claim_sources"),
					     json_string_value(found)) != NULL)
		return true;
	return strcmp(path, "groups") == 0 && !says_no(json_object_get(claims, "hasgroups"));
}

static int read_claim(const struct oidc_options *options, const json_t *claim, struct identity *who,
	struct error *error)
{
	if (json_is_string(claim))
		return read_text(options, json_string_value(claim), who, error);
	if (json_is_array(claim))
		return read_list(options, claim, who, error);
	return error_set(error,
		"the claim \"%.64s\" is neither a string nor an array of strings: configure the "
		"provider to send an array of group names",
		options->groups_claim);
}

int oidc_groups_read(const struct oidc_options *options, const json_t *const *sources,
	struct identity *who, struct error *error)
{
	for (; *sources != NULL && options->groups_claim[0] != '\0'; sources++) {
		const json_t *claim = oidc_claim(*sources, options->groups_claim);

		if (are_elsewhere(*sources, options->groups_claim))
			return error_set(error,
				"the provider sends a reference instead of all groups "
				"(overage: \"_claim_names\", \"hasgroups\"): configure it "
				"to send the groups assigned to this application; if no "
				"rule names groups, set groups-claim to \"\"");
		if (claim != NULL)
			return read_claim(options, claim, who, error);
	}
	return 0;
}

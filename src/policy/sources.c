/* SPDX-License-Identifier: MIT */
#include "policy/sources.h"

enum { EVERYTHING = SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL | SOURCE_ACR, LISTED_MAX = 4 };

/* The types of backends. Types not listed here may report everything. */
static const struct {
	const char *type;
	bool guests;	/* its people are guests */
	bool passwords; /* it uses the password form */
	unsigned tells;
	const char *groups_by, *email_by; /* the option that must be set for it to report them */
} types[] = {
	{"file", false, true, SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL, NULL, NULL},
	{"ldap", false, true, SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL, NULL, NULL},
	{"pam", false, true, SOURCE_SUBJECT | SOURCE_GROUPS, NULL, NULL},
	{"radius", false, true, SOURCE_SUBJECT | SOURCE_GROUPS, "groups-attribute", NULL},
	{"command", false, true, SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL, NULL, NULL},
	{"http", false, true, SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL, NULL, NULL},
	{"oidc", false, false, EVERYTHING, "groups-claim", "email-claim"},
	{"remote-user", false, false, SOURCE_SUBJECT | SOURCE_GROUPS | SOURCE_EMAIL, "groups",
		"email"},
	{"email", false, false, SOURCE_SUBJECT | SOURCE_EMAIL, NULL, NULL},
	{"guest", true, false, 0, NULL, NULL},
	{"guest-account", true, true, 0, NULL, NULL},
	{"invite", true, false, 0, NULL, NULL},
	{"meeting-key", true, false, 0, NULL, NULL},
};

enum { TYPES = sizeof types / sizeof *types };

/* The type's index in `types`, or TYPES. */
static size_t find_type(const struct section *backend)
{
	size_t at = 0;

	while (at < TYPES && strcmp(types[at].type, section_type(backend)) != 0)
		at++;
	return at;
}

bool policy_makes_guests(const struct section *backend)
{
	size_t at = find_type(backend);

	return at < TYPES && types[at].guests;
}

bool source_takes_passwords(const struct section *backend)
{
	size_t at = find_type(backend);

	return at < TYPES && types[at].passwords;
}

static bool is_set(const struct section *backend, const char *option)
{
	return option == NULL || !section_takes(backend, option) ||
	       section_string(backend, option)[0] != '\0';
}

/* Password files of nginx and Apache contain only names. */
static bool has_names_only(const struct section *backend)
{
	return strcmp(section_type(backend), "file") == 0 && section_takes(backend, "format") &&
	       strcmp(section_string(backend, "format"), "htpasswd") == 0;
}

bool source_tells(const struct section *backend, enum source what)
{
	size_t at = find_type(backend);

	if (at == TYPES)
		return true;
	if ((types[at].tells & what) == 0 || (what != SOURCE_SUBJECT && has_names_only(backend)))
		return false;
	if (what == SOURCE_GROUPS)
		return is_set(backend, types[at].groups_by);
	return what != SOURCE_EMAIL || is_set(backend, types[at].email_by);
}

size_t source_list(const struct settings *settings, enum source what, struct buffer *titles)
{
	size_t count = 0;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];

		if (!source_tells(backend, what))
			continue;
		if (++count <= LISTED_MAX)
			buffer_printf(
				titles, "%s\"%s\"", count > 1 ? ", " : "", section_title(backend));
	}
	if (count > LISTED_MAX)
		buffer_printf(titles, " and %zu more", count - LISTED_MAX);
	return count;
}

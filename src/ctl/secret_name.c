/* SPDX-License-Identifier: MIT */
#include "ctl/secret_name.h"

#include "base/text.h"
#include "ctl/given.h"
#include "service/state.h"

#include <strings.h>

void secret_name_fold(char *name)
{
	if (strchr(name, '/') == NULL)
		text_lower(name, name, strlen(name) + 1);
}

/* -- sections -- */

static void set_platform(struct secret_name *name, const struct section *section)
{
	*name = (struct secret_name){.section = section};
	name->platform = platform_find(section_type(section));
	snprintf(name->stored, sizeof name->stored, "%s", section_title(section));
}

static void set_backend(struct secret_name *name, const struct section *section)
{
	*name = (struct secret_name){.section = section};
	name->backend = auth_find(section_type(section));
	snprintf(name->stored, sizeof name->stored, "backend/%s", section_title(section));
}

/* Sets `name` to the nth section, platforms first. Returns false past the end. */
static bool at_index(const struct settings *settings, size_t index, struct secret_name *name)
{
	if (index < settings->platform_count)
		set_platform(name, settings->platforms[index]);
	else if (index - settings->platform_count < settings->backend_count)
		set_backend(name, settings->backends[index - settings->platform_count]);
	else
		return false;
	return true;
}

static bool is_for_meetings(const struct secret_name *name)
{
	return name->platform != NULL &&
	       name->platform->secret_scope == PLATFORM_SECRET_PER_MEETING;
}

static bool reads_none(const struct secret_name *name)
{
	if (name->platform != NULL)
		return name->platform->secret_scope == PLATFORM_SECRET_NONE;
	return name->backend != NULL && name->backend->secret == NULL;
}

/* -- meetings -- */

/* Sets the name of a meeting's secret, with the id that the driver finds for the typed meeting. */
static void name_meeting(const struct ctl *ctl, struct secret_name *name, const char *meeting)
{
	struct error error;
	char *id;

	if (given_meeting_id(name->section, meeting, &id, &error) != 0)
		ctl_usage(ctl->command, "%s", error.text);
	if (snprintf(name->stored, sizeof name->stored, "meeting/%s/%s",
		    section_title(name->section), id) > STORE_NAME_MAX)
		ctl_usage(ctl->command, "the meeting's name is too long");
	free(id);
}

/* Parses "meeting/PLATFORM/MEETING" for platforms with a secret per meeting. Returns the meeting,
 * or NULL for other names. */
static const char *find_meeting(
	const struct settings *settings, const char *typed, struct secret_name *name)
{
	static const char prefix[] = "meeting/";
	const char *title = typed + sizeof prefix - 1;
	size_t length;

	if (strncmp(typed, prefix, sizeof prefix - 1) != 0)
		return NULL;
	length = strcspn(title, "/");
	for (size_t i = 0; i < settings->platform_count && title[length] == '/'; i++) {
		set_platform(name, settings->platforms[i]);
		if (strlen(name->stored) == length &&
			strncasecmp(name->stored, title, length) == 0 && is_for_meetings(name))
			return title + length + 1;
	}
	return NULL;
}

/* -- all names -- */

static bool find_section(
	const struct settings *settings, const char *typed, struct secret_name *name)
{
	for (size_t i = 0; at_index(settings, i, name); i++)
		if (strcmp(name->stored, typed) == 0)
			return true;
	return false;
}

/* The password for the server of the state, or for its Sentinels. */
static bool is_of_state(
	const struct settings *settings, const char *typed, struct secret_name *name)
{
	if (!state_has_password(settings->state))
		return false;
	if (strcmp(typed, SERVICE_STATE_SECRET) == 0) {
		*name = (struct secret_name){.stored = SERVICE_STATE_SECRET};
		return true;
	}
	if (settings->sentinels.count == 0 || strcmp(typed, SERVICE_SENTINELS_SECRET) != 0)
		return false;
	*name = (struct secret_name){.stored = SERVICE_SENTINELS_SECRET};
	return true;
}

static _Noreturn void refuse_unknown(const struct ctl *ctl, const char *typed)
{
	struct buffer list = BUFFER_INIT(4096);
	struct secret_name name;

	for (size_t i = 0; at_index(ctl->settings, i, &name); i++)
		if (!reads_none(&name))
			buffer_printf(&list, "%s%s%s%s", list.length > 0 ? ", " : "",
				is_for_meetings(&name) ? "meeting/" : "", name.stored,
				is_for_meetings(&name) ? "/MEETING" : "");
	if (state_has_password(ctl->settings->state))
		buffer_printf(&list, "%s" SERVICE_STATE_SECRET "%s", list.length > 0 ? ", " : "",
			ctl->settings->sentinels.count > 0 ? ", " SERVICE_SENTINELS_SECRET : "");
	ctl_usage(ctl->command,
		"the configuration has no platform or backend \"%s\"; those with secrets are: %s",
		typed, list.length > 0 ? list.data : "none");
}

struct secret_name secret_name_find(const struct ctl *ctl, char *typed)
{
	struct secret_name name;
	const char *meeting = find_meeting(ctl->settings, typed, &name);

	if (meeting != NULL) {
		name_meeting(ctl, &name, meeting);
		return name;
	}
	secret_name_fold(typed);
	if (!find_section(ctl->settings, typed, &name)) {
		if (is_of_state(ctl->settings, typed, &name))
			return name;
		refuse_unknown(ctl, typed);
	}
	if (is_for_meetings(&name))
		ctl_usage(ctl->command,
			"\"%s\" has no secret of its own, but one for each meeting: "
			"meeting/%s/MEETING",
			typed, typed);
	if (reads_none(&name))
		ctl_usage(ctl->command, "\"%s\" needs no secret: type \"%s\" does not use one",
			typed, section_type(name.section));
	return name;
}

const char *secret_name_generated(const struct secret_name *name)
{
	if (name->platform != NULL)
		return name->platform->secret != NULL ? name->platform->secret->generated_hint
						      : NULL;
	if (name->section == NULL)
		return "the password to set at the server of the state";
	return name->backend != NULL && name->backend->secret != NULL
		       ? name->backend->secret->generated
		       : NULL;
}

int secret_name_fits(const struct secret_name *name, const char *secret, struct error *error)
{
	const struct platform_driver *driver = name->platform;
	void *instance = NULL;
	int rc = 0;

	if (driver == NULL || driver->secret == NULL || driver->secret->validate_secret == NULL)
		return 0;
	rc = platform_open(driver, name->section, &instance, error);
	if (rc == 0 && driver->secret->validate_secret(instance, secret, error) != 0)
		rc = error_prefix(error, "not stored: not a valid secret for %s: ", name->stored);
	platform_close(driver, &instance);
	return rc;
}

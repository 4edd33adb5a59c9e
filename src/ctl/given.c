/* SPDX-License-Identifier: MIT */
#include "ctl/given.h"

#include "base/clock.h"
#include "base/join.h"
#include "base/text.h"
#include "platform/registry.h"
#include "secret/seal.h"

#include <sodium.h>
#include <strings.h>
#include <unistd.h>

enum { RANDOM_SIZE = 32 }; /* bytes */

const char given_expiry_form[] =
	"--expires takes 2026-12-31, 2026-12-31T18:00Z or a duration like 30d, and must lie ahead";

/* ---- sections ---- */

static bool is_meant(const struct section *backend, const char *type, const char *title)
{
	return strcmp(section_type(backend), type) == 0 &&
	       (title == NULL || strcmp(section_title(backend), title) == 0);
}

const struct section *given_backend(struct ctl *ctl, const struct ctl_command *command,
	const char *type, const char *title, int *status_r)
{
	const struct settings *settings = ctl_settings(ctl);
	const struct section *backend = NULL;
	struct error error;
	size_t found = 0;

	*status_r = EX_CONFIG;
	if (settings == NULL)
		return NULL;
	for (size_t i = 0; i < settings->backend_count; i++)
		if (is_meant(settings->backends[i], type, title)) {
			backend = settings->backends[i];
			found++;
		}
	if (found == 1)
		return backend;
	if (found > 1) {
		*status_r = ctl_usage(command,
			"there are several backends of type %s: name one with --backend", type);
		return NULL;
	}
	error_set(&error, "%s: no backend %s%sof type %s", settings->file,
		title != NULL ? title : "", title != NULL ? " " : "", type);
	*status_r = ctl_fail(EX_CONFIG, &error);
	return NULL;
}

const char *given_path(struct ctl *ctl, const struct ctl_command *command, const char *type,
	const char *file, const char *title, int *status_r)
{
	const struct section *backend = given_backend(ctl, command, type, title, status_r);
	const char *path = backend != NULL ? section_string(backend, file) : NULL;
	struct error error;

	if (path == NULL || path[0] == '/')
		return path;
	section_error(backend, file, &error, "must be an absolute path");
	*status_r = ctl_fail(EX_CONFIG, &error);
	return NULL;
}

const struct section *given_platform(const struct settings *settings, const char *title)
{
	for (size_t i = 0; i < settings->platform_count; i++)
		if (strcasecmp(section_title(settings->platforms[i]), title) == 0)
			return settings->platforms[i];
	return NULL;
}

int given_meeting_id(
	const struct section *platform, const char *text, char **id_r, struct error *error)
{
	bool compiled_out;
	const struct platform_driver *driver = platform_find(section_type(platform), &compiled_out);
	void *instance = NULL;
	int rc;

	*id_r = NULL;
	if (driver == NULL)
		return section_error(platform, "type", error, "is not built in");
	if (platform_open(driver, platform, &instance, error) != 0)
		return -1;
	rc = platform_meeting_id(driver, instance, text, id_r, error);
	platform_close(driver, &instance);
	if (rc != 0)
		return error_prefix(
			error, "\"%.100s\" is no meeting of %s: ", text, section_title(platform));
	return 0;
}

const char *given_meeting(struct ctl *ctl, const struct ctl_command *command, const char *platform,
	const char *meeting, char **id_r, int *status_r)
{
	const struct settings *settings = ctl_settings(ctl);
	const struct section *section;
	struct error error;

	*status_r = EX_CONFIG;
	if (settings == NULL)
		return NULL;
	*status_r = EX_USAGE;
	if (platform == NULL || meeting == NULL) {
		ctl_usage(command, "--platform and --meeting are needed");
		return NULL;
	}
	section = given_platform(settings, platform);
	if (section == NULL) {
		ctl_usage(command, "the configuration has no platform \"%s\"", platform);
		return NULL;
	}
	if (given_meeting_id(section, meeting, id_r, &error) != 0) {
		ctl_usage(command, "--meeting: %s", error.text);
		return NULL;
	}
	if (join_is_meeting_id(*id_r))
		return section_title(section);
	ctl_usage(command, "--meeting: \"%.100s\" has characters that cannot be noted, or too many",
		*id_r);
	free(*id_r);
	*id_r = NULL;
	return NULL;
}

/* ---- times ---- */

int given_expiry(const char *text, int64_t *expires_r)
{
	int64_t now = clock_wall(), milliseconds;

	if (text == NULL)
		return 0;
	if (text_to_time(text, expires_r) != 0) {
		/* Digits alone would be seconds, which nobody means: "2026" is half an hour. */
		if (text[strspn(text, "0123456789")] == '\0' ||
			text_to_duration(text, &milliseconds) != 0)
			return -1;
		*expires_r = now + milliseconds / 1000;
	}
	return *expires_r > now ? 0 : -1;
}

/* ---- secrets ---- */

static bool is_same(const struct secret *a, const struct secret *b)
{
	return secret_length(a) == secret_length(b) &&
	       seal_equal(secret_text(a), secret_text(b), secret_length(a));
}

struct secret *given_secret(const char *prompt, struct error *error)
{
	struct secret *value = secret_read(STDIN_FILENO, prompt, error), *again;

	if (value == NULL || !isatty(STDIN_FILENO))
		return value;
	again = secret_read(STDIN_FILENO, "The same again: ", error);
	if (again == NULL) {
		secret_free(&value);
	} else if (!is_same(value, again)) {
		error_set(error, "the two are not the same; nothing was stored");
		secret_free(&value);
	}
	secret_free(&again);
	return value;
}

struct secret *given_random(void)
{
	uint8_t bytes[RANDOM_SIZE];
	char text[RANDOM_SIZE * 2];
	struct secret *value;

	seal_random(bytes, sizeof bytes);
	sodium_bin2base64(
		text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	value = secret_new(text, strlen(text));
	explicit_bzero(bytes, sizeof bytes);
	explicit_bzero(text, sizeof text);
	return value;
}

/* SPDX-License-Identifier: MIT */
#include "ctl/given.h"

#include "auth/attempt.h"
#include "base/clock.h"
#include "base/join.h"
#include "base/text.h"
#include "platform/registry.h"
#include "secret/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

enum { RANDOM_SIZE = 32 }; /* bytes */

/* ---- sections ---- */

const struct section *given_backend_that(const struct ctl *ctl,
	bool (*fits)(const struct section *, const char *), const char *type, const char *what)
{
	const struct settings *settings = ctl->settings;
	const char *title = ctl->given.backend;
	const struct section *found = NULL;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];

		if (!fits(backend, type) ||
			(title != NULL && strcmp(section_title(backend), title) != 0))
			continue;
		if (found != NULL)
			ctl_usage(ctl->command,
				"there are several backends %s: choose one with --backend", what);
		found = backend;
	}
	if (found == NULL)
		ctl_die(EX_CONFIG, "%s: no backend %s%s%s", settings->file,
			title != NULL ? title : "", title != NULL ? " " : "", what);
	return found;
}

static bool has_type(const struct section *backend, const char *type)
{
	return strcmp(section_type(backend), type) == 0;
}

const struct section *given_backend(const struct ctl *ctl, const char *type)
{
	char of_type[64];

	snprintf(of_type, sizeof of_type, "of type %s", type);
	return given_backend_that(ctl, has_type, type, of_type);
}

int given_meeting_id(
	const struct section *platform, const char *text, char **id_r, struct error *error)
{
	const struct platform_driver *driver = platform_find(section_type(platform));
	void *instance = NULL;
	int rc;

	*id_r = NULL;
	if (platform_open(driver, platform, &instance, error) != 0)
		return -1;
	rc = platform_meeting_id(driver, instance, text, id_r, error);
	platform_close(driver, &instance);
	if (rc != 0)
		return error_prefix(error, "\"%.100s\" is not a meeting of %s: ", text,
			section_title(platform));
	return 0;
}

const struct section *given_meeting(const struct ctl *ctl, char **id_r)
{
	const struct section *platform = config_platform(ctl->settings, ctl->given.platform);
	struct error error;

	if (platform == NULL)
		ctl_usage(ctl->command, "the configuration has no platform \"%s\"",
			ctl->given.platform);
	if (given_meeting_id(platform, ctl->given.meeting, id_r, &error) != 0)
		ctl_usage(ctl->command, "--meeting: %s", error.text);
	if (!join_is_meeting_id(*id_r))
		ctl_usage(
			ctl->command, "--meeting: \"%.100s\" is not %s", *id_r, JOIN_MEETING_FORM);
	return platform;
}

/* ---- times ---- */

/* Parses a text of GIVEN_END_FORM; a duration counts from `now`, backwards if `sign` is -1. Returns
 * 0 for another text. */
static int64_t parse_when(const char *text, int64_t now, int sign)
{
	int64_t seconds, milliseconds;

	if (text_to_time(text, &seconds) == 0)
		return seconds;
	/* Refuse digits alone: as seconds, "2026" would be half an hour. */
	if (text[strspn(text, "0123456789")] == '\0' || text_to_duration(text, &milliseconds) != 0)
		return 0;
	return now + sign * (milliseconds / 1000);
}

int given_end(const char *text, int64_t *end_r)
{
	int64_t now = clock_wall();

	*end_r = parse_when(text, now, 1);
	return *end_r > now ? 0 : -1;
}

int64_t given_since(const struct ctl *ctl)
{
	int64_t now = clock_wall(), since;

	if (ctl->given.since == NULL)
		return 0;
	since = parse_when(ctl->given.since, now, -1);
	if (since <= 0 || since > now)
		ctl_usage(ctl->command, "--since: expected " GIVEN_END_FORM ", in the past");
	return since;
}

int64_t given_expiry(const struct ctl *ctl, int64_t otherwise)
{
	int64_t expires;

	if (ctl->given.expires == NULL)
		return otherwise;
	if (given_end(ctl->given.expires, &expires) != 0)
		ctl_usage(ctl->command, "--expires: expected " GIVEN_END_FORM ", in the future");
	return expires;
}

/* ---- secrets ---- */

bool given_same(const struct secret *a, const struct secret *b)
{
	return secret_length(a) == secret_length(b) &&
	       seal_equal(secret_text(a), secret_text(b), secret_length(a));
}

struct secret *given_secret(int fd, const char *prompt)
{
	struct secret *value = ctl_need(EX_DATAERR, secret_read(fd, prompt, &ctl_error)), *again;

	if (!isatty(fd))
		return value;
	again = ctl_need(EX_DATAERR, secret_read(fd, "Repeat it: ", &ctl_error));
	if (!given_same(value, again))
		ctl_die(EX_DATAERR, "the two do not match; nothing was stored");
	secret_free(&again);
	return value;
}

int given_open(const char *option, const char *path)
{
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (path != NULL && fd < 0)
		ctl_die(EX_NOINPUT, "%s: cannot open %s: %s", option, path, strerror(errno));
	return fd;
}

void given_read(int fd, const char *name, struct buffer *text)
{
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof part)) > 0)
		buffer_append(text, part, (size_t)got);
	explicit_bzero(part, sizeof part);
	if (got < 0)
		ctl_die(EX_NOINPUT, "%s: %s", name, strerror(errno));
	if (text->failed)
		ctl_die(EX_DATAERR, "%s: longer than %zu bytes", name, text->maximum);
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
	if (value == NULL)
		xno_memory();
	return value;
}

int given_password_fits(
	const struct secret *password, const char *what, size_t minimum, struct error *error)
{
	const char *text = secret_text(password);
	size_t length = secret_length(password);

	if (length < minimum || length > AUTH_PASSWORD_MAX)
		return error_set(
			error, "a %s must have %zu to %d bytes", what, minimum, AUTH_PASSWORD_MAX);
	if (strlen(text) != length || !text_is_printable(text))
		return error_set(error,
			"the %s is not UTF-8 or has a control character (a line end?), which login "
			"forms cannot send",
			what);
	return 0;
}

void given_check_password(const struct secret *password, const char *what, size_t minimum)
{
	ctl_must(EX_DATAERR, given_password_fits(password, what, minimum, &ctl_error));
}

void given_hash(const char *password, char hash[PASSWORD_HASH_SIZE])
{
	if (password_hash(password, hash) != 0)
		ctl_die(EX_OSERR, "out of memory: hashing a password needs 64 MiB");
}

struct given_person given_person(const struct ctl *ctl)
{
	char *text = ctl->given.operands[0], *slash = strchr(text, '/');
	struct given_person who = {NULL, text};

	if (slash != NULL) {
		*slash = '\0';
		if (config_backend(ctl->settings, text) != NULL)
			who = (struct given_person){text, slash + 1};
		else
			*slash = '/';
	}
	if (who.subject[0] == '\0')
		ctl_usage(ctl->command, "the name is empty");
	return who;
}

/* SPDX-License-Identifier: MIT */
#include "config/settings.h"

#include "base/buffer.h"
#include "base/text.h"
#include "config/section.h"

enum {
	IN_FLIGHT_MAX = 1000000,
	RATE_MAX = 100000,
	SESSION_LIFETIME_MAX_S = 400 * 24 * 3600, /* revocations are kept so long */
	LANGUAGE_MAX = 35,			  /* RFC 5646 section 4.4.1 */
};

static int need_text(
	const struct section *file, const char *name, const char **text_r, struct error *error)
{
	*text_r = section_string(file, name);
	if (*text_r[0] == '\0')
		return section_error(
			file, name, error, "is empty: write it, or leave the option out");
	return 0;
}

/* The path of base-url: segments of unreserved characters (RFC 3986 section 2.3), which no proxy
 * and no browser rewrites. */
static bool is_mount(const char *path)
{
	char segment[256];

	while (*path == '/') {
		size_t length = strcspn(++path, "/");

		if (length >= sizeof segment)
			return false;
		memcpy(segment, path, length);
		segment[length] = '\0';
		if (!text_is_token(segment, 1, sizeof segment, "-._~"))
			return false;
		path += length;
	}
	return *path == '\0';
}

/* Takes base-url apart: the path into the mount, the rest in place into the origin. */
static int split_base_url(struct arena *arena, struct settings *settings,
	const struct section *file, char *url, struct error *error)
{
	size_t length = strlen(url);
	char *path;

	if (length == 0)
		return error_set(error, "%s: out of memory", settings->file);
	if (url[length - 1] == '/')
		url[length - 1] = '\0';
	path = strchr(strstr(url, "://") + 3, '/');
	settings->mount = arena_copy(arena, path != NULL ? path : "");
	if (!is_mount(settings->mount))
		return section_error(file, "base-url", error,
			"the path \"%.128s\" may have letters, digits and -._~ between single "
			"slashes only",
			settings->mount);
	if (path != NULL)
		*path = '\0';
	config_to_origin(url);
	settings->origin = url;
	return 0;
}

static int read_base_url(struct arena *arena, struct settings *settings, const struct section *file,
	struct error *error)
{
	const char *written = section_string(file, "base-url");
	struct buffer url = BUFFER_INIT(2048);
	struct error why;

	if (!section_has(file, "base-url"))
		return section_error(file, NULL, error,
			"base-url is missing: write base-url = \"https://this.host/auth\"");
	if (config_check_url(written, &why) != 0)
		return section_error(file, "base-url", error, "\"%.128s\" %s", written, why.text);
	if (split_base_url(arena, settings, file, arena_copy(arena, written), error) != 0)
		return -1;
	buffer_printf(&url, "%s%s", settings->origin, settings->mount);
	settings->base_url = arena_copy(arena, url.data != NULL ? url.data : "");
	buffer_release(&url);
	return 0;
}

static int read_paths(struct settings *settings, const struct section *file, struct error *error)
{
	if (need_text(file, "store", &settings->store, error) != 0 ||
		need_text(file, "store-key", &settings->store_key, error) != 0 ||
		need_text(file, "state", &settings->state, error) != 0)
		return -1;
	return need_text(file, "share", &settings->share, error);
}

/* A lifetime: at least a second, and whole ones, since that is how cookies and tickets count. */
static int read_lifetime(
	const struct section *file, const char *name, int64_t *seconds_r, struct error *error)
{
	int64_t milliseconds = section_milliseconds(file, name);

	*seconds_r = milliseconds / 1000;
	if (milliseconds < 1000 || milliseconds % 1000 != 0)
		return section_error(file, name, error, "whole seconds are needed, at least 1");
	return 0;
}

static int read_lifetimes(
	struct settings *settings, const struct section *file, struct error *error)
{
	if (read_lifetime(file, "session-lifetime", &settings->session_lifetime, error) != 0 ||
		read_lifetime(file, "session-idle", &settings->session_idle, error) != 0 ||
		read_lifetime(file, "ticket-lifetime", &settings->ticket_lifetime, error) != 0)
		return -1;
	if (settings->session_lifetime > SESSION_LIFETIME_MAX_S)
		return section_error(file, "session-lifetime", error, "must be 400 days at most");
	settings->drain_timeout_ms = section_milliseconds(file, "drain-timeout");
	if (settings->session_idle <= settings->session_lifetime)
		return 0;
	return section_error(file,
		section_has(file, "session-idle") ? "session-idle" : "session-lifetime", error,
		"session-idle (%lld s) is longer than session-lifetime (%lld s)",
		(long long)settings->session_idle, (long long)settings->session_lifetime);
}

static int read_rate(
	const struct section *file, const char *name, struct config_rate *rate, struct error *error)
{
	const char *text = section_string(file, name);
	const char *slash = strchr(text, '/');
	char digits[16];
	int64_t count;

	if (slash == NULL || (size_t)(slash - text) >= sizeof digits)
		goto wrong;
	memcpy(digits, text, (size_t)(slash - text));
	digits[slash - text] = '\0';
	if (text_to_number(digits, 1, RATE_MAX, &count) != 0 ||
		text_to_duration(slash + 1, &rate->period_ms) != 0 || rate->period_ms == 0)
		goto wrong;
	rate->count = (unsigned)count;
	return 0;
wrong:
	return section_error(file, name, error,
		"a rate like \"10/10m\" is needed, with a count from 1 to %d, not \"%.64s\"",
		RATE_MAX, text);
}

static int read_limits(struct settings *settings, const struct section *file, struct error *error)
{
	int64_t in_flight = section_number(file, "max-in-flight");

	if (read_rate(file, "throttle-account", &settings->throttle_account, error) != 0 ||
		read_rate(file, "throttle-address", &settings->throttle_address, error) != 0 ||
		read_rate(file, "throttle-joins", &settings->throttle_joins, error) != 0 ||
		read_rate(file, "throttle-refused", &settings->throttle_refused, error) != 0)
		return -1;
	if (in_flight < 1 || in_flight > IN_FLIGHT_MAX)
		return section_error(file, "max-in-flight", error,
			"a number from 1 to %d is needed", IN_FLIGHT_MAX);
	settings->max_in_flight = (unsigned)in_flight;
	return 0;
}

/* One of two words: 0 or 1. */
static int read_choice(const struct section *file, const char *name, const char *const words[2],
	struct error *error)
{
	const char *text = section_string(file, name);

	for (int i = 0; i < 2; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return section_error(file, name, error, "\"%s\" or \"%s\" is needed, not \"%.64s\"",
		words[0], words[1], text);
}

static int read_log(struct settings *settings, const struct section *file, struct error *error)
{
	static const char *const targets[2] = {"stderr", "syslog"};
	static const char *const formats[2] = {"logfmt", "json"};
	int target = read_choice(file, "log", targets, error);
	int format = target < 0 ? -1 : read_choice(file, "log-format", formats, error);

	if (format < 0)
		return -1;
	settings->log = target == 0 ? CONFIG_LOG_STDERR : CONFIG_LOG_SYSLOG;
	settings->log_format = format == 0 ? CONFIG_LOGFMT : CONFIG_JSON;
	return 0;
}

static int read_languages(
	struct settings *settings, const struct section *file, struct error *error)
{
	struct config_list *list = &settings->languages;

	list->items = section_list(file, "languages", &list->count);
	if (list->count == 0)
		return section_error(file, "languages", error, "name at least one, as {\"en\"}");
	for (size_t i = 0; i < list->count; i++) {
		if (!text_is_token(list->items[i], 2, LANGUAGE_MAX, "-"))
			return section_error(file, "languages", error,
				"\"%.64s\" is not the name of a language like en or pt-BR",
				list->items[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(list->items[i], list->items[j]) == 0)
				return section_error(file, "languages", error,
					"\"%s\" stands there twice", list->items[i]);
	}
	return 0;
}

/* The logo is on this site, since no page may load anything from another. */
static int read_brand(struct settings *settings, const struct section *file, struct error *error)
{
	const char *logo = section_string(file, "brand-logo");
	bool path = logo[0] == '/' && logo[1] != '/' && text_is_visible_ascii(logo);

	settings->brand_name = section_string(file, "brand-name");
	settings->brand_logo = logo;
	if (logo[0] != '\0' && !path)
		return section_error(file, "brand-logo", error,
			"a path on this host like \"/auth/static/logo.svg\" is needed, not "
			"\"%.64s\"",
			logo);
	return 0;
}

int settings_read(
	struct arena *arena, cfg_t *parsed, struct settings *settings, struct error *error)
{
	static const struct schema_kind kind = {NULL, schema_file_options, NULL};
	const struct section *file = section_read(arena, settings->file, &kind, parsed, error);

	settings->top = file;
	if (file == NULL || read_base_url(arena, settings, file, error) != 0 ||
		read_paths(settings, file, error) != 0 ||
		read_lifetimes(settings, file, error) != 0 ||
		read_limits(settings, file, error) != 0 || read_log(settings, file, error) != 0 ||
		read_languages(settings, file, error) != 0)
		return -1;
	return read_brand(settings, file, error);
}

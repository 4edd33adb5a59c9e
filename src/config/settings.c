/* SPDX-License-Identifier: MIT */
#include "config/settings.h"

#include "base/buffer.h"
#include "base/text.h"
#include "config/section.h"

/* Whether the path of base-url consists of unreserved characters (RFC 3986 section 2.3), which no
 * proxy or browser rewrites. */
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

/* Splits base-url: copies the path into the mount and cuts `url` down to the origin, in place. */
static int split_base_url(struct arena *arena, struct settings *settings,
	const struct section *file, char *url, struct error *error)
{
	size_t length = strlen(url);
	char *path;

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
	struct buffer url = BUFFER_INIT(2048);

	if (split_base_url(arena, settings, file, arena_copy(arena, settings->base_url), error) !=
		0)
		return -1;
	buffer_printf(&url, "%s%s", settings->origin, settings->mount);
	settings->base_url = arena_copy(arena, url.data != NULL ? url.data : "");
	buffer_release(&url);
	return 0;
}

static int check_lifetimes(
	const struct settings *settings, const struct section *file, struct error *error)
{
	if (settings->session_idle <= settings->session_lifetime)
		return 0;
	return section_error(file,
		section_has(file, "session-idle") ? "session-idle" : "session-lifetime", error,
		"session-idle (%lld s) is longer than session-lifetime (%lld s)",
		(long long)settings->session_idle, (long long)settings->session_lifetime);
}

int config_check_reload(const struct settings *old_settings, const struct settings *new_settings,
	struct error *error)
{
	struct buffer names = BUFFER_INIT(512);
	size_t count = section_fixed_changes(old_settings->top, new_settings->top, &names);
	int rc = 0;

	if (count > 0)
		rc = error_set(error, "%s: %s: cannot change while the pool runs; restart the pool",
			new_settings->file, names.data != NULL ? names.data : "");
	buffer_release(&names);
	return rc;
}

int settings_read(
	struct arena *arena, cfg_t *parsed, struct settings *settings, struct error *error)
{
	static const struct schema_kind kind = {NULL, schema_file_options, NULL, NULL};
	const struct section *file = section_read(arena, settings->sources, &kind, parsed, error);

	settings->top = file;
	if (file == NULL || section_fill(file, settings, error) != 0 ||
		read_base_url(arena, settings, file, error) != 0)
		return -1;
	return check_lifetimes(settings, file, error);
}

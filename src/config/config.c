/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/arena.h"
#include "config/desk.h"
#include "config/environment.h"
#include "config/rules.h"
#include "config/section.h"
#include "config/settings.h"
#include "config/source.h"

#include <pthread.h>
#include <strings.h>

enum { TITLE_MAX = 64 };

struct load {
	struct settings settings; /* first: config_free() gets a pointer to it */
	struct arena arena;
	struct sources sources;
};

/* libconfuse's scanner is global. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

static int check_platform_title(struct arena *arena, struct section *section, struct error *error)
{
	char *title = arena_copy(arena, section->title);

	if (!text_is_host(title))
		return section_error(section, NULL, error,
			"a platform's title is its host name, or host:port, as the platform names "
			"itself");
	text_lower(title, title, strlen(title) + 1);
	section->title = title;
	return 0;
}

static int check_backend_title(struct arena *arena, struct section *section, struct error *error)
{
	if (!text_is_token(section->title, 1, TITLE_MAX, "_.-"))
		return section_error(section, NULL, error,
			"a backend's title has 1 to %d letters, digits, _ . and -, and not dots "
			"alone",
			TITLE_MAX);
	return 0;
}

static void add_section(const struct section **sections, size_t *count, struct section *section)
{
	struct value *label = section_value(section, "label");

	if (label != NULL && label->line == 0)
		label->text = section->title;
	sections[(*count)++] = section;
}

static int read_sections(struct load *load, const struct schema_kind *kind, cfg_t *parsed,
	const struct section ***array_r, size_t *count_r, struct error *error)
{
	cfg_opt_t *option = schema_option(parsed, kind->name);
	unsigned count = cfg_opt_size(option);

	*array_r = arena_alloc(&load->arena, count, sizeof **array_r);
	if (count == 0)
		return error_set(error,
			"%s:1: no %s: write at least one section %s \"…\" { type = \"…\" }",
			load->settings.file, kind->name, kind->name);
	for (unsigned i = 0; i < count; i++) {
		struct section *section = section_read(
			&load->arena, &load->sources, kind, cfg_opt_getnsec(option, i), error);

		if (section == NULL)
			return -1;
		add_section(*array_r, count_r, section);
	}
	return 0;
}

static int compare_titles(const void *a, const void *b)
{
	const struct section *const *one = a, *const *other = b;

	return strcasecmp((*one)->title, (*other)->title);
}

/* Rules name platforms, and there may be thousands of both. */
static void sort_platforms(struct load *load)
{
	struct settings *settings = &load->settings;
	size_t count = settings->platform_count;
	const struct section **sorted = arena_alloc(&load->arena, count, sizeof *sorted);

	memcpy(sorted, settings->platforms, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_titles);
	settings->platforms_by_title = sorted;
}

static int read_all(
	struct load *load, struct config_types types, cfg_t *parsed, struct error *error)
{
	const struct schema_kind platform = {
		"platform", schema_platform_options, types.platforms, check_platform_title};
	const struct schema_kind backend = {
		"backend", schema_backend_options, types.backends, check_backend_title};
	struct settings *settings = &load->settings;
	const struct section **platforms = NULL, **backends = NULL;

	if (settings_read(&load->arena, parsed, settings, error) != 0 ||
		read_sections(load, &platform, parsed, &platforms, &settings->platform_count,
			error) != 0 ||
		read_sections(load, &backend, parsed, &backends, &settings->backend_count, error) !=
			0)
		return -1;
	settings->platforms = platforms;
	settings->backends = backends;
	sort_platforms(load);
	if (rules_read(&load->arena, settings->sources, parsed, &settings->policy, error) != 0 ||
		desk_read(&load->arena, parsed, settings, error) != 0)
		return -1;
	return 0;
}

struct settings *config_load(const char *file, struct config_types types, struct error *error)
{
	struct load *load = xcalloc(1, sizeof *load);
	struct settings *settings = &load->settings;
	cfg_t *parsed;
	int rc = -1;

	settings->file = arena_copy(&load->arena, file);
	settings->sources = &load->sources;
	pthread_mutex_lock(&parsing);
	parsed = schema_parse(settings->file, types, &load->sources, error);
	if (parsed != NULL) {
		rc = environment_apply(parsed, types, &load->sources, error);
		if (rc == 0)
			rc = read_all(load, types, parsed, error);
		cfg_free(parsed);
	}
	pthread_mutex_unlock(&parsing);
	if (rc != 0)
		config_free(&settings);
	return settings;
}

void config_free(struct settings **settings)
{
	struct load *load = (struct load *)*settings;

	if (load == NULL)
		return;
	sources_release(&load->sources);
	arena_release(&load->arena);
	free(load);
	*settings = NULL;
}

struct file_stamp config_stamp(const struct settings *settings)
{
	const struct sources *sources = settings->sources;
	struct file_stamp all = {0};

	for (size_t i = 0; i < sources->file_count; i++)
		sources_add_stamp(&all, sources->files[i]);
	for (size_t i = 0; i < sources->folder_count; i++)
		sources_add_stamp(&all, sources->folders[i]);
	return all;
}

struct file_stamp config_stamp_read(const struct settings *settings)
{
	return settings->sources->stamp;
}

const struct section *config_platform(const struct settings *settings, const char *title)
{
	const struct section wanted = {.title = title}, *key = &wanted;
	const struct section *const *found = bsearch(&key, settings->platforms_by_title,
		settings->platform_count, sizeof *settings->platforms_by_title, compare_titles);

	return found != NULL ? *found : NULL;
}

const struct section *config_backend(const struct settings *settings, const char *title)
{
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strcmp(section_title(settings->backends[i]), title) == 0)
			return settings->backends[i];
	return NULL;
}

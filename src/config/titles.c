/* SPDX-License-Identifier: MIT */
#include "config/titles.h"

#include "base/memory.h"

#include <stdint.h>
#include <strings.h>

/* The sections of one option that were taken out. */
struct titled {
	struct titled *next;
	cfg_opt_t *option;
	cfg_value_t **sections;
	unsigned count, room;
};

static struct titled *all; /* as libconfuse's scanner, one for the program */

static struct titled *titled_of(cfg_opt_t *option)
{
	struct titled *titled = all;

	while (titled != NULL && titled->option != option)
		titled = titled->next;
	if (titled == NULL) {
		titled = xcalloc(1, sizeof *titled);
		titled->next = all;
		titled->option = option;
		all = titled;
	}
	return titled;
}

static void add_titled(struct titled *titled, cfg_value_t *section)
{
	cfg_value_t **sections = titled->sections;

	if (titled->count == titled->room) {
		titled->room = 2 * titled->room + 8;
		sections = realloc(sections, titled->room * sizeof(cfg_value_t *));
		if (sections == NULL)
			xno_memory();
		titled->sections = sections;
	}
	sections[titled->count++] = section;
}

/* Frees the options that the section does not set, in the way of cfg_free(). */
static void drop_unset(cfg_t *section)
{
	cfg_opt_t *kept = section->opts, *opts;

	for (cfg_opt_t *opt = section->opts; opt->name != NULL; opt++) {
		if (opt->comment != NULL || opt->nvalues > 0) {
			*kept++ = *opt;
			continue;
		}
		cfg_free_value(opt);
		free((void *)(uintptr_t)opt->name);
	}
	*kept++ = (cfg_opt_t){.name = NULL};
	opts = realloc(section->opts, (size_t)(kept - section->opts) * sizeof *opts);
	if (opts == NULL)
		xno_memory();
	section->opts = opts;
}

int titles_take_out(cfg_t *parent, cfg_opt_t *option)
{
	drop_unset(option->values[0]->section);
	add_titled(titled_of(option), option->values[0]);
	option->nvalues = 0;
	return 0;
}

static void put_back(struct titled *titled)
{
	cfg_opt_t *option = titled->option;

	if (option->nvalues > 0) /* after an error: the last section did not end */
		add_titled(titled, option->values[0]);
	free(option->values);
	option->values = titled->sections;
	option->nvalues = titled->count;
}

void titles_put_back(void)
{
	while (all != NULL) {
		struct titled *titled = all;

		all = titled->next;
		put_back(titled);
		free(titled);
	}
}

/* Host names are compared regardless of case. */
static int compare_titles(cfg_t *one, cfg_t *other)
{
	return strcmp(one->name, "platform") == 0 ? strcasecmp(one->title, other->title)
						  : strcmp(one->title, other->title);
}

static int compare_sections(const void *a, const void *b)
{
	const cfg_value_t *const *one = a, *const *other = b;
	int order = compare_titles((*one)->section, (*other)->section);

	return order != 0 ? order : schema_line((*one)->section) - schema_line((*other)->section);
}

static int refuse_same(
	const struct sources *sources, cfg_t *first, cfg_t *second, struct error *error)
{
	char where[CONFIG_WHERE_SIZE];

	error_set(error, "%s \"%.64s\": duplicate: the same is %s", second->name, second->title,
		sources_where(sources, schema_line(first), schema_line(second), where));
	return sources_blame(sources, schema_line(second), error);
}

static int refuse_same_titles(cfg_opt_t *option, const struct sources *sources, struct error *error)
{
	cfg_value_t **sorted = xcalloc(option->nvalues + 1, sizeof *sorted);
	int rc = 0;

	if (option->nvalues > 0)
		memcpy(sorted, option->values, option->nvalues * sizeof *sorted);
	qsort(sorted, option->nvalues, sizeof *sorted, compare_sections);
	for (unsigned i = 1; i < option->nvalues && rc == 0; i++) {
		cfg_t *first = sorted[i - 1]->section, *second = sorted[i]->section;

		if (compare_titles(first, second) == 0)
			rc = refuse_same(sources, first, second, error);
	}
	free(sorted);
	return rc;
}

int titles_refuse_same(cfg_t *parsed, const struct sources *sources, struct error *error)
{
	int rc = 0;

	for (cfg_opt_t *opt = parsed->opts; opt->name != NULL && rc == 0; opt++) {
		unsigned count = opt->type == CFGT_SEC ? opt->nvalues : 0;

		if (opt->flags & CFGF_TITLE)
			rc = refuse_same_titles(opt, sources, error);
		for (unsigned i = 0; i < count && !(opt->flags & CFGF_TITLE) && rc == 0; i++)
			rc = titles_refuse_same(opt->values[i]->section, sources, error);
	}
	return rc;
}

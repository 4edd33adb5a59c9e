/* SPDX-License-Identifier: MIT */
#include "config/section.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/nearest.h"
#include "config/source.h"
#include "config/value.h"

static bool is_empty_list(cfg_opt_t *parsed)
{
	return cfg_opt_size(parsed) == 1 && strcmp(cfg_opt_getnstr(parsed, 0), SOURCE_EMPTY) == 0;
}

static int read_list(struct arena *arena, const struct section *section, struct value *value,
	cfg_opt_t *parsed, struct error *error)
{
	size_t count = is_empty_list(parsed) ? 0 : cfg_opt_size(parsed);

	value->items = arena_alloc(arena, count + 1, sizeof *value->items);
	while (value->count < count)
		if (value_add(arena, section, value,
			    cfg_opt_getnstr(parsed, (unsigned)value->count), error) != 0)
			return -1;
	return value_check_count(section, value, error);
}

/* A list's default is written in the driver's table as in the file, so libconfuse parses it. */
static int read_list_fallback(struct arena *arena, const struct section *section,
	struct value *value, struct error *error)
{
	cfg_opt_t options[] = {
		{.name = "list", .type = CFGT_STR, .flags = CFGF_LIST}, {.name = NULL}};
	struct buffer text = BUFFER_INIT(4096);
	cfg_t *parsed;
	int rc;

	buffer_text(&text, value->option->fallback);
	options[0].def.parsed = text.data;
	parsed = cfg_init(options, CFGF_NONE); /* aborts if the table is wrong */
	if (parsed == NULL || text.failed)
		xno_memory();
	rc = read_list(arena, section, value, schema_option(parsed, "list"), error);
	cfg_free(parsed);
	buffer_release(&text);
	return rc;
}

/* The default of an origin is made from the title. */
static int read_fallback(struct arena *arena, const struct section *section, struct value *value,
	struct error *error)
{
	const struct option *option = value->option;
	struct buffer origin = BUFFER_INIT(512);
	int rc;

	value->text = "";
	if (option->required)
		return section_error(section, option->name, error,
			option->kind == OPTION_LIST ? "is missing: write %s = {\"…\"}, %s"
						    : "is missing: write %s = \"…\", %s",
			option->name, option->help);
	if (option->fallback != NULL && option->kind == OPTION_LIST)
		return read_list_fallback(arena, section, value, error);
	if (option->fallback != NULL)
		return value_read(arena, section, value, option->fallback, error);
	if (option->kind != OPTION_ORIGIN)
		return 0;
	buffer_printf(&origin, "https://%s", section->title);
	rc = value_read(arena, section, value, origin.data != NULL ? origin.data : "", error);
	buffer_release(&origin);
	return rc;
}

static int read_value(struct arena *arena, const struct section *section, struct value *value,
	cfg_t *parsed, struct error *error)
{
	cfg_opt_t *option = schema_option(parsed, value->option->name);

	value->line = schema_option_line(option);
	if (value->line == 0)
		return read_fallback(arena, section, value, error);
	value->text = "";
	if (value->option->kind == OPTION_LIST)
		return read_list(arena, section, value, option, error);
	if (cfg_opt_size(option) != 1 || is_empty_list(option))
		return section_error(
			section, value->option->name, error, "takes one value, not a list");
	return value_read(arena, section, value, cfg_opt_getnstr(option, 0), error);
}

static int unknown_type(const struct section *section, const struct section_type *types,
	const char *name, struct error *error)
{
	struct nearest nearest = NEAREST_INIT(name);
	struct buffer known = BUFFER_INIT(256);

	for (; types->type != NULL; types++) {
		nearest_try(&nearest, types->type);
		buffer_printf(&known, "%s%s", known.length > 0 ? ", " : "", types->type);
	}
	if (nearest.name != NULL)
		section_error(section, "type", error,
			"no type \"%.64s\": did you mean \"%s\"? Known: %s", name, nearest.name,
			known.data);
	else
		section_error(section, "type", error, "no type \"%.64s\". Known: %s", name,
			known.data != NULL ? known.data : "none");
	buffer_release(&known);
	return -1;
}

static const struct section_type *find_type(
	const struct section *section, const struct section_type *types, struct error *error)
{
	const char *name = section_string(section, "type");
	const struct section_type *type = types;

	if (!section_has(section, "type")) {
		section_error(section, NULL, error, "type is missing: write type = \"%s\"",
			types->type != NULL ? types->type : "…");
		return NULL;
	}
	while (type->type != NULL && strcmp(type->type, name) != 0)
		type++;
	if (type->type == NULL)
		unknown_type(section, types, name, error);
	else if (type->options == NULL)
		section_error(section, "type", error, "this build lacks this type");
	else
		return type;
	return NULL;
}

/* The type that has the option. */
static const char *owner_of(const struct section_type *types, const char *name)
{
	for (; types->type != NULL; types++)
		if (types->options != NULL && schema_has(types->options, name))
			return types->type;
	return "another";
}

/* Refuses options that only another type has. */
static int refuse_foreign(const struct section *section, const struct section_type *types,
	cfg_t *parsed, struct error *error)
{
	for (const cfg_opt_t *opt = parsed->opts; opt->name != NULL; opt++) {
		int line = schema_option_line(opt);

		if (line == 0 || strcmp(opt->name, SOURCE_OPENED) == 0 ||
			section_value(section, opt->name) != NULL)
			continue;
		error_set(error,
			"%s \"%.64s\": option \"%s\" belongs to type \"%s\", and this is "
			"type \"%s\"",
			section->kind, section->title, opt->name, owner_of(types, opt->name),
			section->type);
		return sources_blame(section->sources, line, error);
	}
	return 0;
}

/* Adds values for a table and reads them. */
static int read_options(struct arena *arena, struct section *section, const struct option *options,
	cfg_t *parsed, struct error *error)
{
	struct value *values =
		arena_alloc(arena, section->count + schema_count(options), sizeof *section->values);

	if (section->count > 0)
		memcpy(values, section->values, section->count * sizeof *values);
	section->values = values;
	for (; options->name != NULL; options++) {
		struct value *value = &section->values[section->count++];

		value->option = options;
		if (read_value(arena, section, value, parsed, error) != 0)
			return -1;
	}
	return 0;
}

static int read_all(struct arena *arena, struct section *section, const struct schema_kind *kind,
	cfg_t *parsed, struct error *error)
{
	const struct section_type *type;

	if (read_options(arena, section, kind->options, parsed, error) != 0)
		return -1;
	if (kind->types == NULL)
		return 0;
	type = find_type(section, kind->types, error);
	if (type == NULL)
		return -1;
	section->type = type->type;
	if (read_options(arena, section, type->options, parsed, error) != 0)
		return -1;
	return refuse_foreign(section, kind->types, parsed, error);
}

struct section *section_read(struct arena *arena, const struct sources *sources,
	const struct schema_kind *kind, cfg_t *parsed, struct error *error)
{
	struct section *section = arena_alloc(arena, 1, sizeof *section);

	section->sources = sources;
	section->kind = kind->name;
	section->title = parsed->title != NULL ? arena_copy(arena, parsed->title) : NULL;
	section->line = schema_line(parsed);
	if (kind->check_title != NULL && kind->check_title(arena, section, error) != 0)
		return NULL;
	return read_all(arena, section, kind, parsed, error) == 0 ? section : NULL;
}

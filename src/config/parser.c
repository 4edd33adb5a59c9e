/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "base/memory.h"
#include "config/nearest.h"
#include "config/source.h"
#include "config/titles.h"

#include <strings.h>

/* State of the current parse; libconfuse passes no context to its callbacks. */
static struct {
	const struct sources *sources;
	struct config_types types;
	struct error *error;
	bool failed;
	/* Kind of the section with an unknown option; NULL: none so far. */
	const char *unknown_in;
	char title[256];
} parse;

static const struct section_type *type_named(const char *kind, const char *name)
{
	const struct section_type *type =
		strcmp(kind, "platform") == 0 ? parse.types.platforms : parse.types.backends;

	while (type->type != NULL && strcmp(type->type, name) != 0)
		type++;
	return type->type != NULL ? type : NULL;
}

/* Whether a section may have the option. libconfuse has one list with the options of all types, and
 * the type may be set further down. */
static bool takes(cfg_t *section, const char *name)
{
	bool is_platform = strcmp(section->name, "platform") == 0;
	const struct section_type *type;
	cfg_opt_t *chosen = schema_option(section, "type");

	if (strcmp(name, SOURCE_OPENED) == 0)
		return false;
	if (chosen == NULL || chosen->nvalues == 0 ||
		schema_has(is_platform ? schema_platform_options : schema_backend_options, name))
		return true;
	type = type_named(section->name, cfg_opt_getnstr(chosen, 0));
	return type == NULL || (type->options != NULL && schema_has(type->options, name));
}

bool schema_is_secret(const char *name)
{
	static const char *const words[] = {"secret", "shared-secret", "client-secret",
		"app-secret", "app_secret", "password", "passwd", "bind-password", "key", "api-key",
		"api_key", "apikey", "token"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(name, words[i]) == 0)
			return true;
	return false;
}

static void unknown_option(cfg_t *section, const char *name)
{
	struct nearest nearest = NEAREST_INIT(name);
	bool is_backend = strcmp(section->name, "backend") == 0;

	if (section->title != NULL) {
		parse.unknown_in = is_backend ? "backend" : "platform";
		snprintf(parse.title, sizeof parse.title, "%s", section->title);
	}
	if (schema_is_secret(name) && (is_backend || strcmp(section->name, "platform") == 0)) {
		error_set(parse.error,
			"unknown option \"%.64s\": secrets do not belong in this file; "
			"\"meetauthctl "
			"secret set %s%.64s\" stores it",
			name, is_backend ? "backend/" : "", section->title);
		return;
	}
	for (const cfg_opt_t *opt = section->opts; opt->name != NULL; opt++)
		if (takes(section, opt->name))
			nearest_try(&nearest, opt->name);
	error_set(parse.error, "unknown option \"%.64s\"", name);
	if (nearest.name != NULL)
		error_set(parse.error, "unknown option \"%.64s\": did you mean \"%s\"?", name,
			nearest.name);
}

/* Called for every error; keeps the first. The formats are libconfuse's. */
__attribute__((format(printf, 2, 0))) static void report(
	cfg_t *at, const char *format, va_list args)
{
	char text[256];

	if (parse.failed)
		return;
	parse.failed = true;
	if (strcmp(format, "no such option '%s'") == 0) {
		unknown_option(at, va_arg(args, const char *));
	} else if (strcmp(format, "unexpected token '%s'") == 0) {
		error_set(parse.error,
			"\"%.64s\" does not belong here: write NAME = VALUE, and a list as {\"a\", "
			"\"b\"}",
			va_arg(args, const char *));
	} else {
		vsnprintf(text, sizeof text, format, args);
		error_set(parse.error, "%s", text);
	}
	if (at->title != NULL)
		error_prefix(parse.error, "%s \"%.64s\": ", at->name, at->title);
	sources_blame(parse.sources, at->line, parse.error);
}

/* Stores a value, and its line in libconfuse's field for annotations. */
static int take(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
	char line[16], where[CONFIG_WHERE_SIZE];

	if (schema_option(section, option->name) != option) {
		cfg_error(section, "option \"%s\" is outside of its section", option->name);
		return -1;
	}
	/* libconfuse empties an option before an assignment. So a first value with a line already
	 * noted comes from a second assignment. */
	if (option->nvalues == 1 && option->comment != NULL) {
		cfg_error(section, "option \"%s\" is set twice, first %s", option->name,
			sources_where(
				parse.sources, schema_option_line(option), section->line, where));
		return -1;
	}
	snprintf(line, sizeof line, "%d", section->line);
	if (option->comment == NULL && cfg_opt_setcomment(option, line) != CFG_SUCCESS)
		xno_memory();
	*(const char **)result = value;
	return 0;
}

/* Adds an option to an array that has room. If types disagree whether it is a list, libconfuse sees
 * a list and section.c checks the type. */
static void add_option(cfg_opt_t *opts, const char *name, enum option_kind kind)
{
	cfg_opt_t *opt = opts;

	while (opt->name != NULL && strcmp(opt->name, name) != 0)
		opt++;
	opt->name = name;
	opt->type = CFGT_STR;
	opt->flags |= CFGF_NODEFAULT | (kind == OPTION_LIST ? CFGF_LIST : CFGF_NONE);
	opt->parsecb = take;
}

/* libconfuse stores ignored options here. */
static void add_unknown(cfg_opt_t *opts)
{
	while (opts->name != NULL)
		opts++;
	*opts = (cfg_opt_t){.name = "__unknown", .type = CFGT_STR, .flags = CFGF_NODEFAULT};
}

static void add_section(cfg_opt_t *opts, const char *name, cfg_opt_t *options, cfg_flag_t flags)
{
	while (opts->name != NULL)
		opts++;
	opts->name = name;
	opts->type = CFGT_SEC;
	opts->flags = CFGF_MULTI | flags;
	opts->subopts = options;
	opts->validcb = flags & CFGF_TITLE ? titles_take_out : NULL;
}

/* libconfuse's options for a kind of section, with room for `sections` more. */
static cfg_opt_t *options_of(
	struct arena *arena, const struct schema_kind *kind, size_t sections, cfg_flag_t flags)
{
	static const struct section_type none = {NULL, NULL};
	const struct section_type *types = kind->types != NULL ? kind->types : &none;
	size_t room = schema_count(kind->options) + sections + 3;
	cfg_opt_t *opts;

	for (const struct section_type *type = types; type->type != NULL; type++)
		room += schema_count(type->options);
	opts = arena_alloc(arena, room, sizeof *opts);
	if (kind->name != NULL)
		add_option(opts, SOURCE_OPENED, OPTION_TEXT);
	for (const struct option *option = kind->options; option->name != NULL; option++)
		add_option(opts, option->name, option->kind);
	for (const struct section_type *type = types; type->type != NULL; type++)
		for (size_t i = 0; i < schema_count(type->options); i++)
			add_option(opts, type->options[i].name, type->options[i].kind);
	if (flags == CFGF_IGNORE_UNKNOWN)
		add_unknown(opts);
	return opts;
}

/* `flags`: CFGF_NONE or CFGF_IGNORE_UNKNOWN. */
static cfg_t *make_parser(struct config_types types, cfg_flag_t flags)
{
	const struct schema_kind kinds[] = {
		{NULL, schema_file_options, NULL},
		{"platform", schema_platform_options, types.platforms},
		{"backend", schema_backend_options, types.backends},
		{"policy", schema_policy_options, NULL},
		{"rule", schema_rule_options, NULL},
		{"guest-desk", schema_desk_options, NULL},
		{"meet", schema_meet_options, NULL},
	};
	struct arena arena = {0};
	cfg_t *parser;
	cfg_opt_t *file = options_of(&arena, &kinds[0], 4, flags);
	cfg_opt_t *platform = options_of(&arena, &kinds[1], 0, flags);
	cfg_opt_t *backend = options_of(&arena, &kinds[2], 0, flags);
	cfg_opt_t *policy = options_of(&arena, &kinds[3], 2, flags);
	cfg_opt_t *rule = options_of(&arena, &kinds[4], 0, flags);
	cfg_opt_t *desk = options_of(&arena, &kinds[5], 0, flags);
	cfg_opt_t *meet = options_of(&arena, &kinds[6], 0, flags);

	add_section(file, "platform", platform, CFGF_TITLE);
	add_section(file, "backend", backend, CFGF_TITLE);
	add_section(policy, "rule", rule, CFGF_TITLE);
	add_section(policy, "meet", meet, CFGF_TITLE);
	add_section(file, "policy", policy, CFGF_NONE);
	add_section(file, "guest-desk", desk, CFGF_NONE);
	parser = cfg_init(file, flags); /* copies the options */
	arena_release(&arena);
	if (parser == NULL)
		xno_memory();
	return parser;
}

/* The line that the scanner has reached: each section counts on from its first line. */
static int reached(const cfg_t *parsed)
{
	int line = parsed->line;

	for (cfg_opt_t *opt = parsed->opts; opt->name != NULL; opt++) {
		unsigned count = opt->type == CFGT_SEC ? cfg_opt_size(opt) : 0;
		int last = count > 0 ? reached(cfg_opt_getnsec(opt, count - 1)) : 0;

		line = last > line ? last : line;
	}
	return line;
}

static int parse_buffer(cfg_t *parser, const char *text)
{
	int rc = cfg_parse_buf(parser, text);

	titles_put_back();
	return rc;
}

static int parse_text(cfg_t *parser, const char *text)
{
	parse.failed = false;
	cfg_set_error_function(parser, report);
	if (parse_buffer(parser, text) == CFG_SUCCESS && !parse.failed)
		return titles_refuse_same(parser, parse.sources, parse.error);
	if (!parse.failed) { /* libconfuse reports nothing for an empty name */
		error_set(parse.error,
			"expected the name of an option or a section: write NAME = VALUE");
		sources_blame(parse.sources, reached(parser), parse.error);
	}
	return -1;
}

/* The section that the parser was in. */
static cfg_t *section_at_fault(cfg_t *parser)
{
	cfg_opt_t *sections = schema_option(parser, parse.unknown_in);

	for (unsigned i = 0; i < cfg_opt_size(sections); i++)
		if (strcmp(cfg_opt_getnsec(sections, i)->title, parse.title) == 0)
			return cfg_opt_getnsec(sections, i);
	return NULL;
}

/* Options of a type that this build lacks are unknown, too, and `type` may be further down. So
 * parses the file again for the types alone, to report the missing type instead. */
static void look_for_missing_type(const char *text, struct error *error)
{
	cfg_t *parser = make_parser(parse.types, CFGF_IGNORE_UNKNOWN);
	const struct section_type *type = NULL;
	cfg_opt_t *chosen = NULL;
	struct error ignored;
	cfg_t *section;

	parse.error = &ignored;
	cfg_set_error_function(parser, report);
	if (parse_buffer(parser, text) == CFG_SUCCESS &&
		(section = section_at_fault(parser)) != NULL)
		chosen = schema_option(section, "type");
	if (chosen != NULL && chosen->nvalues > 0)
		type = type_named(parse.unknown_in, cfg_opt_getnstr(chosen, 0));
	if (type != NULL && type->options == NULL) {
		error_set(error, "%s \"%.64s\": type: this build lacks this type", parse.unknown_in,
			parse.title);
		sources_blame(parse.sources, schema_option_line(chosen), error);
	}
	cfg_free(parser);
	parse.error = error;
}

cfg_t *schema_parse(
	const char *file, struct config_types types, struct sources *sources, struct error *error)
{
	struct buffer text = BUFFER_INIT(8 * SOURCE_MAX);
	cfg_t *parser = NULL;
	int rc = source_read(file, sources, &text, error);

	if (rc == 0) {
		parser = make_parser(types, CFGF_NONE);
		parse.sources = sources;
		parse.types = types;
		parse.error = error;
		parse.unknown_in = NULL;
		rc = parse_text(parser, text.data != NULL ? text.data : "");
	}
	if (rc != 0 && parser != NULL && parse.unknown_in != NULL)
		look_for_missing_type(text.data, error);
	if (rc != 0 && parser != NULL) {
		cfg_free(parser);
		parser = NULL;
	}
	buffer_release(&text);
	return parser;
}

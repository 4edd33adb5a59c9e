/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "config/arena.h"
#include "config/nearest.h"
#include "config/source.h"

#include <limits.h>
#include <strings.h>

const struct option schema_file_options[] = {
	{"base-url", OPTION_STRING, NULL, "address of this service, https://host/path"},
	{"store", OPTION_STRING, LOCALSTATEDIR "/lib/meetauth/store", "the sealed store"},
	{"store-key", OPTION_STRING, SYSCONFDIR "/meetauth/store.key", "the store's master key"},
	{"state", OPTION_STRING, "lmdb:/run/meetauth", "what the processes of a pool share"},
	{"share", OPTION_STRING, DATADIR "/meetauth", "folder of pages, lang and static"},
	{"session-lifetime", OPTION_DURATION, "12h", "how long a session lives at most"},
	{"session-idle", OPTION_DURATION, "1h", "how long it lives unused"},
	{"ticket-lifetime", OPTION_DURATION, "10m", "how long a login may take"},
	{"drain-timeout", OPTION_DURATION, "10s", "how long a stop waits for what is in flight"},
	{"throttle-account", OPTION_STRING, "10/10m", "wrong passwords for one account"},
	{"throttle-address", OPTION_STRING, "60/10m", "wrong passwords from one address"},
	{"throttle-joins", OPTION_STRING, "60000/10m", "joins of one person"},
	{"throttle-refused", OPTION_STRING, "20/10m", "refused request tokens of one person"},
	{"max-in-flight", OPTION_NUMBER, "10000", "visits a process works on at once"},
	{"log", OPTION_STRING, "stderr", "stderr or syslog"},
	{"log-format", OPTION_STRING, "logfmt", "logfmt or json"},
	{"languages", OPTION_LIST, "{\"en\"}", "languages of the pages, the default first"},
	{"brand-name", OPTION_STRING, NULL, "whose service this is, shown on pages"},
	{"brand-logo", OPTION_STRING, NULL, "path of a picture below this host"},
	{NULL, OPTION_STRING, NULL, NULL},
};

const struct option schema_platform_options[] = {
	{"type", OPTION_STRING, NULL, "the driver"},
	{NULL, OPTION_STRING, NULL, NULL},
};

const struct option schema_backend_options[] = {
	{"type", OPTION_STRING, NULL, "the driver"},
	{"label", OPTION_STRING, NULL, "text of its button or form; default: the title"},
	{NULL, OPTION_STRING, NULL, NULL},
};

const struct option schema_policy_options[] = {
	{"default", OPTION_STRING, "deny", "deny or allow, where no rule hits"},
	{NULL, OPTION_STRING, NULL, NULL},
};

const struct option schema_rule_options[] = {
	{"allow", OPTION_BOOL, NULL, "what the rule says"},
	{"groups", OPTION_LIST, NULL, "any of these groups"},
	{"users", OPTION_LIST, NULL, "SUBJECT or BACKEND/SUBJECT"},
	{"emails", OPTION_LIST, NULL, "patterns of e-mail addresses"},
	{"backends", OPTION_LIST, NULL, "titles of backends"},
	{"platforms", OPTION_LIST, NULL, "titles of platforms"},
	{"meetings", OPTION_LIST, NULL, "patterns of meeting ids"},
	{"meeting-tokens", OPTION_LIST, NULL, "patterns of meeting tokens"},
	{"acr", OPTION_LIST, NULL, "authentication context classes of a provider"},
	{"second-factor", OPTION_BOOL, NULL, "true: they gave more than a password"},
	{"networks", OPTION_LIST, NULL, "addresses or networks of visitors"},
	{"not-before", OPTION_STRING, NULL, "2026-01-01T08:00Z"},
	{"not-after", OPTION_STRING, NULL, "2026-12-31T18:00Z"},
	{"role", OPTION_STRING, NULL, "what whom it allows is in the meeting"},
	{NULL, OPTION_STRING, NULL, NULL},
};

const struct option schema_desk_options[] = {
	{"groups", OPTION_LIST, NULL, "whose members may use the desk; needed"},
	{"backends", OPTION_LIST, NULL, "backends whose groups are meant; default: all"},
	{"accounts", OPTION_STRING, NULL,
		"backend of the accounts; default: the only guest-account"},
	{"invitations", OPTION_STRING, NULL,
		"backend of the invitations; default: the only invite"},
	{NULL, OPTION_STRING, NULL, NULL},
};

/* The parse under way: libconfuse hands its callbacks no context. */
static struct {
	const char *file;
	struct config_types types;
	struct error *error;
	bool failed;
} parse;

static bool is_in(const struct option *options, const char *name)
{
	while (options->name != NULL && strcmp(options->name, name) != 0)
		options++;
	return options->name != NULL;
}

/* Whether a section may have the option, as far as is known: libconfuse has those of all types in
 * one list, and the type may follow further down. */
static bool takes(cfg_t *section, const char *name)
{
	bool is_platform = strcmp(section->name, "platform") == 0;
	const struct section_type *type =
		is_platform ? parse.types.platforms : parse.types.backends;
	cfg_opt_t *chosen = schema_option(section, "type");

	if (strcmp(name, SOURCE_OPENED) == 0)
		return false;
	if (chosen == NULL || chosen->nvalues == 0 ||
		is_in(is_platform ? schema_platform_options : schema_backend_options, name))
		return true;
	while (type->type != NULL && strcmp(type->type, cfg_opt_getnstr(chosen, 0)) != 0)
		type++;
	return type->type == NULL || is_in(type->options, name);
}

/* What one would write for a secret, where no option is called so. */
static bool is_secret(const char *name)
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

	if (is_secret(name) && (is_backend || strcmp(section->name, "platform") == 0)) {
		error_set(parse.error,
			"unknown option \"%.64s\": no secret stands in this file; \"meetauthctl "
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

/* Called for every error; the first is the one to tell. Format strings are libconfuse's. */
__attribute__((format(printf, 2, 0))) static void report(
	cfg_t *at, const char *format, va_list args)
{
	char text[256];

	if (parse.failed)
		return;
	parse.failed = true;
	if (strcmp(format, "no such option '%s'") == 0) {
		unknown_option(at, va_arg(args, const char *));
	} else if (strcmp(format, "found duplicate title '%s'") == 0) {
		error_set(parse.error,
			"a second section of the title \"%.64s\": each needs one of its own",
			va_arg(args, const char *));
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
	error_prefix(parse.error, "%s:%d: ", parse.file, at->line);
}

/* Takes a value over and notes its line, in the place libconfuse has for annotations. */
static int take(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
	char line[16];

	if (schema_option(section, option->name) != option) {
		cfg_error(section, "option \"%s\" stands outside of its section", option->name);
		return -1;
	}
	/* An assignment empties the option first, so that a value which is the first and finds a
	 * line is a second assignment. */
	if (option->nvalues == 1 && option->comment != NULL) {
		cfg_error(section, "option \"%s\" is set twice, first on line %s", option->name,
			option->comment);
		return -1;
	}
	snprintf(line, sizeof line, "%d", section->line);
	if (option->comment == NULL && cfg_opt_setcomment(option, line) != CFG_SUCCESS) {
		cfg_error(section, "out of memory");
		return -1;
	}
	*(const char **)result = value;
	return 0;
}

static int to_line(const char *text)
{
	return text == NULL ? 0 : (int)strtol(text, NULL, 10);
}

cfg_opt_t *schema_option(cfg_t *parsed, const char *name)
{
	for (cfg_opt_t *opt = parsed->opts; opt->name != NULL; opt++)
		if (strcmp(opt->name, name) == 0)
			return opt;
	return NULL;
}

int schema_line(cfg_t *parsed)
{
	const cfg_opt_t *opened = schema_option(parsed, SOURCE_OPENED);

	return opened == NULL ? 1 : to_line(opened->comment);
}

int schema_option_line(const cfg_opt_t *option)
{
	return to_line(option->comment);
}

/* Adds an option to an array that has room. Two types may have one of the same name: it is a list
 * for libconfuse if it is for either; section.c looks closer. */
static void add_option(cfg_opt_t *opts, const char *name, enum option_type type)
{
	cfg_opt_t *opt = opts;

	while (opt->name != NULL && strcmp(opt->name, name) != 0)
		opt++;
	opt->name = name;
	opt->type = CFGT_STR;
	opt->flags |= CFGF_NODEFAULT | (type == OPTION_LIST ? CFGF_LIST : CFGF_NONE);
	opt->parsecb = take;
}

static void add_section(cfg_opt_t *opts, const char *name, cfg_opt_t *options, cfg_flag_t flags)
{
	while (opts->name != NULL)
		opts++;
	opts->name = name;
	opts->type = CFGT_SEC;
	opts->flags = CFGF_MULTI | flags;
	opts->subopts = options;
}

static size_t count_options(const struct option *options)
{
	size_t count = 0;

	while (options[count].name != NULL)
		count++;
	return count;
}

/* libconfuse's array for a kind of section, with room for `sections` more. */
static cfg_opt_t *options_of(struct arena *arena, const struct schema_kind *kind, size_t sections)
{
	static const struct section_type none = {NULL, NULL};
	const struct section_type *types = kind->types != NULL ? kind->types : &none;
	size_t room = count_options(kind->options) + sections + 2;
	cfg_opt_t *opts;

	for (const struct section_type *type = types; type->type != NULL; type++)
		room += count_options(type->options);
	opts = arena_alloc(arena, room, sizeof *opts);
	if (opts == NULL)
		return NULL;
	if (kind->name != NULL)
		add_option(opts, SOURCE_OPENED, OPTION_STRING);
	for (const struct option *option = kind->options; option->name != NULL; option++)
		add_option(opts, option->name, option->type);
	for (const struct section_type *type = types; type->type != NULL; type++)
		for (const struct option *option = type->options; option->name != NULL; option++)
			add_option(opts, option->name, option->type);
	return opts;
}

static cfg_t *make_parser(struct config_types types)
{
	const struct schema_kind kinds[] = {
		{NULL, schema_file_options, NULL},
		{"platform", schema_platform_options, types.platforms},
		{"backend", schema_backend_options, types.backends},
		{"policy", schema_policy_options, NULL},
		{"rule", schema_rule_options, NULL},
		{"guest-desk", schema_desk_options, NULL},
	};
	const cfg_flag_t titled = CFGF_TITLE | CFGF_NO_TITLE_DUPES;
	struct arena arena = {0};
	cfg_t *parser = NULL;
	cfg_opt_t *file = options_of(&arena, &kinds[0], 4);
	cfg_opt_t *platform = options_of(&arena, &kinds[1], 0);
	cfg_opt_t *backend = options_of(&arena, &kinds[2], 0);
	cfg_opt_t *policy = options_of(&arena, &kinds[3], 1);
	cfg_opt_t *rule = options_of(&arena, &kinds[4], 0);
	cfg_opt_t *desk = options_of(&arena, &kinds[5], 0);

	if (!arena.failed) {
		add_section(file, "platform", platform, titled);
		add_section(file, "backend", backend, titled);
		add_section(policy, "rule", rule, titled);
		add_section(file, "policy", policy, CFGF_NONE);
		add_section(file, "guest-desk", desk, CFGF_NONE);
		parser = cfg_init(file, CFGF_NONE); /* copies it all */
	}
	arena_release(&arena);
	return parser;
}

/* How far the scanner came: each section counts on from the line it starts at. */
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

static int parse_text(cfg_t *parser, const char *text)
{
	parse.failed = false;
	cfg_set_error_function(parser, report);
	if (cfg_parse_buf(parser, text) == CFG_SUCCESS && !parse.failed)
		return 0;
	if (!parse.failed) /* libconfuse keeps quiet about an empty name */
		error_set(parse.error,
			"%s:%d: the name of an option or a section is needed here: write NAME = "
			"VALUE",
			parse.file, reached(parser));
	return -1;
}

cfg_t *schema_parse(const char *file, struct config_types types, struct error *error)
{
	struct buffer text = BUFFER_INIT(8 * SOURCE_MAX);
	cfg_t *parser = NULL;
	int rc = source_read(file, &text, error);

	if (rc == 0 && (parser = make_parser(types)) == NULL)
		rc = error_set(error, "%s: out of memory", file);
	if (rc == 0) {
		parse.file = file;
		parse.types = types;
		parse.error = error;
		rc = parse_text(parser, text.data != NULL ? text.data : "");
	}
	if (rc != 0 && parser != NULL) {
		cfg_free(parser);
		parser = NULL;
	}
	buffer_release(&text);
	return parser;
}

/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/arena.h"
#include "config/nearest.h"
#include "config/source.h"
#include "config/titles.h"

#include <limits.h>
#include <strings.h>

enum {
	IN_FLIGHT_MAX = 1000000,
	SESSION_LIFETIME_MAX_S = 400 * 24 * 3600, /* how long revocations are kept */
	STATE_TIMEOUT_MIN_MS = 10,
	STATE_TIMEOUT_MAX_MS = 10000,
	STATE_PREFIX_LENGTH_MAX = 64, /* STATE_PREFIX_MAX */
	LANGUAGE_MAX = 35,	      /* RFC 5646 section 4.4.1 */
	ROLE_MAX = 32,
};

static const char *const log_targets[] = {"stderr", "syslog", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};
static const char *const defaults[] = {"deny", "allow", NULL};

static int check_language(const char *text, struct error *why)
{
	return text_is_token(text, 2, LANGUAGE_MAX, "-")
		       ? 0
		       : error_set(why, "is not the name of a language like en or pt-BR");
}

/* The logo must be on this host: pages load nothing from other hosts. */
static int check_logo(const char *text, struct error *why)
{
	return text[0] == '/' && text[1] != '/' && text_is_visible_ascii(text)
		       ? 0
		       : error_set(
				 why, "is not a path on this host like \"/auth/static/logo.svg\"");
}

static int check_state_prefix(const char *text, struct error *why)
{
	return strlen(text) <= STATE_PREFIX_LENGTH_MAX && text_is_token(text, 1, 64, ":._-")
		       ? 0
		       : error_set(why,
				 "is not 1 to %d letters, digits or : . _ - like \"meetauth:\"",
				 STATE_PREFIX_LENGTH_MAX);
}

/* The role is sent to the platform, which may accept only these characters. */
static int check_role(const char *text, struct error *why)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length <= ROLE_MAX && text[length] == '\0'
		       ? 0
		       : error_set(why,
				 "is not 1 to %d small letters, digits or -, like \"moderator\"",
				 ROLE_MAX);
}

#define SETTING(member) OPTION_INTO(struct settings, member)
#define RULE(member)	OPTION_INTO(struct config_rule, member)
/* A written list must not be empty: it would look like a missing condition. */
#define CONDITION(member) .not_empty = true, RULE(member)

const struct option schema_file_options[] = {
	{"base-url", OPTION_URL, NULL, "address of this service, https://host/path",
		.required = true, SETTING(base_url)},
	{"store", OPTION_TEXT, LOCALSTATEDIR "/lib/meetauth/store", "the sealed store",
		.not_empty = true, SETTING(store)},
	{"store-key", OPTION_TEXT, SYSCONFDIR "/meetauth/store.key", "the store's master key",
		.not_empty = true, SETTING(store_key)},
	{"state", OPTION_TEXT, "lmdb:/run/meetauth", "what the processes of a pool share",
		.not_empty = true, SETTING(state)},
	{"state-timeout", OPTION_DURATION, "500ms", "how long a server of the state may take",
		.min = STATE_TIMEOUT_MIN_MS, .max = STATE_TIMEOUT_MAX_MS,
		SETTING(state_timeout_ms)},
	{"state-prefix", OPTION_TEXT, "meetauth:", "start of the keys on a server of the state",
		.check = check_state_prefix, SETTING(state_prefix)},
	{"metrics-folder", OPTION_TEXT, NULL,
		"folder for the metrics of this machine's processes; default: that of the state",
		SETTING(metrics_folder)},
	{"share", OPTION_TEXT, DATADIR "/meetauth", "folder of pages, lang and static",
		.not_empty = true, SETTING(share)},
	{"session-lifetime", OPTION_SECONDS, "12h", "longest lifetime of a session", .min = 1,
		.max = SESSION_LIFETIME_MAX_S, SETTING(session_lifetime)},
	{"session-idle", OPTION_SECONDS, "1h", "longest time a session may be unused", .min = 1,
		SETTING(session_idle)},
	{"ticket-lifetime", OPTION_SECONDS, "10m", "longest time for a sign-in", .min = 1,
		SETTING(ticket_lifetime)},
	{"drain-timeout", OPTION_DURATION, "10s", "how long a stop waits for requests in flight",
		SETTING(drain_timeout_ms)},
	{"throttle-account", OPTION_RATE, "10/10m", "wrong passwords for one account",
		SETTING(throttle_account)},
	{"throttle-address", OPTION_RATE, "60/10m", "wrong passwords from one address",
		SETTING(throttle_address)},
	{"throttle-joins", OPTION_RATE, "60000/10m", "joins of one person",
		SETTING(throttle_joins)},
	{"throttle-refused", OPTION_RATE, "20/10m", "refused request tokens of one person",
		SETTING(throttle_refused)},
	{"max-in-flight", OPTION_NUMBER, "10000", "visits a process works on at once", .min = 1,
		.max = IN_FLIGHT_MAX, SETTING(max_in_flight)},
	{"log", OPTION_ENUM, "stderr", "stderr or syslog", .words = log_targets, SETTING(log)},
	{"log-format", OPTION_ENUM, "logfmt", "logfmt or json", .words = log_formats,
		SETTING(log_format)},
	{"languages", OPTION_LIST, "{\"en\"}", "languages of the pages, the default first",
		.not_empty = true, .distinct = true, .check = check_language, SETTING(languages)},
	{"brand-name", OPTION_TEXT, NULL, "name of the organisation on pages", SETTING(brand_name)},
	{"brand-logo", OPTION_TEXT, NULL, "path of the logo on this host", .check = check_logo,
		SETTING(brand_logo)},
	{0},
};

const struct option schema_platform_options[] = {
	{"type", OPTION_TEXT, NULL, "the driver"},
	{0},
};

const struct option schema_backend_options[] = {
	{"type", OPTION_TEXT, NULL, "the driver"},
	{"label", OPTION_TEXT, NULL, "label of its button or form; default: the title",
		.not_empty = true},
	{0},
};

const struct option schema_policy_options[] = {
	{"default", OPTION_ENUM, "deny", "verdict if no rule hits: deny or allow",
		.words = defaults, OPTION_INTO(struct config_policy, allow_by_default)},
	{0},
};

const struct option schema_rule_options[] = {
	{"allow", OPTION_BOOL, NULL, "true: allow, false: deny", RULE(allow)},
	{"groups", OPTION_LIST, NULL, "any of these groups", CONDITION(groups)},
	{"users", OPTION_LIST, NULL, "SUBJECT or BACKEND/SUBJECT", CONDITION(users)},
	{"emails", OPTION_LIST, NULL, "patterns of e-mail addresses", CONDITION(emails)},
	{"backends", OPTION_LIST, NULL, "titles of backends", CONDITION(backends)},
	{"platforms", OPTION_LIST, NULL, "titles of platforms", CONDITION(platforms)},
	{"meetings", OPTION_LIST, NULL, "patterns of meeting ids", CONDITION(meetings)},
	{"meeting-tokens", OPTION_LIST, NULL, "patterns of meeting tokens",
		CONDITION(meeting_tokens)},
	{"acr", OPTION_LIST, NULL, "authentication context classes of a provider", CONDITION(acr)},
	{"second-factor", OPTION_BOOL, NULL, "true: the visitor gave a second factor",
		RULE(second_factor)},
	{"networks", OPTION_LIST, NULL, "addresses or networks of visitors", CONDITION(networks)},
	{"not-before", OPTION_TIME, NULL, "2026-01-01T08:00Z", RULE(not_before)},
	{"not-after", OPTION_TIME, NULL, "2026-12-31T18:00Z", RULE(not_after)},
	{"role", OPTION_TEXT, NULL, "role in the meeting of the people it allows",
		.not_empty = true, .check = check_role, RULE(role)},
	{0},
};

const struct option schema_meet_options[] = {
	{"allow", OPTION_BOOL, NULL, "what the rule says", OPTION_INTO(struct config_meet, allow)},
	{"accounts", OPTION_LIST, NULL, "names of the guest accounts that start a meeting",
		.not_empty = true, OPTION_INTO(struct config_meet, accounts)},
	{"with", OPTION_LIST, NULL, "names of the guest accounts that they start it with",
		.not_empty = true, OPTION_INTO(struct config_meet, with)},
	{"platforms", OPTION_LIST, NULL, "titles of platforms", .not_empty = true,
		OPTION_INTO(struct config_meet, platforms)},
	{"not-before", OPTION_TIME, NULL, "2026-01-01T08:00Z",
		OPTION_INTO(struct config_meet, not_before)},
	{"not-after", OPTION_TIME, NULL, "2026-12-31T18:00Z",
		OPTION_INTO(struct config_meet, not_after)},
	{0},
};

const struct option schema_desk_options[] = {
	{"groups", OPTION_LIST, NULL, "groups whose members may use the desk", .required = true,
		OPTION_INTO(struct config_desk, groups)},
	{"backends", OPTION_LIST, NULL, "backends whose groups count; default: all",
		.not_empty = true, OPTION_INTO(struct config_desk, backends)},
	{"accounts", OPTION_TEXT, NULL, "backend of the accounts; default: the only guest-account"},
	{"invitations", OPTION_TEXT, NULL, "backend of the invitations; default: the only invite"},
	{0},
};

/* State of the current parse; libconfuse passes no context to its callbacks. */
static struct {
	const char *file;
	struct config_types types;
	struct error *error;
	bool failed;
	/* Kind of the section with an unknown option; NULL: none so far. */
	const char *unknown_in;
	char title[256];
} parse;

size_t schema_count(const struct option *options)
{
	size_t count = 0;

	while (options != NULL && options[count].name != NULL)
		count++;
	return count;
}

bool schema_has(const struct option *options, const char *name)
{
	while (options->name != NULL && strcmp(options->name, name) != 0)
		options++;
	return options->name != NULL;
}

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

/* Whether the name of an unknown option looks like that of a secret. */
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

	if (section->title != NULL) {
		parse.unknown_in = is_backend ? "backend" : "platform";
		snprintf(parse.title, sizeof parse.title, "%s", section->title);
	}
	if (is_secret(name) && (is_backend || strcmp(section->name, "platform") == 0)) {
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
	error_prefix(parse.error, "%s:%d: ", parse.file, at->line);
}

/* Stores a value, and its line in libconfuse's field for annotations. */
static int take(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
	char line[16];

	if (schema_option(section, option->name) != option) {
		cfg_error(section, "option \"%s\" is outside of its section", option->name);
		return -1;
	}
	/* libconfuse empties an option before an assignment. So a first value with a line already
	 * noted comes from a second assignment. */
	if (option->nvalues == 1 && option->comment != NULL) {
		cfg_error(section, "option \"%s\" is set twice, first on line %s", option->name,
			option->comment);
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
		return titles_refuse_same(parser, parse.file, parse.error);
	if (!parse.failed) /* libconfuse reports nothing for an empty name */
		error_set(parse.error,
			"%s:%d: expected the name of an option or a section: write NAME = "
			"VALUE",
			parse.file, reached(parser));
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
	if (type != NULL && type->options == NULL)
		error_set(error, "%s:%d: %s \"%.64s\": type: this build lacks this type",
			parse.file, schema_option_line(chosen), parse.unknown_in, parse.title);
	cfg_free(parser);
	parse.error = error;
}

cfg_t *schema_parse(const char *file, struct config_types types, struct error *error)
{
	struct buffer text = BUFFER_INIT(8 * SOURCE_MAX);
	cfg_t *parser = NULL;
	int rc = source_read(file, &text, error);

	if (rc == 0) {
		parser = make_parser(types, CFGF_NONE);
		parse.file = file;
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

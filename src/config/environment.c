/* SPDX-License-Identifier: MIT */
#include "config/environment.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/nearest.h"

#include <ctype.h>
#include <unistd.h>

static const char prefix[] = "MEETAUTH_";
static const char separator[] = "__";

/* A section, and the tables of its options. */
struct place {
	cfg_t *section;
	const struct option *options;
	const struct section_type *types; /* NULL: the kind has no types */
};

/* A variable, and what its name was found to mean. */
struct variable {
	const char *name, *value; /* the name as it is, without a NUL before '=' */
	struct config_types types;
	struct place place; /* has the option */
	const struct option *option;
	unsigned found;	     /* how many options are written like this */
	bool loose;	     /* one '_' may be many, and stand for a separator */
	struct place inside; /* section != NULL: the last section that fits the name */
	const char *rest;    /* of the name, behind that section's */
	cfg_opt_t *kind;     /* the last kind of section that fits; NULL: none */
	const char *titled;  /* the name behind it */
};

/* ---- names ---- */

static char written(char c)
{
	return isalnum((unsigned char)c) ? (char)toupper((unsigned char)c) : '_';
}

/* Where `text` goes on behind `name`, as variables write it; NULL: it begins with another. */
static const char *skip_name(const struct variable *variable, const char *text, const char *name)
{
	for (const char *at = name; *at != '\0'; at++) {
		if (variable->loose && at > name && written(*at) == '_' && written(at[-1]) == '_')
			continue;
		if (*text++ != written(*at))
			return NULL;
	}
	return text;
}

static const char *skip_separator(const struct variable *variable, const char *text)
{
	size_t length = variable->loose ? 1 : sizeof separator - 1;

	return text != NULL && strncmp(text, separator, length) == 0 ? text + length : NULL;
}

/* Returns the name after the prefix in the spelling that a loose search compares: in capitals, each
 * run of characters other than letters and digits as one '_'. The caller frees it. */
static char *loose_name(const char *name)
{
	char *text = xstrdup(name);
	size_t length = 0;

	for (; *name != '\0'; name++)
		if (written(*name) != '_' || (length > 0 && text[length - 1] != '_'))
			text[length++] = written(*name);
	text[length] = '\0';
	return text;
}

/* Writes a name as variables do. */
static void write_name(const char *name, char *text, size_t size)
{
	size_t length = 0;

	for (; name[length] != '\0' && length + 1 < size; length++)
		text[length] = written(name[length]);
	text[length] = '\0';
}

static struct place place_of(const struct variable *variable, cfg_t *section)
{
	const struct place places[] = {
		{section, schema_file_options, NULL},
		{section, schema_platform_options, variable->types.platforms},
		{section, schema_backend_options, variable->types.backends},
		{section, schema_policy_options, NULL},
		{section, schema_rule_options, NULL},
		{section, schema_meet_options, NULL},
		{section, schema_desk_options, NULL},
	};
	static const char *const kinds[] = {
		NULL, "platform", "backend", "policy", "rule", "meet", "guest-desk"};

	for (size_t i = 1; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(section->name, kinds[i]) == 0)
			return places[i];
	return places[0];
}

static bool is_type(const struct place *place, const struct section_type *type)
{
	cfg_opt_t *chosen = schema_option(place->section, "type");

	return chosen != NULL && chosen->nvalues > 0 &&
	       strcmp(type->type, cfg_opt_getnstr(chosen, 0)) == 0;
}

static const struct option *option_named(
	const struct variable *variable, const struct option *options, const char *text)
{
	const char *end;

	for (; options != NULL && options->name != NULL; options++) {
		end = skip_name(variable, text, options->name);
		if (end != NULL && *end == '\0')
			return options;
	}
	return NULL;
}

/* The option of the section's type, or else that of another, which is refused later. */
static const struct option *find_option(
	const struct variable *variable, const struct place *place, const char *text)
{
	const struct option *found = option_named(variable, place->options, text), *other = NULL;
	const struct section_type *type = place->types;

	for (; found == NULL && type != NULL && type->type != NULL; type++) {
		const struct option *option = option_named(variable, type->options, text);

		if (is_type(place, type))
			found = option;
		other = other != NULL ? other : option;
	}
	return found != NULL ? found : other;
}

static void find_in(struct variable *variable, cfg_t *section, const char *text);

/* Looks for the option in the sections of one kind. `text` is the rest of the name after the kind.
 */
static void find_in_kind(struct variable *variable, cfg_opt_t *kind, const char *text)
{
	variable->kind = kind;
	variable->titled = text;
	for (unsigned i = 0; i < cfg_opt_size(kind); i++) {
		cfg_t *section = cfg_opt_getnsec(kind, i);
		const char *rest = text;

		if (kind->flags & CFGF_TITLE)
			rest = skip_separator(variable, skip_name(variable, text, section->title));
		if (rest != NULL)
			find_in(variable, section, rest);
	}
}

/* Looks for the option that `text` names in a section and those inside. */
static void find_in(struct variable *variable, cfg_t *section, const char *text)
{
	struct place place = place_of(variable, section);
	const struct option *option = find_option(variable, &place, text);

	if (option != NULL) {
		variable->found++;
		variable->place = place;
		variable->option = option;
	}
	variable->inside = place;
	variable->rest = text;
	for (cfg_opt_t *opt = section->opts; opt->name != NULL; opt++) {
		const char *rest =
			opt->type == CFGT_SEC ? skip_name(variable, text, opt->name) : NULL;

		rest = skip_separator(variable, rest);
		if (rest != NULL)
			find_in_kind(variable, opt, rest);
	}
}

/* The option found, and its section. The caller frees it. */
static char *option_text(const struct variable *variable)
{
	const cfg_t *section = variable->place.section;
	const char *name = variable->option->name;

	if (variable->place.options == schema_file_options)
		return xstrdup(name);
	if (section->title == NULL)
		return xprintf("%s: %s", section->name, name);
	return xprintf("%s \"%s\": %s", section->name, section->title, name);
}

/* ---- refusals ---- */

/* Puts the variable in front of an error. */
static int blame(const struct variable *variable, struct error *error)
{
	return error_prefix(error, "environment: %.200s: ", variable->name);
}

static int refuse_several(const struct variable *variable, struct error *error)
{
	error_set(error, "several options are written like this; set this one in the file instead");
	return blame(variable, error);
}

static int refuse_secret(const struct variable *variable, struct error *error)
{
	error_set(error, "secrets do not belong in the environment; \"meetauthctl secret set NAME "
			 "--from-file "
			 "FILE\" stores one");
	return blame(variable, error);
}

/* Whether the rest, as the file would write it, looks like the name of a secret. */
static bool names_secret(const char *rest)
{
	char name[64];
	size_t length = 0;

	for (; rest[length] != '\0' && length + 1 < sizeof name; length++)
		name[length] =
			rest[length] == '_' ? '-' : (char)tolower((unsigned char)rest[length]);
	name[length] = '\0';
	return schema_is_secret(name);
}

static void try_options(
	struct nearest *nearest, const struct option *options, char (*names)[64], size_t *count)
{
	for (; options != NULL && options->name != NULL; options++, (*count)++) {
		write_name(options->name, names[*count], sizeof *names);
		nearest_try(nearest, names[*count]);
	}
}

static size_t count_names(const struct place *place)
{
	size_t count = schema_count(place->options);

	for (const struct section_type *type = place->types; type != NULL && type->type != NULL;
		type++)
		count += schema_count(type->options);
	return count;
}

/* Somebody else's, whose name only begins like ours: Kubernetes describes a service called meetauth
 * in MEETAUTH_SERVICE_HOST and MEETAUTH_PORT_80_TCP. */
static int ignore(const struct variable *variable, struct sources *sources)
{
	char *about = xprintf("%s sets no option, and is ignored", variable->name);

	sources_add_variable(sources, variable->name, about);
	free(about);
	return 0;
}

/* Whether Kubernetes made it for a service such as meetauth-metrics: no option is called so. */
static bool is_port(const struct variable *variable)
{
	static const char end[] = "_PORT";
	size_t length = strlen(variable->name);

	return length > sizeof end - 1 &&
	       strcmp(variable->name + length - (sizeof end - 1), end) == 0 &&
	       strstr(variable->value, "://") != NULL;
}

/* Refuses a name that differs from an option's only in capitals and in the number of '_'. Returns
 * 0 for another. */
static int refuse_loose(const struct variable *variable, cfg_t *parsed, struct error *error)
{
	struct variable loose = {.types = variable->types, .loose = true};
	char *name = loose_name(variable->name + sizeof prefix - 1), *option;

	find_in(&loose, parsed, name);
	free(name);
	if (loose.found == 0)
		return 0;
	option = option_text(&loose);
	error_set(error,
		"sets no option; a variable that sets %s is in capitals, and has two underscores "
		"behind the kind of the section and behind its title",
		option);
	free(option);
	return blame(variable, error);
}

static int refuse_option(
	const struct variable *variable, struct sources *sources, struct error *error)
{
	const struct place *place = &variable->inside;
	size_t count = 0;
	char(*names)[64] = xcalloc(count_names(place) + 1, sizeof *names);
	struct nearest nearest = NEAREST_INIT(variable->rest);

	try_options(&nearest, place->options, names, &count);
	for (const struct section_type *type = place->types; type != NULL && type->type != NULL;
		type++)
		if (is_type(place, type))
			try_options(&nearest, type->options, names, &count);
	if (place->options == schema_file_options && (nearest.name == NULL || is_port(variable))) {
		free(names);
		return ignore(variable, sources);
	}
	if (nearest.name != NULL)
		error_set(error, "sets no option: did you mean %.*s%s?",
			(int)(variable->rest - variable->name), variable->name, nearest.name);
	else
		error_set(error, "sets no option; meetauth.conf(5) says how the names are made");
	free(names);
	return blame(variable, error);
}

/* No section has the title that the name has. */
static int refuse_title(const struct variable *variable, struct error *error)
{
	cfg_opt_t *kind = variable->kind;
	const char *end = strstr(variable->titled, separator);
	char *meant = xstrndup(variable->titled,
		end != NULL ? (size_t)(end - variable->titled) : strlen(variable->titled));
	char(*names)[64] = xcalloc(cfg_opt_size(kind) + 1, sizeof *names);
	struct nearest nearest = NEAREST_INIT(meant);

	for (unsigned i = 0; i < cfg_opt_size(kind); i++) {
		write_name(cfg_opt_getnsec(kind, i)->title, names[i], sizeof *names);
		nearest_try(&nearest, names[i]);
	}
	error_set(error, "the file has no %s whose title is written like this%s%s%s", kind->name,
		nearest.name != NULL ? ": did you mean " : "",
		nearest.name != NULL ? nearest.name : "", nearest.name != NULL ? "?" : "");
	free(names);
	free(meant);
	return blame(variable, error);
}

static int refuse_unknown(
	const struct variable *variable, struct sources *sources, struct error *error)
{
	const cfg_opt_t *kind = variable->kind;
	const char *last = variable->rest;

	for (const char *at = last; (at = strstr(at, separator)) != NULL;)
		last = at += sizeof separator - 1;
	if (names_secret(last))
		return refuse_secret(variable, error);
	if (kind == NULL || strcmp(variable->inside.section->name, kind->name) == 0)
		return refuse_option(variable, sources, error);
	if (kind->flags & CFGF_TITLE)
		return refuse_title(variable, error);
	error_set(error, "the file has no section %s", kind->name);
	return blame(variable, error);
}

/* ---- values ---- */

/* The option of the parsed section; a section with a title may have to get it first. */
static cfg_opt_t *parsed_option(const struct place *place, const struct option *option)
{
	cfg_t *section = place->section;
	cfg_opt_t *opt = schema_option(section, option->name), *opts;
	size_t count = 0;

	if (opt != NULL)
		return opt;
	while (section->opts[count].name != NULL)
		count++;
	opts = realloc(section->opts, (count + 2) * sizeof *opts);
	if (opts == NULL)
		xno_memory();
	section->opts = opts;
	opts[count + 1] = opts[count];
	opts[count] = (cfg_opt_t){.name = xstrdup(option->name),
		.type = CFGT_STR,
		.flags = CFGF_NODEFAULT | (option->kind == OPTION_LIST ? CFGF_LIST : CFGF_NONE)};
	return &opts[count];
}

static void add_item(cfg_opt_t *opt, const char *text, size_t length)
{
	char *item = xstrndup(text, length);

	if (cfg_opt_setnstr(opt, item, cfg_opt_size(opt)) != CFG_SUCCESS)
		xno_memory();
	free(item);
}

/* Reads an entry of a list, which ends at a comma; one in quotes may have commas. Returns where the
 * text goes on, or NULL. */
static const char *read_item(cfg_opt_t *opt, const char *text)
{
	const char *end;
	size_t length;

	text += strspn(text, " \t");
	if (*text == '"') {
		end = strchr(++text, '"');
		if (end == NULL)
			return NULL;
		add_item(opt, text, (size_t)(end - text));
		end++;
		end += strspn(end, " \t");
		return *end == ',' || *end == '\0' ? end : NULL;
	}
	end = text + strcspn(text, ",");
	for (length = (size_t)(end - text); length > 0 && strchr(" \t", text[length - 1]) != NULL;)
		length--;
	add_item(opt, text, length);
	return end;
}

static int read_items(cfg_opt_t *opt, const char *text)
{
	if (*text == '\0') {
		add_item(opt, SOURCE_EMPTY, sizeof SOURCE_EMPTY - 1);
		return 0;
	}
	while ((text = read_item(opt, text)) != NULL && *text == ',')
		text++;
	return text != NULL ? 0 : -1;
}

/* Says for -t what the variable does. */
static char *describe(const struct variable *variable, int line, const struct sources *sources)
{
	char *option = option_text(variable), *text;

	if (line == 0)
		text = xprintf("%s sets %s", variable->name, option);
	else
		text = xprintf("%s sets %s, over %s:%d", variable->name, option,
			sources_file(sources, line), sources_line(sources, line));
	free(option);
	return text;
}

static int set_value(const struct variable *variable, struct sources *sources, struct error *error)
{
	cfg_opt_t *opt = parsed_option(&variable->place, variable->option);
	char *about = describe(variable, schema_option_line(opt), sources), line[16];
	int rc = 0;

	snprintf(line, sizeof line, "%d", sources_add_variable(sources, variable->name, about));
	free(about);
	cfg_free_value(opt);
	if (variable->option->kind == OPTION_LIST)
		rc = read_items(opt, variable->value);
	else
		add_item(opt, variable->value, strlen(variable->value));
	if (cfg_opt_setcomment(opt, line) != CFG_SUCCESS)
		xno_memory();
	if (rc == 0)
		return 0;
	error_set(error, "expected entries between commas; one with a comma in double quotes");
	return blame(variable, error);
}

/* ---- variables ---- */

static int apply(
	struct variable *variable, cfg_t *parsed, struct sources *sources, struct error *error)
{
	find_in(variable, parsed, variable->name + sizeof prefix - 1);
	if (variable->found > 1)
		return refuse_several(variable, error);
	if (variable->found == 1)
		return set_value(variable, sources, error);
	if (sources_names_variable(sources, variable->name))
		return 0;
	if (refuse_loose(variable, parsed, error) != 0)
		return -1;
	return refuse_unknown(variable, sources, error);
}

int environment_apply(
	cfg_t *parsed, struct config_types types, struct sources *sources, struct error *error)
{
	int rc = 0;

	for (char **at = environ; *at != NULL && rc == 0; at++) {
		size_t length = strcspn(*at, "=");
		char *name;
		struct variable variable;

		if (strncmp(*at, prefix, sizeof prefix - 1) != 0 || (*at)[length] == '\0')
			continue;
		name = xstrndup(*at, length);
		text_clean(name);
		variable =
			(struct variable){.name = name, .value = *at + length + 1, .types = types};
		rc = apply(&variable, parsed, sources, error);
		free(name);
	}
	return rc;
}

/* SPDX-License-Identifier: MIT
 *
 * Parser for the operands and options of a command, which its usage line declares.
 */
#include "ctl/ctl.h"

#include "config/nearest.h"
#include "ctl/progress.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* ---- errors ---- */

__attribute__((format(printf, 1, 0))) static void print_error(const char *format, va_list args)
{
	progress_stop();
	fflush(stdout); /* so that output comes before the error if both share a pipe */
	fputs("meetauthctl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void ctl_die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	exit(status);
}

void ctl_fail(int status, const struct error *error)
{
	ctl_die(status, "%s", error->text);
}

struct error ctl_error;

void ctl_must(int status, int rc)
{
	if (rc != 0)
		ctl_fail(status, &ctl_error);
}

void *ctl_need(int status, void *result)
{
	if (result == NULL)
		ctl_fail(status, &ctl_error);
	return result;
}

void ctl_usage(const struct ctl_command *command, const char *format, ...)
{
	char text[2000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ctl_die(EX_USAGE, "%s: %s\nusage: meetauthctl [-c FILE] [--json] %s%s%s", command->words,
		text, command->words, command->arguments[0] != '\0' ? " " : "", command->arguments);
}

/* ---- storing values ---- */

enum kind { VALUE = 0, FLAG, GROUPS };

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} members[] = {
	{"acr", VALUE, offsetof(struct given, acr)},
	{"address", VALUE, offsetof(struct given, address)},
	{"ask-secret", FLAG, offsetof(struct given, ask_secret)},
	{"at", VALUE, offsetof(struct given, at)},
	{"backend", VALUE, offsetof(struct given, backend)},
	{"connect", FLAG, offsetof(struct given, connect)},
	{"dry-run", FLAG, offsetof(struct given, dry_run)},
	{"email", VALUE, offsetof(struct given, email)},
	{"exit-code", FLAG, offsetof(struct given, exit_code)},
	{"expires", VALUE, offsetof(struct given, expires)},
	{"force", FLAG, offsetof(struct given, force)},
	{"forget", FLAG, offsetof(struct given, forget)},
	{"from-file", VALUE, offsetof(struct given, from_file)},
	{"group", GROUPS, 0},
	{"interval", VALUE, offsetof(struct given, interval)},
	{"log", VALUE, offsetof(struct given, log)},
	{"meeting", VALUE, offsetof(struct given, meeting)},
	{"meeting-token", VALUE, offsetof(struct given, meeting_token)},
	{"name", VALUE, offsetof(struct given, name)},
	{"once", FLAG, offsetof(struct given, once)},
	{"platform", VALUE, offsetof(struct given, platform)},
	{"ready", FLAG, offsetof(struct given, ready)},
	{"redirect", VALUE, offsetof(struct given, redirect)},
	{"remove", FLAG, offsetof(struct given, remove)},
	{"second-factor", FLAG, offsetof(struct given, second_factor)},
	{"secret-file", VALUE, offsetof(struct given, secret_file)},
	{"since", VALUE, offsetof(struct given, since)},
	{"socket", VALUE, offsetof(struct given, socket)},
	{"state", VALUE, offsetof(struct given, state)},
	{"store", VALUE, offsetof(struct given, store)},
	{"store-key", VALUE, offsetof(struct given, store_key)},
	{"svg", FLAG, offsetof(struct given, svg)},
	{"title", VALUE, offsetof(struct given, title)},
	{"type", VALUE, offsetof(struct given, type)},
	{"user", VALUE, offsetof(struct given, user)},
	{"with", VALUE, offsetof(struct given, with)},
};

enum { MEMBERS = sizeof members / sizeof *members };

/* Returns the index in `members`, or MEMBERS if there is no such name. */
static size_t find_member(const char *name, size_t length)
{
	size_t i = 0;

	while (i < MEMBERS &&
		(strlen(members[i].name) != length || strncmp(members[i].name, name, length) != 0))
		i++;
	return i;
}

static void fail_repeated(const struct ctl_command *command, const char *name, int most)
{
	ctl_usage(command, "--%s may be given %d time%s at most", name, most, most == 1 ? "" : "s");
}

/* Stores the value of an option; NULL for a flag. */
static void keep(
	const struct ctl_command *command, struct given *given, size_t at, const char *value)
{
	const char *name = members[at].name;
	void *member = (char *)given + members[at].offset;

	if (members[at].kind == GROUPS) {
		if (given->group_count == IDENTITY_GROUPS_MAX)
			fail_repeated(command, name, IDENTITY_GROUPS_MAX);
		given->groups[given->group_count++] = value;
	} else if (members[at].kind == FLAG) {
		if (*(bool *)member)
			fail_repeated(command, name, 1);
		*(bool *)member = true;
	} else {
		if (*(const char **)member != NULL)
			fail_repeated(command, name, 1);
		*(const char **)member = value;
	}
}

/* ---- the usage line ---- */

/* An option in a usage line: "[--group GROUP]...". */
struct declared {
	const char *name;
	size_t length;
	bool required;
};

/* Parses the next option. Returns false at the end. */
static bool next_declared(const char **line, struct declared *option)
{
	const char *at = strstr(*line, "--");

	if (at == NULL)
		return false;
	option->name = at + 2;
	option->length = strcspn(option->name, " ]");
	option->required = at == *line || at[-1] == ' ';
	*line = option->name + option->length;
	return true;
}

/* Returns the index in `members` of an option that the command declares, or MEMBERS. */
static size_t find_option(const struct ctl_command *command, const char *name, size_t length)
{
	const char *line = command->arguments;
	struct declared option;

	while (next_declared(&line, &option))
		if (option.length == length && strncmp(option.name, name, length) == 0)
			return find_member(name, length);
	return MEMBERS;
}

static _Noreturn void fail_unknown(const struct ctl_command *command, const char *word)
{
	struct nearest nearest = NEAREST_INIT(word + strspn(word, "-"));
	const char *line = command->arguments;
	struct declared option;

	while (next_declared(&line, &option))
		nearest_try(&nearest, members[find_member(option.name, option.length)].name);
	if (nearest.name != NULL)
		ctl_usage(command, "unknown option %s: did you mean --%s?", word, nearest.name);
	ctl_usage(command, "unknown option %s", word);
}

/* Parses the option at argv[at], whose value may be the next word. Returns the number of words. */
static int take_option(
	const struct ctl_command *command, int argc, char **argv, int at, struct given *given)
{
	const char *name = argv[at] + 2, *equals = strchr(argv[at], '=');
	size_t length = equals != NULL ? (size_t)(equals - name) : strlen(argv[at]) - 2;
	size_t member = argv[at][1] == '-' ? find_option(command, name, length) : MEMBERS;

	if (member == MEMBERS)
		fail_unknown(command, argv[at]);
	if (members[member].kind == FLAG && equals != NULL)
		ctl_usage(command, "--%s takes no value", members[member].name);
	if (members[member].kind == FLAG || equals != NULL) {
		keep(command, given, member, equals != NULL ? equals + 1 : NULL);
		return 1;
	}
	if (at + 1 >= argc)
		ctl_usage(command, "--%s requires a value", members[member].name);
	keep(command, given, member, argv[at + 1]);
	return 2;
}

static void check_required(const struct ctl_command *command, const struct given *given)
{
	const char *line = command->arguments;
	struct declared option;

	while (next_declared(&line, &option)) {
		size_t at = find_member(option.name, option.length);
		const void *member = (const char *)given + members[at].offset;

		if (option.required && *(const char *const *)member == NULL)
			ctl_usage(command, "missing option --%s", members[at].name);
	}
}

/* Counts the operands: they come before the options, in capitals. */
static size_t count_operands(const char *arguments)
{
	size_t count = 0;

	while (*arguments >= 'A' && *arguments <= 'Z') {
		arguments += strcspn(arguments, " ");
		arguments += strspn(arguments, " ");
		count++;
	}
	return count;
}

void ctl_read_arguments(
	const struct ctl_command *command, int argc, char **argv, struct given *given)
{
	size_t wanted = count_operands(command->arguments), count = 0;
	bool ended = false;

	for (int at = 0; at < argc;) {
		if (!ended && argv[at][0] == '-' && argv[at][1] != '\0') {
			ended = strcmp(argv[at], "--") == 0;
			at += ended ? 1 : take_option(command, argc, argv, at, given);
			continue;
		}
		if (count == wanted)
			ctl_usage(command,
				wanted > 0 ? "extra operand \"%s\"" : "unexpected argument \"%s\"",
				argv[at]);
		given->operands[count++] = argv[at++];
	}
	if (count < wanted)
		ctl_usage(command, "missing operand");
	check_required(command, given);
}

/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"

#include "config/nearest.h"

#include <stdarg.h>

int ctl_fail(int status, const struct error *error)
{
	fflush(stdout); /* what was found out before stands before it, also in one pipe */
	fprintf(stderr, "meetauthctl: %s\n", error->text);
	return status;
}

int ctl_usage(const struct ctl_command *command, const char *format, ...)
{
	const char *gap = command->arguments[0] != '\0' ? " " : "";
	va_list args;

	fflush(stdout);
	fprintf(stderr, "meetauthctl: %s: ", command->words);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: meetauthctl [-c FILE] [--json] %s%s%s\n", command->words, gap,
		command->arguments);
	return EX_USAGE;
}

/* The option that `word` ("--name" or "--name=value") names; *value_r is what stands after "=", or
 * NULL. */
static struct ctl_option *find(struct ctl_option *options, const char *word, const char **value_r)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);

	*value_r = equals != NULL ? equals + 1 : NULL;
	for (struct ctl_option *option = options; option->name != NULL; option++)
		if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
			return option;
	return NULL;
}

static void complain_unknown(
	const struct ctl_command *command, const struct ctl_option *options, const char *word)
{
	struct nearest nearest = NEAREST_INIT(word + strspn(word, "-"));

	for (; options->name != NULL; options++)
		nearest_try(&nearest, options->name);
	if (nearest.name != NULL)
		ctl_usage(command, "unknown option %s: did you mean --%s?", word, nearest.name);
	else
		ctl_usage(command, "unknown option %s", word);
}

/* Takes the option at argv[at], and the word after it where that is its value. Returns how many
 * words, or -1 after saying what is wrong. */
static int take(const struct ctl_command *command, struct ctl_option *options, int argc,
	char **argv, int at)
{
	const char *value = NULL;
	struct ctl_option *option = NULL;
	int words = 1;

	if (argv[at][1] == '-')
		option = find(options, argv[at], &value);
	if (option == NULL) {
		complain_unknown(command, options, argv[at]);
		return -1;
	}
	if (option->flag && value != NULL) {
		ctl_usage(command, "--%s takes no value", option->name);
		return -1;
	}
	if (!option->flag && value == NULL) {
		if (at + 1 >= argc) {
			ctl_usage(command, "--%s needs a value", option->name);
			return -1;
		}
		value = argv[at + words++];
	}
	if (option->count >= option->maximum) {
		ctl_usage(command, "--%s is given more than %zu time%s", option->name,
			option->maximum, option->maximum == 1 ? "" : "s");
		return -1;
	}
	option->values[option->count++] = option->flag ? option->name : value;
	return words;
}

int ctl_options(
	const struct ctl_command *command, struct ctl_option *options, int argc, char **argv)
{
	bool ended = false;
	int kept = 0;

	for (int at = 0; at < argc;) {
		int words = 1;

		if (!ended && strcmp(argv[at], "--") == 0) {
			ended = true;
		} else if (ended || argv[at][0] != '-' || argv[at][1] == '\0') {
			argv[kept++] = argv[at];
		} else {
			words = take(command, options, argc, argv, at);
			if (words < 0)
				return -1;
		}
		at += words;
	}
	argv[kept] = NULL;
	return kept;
}

int ctl_operands(const struct ctl_command *command, int argc, char **argv, int wanted)
{
	struct ctl_option none[] = {{.name = NULL}};
	int operands = ctl_options(command, none, argc, argv);

	if (operands < 0)
		return -1;
	if (operands == wanted)
		return 0;
	ctl_usage(command, operands < wanted ? "something is missing" : "there is too much");
	return -1;
}

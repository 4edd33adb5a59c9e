/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: common options, the table of commands, and the help that is made of it.
 */
#include "ctl/ctl.h"

#include "auth/auth.h"
#include "base/process.h"
#include "config/nearest.h"
#include "ctl/audit.h"
#include "platform/registry.h"
#include "secret/secret.h"
#include "service/user.h"

#include <errno.h>

/* In the order of the help. */
static const struct ctl_command *const groups[] = {
	ctl_store_commands,
	ctl_secret_commands,
	ctl_session_commands,
	ctl_user_commands,
	ctl_invite_commands,
	ctl_meeting_key_commands,
	ctl_policy_commands,
	ctl_check_commands,
};

enum {
	GROUPS = sizeof groups / sizeof *groups,
	WORDS_MAX = 64, /* of a command */
};

/* What the command line says before it is about a command. */
struct line {
	bool help, version;
	int argc; /* the words left over */
	char **argv;
};

const struct settings *ctl_settings(struct ctl *ctl)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct error error;

	if (ctl->settings == NULL) {
		if (service_become_user(ctl->config_file, &error) == 0)
			ctl->settings = config_load(ctl->config_file, types, &error);
		if (ctl->settings == NULL)
			ctl_fail(EX_CONFIG, &error);
	}
	return ctl->settings;
}

/* -- which command -- */

/* How many words of the command stand at the front of argv: all of them, or 0. */
static int match(const struct ctl_command *command, int argc, char **argv)
{
	const char *words = command->words;

	for (int i = 0; i < argc; i++) {
		size_t length = strcspn(words, " ");

		if (strlen(argv[i]) != length || strncmp(argv[i], words, length) != 0)
			return 0;
		if (words[length] == '\0')
			return i + 1;
		words += length + 1;
	}
	return 0;
}

static const struct ctl_command *find(int argc, char **argv, int *words_r)
{
	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++) {
			*words_r = match(c, argc, argv);
			if (*words_r > 0)
				return c;
		}
	return NULL;
}

/* Whether the command's first word is `word`; every one's is NULL. */
static bool begins_with(const struct ctl_command *command, const char *word)
{
	size_t length = strcspn(command->words, " ");

	return word == NULL ||
	       (strlen(word) == length && strncmp(command->words, word, length) == 0);
}

/* -- help -- */

static void print_usage(FILE *out, const struct ctl_command *command)
{
	const char *gap = command != NULL && command->arguments[0] != '\0' ? " " : "";

	fprintf(out, "usage: meetauthctl [-c FILE] [--json] %s%s%s\n",
		command != NULL ? command->words : "COMMAND", gap,
		command != NULL ? command->arguments : " [ARGUMENT ...]");
}

static void print_command(const struct ctl_command *command)
{
	printf("  %s%s%s\n      %s\n", command->words, command->arguments[0] != '\0' ? " " : "",
		command->arguments, command->summary);
}

static size_t print_commands(const char *word)
{
	size_t count = 0;

	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++)
			if (begins_with(c, word)) {
				print_command(c);
				count++;
			}
	return count;
}

static int print_help(const struct ctl_command *command, const char *word)
{
	print_usage(stdout, command);
	printf("\n");
	if (command != NULL)
		print_command(command);
	else if (print_commands(word) == 0)
		print_commands(NULL);
	printf("\n"
	       "  -c FILE      configuration (%s)\n"
	       "  --json       lists as JSON\n"
	       "  -h, --help   this, or the help of a command\n"
	       "  -V           version\n\n"
	       "The manual is meetauthctl(1).\n",
		SYSCONFDIR "/meetauth/meetauth.conf");
	return EX_OK;
}

/* The command that was meant, by a slip in its first word or its second. */
static const char *find_meant(int argc, char **argv, char meant[WORDS_MAX])
{
	struct nearest nearest;

	snprintf(meant, WORDS_MAX, "%.30s%s%.30s", argv[0], argc > 1 ? " " : "",
		argc > 1 ? argv[1] : "");
	nearest = NEAREST_INIT(meant);
	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++)
			nearest_try(&nearest, c->words);
	return nearest.name;
}

static int fail_unknown(int argc, char **argv)
{
	char words[WORDS_MAX];
	const char *meant;
	bool known = false;

	if (argc == 0) {
		print_usage(stderr, NULL);
		fprintf(stderr, "\"meetauthctl --help\" lists the commands\n");
		return EX_USAGE;
	}
	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++)
			known = known || begins_with(c, argv[0]);
	if (known && argc > 1)
		fprintf(stderr, "meetauthctl: unknown command: %s %s\n", argv[0], argv[1]);
	else
		fprintf(stderr, "meetauthctl: %s command: %s\n", known ? "incomplete" : "unknown",
			argv[0]);
	meant = known && argc == 1 ? NULL : find_meant(argc, argv, words);
	if (meant != NULL)
		fprintf(stderr, "did you mean \"meetauthctl %s\"?\n", meant);
	fprintf(stderr, "\"meetauthctl %s%s--help\" lists the commands\n", known ? argv[0] : "",
		known ? " " : "");
	return EX_USAGE;
}

/* -- the command line -- */

/* Takes a common option at argv[at]. Returns the number of words, 0 where there is none, -1 for
 * "-c" alone. */
static int take_common(struct ctl *ctl, struct line *line, int at)
{
	const char *word = line->argv[at];

	if (strcmp(word, "--json") == 0) {
		ctl->json = true;
	} else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
		line->help = true;
	} else if (strcmp(word, "-V") == 0) {
		line->version = true;
	} else if (strcmp(word, "-c") == 0) {
		if (at + 1 >= line->argc)
			return -1;
		ctl->config_file = line->argv[at + 1];
		return 2;
	} else {
		return 0;
	}
	return 1;
}

/* Takes the common options out, wherever they stand before "--"; the rest is the command's. */
static int read_line(struct ctl *ctl, struct line *line)
{
	int kept = 0, at = 0;

	while (at < line->argc && strcmp(line->argv[at], "--") != 0) {
		int words = take_common(ctl, line, at);

		if (words < 0) {
			fprintf(stderr, "meetauthctl: -c needs a file\n");
			return -1;
		}
		if (words == 0)
			line->argv[kept++] = line->argv[at];
		at += words > 0 ? words : 1;
	}
	while (at < line->argc)
		line->argv[kept++] = line->argv[at++];
	line->argv[kept] = NULL;
	line->argc = kept;
	return 0;
}

static int run(struct ctl *ctl, struct line *line)
{
	const struct ctl_command *command;
	struct error error;
	struct audit audit;
	int words = 0, status;

	if (read_line(ctl, line) != 0)
		return EX_USAGE;
	/* "help" and "help user" are what the options make of it. */
	if (line->argc > 0 && strcmp(line->argv[0], "help") == 0) {
		line->help = true;
		line->argc--;
		line->argv++;
	}
	if (line->version) {
		printf("meetauthctl %s\n", PACKAGE_VERSION_TEXT);
		return EX_OK;
	}
	command = find(line->argc, line->argv, &words);
	if (line->help)
		return print_help(command, line->argc > 0 ? line->argv[0] : NULL);
	if (command == NULL)
		return fail_unknown(line->argc, line->argv);
	if (secret_init(&error) != 0)
		return ctl_fail(EX_OSERR, &error);
	audit_begin(&audit, line->argc - words, line->argv + words);
	status = command->run(ctl, line->argc - words, line->argv + words);
	if (command->changes && status == EX_OK)
		audit_end(&audit, command->words);
	return status;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.config_file = SYSCONFDIR "/meetauth/meetauth.conf"};
	struct line line = {.argc = argc - 1, .argv = argv + 1};
	struct error error;
	int status;

	process_begin();
	status = run(&ctl, &line);
	if (ctl.settings != NULL)
		config_free(&ctl.settings);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		error_set(&error, "cannot write to standard output: %s", strerror(errno));
		status = ctl_fail(EX_IOERR, &error);
	}
	return status;
}

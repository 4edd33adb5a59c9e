/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: common options, the table of commands, and the help, which is generated from it.
 */
#include "ctl/ctl.h"

#include "base/process.h"
#include "config/nearest.h"
#include "secret/secret.h"

#include <errno.h>

/* In the order of the help. */
static const struct ctl_command *const groups[] = {
	ctl_setup_commands,
	ctl_store_commands,
	ctl_secret_commands,
	ctl_apply_commands,
	ctl_session_commands,
	ctl_state_commands,
	ctl_user_commands,
	ctl_invite_commands,
	ctl_meeting_key_commands,
	ctl_room_commands,
	ctl_webex_commands,
	ctl_policy_commands,
	ctl_pages_commands,
	ctl_check_commands,
	ctl_top_commands,
	ctl_log_commands,
	ctl_report_commands,
};

enum {
	GROUPS = sizeof groups / sizeof *groups,
	WORDS_MAX = 64, /* length of a command's words */
};

/* The command line without the common options. */
struct line {
	bool help, version;
	int argc; /* the remaining words */
	char **argv;
};

/* -- finding the command -- */

/* Returns the number of the command's words if argv begins with all of them, otherwise 0. */
static int match_words(const struct ctl_command *command, int argc, char **argv)
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

static const struct ctl_command *find_command(int argc, char **argv, int *words_r)
{
	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++) {
			*words_r = match_words(c, argc, argv);
			if (*words_r > 0)
				return c;
		}
	return NULL;
}

/* Whether the command's first word is `word`. NULL matches all commands. */
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
	       "  -c FILE      read this configuration (%s)\n"
	       "  --json       print lists as JSON\n"
	       "  -h, --help   show this help, or that of a command\n"
	       "  -V           show the version\n\n"
	       "The manual is meetauthctl(1).\n",
		SYSCONFDIR "/meetauth/meetauth.conf");
	return EX_OK;
}

/* Returns the command most similar to the first two words, for "did you mean", or NULL. */
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

/* Parses a common option at argv[at]. Returns the number of its words, or 0 if it is something
 * else. */
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
			ctl_die(EX_USAGE, "-c requires a file");
		ctl->config_file = line->argv[at + 1];
		return 2;
	} else {
		return 0;
	}
	return 1;
}

/* Removes the common options before "--" from the line. */
static void read_common(struct ctl *ctl, struct line *line)
{
	int kept = 0, at = 0;

	while (at < line->argc && strcmp(line->argv[at], "--") != 0) {
		int words = take_common(ctl, line, at);

		if (words == 0)
			line->argv[kept++] = line->argv[at];
		at += words > 0 ? words : 1;
	}
	while (at < line->argc)
		line->argv[kept++] = line->argv[at++];
	line->argv[kept] = NULL;
	line->argc = kept;
}

/* Runs the command that the line begins with. */
static int run_command(struct ctl *ctl, struct line *line)
{
	struct audit *audit = &ctl->audit;
	int words = 0, status;

	ctl->command = find_command(line->argc, line->argv, &words);
	if (line->help)
		return print_help(ctl->command, line->argc > 0 ? line->argv[0] : NULL);
	if (ctl->command == NULL)
		return fail_unknown(line->argc, line->argv);
	ctl_must(EX_OSERR, secret_init(&ctl_error));
	audit_begin(audit, line->argc - words, line->argv + words);
	ctl_read_arguments(ctl->command, line->argc - words, line->argv + words, &ctl->given);
	if (!ctl->command->loads_itself)
		ctl_load_settings(ctl);
	status = ctl->command->run(ctl);
	if (ctl->command->changes && !ctl->unchanged && (status == EX_OK || status == CTL_CHANGED))
		audit_write(audit, ctl->command->words,
			audit->what[0] != '\0' && ctl_may_name(ctl) ? audit->what : NULL);
	return status;
}

/* NULL after the last. */
static const struct ctl_command *command_at(size_t index)
{
	for (size_t group = 0; group < GROUPS; group++)
		for (const struct ctl_command *c = groups[group]; c->words != NULL; c++)
			if (index-- == 0)
				return c;
	return NULL;
}

static int run_line(struct ctl *ctl, struct line *line)
{
	if (line->argc > 0 && strcmp(line->argv[0], "complete") == 0)
		return ctl_complete(command_at, line->argc - 1, line->argv + 1);
	read_common(ctl, line);
	/* "help user" is the same as "user --help". */
	if (line->argc > 0 && strcmp(line->argv[0], "help") == 0) {
		line->help = true;
		line->argc--;
		line->argv++;
	}
	if (!line->version)
		return run_command(ctl, line);
	printf("meetauthctl %s\n", PACKAGE_VERSION_TEXT);
	return EX_OK;
}

int ctl_main(int argc, char **argv)
{
	static struct ctl ctl; /* static: leak checkers still reach it when a command exits */
	struct line line = {.argc = argc - 1, .argv = argv + 1};
	int status;

	ctl.config_file = SYSCONFDIR "/meetauth/meetauth.conf";
	process_begin();
	status = run_line(&ctl, &line);
	if (ctl.settings != NULL)
		config_free(&ctl.settings);
	/* After a full disk or a closed pipe the exit status must not be 0. */
	if (fflush(stdout) != 0 || ferror(stdout))
		ctl_die(EX_IOERR, "cannot write to standard output: %s", strerror(errno));
	return status;
}

/* SPDX-License-Identifier: MIT
 *
 * Completion in shells: "meetauthctl complete WORD... PARTIAL" prints what PARTIAL may become, one
 * candidate a line, with what it means behind a tab. The scripts in share/completions call it, so
 * they offer what the table of commands has.
 */
#include "ctl/ctl.h"

#include <stdio.h>

enum {
	COMPLETE_FILE = 1, /* exit status: a file name belongs here */
	NAME_MAX_LENGTH = 40,
};

/* The words before the partial one, without common options, and what they may mean. */
struct before {
	int count;
	char **words;
	const struct ctl_command *(*command_at)(size_t index);
};

/* The option of a usage line at or after `at`: its name, and whether a value follows. NULL: none.
 */
static const char *next_option(const char *at, size_t *length_r, bool *value_r)
{
	const char *name = strstr(at, "--");

	if (name == NULL)
		return NULL;
	*length_r = strcspn(name, " ]");
	*value_r =
		name[*length_r] == ' ' && name[*length_r + 1] >= 'A' && name[*length_r + 1] <= 'Z';
	return name;
}

/* Whether the command's option `word` takes the next word as its value. */
static bool takes_value(const struct ctl_command *command, const char *word)
{
	const char *at = command->arguments;
	size_t length;
	bool value;

	while ((at = next_option(at, &length, &value)) != NULL) {
		if (strlen(word) == length && strncmp(at, word, length) == 0)
			return value;
		at += length;
	}
	return false;
}

/* How many words of the line the command's own words are, where the line begins with all of them.
 */
static int match_all(const struct ctl_command *command, const struct before *before)
{
	const char *words = command->words;

	for (int i = 0; i < before->count; i++) {
		size_t length = strcspn(words, " ");

		if (strlen(before->words[i]) != length ||
			strncmp(before->words[i], words, length) != 0)
			return 0;
		if (words[length] == '\0')
			return i + 1;
		words += length + 1;
	}
	return 0;
}

/* The word of the command that follows those of the line; NULL: the line is not its beginning. */
static const char *next_word(const struct ctl_command *command, const struct before *before)
{
	const char *words = command->words;

	for (int i = 0; i < before->count; i++) {
		size_t length = strcspn(words, " ");

		if (strlen(before->words[i]) != length ||
			strncmp(before->words[i], words, length) != 0 || words[length] == '\0')
			return NULL;
		words += length + 1;
	}
	return words;
}

static void offer(const char *text, size_t length, const char *partial, const char *meaning)
{
	if (strncmp(text, partial, strlen(partial)) == 0 && strlen(partial) <= length)
		printf("%.*s\t%s\n", (int)length, text, meaning);
}

static bool is_given(const struct before *before, const char *option, size_t length)
{
	for (int i = 0; i < before->count; i++)
		if (strncmp(before->words[i], option, length) == 0 &&
			(before->words[i][length] == '\0' || before->words[i][length] == '='))
			return true;
	return false;
}

/* The options that are not given yet; those with dots may be given again. */
static void offer_options(
	const struct ctl_command *command, const struct before *before, const char *partial)
{
	const char *at = command->arguments;
	size_t length;
	bool value;

	while ((at = next_option(at, &length, &value)) != NULL) {
		const char *end = at + length + strcspn(at + length, "]");

		if (strncmp(end, "]...", 4) == 0 || !is_given(before, at, length))
			offer(at, length, partial, value ? "takes a value" : "");
		at += length;
	}
	offer("--json", 6, partial, "lists as JSON");
	offer("--help", 6, partial, "help of this command");
}

/* Prints the next words of all commands that begin with the line, each word once: equal words are
 * adjacent in the table. */
static void offer_words(const struct before *before, const char *partial)
{
	const struct ctl_command *command;
	char last[NAME_MAX_LENGTH] = "";

	for (size_t i = 0; (command = before->command_at(i)) != NULL; i++) {
		const char *word = next_word(command, before);
		char name[NAME_MAX_LENGTH];
		bool whole;

		if (word == NULL)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(word, " "), word);
		if (strcmp(name, last) == 0)
			continue;
		whole = word[strlen(name)] == '\0';
		offer(name, strlen(name), partial, whole ? command->summary : "");
		snprintf(last, sizeof last, "%s", name);
	}
	if (before->count == 0)
		offer("help", 4, partial, "the commands, or those of a word");
}

/* Takes the common options out. True: the partial word is the file of the last one, "-c". */
static bool drop_common(struct before *before)
{
	int kept = 0;

	for (int i = 0; i < before->count; i++) {
		const char *word = before->words[i];

		if (strcmp(word, "-c") == 0) {
			if (++i == before->count)
				return true;
		} else if (strcmp(word, "--json") != 0) {
			before->words[kept++] = before->words[i];
		}
	}
	before->count = kept;
	return false;
}

static const struct ctl_command *find_command(const struct before *before, int *words_r)
{
	const struct ctl_command *command;

	for (size_t i = 0; (command = before->command_at(i)) != NULL; i++) {
		*words_r = match_all(command, before);
		if (*words_r > 0)
			return command;
	}
	return NULL;
}

static bool is_file_option(const char *word)
{
	static const char *const files[] = {
		"--from-file", "--log", "--secret-file", "--socket", "--store", "--store-key"};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(word, files[i]) == 0)
			return true;
	return false;
}

int ctl_complete(const struct ctl_command *(*command_at)(size_t index), int argc, char **argv)
{
	struct before before = {
		.count = argc > 0 ? argc - 1 : 0, .words = argv, .command_at = command_at};
	const char *partial = argc > 0 ? argv[argc - 1] : "", *last;
	const struct ctl_command *command;
	int words = 0;

	if (drop_common(&before))
		return COMPLETE_FILE;
	command = find_command(&before, &words);
	last = before.count > 0 ? before.words[before.count - 1] : "";
	if (command == NULL) {
		if (partial[0] == '-')
			offer("--help", 6, partial, "the commands");
		else
			offer_words(&before, partial);
		return EX_OK;
	}
	if (before.count > words && takes_value(command, last))
		return is_file_option(last) ? COMPLETE_FILE : EX_OK;
	if (partial[0] == '-' || command->arguments[0] == '[' || command->arguments[0] == '-')
		offer_options(command, &before, partial);
	return EX_OK;
}

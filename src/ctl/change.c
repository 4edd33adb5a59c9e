/* SPDX-License-Identifier: MIT */
#include "ctl/change.h"

#include "base/file.h"
#include "ctl/ctl.h"

#include <sys/stat.h>
#include <unistd.h>

/* Reads the file. With `create`, a missing file is an empty one. */
static void read_text(struct change *change, bool create)
{
	struct stat st;

	change->old = BUFFER_INIT(USERS_FILE_MAX);
	change->mode = 0600;
	if (stat(change->path, &st) != 0 && create) {
		buffer_text(&change->old, USERS_FIRST_LINE);
		return;
	}
	ctl_must(EX_NOINPUT, file_read_text(change->path, FILE_PRIVATE, &change->old, &ctl_error));
	if (stat(change->path, &st) == 0)
		change->mode = st.st_mode &
			       0640; /* keep a group permission that root has set for the daemon */
}

/* Parses a users file. Exits with the status if it is invalid. */
static struct users *parse_users(const char *path, const struct buffer *text, int status)
{
	struct buffer copy = BUFFER_INIT(USERS_FILE_MAX);
	struct users *users;

	buffer_append(&copy, text->data != NULL ? text->data : "", text->length);
	users = ctl_need(status, users_parse(path, &copy, &ctl_error));
	return users;
}

void change_end(struct change *change)
{
	users_drop(&change->users);
	buffer_wipe(&change->old);
	if (change->lock >= 0)
		close(change->lock);
	change->lock = -1;
	change->user = NULL;
}

void change_begin(struct change *change, bool create)
{
	struct error error;

	change->lock = file_lock(change->path, &error);
	if (change->lock < 0)
		ctl_fail(EX_CANTCREAT, &error);
	read_text(change, create);
	change->users = parse_users(change->path, &change->old, EX_DATAERR);
	change->user = users_find(change->users, change->name);
	if (change->user != NULL && create)
		ctl_die(1, "%s: user \"%s\" already exists", change->path, change->user->name);
	if (change->user == NULL && !create)
		ctl_die(1, "%s: no user \"%s\"", change->path, change->name);
	if (change->user != NULL)
		snprintf(change->name, sizeof change->name, "%s", change->user->name);
}

/* Copies the old text and replaces line number `line`. 0 appends the new line. */
static void splice(
	const struct buffer *old, size_t line, const struct buffer *new_line, struct buffer *text)
{
	const char *at = old->data, *rest, *end_of_text = old->data + old->length;

	for (size_t i = 1; line > 0 && i < line; i++)
		at = strchr(at, '\n') + 1; /* not NULL: the parser has counted the lines */
	rest = strchr(at, '\n');
	rest = rest != NULL ? rest + 1 : end_of_text;
	if (line == 0)
		at = rest = end_of_text;
	buffer_append(text, old->data, (size_t)(at - old->data));
	if (at == end_of_text && at[-1] != '\n')
		buffer_text(text, "\n");
	buffer_append(text, new_line->data != NULL ? new_line->data : "", new_line->length);
	buffer_append(text, rest, (size_t)(end_of_text - rest));
}

void change_commit(struct change *change, const struct user *user)
{
	struct buffer line = BUFFER_INIT(USERS_FILE_MAX), text = BUFFER_INIT(USERS_FILE_MAX);
	struct users *check;

	if (user != NULL)
		users_format(user, &line);
	splice(&change->old, change->user != NULL ? change->user->line : 0, &line, &text);
	if (line.failed || text.failed)
		ctl_die(EX_CANTCREAT, "%s: would be larger than %d bytes", change->path,
			USERS_FILE_MAX);
	/* Never replace a valid file by an invalid one. */
	check = parse_users(change->path, &text, EX_SOFTWARE);
	ctl_must(EX_CANTCREAT,
		file_replace(change->path, text.data, text.length, change->mode, &ctl_error));
	users_drop(&check);
	buffer_wipe(&line);
	buffer_wipe(&text);
}

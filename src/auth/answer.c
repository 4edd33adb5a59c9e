/* SPDX-License-Identifier: MIT */
#include "auth/answer.h"

#include "auth/attempt.h"
#include "base/text.h"

enum need { NO_TEXT = 0, MAY_TEXT, MUST_TEXT };

static const struct {
	const char *word;
	enum need text;
} replies[] = {
	[REPLY_DENY] = {"deny", NO_TEXT},
	[REPLY_UNKNOWN] = {"unknown", NO_TEXT},
	[REPLY_UNAVAILABLE] = {"unavailable", MAY_TEXT},
	[REPLY_UNKNOWN_REQUEST] = {"unknown-request", NO_TEXT},
	[REPLY_READY] = {"ready", NO_TEXT},
	[REPLY_CHALLENGE] = {"challenge", MAY_TEXT},
	[REPLY_GRANT] = {"grant", MUST_TEXT},
};

/* Returns the next line of `rest`, split at its first space, or NULL after the last line. */
static char *next_line(char **rest, char **value_r)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	*value_r = strchr(line, ' ');
	if (*value_r == NULL)
		*value_r = end;
	else
		*(*value_r)++ = '\0';
	return line;
}

static enum reply find_reply(const char *word, const char *text)
{
	for (enum reply reply = REPLY_DENY; reply <= REPLY_GRANT; reply++) {
		if (strcmp(replies[reply].word, word) != 0)
			continue;
		if (text[0] == '\0' ? replies[reply].text == MUST_TEXT
				    : replies[reply].text == NO_TEXT)
			break;
		return reply;
	}
	return REPLY_NONSENSE;
}

/* Sets a field, and fails if the line is repeated. */
static int set_once(char **field, const char *value, size_t maximum)
{
	return *field == NULL ? identity_set(field, value, maximum) : -1;
}

static int set_flag(bool *seen, bool *flag, const char *value)
{
	if (*seen || (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0))
		return -1;
	*seen = true;
	*flag = value[0] == 'y';
	return 0;
}

/* Sets a field that is only displayed. Ignores invalid values: a name in Latin-1 must not prevent a
 * sign-in. */
static int read_shown(bool *seen, char **field, const char *value, size_t maximum)
{
	if (*seen)
		return -1;
	*seen = true;
	identity_set(field, value, maximum);
	return 0;
}

/* Parses a line after "grant". An empty value is the same as no line. */
static int read_grant(struct answer *answer, const char *key, const char *value)
{
	struct identity *who = &answer->who;

	if (strcmp(key, "name") == 0)
		return read_shown(&answer->has_name, &who->name, value, IDENTITY_NAME_MAX);
	if (strcmp(key, "email") == 0)
		return read_shown(&answer->has_email, &who->email, value, IDENTITY_EMAIL_MAX);
	if (strcmp(key, "group") == 0)
		return value[0] == '\0' ? 0 : identity_add_group(who, value);
	if (strcmp(key, "second-factor") == 0)
		return set_flag(&answer->has_second_factor, &who->second_factor, value);
	return -1;
}

static int read_challenge(struct answer *answer, const char *key, const char *value)
{
	if (strcmp(key, "echo") == 0)
		return set_flag(&answer->has_echo, &answer->echo, value);
	if (strcmp(key, "state") != 0 || answer->state != NULL || strlen(value) > AUTH_STATE_MAX ||
		!text_is_printable(value))
		return -1;
	answer->state = value;
	return 0;
}

/* Parses a line after "deny": the subject or the reason. */
static int read_denial(struct answer *answer, const char *key, const char *value)
{
	if (strcmp(key, "user") == 0)
		return set_once(&answer->who.subject, value, IDENTITY_SUBJECT_MAX);
	if (strcmp(key, "reason") != 0 || answer->text[0] != '\0' || !text_is_printable(value))
		return -1;
	answer->text = value;
	return 0;
}

static int read_detail(struct answer *answer, const char *key, const char *value)
{
	if (answer->reply == REPLY_GRANT)
		return read_grant(answer, key, value);
	if (answer->reply == REPLY_DENY)
		return read_denial(answer, key, value);
	return answer->reply == REPLY_CHALLENGE ? read_challenge(answer, key, value) : -1;
}

static int read_version(const char *key, const char *value)
{
	return strcmp(key, "meetauth") == 0 && strcmp(value, "1") == 0 ? 0 : -1;
}

static int read_reply(struct answer *answer, const char *word, const char *text)
{
	answer->reply = find_reply(word, text);
	answer->text = text;
	if (answer->reply == REPLY_NONSENSE || !text_is_printable(text))
		return -1;
	if (answer->reply == REPLY_CHALLENGE && strlen(text) > AUTH_PROMPT_MAX)
		return -1;
	if (answer->reply == REPLY_GRANT)
		return identity_set(&answer->who.subject, text, IDENTITY_SUBJECT_MAX);
	return 0;
}

unsigned answer_read(char *text, struct answer *answer)
{
	for (unsigned number = 1;; number++) {
		char *value, *key = next_line(&text, &value);
		int rc;

		if (key == NULL)
			return number;
		if (number == 1)
			rc = read_version(key, value);
		else if (number == 2)
			rc = read_reply(answer, key, value);
		else if (strcmp(key, "end") == 0 && value[0] == '\0')
			return 0;
		else
			rc = read_detail(answer, key, value);
		if (rc != 0)
			return number;
	}
}

const char *answer_word(enum reply reply)
{
	return replies[reply].word;
}

void answer_release(struct answer *answer)
{
	identity_release(&answer->who);
	*answer = ANSWER_INIT;
}

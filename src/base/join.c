/* SPDX-License-Identifier: MIT */
#include "base/join.h"

#include "base/text.h"

int join_add_forward(struct join *join, const char *name, const char *value)
{
	struct join_forward *forward;

	if (join->forward_count >= JOIN_FORWARD_MAX)
		return -1;
	forward = realloc(join->forward, (join->forward_count + 1) * sizeof *forward);
	if (forward == NULL)
		return -1;
	join->forward = forward;
	forward += join->forward_count;
	forward->name = strdup(name);
	forward->value = strdup(value);
	join->forward_count++; /* counted even half-built, so that release frees the half */
	return forward->name != NULL && forward->value != NULL ? 0 : -1;
}

const char *join_remembered(const struct join *join, const char *name)
{
	for (size_t i = 0; i < join->forward_count; i++)
		if (strcmp(join->forward[i].name, name) == 0)
			return join->forward[i].value;
	return NULL;
}

bool join_is_meeting_id(const char *text)
{
	return text_is_token(text, 1, JOIN_MEETING_MAX, "_.~%/@:+?='-");
}

/* Besides what text_is_printable() refuses. First and last of each run, as UTF-8: what is not seen,
 * what turns the direction, blanks of other widths, private use, and non-characters. */
static bool is_unseen(const char *c)
{
	static const char *const unseen[][2] = {
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xc2\xad", "\xc2\xad"},
		{"\xcd\x8f", "\xcd\x8f"},
		{"\xd8\x9c", "\xd8\x9c"},
		{"\xe1\x85\x9f", "\xe1\x85\xa0"},
		{"\xe1\x9a\x80", "\xe1\x9a\x80"},
		{"\xe1\xa0\x8b", "\xe1\xa0\x8f"},
		{"\xe2\x80\x80", "\xe2\x80\x8b"},
		{"\xe2\x80\x8e", "\xe2\x80\x8f"},
		{"\xe2\x80\xa8", "\xe2\x80\xaf"},
		{"\xe2\x81\x9f", "\xe2\x81\xaf"},
		{"\xe3\x80\x80", "\xe3\x80\x80"},
		{"\xe3\x85\xa4", "\xe3\x85\xa4"},
		{"\xee\x80\x80", "\xef\xa3\xbf"},
		{"\xef\xb7\x90", "\xef\xb7\xaf"},
		{"\xef\xb8\x80", "\xef\xb8\x8f"},
		{"\xef\xbb\xbf", "\xef\xbb\xbf"},
		{"\xef\xbe\xa0", "\xef\xbe\xa0"},
		{"\xef\xbf\xb0", "\xef\xbf\xbf"},
		{"\xf3\xa0\x80\x80", "\xf4\x8f\xbf\xbf"},
	};

	for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
		size_t length = strlen(unseen[i][0]);

		if (strncmp(c, unseen[i][0], length) >= 0 && strncmp(c, unseen[i][1], length) <= 0)
			return true;
	}
	return false;
}

static bool is_ascii_of(char c, const char *others)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr(others, c) != NULL;
}

bool join_is_meeting_token(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > JOIN_TOKEN_MAX || !text_is_printable(text) || text[0] == ' ' ||
		text[length - 1] == ' ' || strspn(text, ".") == length)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x80 ? !is_ascii_of(*c, JOIN_TOKEN_OTHERS) : is_unseen(c))
			return false;
	return true;
}

bool join_is_request_token(const char *text)
{
	return text_is_token(text, JOIN_REQUEST_MIN, JOIN_REQUEST_MAX, "._~+/=:-") &&
	       !text_has_dot_segment(text);
}

void join_release(struct join *join)
{
	free(join->platform);
	free(join->meeting_id);
	free(join->meeting_token);
	free(join->title);
	free(join->room);
	if (join->request_token != NULL)
		explicit_bzero(join->request_token, strlen(join->request_token));
	free(join->request_token);
	for (size_t i = 0; i < join->forward_count; i++) {
		free(join->forward[i].name);
		free(join->forward[i].value);
	}
	free(join->forward);
	*join = JOIN_INIT;
}

const struct join *join_to_desk(void)
{
	static char name[] = "/guests";
	static const struct join join = {
		.platform = name, .meeting_id = name, .meeting_token = name};

	return &join;
}

const struct join *join_to_me(void)
{
	static char name[] = "/me";
	static const struct join join = {
		.platform = name, .meeting_id = name, .meeting_token = name};

	return &join;
}

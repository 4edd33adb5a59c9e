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

void join_release(struct join *join)
{
	free(join->platform);
	free(join->meeting_id);
	free(join->meeting_token);
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

/* SPDX-License-Identifier: MIT */
#include "base/identity.h"

#include "base/text.h"

int identity_set(char **field, const char *text, size_t maximum)
{
	char *copy = NULL;

	if (text != NULL && text[0] != '\0') {
		if (strlen(text) > maximum || !text_is_printable(text))
			return -1;
		copy = strdup(text);
		if (copy == NULL)
			return -1;
	}
	free(*field);
	*field = copy;
	return 0;
}

int identity_add_group(struct identity *identity, const char *group)
{
	char **groups;

	if (identity_has_group(identity, group))
		return 0;
	if (identity->group_count >= IDENTITY_GROUPS_MAX || group[0] == '\0')
		return -1;
	groups = realloc(identity->groups, (identity->group_count + 1) * sizeof *groups);
	if (groups == NULL)
		return -1;
	identity->groups = groups;
	groups[identity->group_count] = NULL;
	if (identity_set(&groups[identity->group_count], group, IDENTITY_GROUP_MAX) != 0)
		return -1;
	identity->group_count++;
	return 0;
}

bool identity_has_group(const struct identity *identity, const char *group)
{
	for (size_t i = 0; i < identity->group_count; i++)
		if (strcmp(identity->groups[i], group) == 0)
			return true;
	return false;
}

void identity_move(struct identity *to, struct identity *from)
{
	identity_release(to);
	*to = *from;
	*from = IDENTITY_INIT;
}

void identity_release(struct identity *identity)
{
	free(identity->backend);
	free(identity->subject);
	free(identity->name);
	free(identity->email);
	for (size_t i = 0; i < identity->group_count; i++)
		free(identity->groups[i]);
	free(identity->groups);
	free(identity->acr);
	free(identity->platform);
	free(identity->meeting);
	free(identity->provider_session);
	if (identity->kept != NULL)
		explicit_bzero(identity->kept, strlen(identity->kept));
	free(identity->kept);
	*identity = IDENTITY_INIT;
}

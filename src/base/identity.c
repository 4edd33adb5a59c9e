/* SPDX-License-Identifier: MIT */
#include "base/identity.h"

#include "base/display_name.h"
#include "base/text.h"

int identity_canonical_name(const char *name, char canonical[IDENTITY_SUBJECT_MAX + 1])
{
	size_t length = strlen(name);

	canonical[0] = '\0';
	if (length == 0 || length > IDENTITY_SUBJECT_MAX || !text_is_printable(name) ||
		name[0] == ' ' || name[length - 1] == ' ')
		return -1;
	text_lower(name, canonical, IDENTITY_SUBJECT_MAX + 1);
	return 0;
}

int identity_plain_name(const char *typed, char subject[IDENTITY_SUBJECT_MAX + 1])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-' ";
	size_t length = 0;

	subject[0] = '\0';
	if (strspn(typed, plain) != strlen(typed) || strlen(typed) > IDENTITY_SUBJECT_MAX)
		return -1;
	for (; *typed != '\0'; typed++)
		if (*typed != ' ' || (length > 0 && subject[length - 1] != ' '))
			subject[length++] = *typed;
	if (length > 0 && subject[length - 1] == ' ')
		length--;
	if (length == 0 || subject[length - 1] == '.')
		length = 0;
	subject[length] = '\0';
	text_lower(subject, subject, IDENTITY_SUBJECT_MAX + 1);
	return length > 0 ? 0 : -1;
}

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

/* Whether a list of strings has the text. */
static bool has(char *const *items, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i], text) == 0)
			return true;
	return false;
}

static int add(char ***items, size_t *count, size_t count_max, const char *text, size_t maximum)
{
	char **grown;

	if (has(*items, *count, text))
		return 0;
	if (*count >= count_max || text[0] == '\0')
		return -1;
	grown = realloc(*items, (*count + 1) * sizeof *grown);
	if (grown == NULL)
		return -1;
	*items = grown;
	grown[*count] = NULL;
	if (identity_set(&grown[*count], text, maximum) != 0)
		return -1;
	++*count;
	return 0;
}

static void free_list(char **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	free(items);
}

void identity_check_name(struct identity *identity)
{
	if (identity->name == NULL || !display_name_hides(identity->name))
		return;
	free(identity->name);
	identity->name = NULL;
}

const char *identity_guest_name(const struct identity *identity)
{
	return identity->guest ? identity->name : NULL;
}

int identity_add_group(struct identity *identity, const char *group)
{
	return add(&identity->groups, &identity->group_count, IDENTITY_GROUPS_MAX, group,
		IDENTITY_GROUP_MAX);
}

bool identity_has_group(const struct identity *identity, const char *group)
{
	return has(identity->groups, identity->group_count, group);
}

int identity_add_meeting(struct identity *identity, const char *platform, const char *meeting_id)
{
	char *text;
	int rc;

	if (asprintf(&text, "%s/%s", platform, meeting_id) < 0)
		return -1;
	rc = add(&identity->meetings, &identity->meeting_count, IDENTITY_MEETINGS_MAX, text,
		IDENTITY_MEETING_MAX);
	free(text);
	return rc;
}

bool identity_is_good_for(
	const struct identity *identity, const char *platform, const char *meeting_id)
{
	size_t length =
		strlen(platform); /* a title has no slash: it is a host name, perhaps with a port */

	for (size_t i = 0; i < identity->meeting_count; i++) {
		const char *meeting = identity->meetings[i];

		if (strncmp(meeting, platform, length) == 0 && meeting[length] == '/' &&
			strcmp(meeting + length + 1, meeting_id) == 0)
			return true;
	}
	return identity->meeting_count == 0;
}

void identity_move(struct identity *to, struct identity *from)
{
	identity_release(to);
	*to = *from;
	*from = IDENTITY_INIT;
}

void identity_adopt(struct identity *who, struct identity *from)
{
	free(from->backend);
	from->backend = who->backend;
	who->backend = NULL;
	identity_move(who, from);
}

void identity_renew(struct identity *who, struct identity *from)
{
	struct identity old = *who;

	identity_check_name(from);
	who->name = from->name;
	who->email = from->email;
	who->groups = from->groups;
	who->group_count = from->group_count;
	who->groups_digest = from->groups_digest;
	from->name = old.name;
	from->email = old.email;
	from->groups = old.groups;
	from->group_count = old.group_count;
	from->groups_digest = old.groups_digest;
}

void identity_release(struct identity *identity)
{
	free(identity->backend);
	free(identity->subject);
	free(identity->name);
	free(identity->email);
	free_list(identity->groups, identity->group_count);
	free(identity->acr);
	free_list(identity->meetings, identity->meeting_count);
	free(identity->provider_session);
	if (identity->refresh_data != NULL)
		explicit_bzero(identity->refresh_data, strlen(identity->refresh_data));
	free(identity->refresh_data);
	free(identity->account);
	free(identity->factor);
	*identity = IDENTITY_INIT;
}

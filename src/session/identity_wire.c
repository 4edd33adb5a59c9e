/* SPDX-License-Identifier: MIT */
#include "session/identity_wire.h"

enum { FLAG_SECOND_FACTOR = 1, FLAG_GUEST = 2, TEXTS = 9 };

/* The strings of an identity in the order of the encoding. */
static char **text_of(struct identity *who, size_t index)
{
	char **const texts[TEXTS] = {&who->backend, &who->subject, &who->name, &who->email,
		&who->acr, &who->provider_session, &who->refresh_data, &who->account, &who->factor};

	return texts[index];
}

void wire_put_identity(struct wire_out *out, const struct identity *who)
{
	struct identity copy = *who; /* text_of() takes no const */

	wire_put_number(out,
		(who->second_factor ? FLAG_SECOND_FACTOR : 0) | (who->guest ? FLAG_GUEST : 0), 1);
	wire_put_number(out, who->group_count, 1);
	wire_put_number(out, who->meeting_count, 1);
	wire_put_number(out, who->groups_digest, 8);
	for (size_t i = 0; i < TEXTS; i++)
		wire_put_text(out, *text_of(&copy, i));
	for (size_t i = 0; i < who->group_count; i++)
		wire_put_text(out, who->groups[i]);
	for (size_t i = 0; i < who->meeting_count; i++)
		wire_put_text(out, who->meetings[i]);
}

/* Decodes a list of `count` strings, none of them empty. */
static void get_list(
	struct wire_in *in, char ***items, size_t *count_r, size_t count, size_t maximum)
{
	if (count == 0 || in->failed)
		return;
	*items = count > maximum ? NULL : calloc(count, sizeof **items);
	if (*items == NULL) {
		in->failed = true;
		return;
	}
	while (*count_r < count) {
		char *item = wire_get_text(in);

		if (item == NULL) {
			in->failed = true;
			return;
		}
		(*items)[(*count_r)++] = item;
	}
}

void wire_get_identity(struct wire_in *in, struct identity *who)
{
	unsigned flags = (unsigned)wire_get_number(in, 1);
	size_t groups = (size_t)wire_get_number(in, 1);
	size_t meetings = (size_t)wire_get_number(in, 1);
	uint64_t digest = wire_get_number(in, 8);

	who->second_factor = (flags & FLAG_SECOND_FACTOR) != 0;
	who->guest = (flags & FLAG_GUEST) != 0;
	who->groups_digest = digest;
	for (size_t i = 0; i < TEXTS; i++)
		*text_of(who, i) = wire_get_text(in);
	get_list(in, &who->groups, &who->group_count, groups, IDENTITY_GROUPS_MAX);
	get_list(in, &who->meetings, &who->meeting_count, meetings, IDENTITY_MEETINGS_MAX);
}

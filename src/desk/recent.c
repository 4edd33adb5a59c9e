/* SPDX-License-Identifier: MIT */
#include "desk/recent.h"

static bool is_listed(const struct desk *desk, const char *meeting)
{
	for (size_t i = 0; i < desk->recent_count; i++)
		if (strcmp(desk->recent[i], meeting) == 0)
			return true;
	return false;
}

/* Adds a meeting "PLATFORM/ID" unless it is listed or its platform is no longer configured. */
static void add(struct desk *desk, const char *meeting)
{
	size_t length = strcspn(meeting, "/");
	char platform[IDENTITY_SUBJECT_MAX + 1], *copy;

	snprintf(platform, sizeof platform, "%.*s", (int)length, meeting);
	if (desk->recent_count == DESK_RECENT_MAX || is_listed(desk, meeting) ||
		service_platform(desk->visit->service, platform) == NULL)
		return;
	copy = strdup(meeting);
	if (copy != NULL)
		desk->recent[desk->recent_count++] = copy;
}

static void add_invited(struct desk *desk, const struct invite *invite)
{
	char *meeting;

	if (strcmp(invite->by, desk->by) != 0 ||
		asprintf(&meeting, "%s/%s", invite->platform, invite->meeting) < 0)
		return;
	add(desk, meeting);
	free(meeting);
}

void desk_recent_find(struct desk *desk)
{
	for (size_t i = desk->invites != NULL ? records_count(desk->invites) : 0; i-- > 0;)
		add_invited(desk, records_at(desk->invites, i));
	for (size_t i = desk->accounts != NULL ? records_count(desk->accounts) : 0; i-- > 0;) {
		const struct account *account = records_at(desk->accounts, i);

		for (size_t j = account->meeting_count; j-- > 0;)
			if (strcmp(accounts_host(account, j), desk->by) == 0)
				add(desk, account->meetings[j]);
	}
}

void desk_recent_release(struct desk *desk)
{
	for (size_t i = 0; i < desk->recent_count; i++)
		free(desk->recent[i]);
	desk->recent_count = 0;
}

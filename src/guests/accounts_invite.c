/* SPDX-License-Identifier: MIT
 *
 * Adds a meeting to several accounts, or removes it from them, in one change of the file.
 */
#include "guests/accounts.h"

#include "base/clock.h"

static const struct account *find_guest(
	const struct records *accounts, const struct accounts_guest *guest)
{
	return guest->by_id ? records_by_id(accounts, guest->wanted)
			    : accounts_find(accounts, guest->wanted);
}

/* Makes a copy of the account with the meeting added. */
static enum accounts_invited extend(
	const struct account *old, const struct accounts_meeting *meeting, struct account *new)
{
	size_t count = old->meeting_count;

	if (!records_is_active(&accounts_type, old, clock_wall()))
		return ACCOUNTS_INVITE_ENDED;
	if (accounts_meeting_at(old, meeting->meeting) < count)
		return ACCOUNTS_INVITE_ALREADY;
	if (count == ACCOUNT_MEETINGS_MAX)
		return ACCOUNTS_INVITE_FULL;
	*new = *old;
	for (size_t i = 0; i < count; i++) {
		new->hosts[i] = accounts_host(old, i);
		new->host_names[i] = accounts_host_name(old, i);
	}
	new->meetings[count] = meeting->meeting;
	new->hosts[count] = meeting->host;
	new->host_names[count] = meeting->host_name;
	new->meeting_count = new->host_count = new->host_name_count = count + 1;
	return records_fault(&accounts_type, new) == NULL ? ACCOUNTS_INVITE_DONE
							  : ACCOUNTS_INVITE_FULL;
}

static bool is_listed_before(const struct accounts_guest *guests, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(guests[i].id, guests[index].id) == 0)
			return true;
	return false;
}

static void judge(const struct records *accounts, const struct accounts_meeting *meeting,
	struct accounts_guest *guests, size_t index, struct account *new)
{
	struct accounts_guest *guest = &guests[index];
	const struct account *old = find_guest(accounts, guest);

	guest->result = ACCOUNTS_INVITE_UNKNOWN;
	if (old == NULL)
		return;
	snprintf(guest->id, sizeof guest->id, "%s", old->id);
	snprintf(guest->name, sizeof guest->name, "%s", old->name);
	guest->result = is_listed_before(guests, index) ? ACCOUNTS_INVITE_ALREADY
							: extend(old, meeting, new);
}

static bool are_all_done(const struct accounts_guest *guests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (guests[i].result != ACCOUNTS_INVITE_DONE)
			return false;
	return true;
}

/* Replaces the results ACCOUNTS_INVITE_DONE after nothing was written. */
static void take_back(struct accounts_guest *guests, size_t count, enum accounts_invited result)
{
	for (size_t i = 0; i < count; i++)
		if (guests[i].result == ACCOUNTS_INVITE_DONE)
			guests[i].result = result;
}

static void invite(struct records_change *change, const struct accounts_meeting *meeting,
	struct accounts_guest *guests, size_t count, struct account *accounts)
{
	for (size_t i = 0; i < count; i++)
		judge(change->old, meeting, guests, i, &accounts[i]);
	if (meeting->all &&
		(!are_all_done(guests, count) || !meeting->may(meeting->context, accounts, count)))
		take_back(guests, count, ACCOUNTS_INVITE_REFUSED);
	for (size_t i = 0; i < count; i++)
		if (guests[i].result == ACCOUNTS_INVITE_DONE)
			records_put(change, &accounts[i]);
}

int accounts_invite(const char *path, const struct accounts_meeting *meeting,
	struct accounts_guest *guests, size_t count, struct error *error)
{
	struct account *accounts = calloc(count + 1, sizeof *accounts);
	struct records_change change;
	int rc;

	for (size_t i = 0; i < count; i++)
		guests[i].result = ACCOUNTS_INVITE_BROKEN;
	if (accounts == NULL)
		return error_set(error, "out of memory");
	if (records_begin(&change, &accounts_type, path, error) == 0)
		invite(&change, meeting, guests, count, accounts);
	rc = records_end(&change);
	if (rc != 0)
		take_back(guests, count, ACCOUNTS_INVITE_BROKEN);
	free(accounts);
	return rc;
}

/* ---- ending a meeting ---- */

static void drop_meeting(struct account *account, size_t at)
{
	size_t behind = --account->meeting_count - at;

	memmove(&account->meetings[at], &account->meetings[at + 1],
		behind * sizeof *account->meetings);
	if (account->host_count == 0)
		return;
	account->host_count = account->host_name_count = account->meeting_count;
	memmove(&account->hosts[at], &account->hosts[at + 1], behind * sizeof *account->hosts);
	memmove(&account->host_names[at], &account->host_names[at + 1],
		behind * sizeof *account->host_names);
}

int accounts_end_meeting(const char *path, const char *meeting, const char *host, size_t *count_r,
	struct error *error)
{
	struct records_change change;
	const struct account *old;

	*count_r = 0;
	if (records_begin(&change, &accounts_type, path, error) == 0)
		for (size_t i = 0; (old = records_at(change.old, i)) != NULL; i++) {
			struct account new = *old;
			size_t at = accounts_meeting_at(old, meeting);

			if (at == old->meeting_count || strcmp(accounts_host(old, at), host) != 0)
				continue;
			drop_meeting(&new, at);
			records_put(&change, &new);
			(*count_r)++;
		}
	return records_end(&change);
}

/* SPDX-License-Identifier: MIT */
#include "guests/accounts.h"

#include "base/text.h"
#include "guests/fields.h"

/* ---- the table of fields ---- */

static const char *name_fault(const char *text)
{
	char canonical[IDENTITY_SUBJECT_MAX + 1];
	bool good = identity_canonical_name(text, canonical) == 0 && strcmp(canonical, text) == 0;

	return good ? NULL : "the user name is empty, too long, or not in lower case";
}

static const char *display_fault(const char *text)
{
	return text_is_printable(text) && strlen(text) <= IDENTITY_NAME_MAX
		       ? NULL
		       : "the display name is longer than 256 bytes or not printable UTF-8";
}

static const char *host_fault(const char *text)
{
	return text_is_printable(text) && strlen(text) <= 2 * IDENTITY_SUBJECT_MAX + 1
		       ? NULL
		       : "a host is not in the form BACKEND/SUBJECT";
}

static const char *meetings_fault(const void *account)
{
	return accounts_meetings_fault(account);
}

static const struct records_field fields[] = {
	FIELD_TEXT(struct account, name, "name", IDENTITY_SUBJECT_MAX, name_fault),
	FIELD_TEXT(struct account, display, "display", IDENTITY_NAME_MAX, display_fault),
	FIELD_TEXT(struct account, email, "email", IDENTITY_EMAIL_MAX, field_email_fault),
	{.key = "hash",
		.maximum = PASSWORD_HASH_SIZE - 1,
		.offset = offsetof(struct account, hash),
		.required = true, /* accounts_put() fills in the old one */
		.fault = password_hash_fault},
	FIELD_TEXT(struct account, by, "by", 2 * IDENTITY_SUBJECT_MAX + 1, NULL),
	FIELD_TEXT(struct account, by_name, "byName", IDENTITY_NAME_MAX, display_fault),
	{.key = "meetings",
		.kind = RECORDS_LIST,
		.maximum = ACCOUNT_MEETINGS_MAX,
		.offset = offsetof(struct account, meetings),
		.count_offset = offsetof(struct account, meeting_count)},
	{.key = "hosts",
		.kind = RECORDS_LIST,
		.maximum = ACCOUNT_MEETINGS_MAX,
		.offset = offsetof(struct account, hosts),
		.count_offset = offsetof(struct account, host_count),
		.fault = host_fault},
	{.key = "hostNames",
		.kind = RECORDS_LIST,
		.maximum = ACCOUNT_MEETINGS_MAX,
		.offset = offsetof(struct account, host_names),
		.count_offset = offsetof(struct account, host_name_count),
		.fault = display_fault},
	FIELD_TIME(struct account, created, "created", RECORDS_TIME),
	FIELD_TIME(struct account, expires, "expires", RECORDS_EXPIRY),
	{0},
};

static int compare_names(const void *a, const void *b)
{
	const struct account *one = a, *other = b;

	return strcmp(one->name, other->name);
}

const struct records_type accounts_type = {
	.format = "meetauth guest accounts 1",
	.size = sizeof(struct account),
	.fields = fields,
	.fault = meetings_fault,
	.compare = compare_names,
	.unique = "name",
};

const struct account *accounts_find(const struct records *accounts, const char *name)
{
	return records_find(accounts, &(struct account){.name = name});
}

/* ---- changes ---- */

/* Keeps the hosts of meetings that remain, whoever changes the account. */
static void inherit_hosts(struct account *account, const struct account *old)
{
	for (size_t i = 0; i < account->host_count; i++) {
		size_t at = accounts_meeting_at(old, account->meetings[i]);

		if (at == old->meeting_count)
			continue;
		account->hosts[i] = accounts_host(old, at);
		account->host_names[i] = accounts_host_name(old, at);
	}
}

/* Copies from the old account what a replacement keeps: creator, creation time, hosts of meetings,
 * and the password unless there is a new one. */
static enum accounts_change inherit(struct account *account, const struct account *old,
	const char *seen, struct accounts_record *record)
{
	char digest[DIGEST_SIZE];

	if (old == NULL)
		return ACCOUNTS_GONE;
	accounts_digest(old, digest);
	if (seen != NULL && strcmp(seen, digest) != 0)
		return ACCOUNTS_CHANGED;
	if (strcmp(old->name, account->name) != 0)
		snprintf(record->former, sizeof record->former, "%s", old->name);
	record->new_password = account->hash[0] != '\0';
	account->by = old->by;
	account->by_name = old->by_name;
	account->created = old->created;
	inherit_hosts(account, old);
	if (account->hash[0] == '\0')
		account->hash = old->hash;
	return ACCOUNTS_DONE;
}

static void fill_record(struct accounts_record *record, const struct account *account)
{
	snprintf(record->id, sizeof record->id, "%s", account->id);
	snprintf(record->name, sizeof record->name, "%s", account->name);
}

static enum accounts_change put_account(struct records_change *change, struct account *new,
	const char *seen, struct accounts_record *record)
{
	const struct account *namesake;
	enum accounts_change result = ACCOUNTS_DONE;

	if (!record->is_new)
		result = inherit(new, records_by_id(change->old, new->id), seen, record);
	if (result != ACCOUNTS_DONE)
		return result;
	records_forget(change, new->id);
	namesake = accounts_find(change->old, new->name);
	if (namesake != NULL && strcmp(namesake->id, new->id) != 0 &&
		records_keeps(change, namesake->id))
		return ACCOUNTS_TAKEN;
	fill_record(record, new);
	records_put(change, new);
	return ACCOUNTS_DONE;
}

/* Ends the change, and clears the record if nothing was changed. */
static enum accounts_change conclude(
	struct records_change *change, enum accounts_change result, struct accounts_record *record)
{
	if (records_end(change) != 0)
		result = ACCOUNTS_BROKEN;
	if (result != ACCOUNTS_DONE)
		*record = (struct accounts_record){0};
	return result;
}

enum accounts_change accounts_put(const char *path, const struct account *account, const char *seen,
	struct accounts_record *record, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;
	struct account new = *account;
	char id[RECORDS_ID_SIZE];

	*record = (struct accounts_record){.is_new = account->id[0] == '\0'};
	if (record->is_new) {
		records_new_id(id);
		new.id = id;
	}
	if (records_begin(&change, &accounts_type, path, error) == 0)
		result = put_account(&change, &new, seen, record);
	return conclude(&change, result, record);
}

enum accounts_change accounts_remove(
	const char *path, const char *id, struct accounts_record *record, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;
	const struct account *old;

	*record = (struct accounts_record){0};
	if (records_begin(&change, &accounts_type, path, error) == 0) {
		old = records_by_id(change.old, id);
		result = old != NULL ? ACCOUNTS_DONE : ACCOUNTS_GONE;
		if (old != NULL) {
			fill_record(record, old);
			records_drop(&change, id);
		}
	}
	return conclude(&change, result, record);
}

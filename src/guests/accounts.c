/* SPDX-License-Identifier: MIT */
#include "guests/accounts.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/text.h"
#include "guests/fields.h"

#include <limits.h>

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
	FIELD_TIME(struct account, removed, "removed", RECORDS_REVOKED),
	{0},
};

static int compare_names(const void *a, const void *b)
{
	const struct account *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* Both names, apart: no search contains a line break. */
static char *fold_names(const void *record)
{
	const struct account *account = record;
	char name[FOLD_SIZE], display[FOLD_SIZE], *both;

	fold_name(account->name, name);
	fold_name(account->display, display);
	return asprintf(&both, "%s\n%s", name, display) < 0 ? NULL : both;
}

static const char *host_of_meeting(const void *record, size_t index)
{
	const struct account *account = record;

	return index < account->meeting_count ? accounts_host(account, index) : NULL;
}

const struct records_type accounts_type = {
	.format = "meetauth guest accounts 1",
	.size = sizeof(struct account),
	.fields = fields,
	.fault = meetings_fault,
	.compare = compare_names,
	.unique = "name",
	.fold = fold_names,
	.owner = host_of_meeting,
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

/* ---- removed accounts ---- */

struct records *accounts_load_removed(const char *path, struct error *error)
{
	char removed[PATH_MAX];

	snprintf(removed, sizeof removed, "%s" ACCOUNTS_REMOVED, path);
	return records_load(&accounts_type, removed, error);
}

/* Begins a change of the file of removed accounts at `removed`, which must outlive it, and drops
 * those that were removed long ago. Returns 0 or -1; records_end() follows in both cases. */
static int begin_removed(struct records_change *change, const char *path, char removed[PATH_MAX],
	int64_t now, struct error *error)
{
	const struct account *old;

	snprintf(removed, PATH_MAX, "%s" ACCOUNTS_REMOVED, path);
	if (records_begin(change, &accounts_type, removed, error) != 0)
		return -1;
	for (size_t i = 0; (old = records_at(change->old, i)) != NULL; i++)
		if (old->removed <= now - ACCOUNTS_REMOVED_KEPT)
			records_drop(change, old->id);
	return 0;
}

/* Of several with one user name, the one that was removed last is kept. */
static int keep_removed(const char *path, const struct account *old, struct error *error)
{
	int64_t now = clock_wall();
	struct records_change change;
	struct account kept = *old;
	const struct account *namesake;
	char removed[PATH_MAX];

	kept.removed = now;
	if (begin_removed(&change, path, removed, now, error) == 0) {
		namesake = accounts_find(change.old, old->name);
		if (namesake != NULL && records_keeps(&change, namesake->id))
			records_drop(&change, namesake->id);
		records_put(&change, &kept);
	}
	return records_end(&change);
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
		if (old == NULL) {
			result = ACCOUNTS_GONE;
		} else if (keep_removed(path, old, error) == 0) {
			result = ACCOUNTS_DONE;
			fill_record(record, old);
			records_drop(&change, id);
		}
	}
	return conclude(&change, result, record);
}

static enum accounts_change put_back(struct records_change *change,
	const struct records_change *removed, const char *id, struct accounts_record *record)
{
	const struct account *old = records_by_id(removed->old, id);
	struct account new;

	if (old == NULL || !records_keeps(removed, id))
		return ACCOUNTS_GONE;
	if (accounts_find(change->old, old->name) != NULL)
		return ACCOUNTS_TAKEN;
	new = *old;
	new.removed = 0;
	fill_record(record, &new);
	records_put(change, &new);
	return ACCOUNTS_DONE;
}

enum accounts_change accounts_restore(
	const char *path, const char *id, struct accounts_record *record, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change, removed;
	char removed_path[PATH_MAX];

	*record = (struct accounts_record){0};
	if (records_begin(&change, &accounts_type, path, error) != 0)
		return conclude(&change, result, record);
	if (begin_removed(&removed, path, removed_path, clock_wall(), error) == 0)
		result = put_back(&change, &removed, id, record);
	result = conclude(&change, result, record);
	if (result == ACCOUNTS_DONE)
		records_drop(&removed, id);
	records_end(&removed); /* the account is back, whether or not its copy goes now */
	return result;
}

/* SPDX-License-Identifier: MIT */
#include "guests/accounts.h"

#include "base/clock.h"

#define FORMAT "meetauth guest accounts 1"

struct accounts {
	json_t *entries;      /* holds the strings */
	struct account *rows; /* in the order of the file */
	const struct account **by_id, **by_name;
	size_t count;
};

/* ---- reading ---- */

static int read_meetings(const json_t *entry, struct account *account)
{
	const json_t *meetings = json_object_get(entry, "meetings");
	size_t count = json_array_size(meetings);

	if (count > ACCOUNT_MEETINGS_MAX)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *meeting = json_string_value(json_array_get(meetings, i));

		if (meeting == NULL)
			return -1;
		account->meetings[account->meeting_count++] = meeting;
	}
	return 0;
}

static int read_entry(const json_t *entry, struct account *account)
{
	*account = (struct account){
		.id = records_text(entry, "id", RECORDS_ID_SIZE - 1),
		.name = records_text(entry, "name", IDENTITY_SUBJECT_MAX),
		.display = records_text(entry, "display", IDENTITY_NAME_MAX),
		.email = records_text(entry, "email", IDENTITY_EMAIL_MAX),
		.hash = records_text(entry, "hash", PASSWORD_HASH_SIZE - 1),
		.by = records_text(entry, "by", 2 * IDENTITY_SUBJECT_MAX + 1),
	};
	if (account->id == NULL || account->name == NULL || account->display == NULL ||
		account->email == NULL || account->hash == NULL || account->by == NULL)
		return -1;
	return read_meetings(entry, account) | records_time(entry, "created", &account->created) |
	       records_time(entry, "expires", &account->expires);
}

static int read_entries(struct accounts *accounts, const char *path, struct error *error)
{
	json_t *entry;
	size_t i;

	json_array_foreach(accounts->entries, i, entry)
	{
		struct account *row = &accounts->rows[i];
		const char *fault = "a field is no text, too long, or no time";

		if (read_entry(entry, row) == 0)
			fault = records_is_id(row->id) ? accounts_fault(row) : "the id is none";
		if (fault == NULL && row->hash[0] == '\0')
			fault = "there is no password";
		if (fault != NULL)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
		accounts->by_id[i] = accounts->by_name[i] = row;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct account *const *one = a, *const *other = b;

	return strcmp((*one)->id, (*other)->id);
}

static int compare_names(const void *a, const void *b)
{
	const struct account *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static int sort(struct accounts *accounts, const char *path, struct error *error)
{
	if (accounts->count == 0)
		return 0;
	qsort(accounts->by_id, accounts->count, sizeof *accounts->by_id, compare_ids);
	qsort(accounts->by_name, accounts->count, sizeof *accounts->by_name, compare_names);
	for (size_t i = 1; i < accounts->count; i++) {
		if (compare_ids(&accounts->by_id[i - 1], &accounts->by_id[i]) == 0)
			return error_set(error, "%s: two entries have the id %s", path,
				accounts->by_id[i]->id);
		if (compare_names(&accounts->by_name[i - 1], &accounts->by_name[i]) == 0)
			return error_set(error, "%s: two entries have the name %s", path,
				accounts->by_name[i]->name);
	}
	return 0;
}

/* Takes one reference of the entries over, in every case. */
static struct accounts *make_table(const char *path, json_t *entries, struct error *error)
{
	struct accounts *accounts = calloc(1, sizeof *accounts);

	if (accounts == NULL) {
		json_decref(entries);
		error_set(error, "%s: no memory", path);
		return NULL;
	}
	accounts->entries = entries;
	accounts->count = json_array_size(entries);
	accounts->rows = calloc(accounts->count + 1, sizeof *accounts->rows);
	accounts->by_id = calloc(accounts->count + 1, sizeof *accounts->by_id);
	accounts->by_name = calloc(accounts->count + 1, sizeof *accounts->by_name);
	if (accounts->rows == NULL || accounts->by_id == NULL || accounts->by_name == NULL) {
		error_set(error, "%s: no memory for so many accounts", path);
		accounts_free(&accounts);
	} else if (read_entries(accounts, path, error) != 0 || sort(accounts, path, error) != 0) {
		accounts_free(&accounts);
	}
	return accounts;
}

struct accounts *accounts_load(const char *path, struct error *error)
{
	json_t *entries = records_read(path, FORMAT, error);

	return entries != NULL ? make_table(path, entries, error) : NULL;
}

void accounts_free(struct accounts **accounts)
{
	struct accounts *old = *accounts;

	*accounts = NULL;
	if (old == NULL)
		return;
	json_decref(old->entries);
	free(old->rows);
	free(old->by_id);
	free(old->by_name);
	free(old);
}

static const struct account *search(const struct accounts *accounts, const struct account *wanted,
	const struct account **sorted, int (*compare)(const void *, const void *))
{
	const struct account *const *found = NULL;

	if (accounts->count > 0)
		found = bsearch(&wanted, sorted, accounts->count, sizeof *sorted, compare);
	return found != NULL ? *found : NULL;
}

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
	return search(accounts, &(struct account){.name = name}, accounts->by_name, compare_names);
}

const struct account *accounts_by_id(const struct accounts *accounts, const char *id)
{
	return search(accounts, &(struct account){.id = id}, accounts->by_id, compare_ids);
}

const struct account *accounts_at(const struct accounts *accounts, size_t index)
{
	return index < accounts->count ? &accounts->rows[index] : NULL;
}

bool accounts_is_active(const struct account *account, int64_t now)
{
	return account->expires == 0 || now < account->expires;
}

/* ---- changes ---- */

static int commit(struct records_change *change, struct error *error)
{
	struct accounts *check = make_table(change->path, json_incref(change->entries), error);
	int rc = check != NULL ? records_commit(change, error) : -1;

	accounts_free(&check);
	return rc;
}

/* All but the one that is about to be changed. */
static void forget_old(json_t *entries, const char *id)
{
	int64_t oldest = clock_wall() - RECORDS_KEPT;
	struct account account;

	for (size_t i = json_array_size(entries); i-- > 0;)
		if (read_entry(json_array_get(entries, i), &account) == 0 && account.expires != 0 &&
			account.expires < oldest && strcmp(account.id, id) != 0)
			json_array_remove(entries, i);
}

/* Position of the one with that id, or with that name and another id; the size where there is none.
 */
static size_t position(json_t *entries, const char *id, const char *name)
{
	size_t i, count = json_array_size(entries);
	struct account account;

	for (i = 0; i < count; i++) {
		if (read_entry(json_array_get(entries, i), &account) != 0)
			continue;
		if (name == NULL ? strcmp(account.id, id) == 0
				 : strcmp(account.name, name) == 0 && strcmp(account.id, id) != 0)
			break;
	}
	return i;
}

static json_t *make_entry(const struct account *account)
{
	json_t *meetings = json_array();
	json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", account->id, "name",
		account->name, "display", account->display, "email", account->email, "hash",
		account->hash, "by", account->by);
	int rc = 0;

	for (size_t i = 0; i < account->meeting_count; i++)
		rc |= json_array_append_new(meetings, json_string(account->meetings[i]));
	rc |= json_object_set_new(entry, "meetings", meetings);
	rc |= records_set_time(entry, "created", account->created);
	rc |= records_set_time(entry, "expires", account->expires);
	if (rc == 0)
		return entry;
	json_decref(entry);
	return NULL;
}

/* What stays of an account that is replaced: who made it and when, its password unless there is a
 * new one. */
static enum accounts_change inherit(struct account *account, const json_t *entry, const char *seen,
	struct accounts_record *record)
{
	struct account old;
	char digest[DIGEST_SIZE];

	if (read_entry(entry, &old) != 0)
		return ACCOUNTS_GONE;
	accounts_digest(&old, digest);
	if (seen != NULL && strcmp(seen, digest) != 0)
		return ACCOUNTS_CHANGED;
	if (strcmp(old.name, account->name) != 0)
		snprintf(record->former, sizeof record->former, "%s", old.name);
	record->new_password = account->hash[0] != '\0';
	account->by = old.by;
	account->created = old.created;
	if (account->hash[0] == '\0')
		account->hash = old.hash;
	return ACCOUNTS_DONE;
}

static void name_in(struct accounts_record *record, const struct account *account)
{
	snprintf(record->id, sizeof record->id, "%s", account->id);
	snprintf(record->name, sizeof record->name, "%s", account->name);
}

static enum accounts_change put(struct records_change *change, const struct account *account,
	const char *seen, struct accounts_record *record, struct error *error)
{
	struct account new = *account;
	char id[RECORDS_ID_SIZE];
	size_t count = json_array_size(change->entries);
	size_t at = position(change->entries, account->id, NULL);
	enum accounts_change result = ACCOUNTS_DONE;

	if (new.id[0] == '\0') {
		records_new_id(id);
		new.id = id;
		record->is_new = true;
	} else {
		result = at == count
				 ? ACCOUNTS_GONE
				 : inherit(&new, json_array_get(change->entries, at), seen, record);
	}
	if (result == ACCOUNTS_DONE && position(change->entries, new.id, new.name) < count)
		result = ACCOUNTS_TAKEN;
	if (result != ACCOUNTS_DONE)
		return result;
	name_in(record, &new);
	if ((at == count ? json_array_append_new(change->entries, make_entry(&new))
			 : json_array_set_new(change->entries, at, make_entry(&new))) != 0) {
		error_set(error, "%s: no memory for an account", change->path);
		return ACCOUNTS_BROKEN;
	}
	return commit(change, error) == 0 ? ACCOUNTS_DONE : ACCOUNTS_BROKEN;
}

/* Nothing was changed: no record of it. */
static enum accounts_change conclude(enum accounts_change result, struct accounts_record *record)
{
	if (result != ACCOUNTS_DONE)
		*record = (struct accounts_record){0};
	return result;
}

enum accounts_change accounts_put(const char *path, const struct account *account, const char *seen,
	struct accounts_record *record, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;

	*record = (struct accounts_record){0};
	if (records_begin(&change, path, FORMAT, error) == 0) {
		forget_old(change.entries, account->id);
		result = put(&change, account, seen, record, error);
	}
	records_end(&change);
	return conclude(result, record);
}

static enum accounts_change take_out(struct records_change *change, size_t at,
	struct accounts_record *record, struct error *error)
{
	struct account account;

	if (at == json_array_size(change->entries) ||
		read_entry(json_array_get(change->entries, at), &account) != 0)
		return ACCOUNTS_GONE;
	name_in(record, &account);
	json_array_remove(change->entries, at);
	return commit(change, error) == 0 ? ACCOUNTS_DONE : ACCOUNTS_BROKEN;
}

enum accounts_change accounts_remove(
	const char *path, const char *id, struct accounts_record *record, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;

	*record = (struct accounts_record){0};
	if (records_begin(&change, path, FORMAT, error) == 0)
		result = take_out(&change, position(change.entries, id, NULL), record, error);
	records_end(&change);
	return conclude(result, record);
}

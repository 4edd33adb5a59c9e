/* SPDX-License-Identifier: MIT */
#include "auth/accounts.h"

#include "base/clock.h"
#include "base/text.h"

#define FORMAT "meetauth guest accounts 1"

struct accounts {
	json_t *entries; /* holds the strings */
	struct account *rows;
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
		struct account *row = &accounts->rows[accounts->count++];
		const char *fault = "a field is no text, too long, or no time";

		if (read_entry(entry, row) != 0)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
		fault = records_is_id(row->id) ? accounts_fault(row) : "the id is none";
		if (fault == NULL && (accounts_find(accounts, row->name) != row ||
					     accounts_by_id(accounts, row->id) != row))
			fault = "an entry before it has the same name, or the same id";
		if (fault != NULL)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
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
	accounts->rows = calloc(json_array_size(entries) + 1, sizeof *accounts->rows);
	if (accounts->rows == NULL) {
		error_set(error, "%s: no memory for so many accounts", path);
		accounts_free(&accounts);
	} else if (read_entries(accounts, path, error) != 0) {
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
	free(old);
}

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->rows[i].name, name) == 0)
			return &accounts->rows[i];
	return NULL;
}

const struct account *accounts_by_id(const struct accounts *accounts, const char *id)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->rows[i].id, id) == 0)
			return &accounts->rows[i];
	return NULL;
}

const struct account *accounts_at(const struct accounts *accounts, size_t index)
{
	return index < accounts->count ? &accounts->rows[index] : NULL;
}

bool accounts_is_active(const struct account *account, int64_t now)
{
	return account->expires == 0 || now < account->expires;
}

/* ---- what may be in one ---- */

static bool is_meeting(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash != NULL && slash > text && slash[1] != '\0' && text_is_printable(text) &&
	       strlen(text) <= IDENTITY_MEETING_MAX;
}

const char *accounts_fault(const struct account *account)
{
	char canonical[USERS_NAME_SIZE];
	const char *at = strchr(account->email, '@');

	if (users_canonical(account->name, canonical) != 0 || strcmp(canonical, account->name) != 0)
		return "the name to sign in with is empty, too long, or not in lower case";
	if (!text_is_printable(account->display) || strlen(account->display) > IDENTITY_NAME_MAX)
		return "the display name is too long";
	if (account->email[0] != '\0' &&
		(at == NULL || at == account->email || at[1] == '\0' ||
			strchr(at + 1, '@') != NULL || strlen(account->email) > IDENTITY_EMAIL_MAX))
		return "the e-mail address is none";
	if (account->meeting_count == 0)
		return "an account is for at least one meeting";
	for (size_t i = 0; i < account->meeting_count; i++)
		if (!is_meeting(account->meetings[i]))
			return "a meeting is not written PLATFORM/MEETING-ID";
	return account->hash[0] != '\0' ? password_hash_fault(account->hash) : NULL;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
	return text;
}

const char *accounts_read_meetings(
	struct account *account, char *text, const char *platform, char **room_r)
{
	size_t room = strlen(text) + 1;
	char *item, *to;

	if (platform != NULL)
		room += ACCOUNT_MEETINGS_MAX * (strlen(platform) + 2);
	*room_r = to = malloc(room);
	if (to == NULL)
		return "no memory";
	account->meeting_count = 0;
	while ((item = strsep(&text, ",")) != NULL) {
		bool bare;

		item = trim(item);
		if (item[0] == '\0')
			continue;
		if (account->meeting_count == ACCOUNT_MEETINGS_MAX)
			return "more than 16 meetings";
		bare = platform != NULL && strchr(item, '/') == NULL;
		account->meetings[account->meeting_count++] = to;
		to = stpcpy(stpcpy(to, bare ? platform : ""), bare ? "/" : "");
		to = stpcpy(to, item) + 1;
	}
	return NULL;
}

/* ---- changes ---- */

static int commit(struct records_change *change, struct error *error)
{
	struct accounts *check = make_table(change->path, json_incref(change->entries), error);
	int rc = check != NULL ? records_commit(change, error) : -1;

	accounts_free(&check);
	return rc;
}

static void forget_old(json_t *entries)
{
	int64_t oldest = clock_wall() - RECORDS_KEPT;
	struct account account;

	for (size_t i = json_array_size(entries); i-- > 0;)
		if (read_entry(json_array_get(entries, i), &account) == 0 && account.expires != 0 &&
			account.expires < oldest)
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

static enum accounts_change put(
	struct records_change *change, const struct account *account, struct error *error)
{
	struct account new = *account, old;
	char id[RECORDS_ID_SIZE];
	size_t at = position(change->entries, account->id, NULL);
	json_t *entry;
	int rc;

	if (position(change->entries, account->id, account->name) <
		json_array_size(change->entries))
		return ACCOUNTS_TAKEN;
	if (account->id[0] == '\0') {
		records_new_id(id);
		new.id = id;
	} else if (at == json_array_size(change->entries)) {
		return ACCOUNTS_GONE;
	} else if (read_entry(json_array_get(change->entries, at), &old) == 0) {
		new.by = old.by;
		new.created = old.created;
		new.hash = new.hash[0] != '\0' ? new.hash : old.hash;
	}
	entry = make_entry(&new);
	rc = account->id[0] == '\0' ? json_array_append_new(change->entries, entry)
				    : json_array_set_new(change->entries, at, entry);
	if (rc != 0)
		error_set(error, "%s: no memory for an account", change->path);
	return rc == 0 && commit(change, error) == 0 ? ACCOUNTS_DONE : ACCOUNTS_BROKEN;
}

enum accounts_change accounts_put(
	const char *path, const struct account *account, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;

	if (records_begin(&change, path, FORMAT, error) == 0) {
		forget_old(change.entries);
		result = put(&change, account, error);
	}
	records_end(&change);
	return result;
}

enum accounts_change accounts_remove(const char *path, const char *id, struct error *error)
{
	enum accounts_change result = ACCOUNTS_BROKEN;
	struct records_change change;

	if (records_begin(&change, path, FORMAT, error) == 0) {
		size_t at = position(change.entries, id, NULL);

		result = ACCOUNTS_GONE;
		if (at < json_array_size(change.entries)) {
			json_array_remove(change.entries, at);
			result = commit(&change, error) == 0 ? ACCOUNTS_DONE : ACCOUNTS_BROKEN;
		}
	}
	records_end(&change);
	return result;
}

/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/clock.h"
#include "base/display_name.h"
#include "ctl/given.h"
#include "ctl/secret_name.h"
#include "guests/accounts.h"
#include "guests/meeting_keys.h"

/* ---- secrets ---- */

static void apply_secret(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct settings *settings = ctl->settings;
	char *typed = xstrdup(apply_required(item, "name"));
	struct secret_name name = secret_name_find(ctl, typed);
	int64_t expires = apply_expires(item);
	struct error error;
	unsigned version;

	free(typed);
	apply_set_name(item, xstrdup(name.stored));
	if (item->value == NULL)
		apply_die(item, "file is missing");
	if (store_check_value(item->value, &error) != 0 ||
		secret_name_fits(&name, secret_text(item->value), &error) != 0)
		apply_die(item, "%s", error.text);
	if (dry) {
		version = ctl_secret_newest(
			settings, name.stored, item->value, expires, &item->is_known);
		item->result = apply_compared(!item->is_known, version != 0);
		/* When a version ends, the older ones end with it. */
		if (version == 0 && expires != 0 && expires <= clock_wall())
			apply_die(item, "expires: expected a time in the future");
		return;
	}
	ctl_must(1, store_set(settings->store, settings->store_key, name.stored, item->value,
			    expires, &version, &ctl_error));
}

/* ---- guest accounts ---- */

/* "PLATFORM/MEETING" with the id that the driver finds for the meeting; the caller frees it. */
static char *find_meeting(const struct ctl *ctl, const struct apply_item *item, const char *text)
{
	const char *slash = text != NULL ? strchr(text, '/') : NULL;
	char *title, *id, *whole;
	const struct section *platform;
	struct error error;

	if (slash == NULL)
		apply_die(item, "meetings: expected texts like PLATFORM/MEETING");
	title = xstrndup(text, (size_t)(slash - text));
	platform = config_platform(ctl->settings, title);
	if (platform == NULL)
		apply_die(item, "the configuration has no platform \"%s\"", title);
	if (given_meeting_id(platform, slash + 1, &id, &error) != 0)
		apply_die(item, "%s", error.text);
	whole = xprintf("%s/%s", section_title(platform), id);
	free(id);
	free(title);
	return whole;
}

static void read_meetings(
	const struct ctl *ctl, const struct apply_item *item, struct account *account)
{
	const json_t *list = json_object_get(item->json, "meetings");

	if (json_array_size(list) > ACCOUNT_MEETINGS_MAX)
		apply_die(item, "meetings: at most %d", ACCOUNT_MEETINGS_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		account->meetings[account->meeting_count] = find_meeting(ctl, item, text);
		account->hosts[account->meeting_count] = "";
		account->host_names[account->meeting_count++] = "";
	}
	account->host_count = account->host_name_count = account->meeting_count;
}

static bool has_meetings(const struct account *account, const struct account *other)
{
	for (size_t i = 0; i < other->meeting_count; i++)
		if (accounts_meeting_at(account, other->meetings[i]) == account->meeting_count)
			return false;
	return true;
}

static bool same_account(const struct account *one, const struct account *other)
{
	return strcmp(one->display, other->display) == 0 && strcmp(one->email, other->email) == 0 &&
	       one->expires == other->expires && has_meetings(one, other) &&
	       has_meetings(other, one);
}

static void must_account(enum accounts_change done, const struct apply_item *item)
{
	if (done == ACCOUNTS_BROKEN)
		ctl_fail(EX_CANTCREAT, &ctl_error);
	if (done != ACCOUNTS_DONE)
		apply_die(item, "somebody else changed the account just now: call again");
}

/* Adds or replaces an account. */
static void put_account(
	const char *path, struct account *account, const struct apply_item *item, bool new_hash)
{
	char hash[PASSWORD_HASH_SIZE] = "";
	struct accounts_record record;

	if (new_hash)
		given_hash(secret_text(item->value), hash);
	account->hash = hash;
	must_account(accounts_put(path, account, NULL, &record, &ctl_error), item);
	account->hash = NULL;
	explicit_bzero(hash, sizeof hash);
}

static void check_account(const struct apply_item *item, const struct account *account)
{
	const char *fault = records_fault(&accounts_type, account);

	if (fault == NULL && display_name_hides(account->name))
		fault = "the name has invisible characters";
	if (fault == NULL && account->display[0] != '\0')
		fault = display_name_fault(account->display);
	if (fault != NULL)
		apply_die(item, "%s", fault);
}

static void set_account(struct ctl *ctl, struct apply_item *item, const char *path,
	const char *name, const struct account *old, bool dry)
{
	struct account account = {.id = old != NULL ? old->id : "",
		.name = name,
		.display = apply_text(item, "displayName"),
		.email = apply_text(item, "email"),
		.hash = password_nobody,
		.by = "",
		.by_name = "",
		.created = clock_wall(),
		.expires = apply_expires(item)};
	bool is_same = old != NULL && apply_has_password(item, old->hash);

	apply_check_password(item, old == NULL, "password", ACCOUNT_PASSWORD_MIN);
	read_meetings(ctl, item, &account);
	check_account(item, &account);
	item->result =
		apply_compared(old == NULL, old != NULL && is_same && same_account(old, &account));
	if (!dry)
		put_account(path, &account, item, !is_same);
	for (size_t i = 0; i < account.meeting_count; i++)
		free((void *)(uintptr_t)account.meetings[i]);
}

static void apply_account(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct section *backend = apply_backend(ctl, item, "guest-account");
	const char *path = section_string(backend, "accounts");
	char name[USERS_NAME_SIZE];
	struct records *accounts =
		ctl_need(EX_NOINPUT, records_load(&accounts_type, path, &ctl_error));
	const struct account *old;
	struct accounts_record record;

	apply_name(item, name);
	apply_set_name(item, xprintf("%s/%s", section_title(backend), name));
	apply_check_state(item, false);
	old = accounts_find(accounts, name);
	if (!apply_is_state(item, "absent")) {
		set_account(ctl, item, path, name, old, dry);
	} else {
		item->result = old != NULL ? APPLY_REMOVED : APPLY_UNCHANGED;
		if (old != NULL && !dry)
			must_account(accounts_remove(path, old->id, &record, &ctl_error), item);
	}
	records_free(&accounts);
}

/* ---- keys of meetings ---- */

static void put_key(const char *path, struct meeting_key *key, const struct apply_item *item,
	const struct meeting_key *old, bool new_hash)
{
	char hash[PASSWORD_HASH_SIZE];

	if (new_hash)
		given_hash(secret_text(item->value), hash);
	key->hash = new_hash ? hash : old->hash;
	key->created = clock_wall();
	ctl_must(EX_CANTCREAT, meeting_keys_set(path, key, &ctl_error));
	key->hash = NULL;
	explicit_bzero(hash, sizeof hash);
}

static void set_key(struct apply_item *item, const char *path, struct meeting_key *key,
	const struct meeting_key *old, bool dry)
{
	bool is_same = old != NULL && apply_has_password(item, old->hash);

	apply_check_password(item, old == NULL, "key of a meeting", MEETING_KEY_MIN);
	key->expires = apply_expires(item);
	item->result = apply_compared(old == NULL, is_same && old->expires == key->expires);
	if (!dry)
		put_key(path, key, item, old, !is_same);
}

static void apply_key(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct section *backend = apply_backend(ctl, item, "meeting-key");
	const char *path = section_string(backend, "keys");
	struct records *keys =
		ctl_need(EX_NOINPUT, records_load(&meeting_keys_type, path, &ctl_error));
	char *typed =
		xprintf("%s/%s", apply_required(item, "platform"), apply_required(item, "meeting"));
	char *meeting = find_meeting(ctl, item, typed), *slash = meeting + strcspn(meeting, "/");
	struct meeting_key key = {.id = "", .platform = meeting, .meeting = slash + 1};
	const struct meeting_key *old;
	bool found;

	apply_set_name(item, xstrdup(meeting));
	item->backend = section_title(backend);
	*slash = '\0';
	apply_check_state(item, false);
	old = meeting_keys_find(keys, key.platform, key.meeting);
	if (!apply_is_state(item, "absent")) {
		set_key(item, path, &key, old, dry);
	} else {
		item->result = old != NULL ? APPLY_REMOVED : APPLY_UNCHANGED;
		if (old != NULL && !dry)
			ctl_must(EX_CANTCREAT, meeting_keys_remove(path, key.platform, key.meeting,
						       &found, &ctl_error));
	}
	records_free(&keys);
	free(meeting);
	free(typed);
}

const struct apply_kind apply_kinds[] = {
	{"secrets", "secret", "file", (const char *const[]){"name", "file", "expires", NULL},
		apply_secret},
	{"users", "user", "passwordFile",
		(const char *const[]){"backend", "name", "displayName", "email", "groups",
			"expires", "state", "passwordFile", NULL},
		apply_user},
	{"guestAccounts", "guest account", "passwordFile",
		(const char *const[]){"backend", "name", "displayName", "email", "meetings",
			"expires", "state", "passwordFile", NULL},
		apply_account},
	{"meetingKeys", "key of meeting", "file",
		(const char *const[]){
			"backend", "platform", "meeting", "file", "expires", "state", NULL},
		apply_key},
	{0},
};

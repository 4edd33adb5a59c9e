/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/clock.h"
#include "base/display_name.h"
#include "base/text.h"
#include "base/typed.h"
#include "ctl/change.h"
#include "ctl/given.h"
#include "ctl/secret_name.h"
#include "ctl/user_totp.h"
#include "guests/accounts.h"
#include "guests/meeting_keys.h"

#include <stdarg.h>
#include <unistd.h>

void apply_die(const struct apply_item *item, const char *format, ...)
{
	char text[1000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (item->name != NULL)
		ctl_die(EX_DATAERR, "%s: %s \"%s\": %s", item->file, item->kind->noun, item->name,
			text);
	ctl_die(EX_DATAERR, "%s: %s[%zu]: %s", item->file, item->kind->list, item->number, text);
}

/* ---- members ---- */

static const char *text_of(const struct apply_item *item, const char *member)
{
	const char *text = json_string_value(json_object_get(item->json, member));

	return text != NULL ? text : "";
}

static const char *required(const struct apply_item *item, const char *member)
{
	const char *text = text_of(item, member);

	if (text[0] == '\0')
		apply_die(item, "%s is missing", member);
	return text;
}

/* A copy, which the caller frees. */
static char *clean_name(const struct apply_item *item, char canonical[USERS_NAME_SIZE])
{
	char *name = xstrdup(required(item, "name"));

	typed_clean(name);
	if (identity_canonical_name(name, canonical) != 0)
		apply_die(item, "name: expected 1 to %d bytes of UTF-8 without spaces at the ends",
			IDENTITY_SUBJECT_MAX);
	return name;
}

/* A duration would mean another time with each call. */
static int64_t expires_of(const struct apply_item *item)
{
	const char *text = text_of(item, "expires");
	int64_t seconds = 0;

	if (text[0] != '\0' && text_to_time(text, &seconds) != 0)
		apply_die(item, "expires: expected a time like 2026-12-31 or 2026-12-31T18:00Z");
	return seconds;
}

static bool is_state(const struct apply_item *item, const char *state)
{
	return strcmp(text_of(item, "state"), state) == 0;
}

static void check_state(const struct apply_item *item, bool may_disable)
{
	if (text_of(item, "state")[0] != '\0' && !is_state(item, "active") &&
		!is_state(item, "absent") && !(may_disable && is_state(item, "disabled")))
		apply_die(item, "state: expected active%s or absent",
			may_disable ? ", disabled" : "");
}

/* The backend of this type that the entry names, or the only one. */
static const struct section *backend_of(
	const struct ctl *ctl, const struct apply_item *item, const char *type)
{
	const char *title = text_of(item, "backend");
	const struct section *found = NULL;

	for (size_t i = 0; i < ctl->settings->backend_count; i++) {
		const struct section *backend = ctl->settings->backends[i];

		if (strcmp(section_type(backend), type) != 0 ||
			(title[0] != '\0' && strcmp(section_title(backend), title) != 0))
			continue;
		if (found != NULL)
			apply_die(item, "there are several backends of type %s: set \"backend\"",
				type);
		found = backend;
	}
	if (found == NULL)
		apply_die(item, "%s has no backend %s%sof type %s", ctl->settings->file, title,
			title[0] != '\0' ? " " : "", type);
	return found;
}

static void set_name(struct apply_item *item, char *name)
{
	free((void *)(uintptr_t)item->name);
	item->name = name;
}

/* Whether the password or key of the entry, if it has one, belongs to the hash; compared once. */
static bool has_password(struct apply_item *item, const char *hash)
{
	if (item->value == NULL)
		return true;
	if (!item->is_known)
		item->is_same = password_verify(hash, secret_text(item->value)) == PASSWORD_MATCH;
	item->is_known = true;
	return item->is_same;
}

/* Checks the password of an entry, which a new one must have. */
static void check_password(
	const struct apply_item *item, bool is_new, const char *what, size_t minimum)
{
	struct error error;

	if (is_new && item->value == NULL)
		apply_die(item, "%s is missing", item->kind->file);
	if (item->value != NULL && given_password_fits(item->value, what, minimum, &error) != 0)
		apply_die(item, "%s: %s", item->kind->file, error.text);
}

static enum apply_result compared(bool is_new, bool is_equal)
{
	return is_new ? APPLY_ADDED : is_equal ? APPLY_UNCHANGED : APPLY_CHANGED;
}

/* ---- secrets ---- */

static void apply_secret(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct settings *settings = ctl->settings;
	char *typed = xstrdup(required(item, "name"));
	struct secret_name name = secret_name_find(ctl, typed);
	int64_t expires = expires_of(item);
	struct error error;
	unsigned version;

	free(typed);
	set_name(item, xstrdup(name.stored));
	if (item->value == NULL)
		apply_die(item, "file is missing");
	if (store_check_value(item->value, &error) != 0 ||
		secret_name_fits(&name, secret_text(item->value), &error) != 0)
		apply_die(item, "%s", error.text);
	if (dry) {
		version = ctl_secret_newest(
			settings, name.stored, item->value, expires, &item->is_known);
		item->result = compared(!item->is_known, version != 0);
		return;
	}
	ctl_must(1, store_set(settings->store, settings->store_key, name.stored, item->value,
			    expires, &version, &ctl_error));
}

/* ---- users ---- */

/* The groups in the form of `struct user`. */
static struct buffer groups_of(const struct apply_item *item)
{
	struct buffer groups = BUFFER_INIT(IDENTITY_GROUPS_MAX * (IDENTITY_GROUP_MAX + 1));
	const json_t *list = json_object_get(item->json, "groups");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *group = json_string_value(json_array_get(list, i));

		if (group == NULL)
			apply_die(item, "groups: expected texts");
		buffer_append(&groups, group, strlen(group) + 1);
	}
	if (groups.failed || json_array_size(list) > IDENTITY_GROUPS_MAX)
		apply_die(item, "groups: the list is too long");
	return groups;
}

static bool has_group(const struct user *user, const char *group)
{
	const char *at = user->groups;

	for (size_t i = 0; i < user->group_count; i++, at += strlen(at) + 1)
		if (strcmp(at, group) == 0)
			return true;
	return false;
}

static bool same_groups(const struct user *one, const struct user *other)
{
	const char *at = one->groups;

	for (size_t i = 0; i < one->group_count; i++, at += strlen(at) + 1)
		if (!has_group(other, at))
			return false;
	return one->group_count == other->group_count;
}

static bool same_user(const struct user *one, const struct user *other)
{
	return strcmp(one->display, other->display) == 0 && strcmp(one->email, other->email) == 0 &&
	       one->expires == other->expires && one->disabled == other->disabled &&
	       same_groups(one, other);
}

static void remove_user(
	const struct settings *settings, const struct section *backend, struct change *change)
{
	change_begin(change, false);
	change_commit(change, NULL);
	if (access(settings->store, F_OK) == 0 &&
		user_totp_remove(settings, section_title(backend), change->name, &ctl_error) < 0)
		ctl_fail(1, &ctl_error);
	change_end(change);
}

/* What the entry says, with the hash of the user who exists. */
static struct user read_user(const struct apply_item *item, const char *name,
	const struct user *old, const struct buffer *groups)
{
	struct user user = {
		.name = name,
		.hash = old != NULL ? old->hash : password_nobody,
		.display = text_of(item, "displayName"),
		.email = text_of(item, "email"),
		.groups = groups->data != NULL ? groups->data : "",
		.group_count = json_array_size(json_object_get(item->json, "groups")),
		.expires = expires_of(item),
		.disabled = is_state(item, "disabled"),
		.enablings = old != NULL ? old->enablings : 0,
	};

	user.enablings += old != NULL && old->disabled && !user.disabled;
	return user;
}

static void check_user(const struct apply_item *item, const struct user *user)
{
	const char *fault = users_fault(user);

	if (fault == NULL && user->display[0] != '\0')
		fault = display_name_fault(user->display);
	if (fault != NULL)
		apply_die(item, "%s", fault);
}

/* Adds or replaces a user. */
static void put_user(struct change *change, bool is_new, struct user *user,
	const struct apply_item *item, bool new_hash)
{
	char hash[PASSWORD_HASH_SIZE];

	if (new_hash) {
		given_hash(secret_text(item->value), hash);
		user->hash = hash;
	}
	change_begin(change, is_new);
	change_commit(change, user);
	change_end(change);
	explicit_bzero(hash, sizeof hash);
}

static struct users *load_users(const struct apply_item *item, const struct section *backend)
{
	const char *path = section_string(backend, "users");

	if (strcmp(section_string(backend, "format"), "users") != 0)
		apply_die(item, "%s is an htpasswd file, which meetauthctl cannot change", path);
	return access(path, F_OK) == 0
		       ? ctl_need(EX_NOINPUT, users_load(path, USERS_OWN, &ctl_error))
		       : NULL;
}

static void apply_user(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct section *backend = backend_of(ctl, item, "file");
	struct change change = CHANGE_INIT;
	struct users *users = load_users(item, backend);
	const struct user *old;
	struct buffer groups;
	struct user user;
	bool is_same;

	change.path = section_string(backend, "users");
	free(clean_name(item, change.name));
	set_name(item, xprintf("%s/%s", section_title(backend), change.name));
	check_state(item, true);
	old = users != NULL ? users_find(users, change.name) : NULL;
	if (is_state(item, "absent")) {
		item->result = old != NULL ? APPLY_REMOVED : APPLY_UNCHANGED;
		if (old != NULL && !dry)
			remove_user(ctl->settings, backend, &change);
		users_drop(&users);
		return;
	}
	check_password(item, old == NULL, "password", GIVEN_PASSWORD_MIN);
	groups = groups_of(item);
	is_same = old != NULL && has_password(item, old->hash);
	user = read_user(item, change.name, old, &groups);
	check_user(item, &user);
	item->result = compared(old == NULL, old != NULL && is_same && same_user(old, &user));
	if (!dry)
		put_user(&change, old == NULL, &user, item, !is_same);
	buffer_release(&groups);
	users_drop(&users);
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

static bool same_account(const struct account *one, const struct account *other)
{
	for (size_t i = 0; i < one->meeting_count; i++)
		if (accounts_meeting_at(other, one->meetings[i]) == other->meeting_count)
			return false;
	return strcmp(one->display, other->display) == 0 && strcmp(one->email, other->email) == 0 &&
	       one->expires == other->expires && one->meeting_count == other->meeting_count;
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
		.display = text_of(item, "displayName"),
		.email = text_of(item, "email"),
		.hash = password_nobody,
		.by = "",
		.by_name = "",
		.created = clock_wall(),
		.expires = expires_of(item)};
	bool is_same = old != NULL && has_password(item, old->hash);

	check_password(item, old == NULL, "password", ACCOUNT_PASSWORD_MIN);
	read_meetings(ctl, item, &account);
	check_account(item, &account);
	item->result = compared(old == NULL, old != NULL && is_same && same_account(old, &account));
	if (!dry)
		put_account(path, &account, item, !is_same);
	for (size_t i = 0; i < json_array_size(json_object_get(item->json, "meetings")); i++)
		free((void *)(uintptr_t)account.meetings[i]);
}

static void apply_account(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct section *backend = backend_of(ctl, item, "guest-account");
	const char *path = section_string(backend, "accounts");
	char name[USERS_NAME_SIZE];
	struct records *accounts =
		ctl_need(EX_NOINPUT, records_load(&accounts_type, path, &ctl_error));
	const struct account *old;
	struct accounts_record record;

	free(clean_name(item, name));
	set_name(item, xprintf("%s/%s", section_title(backend), name));
	check_state(item, false);
	old = accounts_find(accounts, name);
	if (!is_state(item, "absent")) {
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
	explicit_bzero(hash, sizeof hash);
}

static void set_key(struct apply_item *item, const char *path, struct meeting_key *key,
	const struct meeting_key *old, bool dry)
{
	bool is_same = old != NULL && has_password(item, old->hash);

	check_password(item, old == NULL, "key of a meeting", MEETING_KEY_MIN);
	key->expires = expires_of(item);
	item->result = compared(old == NULL, is_same && old->expires == key->expires);
	if (!dry)
		put_key(path, key, item, old, !is_same);
}

static void apply_key(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const char *path = section_string(backend_of(ctl, item, "meeting-key"), "keys");
	struct records *keys =
		ctl_need(EX_NOINPUT, records_load(&meeting_keys_type, path, &ctl_error));
	char *typed = xprintf("%s/%s", required(item, "platform"), required(item, "meeting"));
	char *meeting = find_meeting(ctl, item, typed), *slash = strchr(meeting, '/');
	struct meeting_key key = {.id = "", .platform = meeting, .meeting = slash + 1};
	const struct meeting_key *old;
	bool found;

	set_name(item, xstrdup(meeting));
	*slash = '\0';
	check_state(item, false);
	old = meeting_keys_find(keys, key.platform, key.meeting);
	if (!is_state(item, "absent")) {
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

/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/display_name.h"
#include "ctl/change.h"
#include "ctl/given.h"
#include "ctl/user_totp.h"

#include <unistd.h>

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

static bool has_groups(const struct user *user, const struct user *other)
{
	const char *at = other->groups;

	for (size_t i = 0; i < other->group_count; i++, at += strlen(at) + 1)
		if (!has_group(user, at))
			return false;
	return true;
}

static bool same_user(const struct user *one, const struct user *other)
{
	return strcmp(one->display, other->display) == 0 && strcmp(one->email, other->email) == 0 &&
	       one->expires == other->expires && one->disabled == other->disabled &&
	       has_groups(one, other) && has_groups(other, one);
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
		.display = apply_text(item, "displayName"),
		.email = apply_text(item, "email"),
		.groups = groups->data != NULL ? groups->data : "",
		.group_count = json_array_size(json_object_get(item->json, "groups")),
		.expires = apply_expires(item),
		.disabled = apply_is_state(item, "disabled"),
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
	user->hash = NULL;
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

void apply_user(struct ctl *ctl, struct apply_item *item, bool dry)
{
	const struct section *backend = apply_backend(ctl, item, "file");
	struct change change = CHANGE_INIT;
	struct users *users = load_users(item, backend);
	const struct user *old;
	struct buffer groups;
	struct user user;
	bool is_same;

	change.path = section_string(backend, "users");
	apply_name(item, change.name);
	apply_set_name(item, xprintf("%s/%s", section_title(backend), change.name));
	apply_check_state(item, true);
	old = users != NULL ? users_find(users, change.name) : NULL;
	if (apply_is_state(item, "absent")) {
		item->result = old != NULL ? APPLY_REMOVED : APPLY_UNCHANGED;
		if (old != NULL && !dry)
			remove_user(ctl->settings, backend, &change);
		users_drop(&users);
		return;
	}
	apply_check_password(item, old == NULL, "password", GIVEN_PASSWORD_MIN);
	groups = groups_of(item);
	is_same = old != NULL && apply_has_password(item, old->hash);
	user = read_user(item, change.name, old, &groups);
	check_user(item, &user);
	item->result = apply_compared(old == NULL, old != NULL && is_same && same_user(old, &user));
	if (!dry)
		put_user(&change, old == NULL, &user, item, !is_same);
	buffer_release(&groups);
	users_drop(&users);
}

/* SPDX-License-Identifier: MIT */
#include "ctl/user_list.h"

#include "base/clock.h"

#include <jansson.h>

static const char *state_of(const struct user *user)
{
	if (user->disabled)
		return "disabled";
	return users_is_active(user, clock_wall()) ? "active" : "expired";
}

/* "" for never. */
static const char *expiry_of(const struct user *user, char text[32])
{
	time_t seconds = (time_t)user->expires;
	struct tm tm;

	text[0] = '\0';
	if (seconds != 0 && gmtime_r(&seconds, &tm) != NULL)
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *to_json(const struct user *user)
{
	json_t *object = json_object(), *groups = json_array();
	const char *group = user->groups;
	char expires[32];

	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1)
		json_array_append_new(groups, json_string(group));
	json_object_set_new(object, "name", json_string(user->name));
	json_object_set_new(object, "displayName", text_or_null(user->display));
	json_object_set_new(object, "email", text_or_null(user->email));
	json_object_set_new(object, "groups", groups);
	json_object_set_new(object, "expires", text_or_null(expiry_of(user, expires)));
	json_object_set_new(object, "state", json_string(state_of(user)));
	return object;
}

static int print_json(const struct users *users)
{
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; users_at(users, i) != NULL; i++)
		json_array_append_new(list, to_json(users_at(users, i)));
	rc = json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	return rc == 0 && puts("") >= 0 ? 0 : -1;
}

/* Columns apart by tabs: names, groups and addresses hold blanks, but never a tab. */
static int print_table(const struct users *users)
{
	const struct user *user;
	char expires[32];

	puts("NAME\tSTATE\tEXPIRES\tDISPLAY NAME\tE-MAIL\tGROUPS");
	for (size_t i = 0; (user = users_at(users, i)) != NULL; i++) {
		const char *group = user->groups;

		expiry_of(user, expires);
		printf("%s\t%s\t%s\t%s\t%s\t", user->name, state_of(user),
			expires[0] != '\0' ? expires : "never", user->display, user->email);
		for (size_t j = 0; j < user->group_count; j++, group += strlen(group) + 1)
			printf("%s%s", j > 0 ? "," : "", group);
		puts("");
	}
	return ferror(stdout) ? -1 : 0;
}

int user_list_print(const struct users *users, bool json)
{
	return json ? print_json(users) : print_table(users);
}

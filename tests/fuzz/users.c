/* SPDX-License-Identifier: MIT
 *
 * A users file of ours, which is read again as it is written, or one of htpasswd; the first byte
 * says which.
 */
#include "fuzz.h"

#include "auth/users.h"

static void same_again(const struct users *users)
{
	struct buffer text = BUFFER_INIT(4 * 1024 * 1024);
	const struct user *user;
	struct users *again;
	struct error error = {""};
	size_t count = 0;

	buffer_text(&text, USERS_FIRST_LINE);
	for (; (user = users_at(users, count)) != NULL; count++) {
		PROMISE(users_fault(user) == NULL);
		PROMISE(users_find(users, user->name) == user);
		users_format(user, &text);
	}
	again = users_parse("again", &text, &error);
	PROMISE(again != NULL);
	for (size_t i = 0; i < count; i++) {
		user = users_find(again, users_at(users, i)->name);
		PROMISE(user != NULL);
		PROMISE(strcmp(user->digest, users_at(users, i)->digest) == 0);
	}
	users_drop(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	enum users_kind kind;
	struct users *users;
	struct error error = {""};
	char key[USERS_NAME_SIZE];

	if (length == 0)
		return 0;
	kind = *bytes % 2 == 0 ? USERS_OWN : USERS_HTPASSWD;
	if (!users_kind_available(kind))
		return 0;
	users = users_load(file_of(bytes + 1, length - 1), kind, &error);
	PROMISE(users != NULL || error.text[0] != '\0');
	if (users != NULL) {
		if (users_key(users, "ALICE", key) == 0)
			users_find(users, key);
		if (kind == USERS_OWN)
			same_again(users);
	}
	users_drop(&users);
	return 0;
}

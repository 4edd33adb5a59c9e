/* SPDX-License-Identifier: MIT */
#include "auth/users.h"

#include "auth/htpasswd.h"
#include "base/file.h"
#include "base/fold.h"
#include "base/text.h"

#include <sodium.h>
#include <stdatomic.h>

enum { FIELDS = 6 };

struct users {
	atomic_uint holders;
	enum users_kind kind;
	struct buffer text; /* the file, its fields decoded in place; rows point into it */
	struct user *rows;  /* sorted by name */
	size_t count, room;
	uint8_t key[crypto_shorthash_KEYBYTES]; /* selects the hash that an unknown name is verified
						   against */
};

/* The position of a line, for errors. */
struct place {
	const char *path;
	size_t line;
};

static int refuse(const struct place *place, struct error *error, const char *what)
{
	return error_set(error, "%s:%zu: %s", place->path, place->line, what);
}

/* Decodes %XX in place. Returns false if an escape is invalid or the result is not printable. */
static bool decode(char *text)
{
	return text_unpercent(text) == 0 && text_is_printable(text);
}

/* Splits at commas and decodes each group in place, into consecutive strings. */
static bool read_groups(char *field, struct user *user)
{
	char *group, *rest = field[0] != '\0' ? field : NULL, *to = field;

	user->groups = field;
	while ((group = strsep(&rest, ",")) != NULL) {
		if (!decode(group))
			return false;
		size_t size = strlen(group) + 1;

		memmove(to, group, size);
		to += size;
		user->group_count++;
	}
	return true;
}

/* Removes ":N" after the time. A time has colons, too, but its last one is never followed by digits
 * only. */
static int64_t cut_enablings(char *field)
{
	char *colon = strrchr(field, ':');
	int64_t count;

	if (colon == NULL || text_to_number(colon + 1, 1, INT32_MAX, &count) != 0)
		return 0;
	*colon = '\0';
	return count;
}

static int read_line(char *line, const struct place *place, struct user *user, struct error *error)
{
	char *fields[FIELDS], *rest = line;
	const char *fault;

	for (size_t i = 0; i < FIELDS; i++) {
		if (rest == NULL)
			return refuse(
				place, error, "too few fields: expected six, separated by colons");
		/* The last field is a time, which contains colons. */
		fields[i] = i + 1 < FIELDS ? strsep(&rest, ":") : rest;
	}
	*user = (struct user){
		.line = place->line,
		.name = fields[0],
		.disabled = fields[1][0] == '!',
		.display = fields[2],
		.email = fields[3],
	};
	user->hash = fields[1] + user->disabled;
	user->enablings = cut_enablings(fields[5]);
	if (!decode(fields[0]) || !decode(fields[2]) || !decode(fields[3]) ||
		!read_groups(fields[4], user))
		return refuse(place, error,
			"not UTF-8, a control character, or % without two hex digits");
	if (fields[5][0] != '\0' &&
		(text_to_time(fields[5], &user->expires) != 0 || user->expires <= 0))
		return refuse(place, error, "field 6: expected a time like 2026-12-31T18:00:00Z");
	fault = users_fault(user);
	return fault != NULL ? refuse(place, error, fault) : 0;
}

static int read_htpasswd_line(
	char *line, const struct place *place, struct user *user, struct error *error)
{
	const char *fault = htpasswd_read_line(line, user);

	user->line = place->line;
	return fault != NULL ? refuse(place, error, fault) : 0;
}

/* Computes a sum that does not depend on the order of the groups. */
static uint64_t sum_groups(const struct user *user)
{
	const char *group = user->groups;
	uint64_t sum = 0, hash;

	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1) {
		crypto_shorthash((uint8_t *)&hash, (const uint8_t *)group, strlen(group),
			(const uint8_t[crypto_shorthash_KEYBYTES]){0});
		sum += hash;
	}
	return sum;
}

static void make_digest(struct user *user)
{
	uint64_t groups = sum_groups(user);
	struct digest digest;

	digest_begin(&digest);
	digest_text(&digest, user->name);
	digest_text(&digest, user->hash);
	digest_add(&digest, &groups, sizeof groups);
	digest_add(&digest, &user->expires, sizeof user->expires);
	digest_add(&digest, &user->enablings, sizeof user->enablings);
	digest_end(&digest, user->digest);
}

static struct user *add_row(struct users *users)
{
	if (users->count == users->room) {
		size_t room = users->room > 0 ? users->room * 2 : 16;
		struct user *rows = reallocarray(users->rows, room, sizeof *rows);

		if (rows == NULL)
			return NULL;
		users->rows = rows;
		users->room = room;
	}
	return &users->rows[users->count++];
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

/* Sorts, and refuses a name that occurs twice: neither entry could take precedence. */
static int sort_rows(struct users *users, const char *path, struct error *error)
{
	if (users->count > 0)
		qsort(users->rows, users->count, sizeof *users->rows, by_name);
	for (size_t i = 1; i < users->count; i++) {
		size_t a = users->rows[i - 1].line, b = users->rows[i].line;

		if (by_name(&users->rows[i - 1], &users->rows[i]) == 0)
			return error_set(error, "%s:%zu: repeats the user of line %zu", path,
				a > b ? a : b, a > b ? b : a);
	}
	return 0;
}

static int read_lines(struct users *users, const char *path, struct error *error)
{
	struct place place = {.path = path, .line = 1};
	char *line, *rest = users->text.data;

	if (users->kind == USERS_OWN &&
		(rest == NULL || strncmp(rest, USERS_FIRST_LINE, strlen(USERS_FIRST_LINE)) != 0))
		return refuse(&place, error,
			"the first line must be \"# meetauth users 1\"; for an htpasswd file, "
			"write format = \"htpasswd\"");
	if (rest != NULL && strlen(rest) != users->text.length)
		return error_set(error, "%s: contains a NUL byte", path);
	for (; (line = strsep(&rest, "\n")) != NULL; place.line++) {
		struct user *user;

		if (line[0] == '#' || line[0] == '\0')
			continue;
		user = add_row(users);
		if (user == NULL)
			return error_set(error, "%s: out of memory for the users", path);
		if ((users->kind == USERS_OWN ? read_line : read_htpasswd_line)(
			    line, &place, user, error) != 0)
			return -1;
		make_digest(user);
	}
	return sort_rows(users, path, error);
}

static struct users *parse(
	const char *path, enum users_kind kind, struct buffer *text, struct error *error)
{
	struct users *users = calloc(1, sizeof *users);

	if (users == NULL) {
		buffer_wipe(text);
		error_set(error, "%s: out of memory", path);
		return NULL;
	}
	users->holders = 1;
	users->kind = kind;
	users->text = *text;
	*text = BUFFER_INIT(text->maximum);
	/* Nobody can guess the key, because the file has the salts of the hashes. All processes
	 * of the pool read the same file and compute the same key. */
	crypto_generichash(users->key, sizeof users->key, (const uint8_t *)users->text.data,
		users->text.length, NULL, 0);
	if (read_lines(users, path, error) != 0)
		users_drop(&users);
	return users;
}

struct users *users_parse(const char *path, struct buffer *text, struct error *error)
{
	return parse(path, USERS_OWN, text, error);
}

int users_kind_named(const char *name, enum users_kind *kind_r)
{
	*kind_r = strcmp(name, "htpasswd") == 0 ? USERS_HTPASSWD : USERS_OWN;
	return *kind_r == USERS_HTPASSWD || strcmp(name, "users") == 0 ? 0 : -1;
}

bool users_kind_available(enum users_kind kind)
{
	return kind == USERS_OWN || htpasswd_available();
}

struct users *users_load(const char *path, enum users_kind kind, struct error *error)
{
	struct buffer text = BUFFER_INIT(USERS_FILE_MAX);

	if (sodium_init() < 0) {
		error_set(error, "cannot initialize libsodium: no source of randomness");
		return NULL;
	}
	if (file_read_text(path, FILE_PRIVATE, &text, error) != 0) {
		buffer_wipe(&text);
		return NULL;
	}
	return parse(path, kind, &text, error);
}

struct users *users_hold(struct users *users)
{
	atomic_fetch_add_explicit(&users->holders, 1, memory_order_relaxed);
	return users;
}

void users_drop(struct users **users)
{
	struct users *old = *users;

	*users = NULL;
	if (old == NULL || atomic_fetch_sub_explicit(&old->holders, 1, memory_order_acq_rel) > 1)
		return;
	buffer_wipe(&old->text);
	free(old->rows);
	free(old);
}

int users_key(const struct users *users, const char *name, char key[USERS_NAME_SIZE])
{
	int rc = identity_canonical_name(name, key);

	if (rc == 0 && users->kind == USERS_HTPASSWD)
		snprintf(key, IDENTITY_SUBJECT_MAX + 1, "%s", name);
	return rc;
}

static const struct user *find_exactly(const struct users *users, const char *key)
{
	struct user wanted = {.name = key};

	if (users->count == 0)
		return NULL;
	return bsearch(&wanted, users->rows, users->count, sizeof wanted, by_name);
}

const struct user *users_find(const struct users *users, const char *key)
{
	const struct user *user = find_exactly(users, key);
	char other[USERS_NAME_SIZE];

	if (user != NULL)
		return user;
	snprintf(other, sizeof other, "%s", key); /* stays if it cannot be normalized */
	fold_compose(key, other, sizeof other);
	user = find_exactly(users, other);
	if (user == NULL) {
		fold_decompose(key, other, sizeof other);
		user = find_exactly(users, other);
	}
	return user;
}

const struct user *users_at(const struct users *users, size_t index)
{
	return index < users->count ? &users->rows[index] : NULL;
}

bool users_is_active(const struct user *user, int64_t now)
{
	return !user->disabled && (user->expires == 0 || now < user->expires);
}

static const char *groups_fault(const struct user *user)
{
	const char *group = user->groups;

	if (user->group_count > IDENTITY_GROUPS_MAX)
		return "there are more than 64 groups";
	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1) {
		if (group[0] == '\0' || strlen(group) > IDENTITY_GROUP_MAX)
			return "a group is empty or longer than 128 bytes";
		if (!text_is_printable(group))
			return "a group is not printable UTF-8";
	}
	return NULL;
}

/* Whether a text has one @ with something on both sides, and no spaces. Only a mail could prove
 * more. */
static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strchr(text, ' ') == NULL && text_is_printable(text);
}

const char *users_fault(const struct user *user)
{
	char canonical[USERS_NAME_SIZE];
	const char *fault = password_hash_fault(user->hash);

	if (fault != NULL)
		return fault;
	if (identity_canonical_name(user->name, canonical) != 0)
		return "the user name is empty, longer than 256 bytes, not printable UTF-8 or has "
		       "spaces around it";
	if (strcmp(user->name, canonical) != 0)
		return "the user name is not in lower case";
	if (strlen(user->display) > IDENTITY_NAME_MAX || !text_is_printable(user->display))
		return "the display name is longer than 256 bytes or not printable UTF-8";
	if (user->email[0] != '\0' &&
		(strlen(user->email) > IDENTITY_EMAIL_MAX || !is_email(user->email)))
		return "the e-mail address is longer than 254 bytes or not like name@example.org";
	return groups_fault(user);
}

/* Returns the hash to verify against for a name that is not in the file. */
static const char *stand_in(const struct users *users, const char *name)
{
	uint64_t number;

	if (users->count == 0)
		return password_nobody;
	crypto_shorthash((uint8_t *)&number, (const uint8_t *)name, strlen(name), users->key);
	return users->rows[number % users->count].hash;
}

static enum password_match verify(const char *hash, const char *password)
{
	/* All hashes of our own format, and password_nobody, begin with "$argon2". */
	return strncmp(hash, "$argon2", 7) == 0 ? password_verify(hash, password)
						: htpasswd_verify(hash, password);
}

enum password_match users_verify(
	const struct users *users, const struct user *user, const char *name, const char *password)
{
	enum password_match match;

	if (user != NULL)
		return verify(user->hash, password);
	match = verify(stand_in(users, name), password);
	return match == PASSWORD_MATCH ? PASSWORD_MISMATCH : match;
}

/* SPDX-License-Identifier: MIT */
#include "auth/htpasswd.h"

#include "base/text.h"

#include <ctype.h>

#define DIGITS64 "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum {
	BCRYPT_MIN = 4,
	BCRYPT_REST = 53, /* salt and hash */
	ROUNDS_MIN = 1000,
	SALT_MAX = 86, /* crypt(5): yescrypt */
	SHA_SALT_MAX = 16,
	SHA256_HASH = 43,
	SHA512_HASH = 86,
	YESCRYPT_HASH = 43,
	YESCRYPT_MEMORY_LOG2_MAX = 40, /* far above the limit, but without overflow */
};

static const char damaged[] = "the password hash is damaged";

static bool is_all(const char *text, size_t length)
{
	return strlen(text) == length && strspn(text, DIGITS64) == length;
}

/* Validates "$2y$CC$…". */
static const char *bcrypt_fault(const char *hash)
{
	const char *cost = hash + 4;
	int number;

	if (!isdigit((unsigned char)cost[0]) || !isdigit((unsigned char)cost[1]) ||
		cost[2] != '$' || !is_all(cost + 3, BCRYPT_REST))
		return damaged;
	number = (cost[0] - '0') * 10 + cost[1] - '0';
	if (number < BCRYPT_MIN)
		return damaged;
	return number > HTPASSWD_BCRYPT_MAX ? "the password hash costs more than bcrypt's cost 14"
					    : NULL;
}

/* Whether a text is "SALT$HASH". */
static bool is_salt_and_hash(const char *text, size_t salt_max, size_t hash_length)
{
	size_t salt = strspn(text, DIGITS64);

	return salt <= salt_max && text[salt] == '$' && is_all(text + salt + 1, hash_length);
}

/* Validates "$6$…" or "$6$rounds=N$…". */
static const char *sha_fault(const char *hash)
{
	static const char rounds[] = "rounds=";
	const char *rest = hash + 3;
	char number[16] = "";
	int64_t count;

	if (strncmp(rest, rounds, sizeof rounds - 1) == 0) {
		size_t length;

		rest += sizeof rounds - 1;
		length = strcspn(rest, "$");
		if (rest[length] == '\0' || length >= sizeof number)
			return damaged;
		memcpy(number, rest, length);
		if (text_to_number(number, ROUNDS_MIN, INT64_MAX, &count) != 0)
			return damaged;
		if (count > HTPASSWD_ROUNDS_MAX)
			return "the password hash costs more than rounds=1000000";
		rest += length + 1;
	}
	return is_salt_and_hash(rest, SHA_SALT_MAX, hash[1] == '5' ? SHA256_HASH : SHA512_HASH)
		       ? NULL
		       : damaged;
}

/* Returns the value of a digit in yescrypt's parameters, or 0 if it is not one. */
static unsigned digit(char c)
{
	const char *at = c != '\0' ? strchr(DIGITS64, c) : NULL;

	return at != NULL ? (unsigned)(at - DIGITS64) + 1 : 0;
}

/* Whether crypt(3) accepts a salt. Four digits encode three bytes; a shorter last group encodes one
 * or two, and its unused bits must be 0. */
static bool is_yescrypt_salt(const char *text)
{
	size_t length = strcspn(text, "$"), rest = length % 4;

	if (rest == 0)
		return true;
	return rest > 1 && digit(text[length - 1]) <= (rest == 2 ? 4 : 16);
}

/* Validates "$y$jNR$…": flavour j, N as a power of two, and r; it needs 128 * N * r bytes. Refuses
 * parameters that crypt_gensalt(3) does not generate, since their cost is unknown. */
static const char *yescrypt_fault(const char *hash)
{
	const char *parameters = hash + 3;
	unsigned log2 = parameters[0] == 'j' ? digit(parameters[1]) : 0;
	unsigned r = log2 > 0 ? digit(parameters[2]) : 0;

	if (r == 0 || parameters[3] != '$' ||
		!is_salt_and_hash(parameters + 4, SALT_MAX, YESCRYPT_HASH) ||
		!is_yescrypt_salt(parameters + 4))
		return damaged;
	if (log2 > YESCRYPT_MEMORY_LOG2_MAX ||
		(UINT64_C(128) << log2) * r > (uint64_t)HTPASSWD_YESCRYPT_MAX_MIB << 20)
		return "the password hash takes more memory than 256 MiB";
	return NULL;
}

static bool begins(const char *hash, const char *prefix)
{
	return strncmp(hash, prefix, strlen(prefix)) == 0;
}

static const char *hash_fault(const char *hash)
{
	if (begins(hash, "$2y$") || begins(hash, "$2b$") || begins(hash, "$2a$"))
		return bcrypt_fault(hash);
	if (begins(hash, "$5$") || begins(hash, "$6$"))
		return sha_fault(hash);
	if (begins(hash, "$y$"))
		return yescrypt_fault(hash);
	return "the password is not hashed with bcrypt, SHA-crypt or yescrypt ($2y$, $2b$, $2a$, "
	       "$5$, $6$ or $y$); \"htpasswd -B\" does";
}

const char *htpasswd_read_line(char *line, struct user *user)
{
	char *rest = line, canonical[USERS_NAME_SIZE];

	*user = (struct user){.display = "", .email = "", .groups = ""};
	user->name = strsep(&rest, ":");
	user->hash = rest != NULL ? strsep(&rest, ":") : NULL;
	if (user->hash == NULL)
		return "expected a colon after the user name";
	if (identity_canonical_name(user->name, canonical) != 0)
		return "the user name is empty, longer than 256 bytes, not printable UTF-8 or has "
		       "spaces around it";
	return hash_fault(user->hash);
}

#ifdef HAVE_CRYPT

#include <crypt.h>
#include <errno.h>
#include <sodium.h>

bool htpasswd_available(void)
{
	return true;
}

/* The hash was validated when the file was read. So crypt(3) fails only if memory runs out, or for
 * a password longer than it supports, which cannot be right. */
static enum password_match verify(struct crypt_data *data, const char *hash, const char *password)
{
	const char *made = crypt_r(password, hash, data);
	size_t length = strlen(hash);

	if (made == NULL || made[0] == '*')
		return errno == ERANGE ? PASSWORD_MISMATCH : PASSWORD_BROKEN;
	if (strlen(made) != length || sodium_memcmp(made, hash, length) != 0)
		return PASSWORD_MISMATCH;
	return PASSWORD_MATCH;
}

enum password_match htpasswd_verify(const char *hash, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof *data); /* 32 KiB */
	enum password_match match;

	if (data == NULL)
		return PASSWORD_BROKEN;
	match = verify(data, hash, password);
	explicit_bzero(data, sizeof *data);
	free(data);
	return match;
}

#else

bool htpasswd_available(void)
{
	return false;
}

enum password_match htpasswd_verify(const char *hash, const char *password)
{
	return PASSWORD_BROKEN;
}

#endif

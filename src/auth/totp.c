/* SPDX-License-Identifier: MIT */
#include "auth/totp.h"

#include "base/buffer.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/typed.h"

int totp_secret_name(const char *backend, const char *subject, char *name, size_t size)
{
	struct buffer text = BUFFER_INIT(TOTP_NAME_SIZE - 1);
	char folded[IDENTITY_SUBJECT_MAX + 1];
	int rc = -1;

	name[0] = '\0';
	if (strlen(subject) > IDENTITY_SUBJECT_MAX)
		return -1;
	text_lower(subject, folded, sizeof folded);
	buffer_text(&text, "totp/");
	buffer_text(&text, backend);
	buffer_text(&text, "/");
	buffer_percent(&text, folded);
	if (!text.failed && text.length < size) {
		memcpy(name, text.data, text.length + 1);
		rc = 0;
	}
	buffer_release(&text);
	return rc;
}

#ifdef HAVE_LIBOATH

#include <oath.h>
#include <pthread.h>
#include <sodium.h>

enum { DIGITS = 6, STEP_SECONDS = 30, WINDOW = 1 };

static bool is_started;

/* Initializes liboath, which is not thread-safe. */
static void start(void)
{
	is_started = oath_init() == OATH_OK;
}

bool totp_available(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	return is_started;
}

/* Replaces the comparison of liboath, which uses strcmp() and stops at the first match. */
static enum totp_verdict compare(
	const char *key, size_t length, const char *code, int64_t step, int64_t *step_r)
{
	enum totp_verdict verdict = TOTP_WRONG;
	char right[DIGITS + 1];

	for (int64_t at = step - WINDOW; at <= step + WINDOW; at++) {
		if (at < 0 || oath_totp_generate(key, length, (time_t)(at * STEP_SECONDS),
				      STEP_SECONDS, 0, DIGITS, right) != OATH_OK)
			continue;
		if (sodium_memcmp(right, code, DIGITS) == 0) {
			verdict = TOTP_RIGHT;
			*step_r = at;
		}
	}
	explicit_bzero(right, sizeof right);
	return verdict;
}

enum totp_verdict totp_check(const char *key_base32, const char *text, int64_t now, int64_t *step_r)
{
	enum totp_verdict verdict = TOTP_WRONG;
	char code[DIGITS + 1], *key = NULL;
	size_t length = 0;

	*step_r = 0;
	if (!totp_available() || !typed_code(text, TYPED_DIGITS, DIGITS, code) || now < 0)
		return TOTP_WRONG;
	/* Check the length, since even an empty key has codes. */
	if (oath_base32_decode(key_base32, strlen(key_base32), &key, &length) == OATH_OK &&
		length >= TOTP_KEY_BYTES)
		verdict = compare(key, length, code, now / STEP_SECONDS, step_r);
	if (key != NULL)
		explicit_bzero(key, length);
	free(key);
	explicit_bzero(code, sizeof code);
	return verdict;
}

int totp_make_key(char key_base32[TOTP_KEY_SIZE])
{
	char key[TOTP_KEY_BYTES], *text = NULL;
	size_t length = 0;
	int rc = -1;

	if (!totp_available())
		return -1;
	randombytes_buf(key, sizeof key);
	if (oath_base32_encode(key, sizeof key, &text, &length) == OATH_OK &&
		length == TOTP_KEY_SIZE - 1) {
		memcpy(key_base32, text, TOTP_KEY_SIZE);
		rc = 0;
	}
	if (text != NULL)
		explicit_bzero(text, length);
	free(text);
	explicit_bzero(key, sizeof key);
	return rc;
}

#else

bool totp_available(void)
{
	return false;
}

enum totp_verdict totp_check(const char *key_base32, const char *code, int64_t now, int64_t *step_r)
{
	(void)key_base32, (void)code, (void)now;
	*step_r = 0;
	return TOTP_WRONG;
}

int totp_make_key(char key_base32[TOTP_KEY_SIZE])
{
	key_base32[0] = '\0';
	return -1;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the tests of platforms with an entry of their own share: opened instances, arrivals, grants,
 * and tokens taken apart.
 */
#ifndef PLATFORM_FIXTURE_H
#define PLATFORM_FIXTURE_H

#include "section_fixture.h"

#include "auth/registry.h"
#include "base/clock.h"
#include "platform/registry.h"

#include <jansson.h>
#include <sodium.h>

#define NOW 1790000000

static inline int try_open_driver(struct fixture *fixture, const struct platform_driver *driver,
	const char *title, const char *options_text, void **instance_r, struct error *error)
{
	if (try_configure(fixture,
		    (struct config_types){platform_section_types(), auth_section_types()}, error,
		    "platform \"%s\" {\n type = \"%s\"\n %s\n}\n"
		    "backend \"staff\" { type = \"file\" users = \"/u\" }\n",
		    title, driver->type, options_text) != 0)
		return -1;
	return platform_open(driver, fixture->settings->platforms[0], instance_r, error);
}

static inline void *open_driver(struct fixture *fixture, const struct platform_driver *driver,
	const char *title, const char *options_text)
{
	struct error error = {""};
	void *instance = NULL;

	if (try_open_driver(fixture, driver, title, options_text, &instance, &error) != 0)
		fail_msg("%s", error.text);
	return instance;
}

/* Each is refused with a text that has `words` in it and the place in front. */
struct bad_option {
	const char *options_text, *words;
};

static inline void refuses_options(struct fixture *fixture, const struct platform_driver *driver,
	const char *title, const struct bad_option *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *options_text = cases[i].options_text;
		struct error error = {""};
		void *instance = NULL;

		if (try_open_driver(fixture, driver, title, options_text, &instance, &error) == 0)
			fail_msg("taken: %s", options_text);
		if (strstr(error.text, cases[i].words) == NULL ||
			strncmp(error.text, fixture->conf, strlen(fixture->conf)) != 0)
			fail_msg("\"%s\" expected for %s: %s", cases[i].words, options_text,
				error.text);
	}
}

/* ---- arriving ---- */

struct parameter {
	const char *name, *value;
};

static inline enum platform_parameter get_of(
	const void *query, const char *name, const char **value_r)
{
	enum platform_parameter found = PLATFORM_MISSING;

	for (const struct parameter *parameter = query; parameter->name != NULL; parameter++)
		if (strcmp(parameter->name, name) == 0) {
			if (found == PLATFORM_MISSING)
				*value_r = parameter->value;
			found = found == PLATFORM_MISSING ? PLATFORM_ONCE : PLATFORM_REPEATED;
		}
	return found;
}

#define QUERY(...) ((const struct parameter[]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL}})

/* What the driver makes of it: 0 and the join, or the bad parameter. */
static inline const char *arrive_with(const struct platform_driver *driver, void *instance,
	const char *rest, const struct parameter *query, struct join *join)
{
	struct error error = {""};
	struct platform_arrival arrival = {rest, get_of, query, join, NULL, &error, false};

	*join = JOIN_INIT;
	if (driver->entry->arrive(instance, &arrival) == 0) {
		assert_non_null(join->meeting_id);
		assert_non_null(join->meeting_token);
		return NULL;
	}
	assert_non_null(arrival.bad);
	assert_true(error.text[0] != '\0');
	join_release(join);
	return arrival.bad;
}

static inline void arrives_at(const struct platform_driver *driver, void *instance,
	const char *rest, const struct parameter *query, const char *meeting)
{
	struct join join;
	const char *bad = arrive_with(driver, instance, rest, query, &join);

	if (bad != NULL)
		fail_msg("%s refused, for %s", bad, rest);
	assert_string_equal(join.meeting_id, meeting);
	assert_string_equal(join.meeting_token, meeting);
	join_release(&join);
}

static inline void is_refused(const struct platform_driver *driver, void *instance,
	const char *rest, const struct parameter *query, const char *parameter)
{
	struct join join;
	const char *bad = arrive_with(driver, instance, rest, query, &join);

	if (bad == NULL)
		fail_msg("taken: \"%s\" as %s", rest, join.meeting_id);
	assert_string_equal(bad, parameter);
}

/* ---- grants ---- */

static const struct identity alice = {
	.backend = (char *)"staff",
	.subject = (char *)"alice",
	.name = (char *)"Alice K\xc3\xb6nig",
	.email = (char *)"alice@example.org",
};

struct granted {
	enum platform_verdict verdict;
	struct buffer token;
	struct error error;
};

static inline struct granted grant_for(const struct platform_driver *driver, void *instance,
	const struct join *join, const struct identity *who, const char *role, const char *secret)
{
	struct granted granted = {.token = BUFFER_INIT(PLATFORM_GRANT_MAX)};
	size_t accepted = SIZE_MAX;
	struct platform_grant grant = {
		.join = join,
		.who = who,
		.role = role,
		.now = NOW,
		.deadline = clock_monotonic_ms() + 60000,
		.secrets = {&secret, 1},
		.user_id = "0123456789abcdef0123456789abcdef",
		.person_id = "fedcba9876543210fedcba9876543210",
		.token = &granted.token,
		.accepted = &accepted,
		.error = &granted.error,
	};

	granted.verdict = driver->grant->admit(instance, &grant);
	if (granted.verdict != PLATFORM_GRANTED)
		assert_null(strstr(granted.error.text, secret));
	return granted;
}

/* ---- tokens ---- */

static inline json_t *part_of(const char *token, int number)
{
	unsigned char bytes[PLATFORM_GRANT_MAX];
	size_t length = 0;

	for (; number > 0; number--)
		token = strchr(token, '.') + 1;
	assert_int_equal(sodium_base642bin(bytes, sizeof bytes, token, strcspn(token, "."), NULL,
				 &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
		0);
	return json_loadb((char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
}

/* Checks an HS256 signature with libsodium. */
static inline void is_signed_with(const char *token, const char *key, size_t key_length)
{
	crypto_auth_hmacsha256_state state;
	unsigned char hmac[crypto_auth_hmacsha256_BYTES];
	char text[64];
	const char *dot = strrchr(token, '.');

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, key_length);
	crypto_auth_hmacsha256_update(
		&state, (const unsigned char *)token, (unsigned long long)(dot - token));
	crypto_auth_hmacsha256_final(&state, hmac);
	sodium_bin2base64(
		text, sizeof text, hmac, sizeof hmac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert_string_equal(dot + 1, text);
}

/* The text of a claim; "" where there is none. */
static inline const char *text_of(const json_t *claims, const char *name)
{
	const char *text = json_string_value(json_object_get(claims, name));

	return text != NULL ? text : "";
}

#endif

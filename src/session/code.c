/* SPDX-License-Identifier: MIT */
#include "session/code.h"

#include "base/text.h"
#include "session/session_wire.h"

#include <sodium.h>

#define PURPOSE "code"

enum {
	VERSION = 1,
	PLAIN_MAX = CODE_TEXT_MAX / 4 * 3 - SEAL_OVERHEAD,
};

_Static_assert((int)PLAIN_MAX <= (int)SEAL_PLAIN_MAX, "the largest code can be sealed");

/* A code is part of a URL, so it contains hashes instead of names, apart from those in its session.
 */
struct bound {
	uint8_t platform[SEAL_HASH_SIZE], meeting[SEAL_HASH_SIZE], receiver[SEAL_HASH_SIZE];
	uint8_t challenge[SEAL_HASH_SIZE];
};

static struct bound bind(const uint8_t hash_key[SEAL_KEY_SIZE], const struct code_use *use)
{
	struct bound bound;

	seal_hash(hash_key, bound.platform, "code platform", use->platform, NULL);
	seal_hash(hash_key, bound.meeting, "code meeting", use->meeting, NULL);
	seal_hash(hash_key, bound.receiver, "code receiver", use->receiver, NULL);
	seal_hash(hash_key, bound.challenge, "code challenge",
		use->challenge != NULL ? use->challenge : "", NULL);
	return bound;
}

/* ---- sealing ---- */

/* Leaves out the backend's refresh data: it may be a provider's secret, and nothing is renewed
 * within a minute. */
static void put_session(struct wire_out *out, const struct session *session)
{
	struct session copy = *session;

	copy.who.refresh_data = NULL;
	wire_put_session(out, &copy);
}

int code_seal(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const struct code_use *use, struct code *code, int64_t now, struct buffer *text)
{
	struct bound bound = bind(hash_key, use);
	uint8_t plain[PLAIN_MAX];
	struct wire_out out = {.bytes = plain, .capacity = sizeof plain};
	int rc = -1;

	seal_random(code->id, sizeof code->id);
	wire_put_number(&out, VERSION, 1);
	wire_put_bytes(&out, code->id, sizeof code->id);
	wire_put_number(&out, (uint64_t)now, 8);
	wire_put_number(&out, code->ambient, 1);
	wire_put_bytes(&out, code->browser, sizeof code->browser);
	wire_put_number(&out, use->challenge != NULL, 1);
	wire_put_bytes(&out, &bound, sizeof bound);
	put_session(&out, &code->session);
	if (!out.failed)
		rc = seal_text(ring, PURPOSE, plain, out.length, text);
	explicit_bzero(plain, out.length);
	return rc;
}

/* ---- opening ---- */

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return seal_equal(a, b, SEAL_HASH_SIZE);
}

static enum code_result judge_use(
	const struct bound *bound, bool challenged, const struct bound *wanted, bool verified)
{
	if (!is_same(bound->platform, wanted->platform))
		return CODE_OF_OTHER_PLATFORM;
	if (!is_same(bound->meeting, wanted->meeting))
		return CODE_OF_OTHER_MEETING;
	if (!is_same(bound->receiver, wanted->receiver))
		return CODE_OF_OTHER_RECEIVER;
	if (challenged && !verified)
		return CODE_WITHOUT_VERIFIER;
	if (!challenged && verified)
		return CODE_NEVER_CHALLENGED;
	return is_same(bound->challenge, wanted->challenge) ? CODE_GOOD : CODE_WRONG_VERIFIER;
}

/* Subtracts instead of adding, so that no number in a code can cause an overflow. */
static bool is_current(int64_t issued, int64_t now)
{
	return issued >= 0 && issued <= now + TICKET_SKEW && now - issued < CODE_LIFETIME;
}

static enum code_result read_plain(struct wire_in *in, const struct bound *wanted, bool verified,
	int64_t now, struct session_limits limits, struct code *code)
{
	struct bound bound = {0};
	enum code_result result;
	int64_t issued;
	bool challenged;

	if (wire_get_number(in, 1) != VERSION)
		return CODE_BAD;
	wire_get_bytes(in, code->id, sizeof code->id);
	issued = (int64_t)wire_get_number(in, 8);
	code->ambient = wire_get_number(in, 1) != 0;
	wire_get_bytes(in, code->browser, sizeof code->browser);
	challenged = wire_get_number(in, 1) != 0;
	wire_get_bytes(in, &bound, sizeof bound);
	if (wire_get_session(in, &code->session) != 0)
		return CODE_BAD;
	result = judge_use(&bound, challenged, wanted, verified);
	if (result != CODE_GOOD)
		return result;
	if (!is_current(issued, now) || session_judge(&code->session, limits, now) != 0)
		return CODE_LATE;
	return CODE_GOOD;
}

enum code_result code_open(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const char *text, const struct code_use *use, struct session_limits limits, int64_t now,
	struct code *code)
{
	struct bound wanted = bind(hash_key, use);
	struct buffer plain = BUFFER_INIT(PLAIN_MAX);
	enum code_result result = CODE_BAD;

	*code = (struct code){.session = {.who = IDENTITY_INIT}};
	if (seal_open(ring, PURPOSE, text, &plain) == 0) {
		struct wire_in in = {.at = (const uint8_t *)plain.data, .left = plain.length};

		result = read_plain(&in, &wanted, use->challenge != NULL, now, limits, code);
	}
	buffer_wipe(&plain);
	if (result != CODE_GOOD)
		session_release(&code->session);
	return result;
}

/* ---- RFC 7636 ---- */

bool code_is_challenge(const char *text)
{
	return text_is_token(text, CODE_CHALLENGE_LENGTH, CODE_CHALLENGE_LENGTH, "-_");
}

bool code_is_verifier(const char *text)
{
	return text_is_token(text, CODE_VERIFIER_MIN, CODE_VERIFIER_MAX, "-._~");
}

void code_challenge(const char *verifier, char challenge[CODE_CHALLENGE_LENGTH + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)verifier, strlen(verifier));
	sodium_bin2base64(challenge, CODE_CHALLENGE_LENGTH + 1, hash, sizeof hash,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

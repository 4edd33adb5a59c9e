/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include "base/fold.h"
#include "base/text.h"
#include "session/identity_wire.h"
#include "session/session_wire.h"

#define PURPOSE "session"

enum {
	VERSION = 4,
	PLAIN_MAX = SESSION_TEXT_MAX / 4 * 3 - SEAL_OVERHEAD,
};

void session_use(struct session *session, struct session_limits limits, int64_t now)
{
	session->used = now;
	session->idle_until = now + limits.idle;
}

void session_begin(
	struct session *session, struct identity *who, struct session_limits limits, int64_t now)
{
	*session = (struct session){
		.who = IDENTITY_INIT, .began = now, .read = now, .ends = now + limits.lifetime};
	session_use(session, limits, now);
	seal_random(session->id, sizeof session->id);
	identity_move(&session->who, who);
	identity_check_name(&session->who);
}

void wire_put_session(struct wire_out *out, const struct session *session)
{
	wire_put_number(out, VERSION, 1);
	wire_put_bytes(out, session->id, sizeof session->id);
	wire_put_number(out, (uint64_t)session->began, 8);
	wire_put_number(out, (uint64_t)session->used, 8);
	wire_put_number(out, (uint64_t)session->read, 8);
	wire_put_number(out, (uint64_t)session->ends, 8);
	wire_put_number(out, (uint64_t)session->idle_until, 8);
	wire_put_identity(out, &session->who);
}

bool session_fits(const struct identity *who)
{
	const struct session session = {.who = *who};
	uint8_t plain[PLAIN_MAX];
	struct wire_out out = {.bytes = plain, .capacity = sizeof plain};

	wire_put_session(&out, &session);
	explicit_bzero(plain, out.length);
	return !out.failed;
}

int session_seal(const struct seal_ring *ring, const struct session *session, struct buffer *text)
{
	uint8_t plain[PLAIN_MAX];
	struct wire_out out = {.bytes = plain, .capacity = sizeof plain};
	int rc = -1;

	wire_put_session(&out, session);
	if (!out.failed)
		rc = seal_text(ring, PURPOSE, plain, out.length, text);
	explicit_bzero(plain, out.length); /* it contains the backend's refresh data */
	return rc;
}

int wire_get_session(struct wire_in *in, struct session *session)
{
	if (wire_get_number(in, 1) != VERSION)
		return -1;
	wire_get_bytes(in, session->id, sizeof session->id);
	session->began = (int64_t)wire_get_number(in, 8);
	session->used = (int64_t)wire_get_number(in, 8);
	session->read = (int64_t)wire_get_number(in, 8);
	session->ends = (int64_t)wire_get_number(in, 8);
	session->idle_until = (int64_t)wire_get_number(in, 8);
	wire_get_identity(in, &session->who);
	return wire_is_done(in) && session->who.backend != NULL && session->who.subject != NULL
		       ? 0
		       : -1;
}

/* Whether the times in the session say that it has not ended. `began` is not compared with `now`:
 * it is by the state's clock, which may be ahead of this machine's. */
static bool is_current(const struct session *session, int64_t now)
{
	return session->began >= 0 && session->used >= 0 && session->read >= 0 &&
	       session->used <= now + SESSION_SKEW && now < session->ends &&
	       now < session->idle_until;
}

/* True if the present limits allow the session. Subtracts instead of adding, so that no time in a
 * cookie can cause an overflow. */
static bool is_within(const struct session *session, struct session_limits limits, int64_t now)
{
	return now - session->began < limits.lifetime && now - session->used < limits.idle;
}

int session_judge(const struct session *session, struct session_limits limits, int64_t now)
{
	if (!is_current(session, now))
		return -1;
	return is_within(session, limits, now) ? 0 : 1;
}

int session_open(const struct seal_ring *ring, const char *text, struct session_limits limits,
	int64_t now, struct session *session)
{
	struct buffer plain = BUFFER_INIT(PLAIN_MAX);
	int rc = -1;

	*session = (struct session){.who = IDENTITY_INIT};
	if (seal_open(ring, PURPOSE, text, &plain) == 0) {
		struct wire_in in = {.at = (const uint8_t *)plain.data, .left = plain.length};

		rc = wire_get_session(&in, session);
	}
	buffer_wipe(&plain);
	if (rc == 0)
		rc = session_judge(session, limits, now);
	if (rc < 0)
		session_release(session);
	return rc;
}

bool session_is_stale(const struct session *session, struct session_limits limits, int64_t now)
{
	return now - session->used >= limits.idle / 10;
}

/* The form in which subjects are compared. */
static void fold_subject(const char *subject, char folded[IDENTITY_SUBJECT_MAX + 1])
{
	text_lower(subject, folded, IDENTITY_SUBJECT_MAX + 1);
	fold_compose(folded, folded, IDENTITY_SUBJECT_MAX + 1);
}

void session_log_name(const uint8_t hash_key[SEAL_KEY_SIZE], const char *subject,
	char name[SESSION_LOG_NAME_SIZE])
{
	char folded[IDENTITY_SUBJECT_MAX + 1];
	uint8_t hash[SEAL_HASH_SIZE];

	fold_subject(subject, folded);
	seal_hash(hash_key, hash, "log-name", folded, NULL);
	name[0] = 'u';
	name[1] = '-';
	text_hex(hash, (SESSION_LOG_NAME_SIZE - 3) / 2, name + 2);
}

void session_revoke_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *backend,
	const char *subject, uint8_t key[SEAL_HASH_SIZE])
{
	char lower[IDENTITY_SUBJECT_MAX + 1];

	fold_subject(subject, lower);
	if (backend == NULL)
		seal_hash(hash_key, key, "revoke-subject", lower, NULL);
	else
		seal_hash(hash_key, key, "revoke-user", backend, lower, NULL);
}

void session_provider_key(const uint8_t hash_key[SEAL_KEY_SIZE], const struct identity *who,
	uint8_t key[SEAL_HASH_SIZE])
{
	if (who->provider_session != NULL)
		seal_hash(hash_key, key, "end-provider-session", who->backend,
			who->provider_session, NULL);
	else
		seal_hash(hash_key, key, "end-without-session", who->backend, who->subject, NULL);
}

void session_release(struct session *session)
{
	identity_release(&session->who);
	*session = (struct session){.who = IDENTITY_INIT};
}

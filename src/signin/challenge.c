/* SPDX-License-Identifier: MIT
 *
 * Step 2, the second question: a backend's own, or the code of a second factor. What the visitor
 * has proved so far travels sealed in the form.
 */
#include "signin/doubt.h"
#include "view/pages.h"
#include "visit/steps.h"
#include "signin/throttle.h"

#include "auth/totp.h"
#include "base/clock.h"
#include "base/text.h"
#include "pool/worker.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { CODE_S = 10 * 60 }; /* longer than a code of a second factor is good */

/* What follows the answer to the visitor, who does not wait for it. */
struct delivery {
	struct worker_job job;
	struct service *service;
	struct files *files;
	struct service_backend *backend;
	uint64_t whom;
	struct auth_challenge challenge;
	const char *texts[STORE_VERSIONS_MAX];
	struct auth_secrets secrets;
	int rc;
	struct error error;
};

static void deliver(struct worker_job *job)
{
	struct delivery *delivery =
		(struct delivery *)((char *)job - offsetof(struct delivery, job));

	delivery->rc = delivery->backend->driver->deliver(delivery->backend->instance,
		&delivery->challenge, &delivery->secrets, &delivery->error);
}

static void free_delivery(struct delivery *delivery)
{
	files_drop(&delivery->files);
	service_drop(&delivery->service);
	explicit_bzero(delivery, sizeof *delivery);
	free(delivery);
}

/* A mail that cannot be sent opens the breaker: the next visitor is told so at once. */
static void on_delivered(struct worker_job *job, bool cancelled)
{
	struct delivery *delivery =
		(struct delivery *)((char *)job - offsetof(struct delivery, job));
	struct health *health = &delivery->backend->health;
	struct log_line line;

	if (cancelled) {
		delivery->rc =
			error_set(&delivery->error, "not sent: too much waits for the backend");
		health_abandoned(health, delivery->whom);
	} else if (delivery->rc == 0) {
		health_succeeded(health, delivery->whom);
	} else {
		doubt_failure(
			delivery->service, delivery->files, delivery->backend, delivery->whom);
	}
	/* One that only this recipient is to blame for is no failure, and is told all the same. */
	if (delivery->error.text[0] != '\0') {
		log_begin(&line, LOG_LEVEL_ERROR, "delivery");
		log_text(&line, "result", delivery->rc == 0 ? "refused" : "failed");
		log_text(&line, "backend", delivery->backend->title);
		log_text(&line, "message", delivery->error.text);
		log_end(&line);
	}
	free_delivery(delivery);
}

/* 0, or -1 when too much waits. */
static int send_delivery(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);

	if (delivery == NULL)
		return -1;
	delivery->service = service_use(visit->service);
	delivery->files = files_use(visit->files);
	delivery->backend = backend;
	delivery->whom = throttle_whom(visit, challenge->name);
	delivery->challenge = *challenge;
	delivery->secrets.values = delivery->texts;
	delivery->secrets.count =
		store_texts(visit->files->store, backend->secret_name, delivery->texts);
	delivery->job.work = deliver;
	delivery->job.done = on_delivered;
	delivery->job.whose = throttle_whose(visit);
	if (worker_submit(backend->lane, &delivery->job) == 0)
		return 0;
	free_delivery(delivery);
	return -1;
}

static int fill_note(struct ticket_note *note, const struct auth_challenge *challenge)
{
	note->echo = challenge->echo;
	note->state_length = challenge->state_length;
	memcpy(note->state, challenge->state, challenge->state_length);
	if (identity_set(&note->name, challenge->name, IDENTITY_SUBJECT_MAX) != 0)
		return -1;
	return identity_set(&note->prompt, challenge->prompt, AUTH_PROMPT_MAX);
}

/* The answer is that of a wrong password: what was right is nobody's business. */
static enum step refuse_script(struct visit *visit)
{
	static const char why[] = "there is a second question, which a script cannot ask";

	metric_count(METRIC_LOGIN_FAILED);
	if (visit->note->who.subject != NULL)
		login_log(visit, "failed", &visit->note->who, why);
	else
		login_log_nobody(visit, "failed", visit->note->backend, why);
	visit_note(visit, "%s", why);
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

static enum step show(struct visit *visit)
{
	visit->is_join = false; /* it goes on with the next form */
	if (visit->origin != NULL)
		return refuse_script(visit);
	return pages_challenge(visit, false) == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

enum step challenge_ask(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge)
{
	struct ticket_note *note = visit_make_note(visit, backend);

	if (note == NULL || fill_note(note, challenge) != 0) {
		health_abandoned(&backend->health, throttle_whom(visit, challenge->name));
		return visit_fail(visit, FAILURE_INTERNAL);
	}
	if (backend->driver->deliver != NULL && send_delivery(visit, backend, challenge) != 0) {
		health_abandoned(&backend->health, throttle_whom(visit, challenge->name));
		visit_note(visit, "too much waits to be sent already");
		visit->retry_after = 5;
		return visit_fail(visit, FAILURE_OVERLOADED);
	}
	login_log_nobody(visit, "challenge", backend->title, NULL);
	return show(visit);
}

/* The keys of somebody's second factor; as store_texts(). */
static size_t find_keys(
	const struct visit *visit, const struct identity *who, const char *keys[STORE_VERSIONS_MAX])
{
	char name[TOTP_NAME_SIZE];

	if (totp_secret_name(who->backend, who->subject, name, sizeof name) != 0)
		return 0;
	return store_texts(visit->files->store, name, keys);
}

/* The digest of the key that somebody has at the moment; "" without one. */
static void digest_factor(
	const struct visit *visit, const struct identity *who, char digest[2 * SEAL_HASH_SIZE + 1])
{
	const char *keys[STORE_VERSIONS_MAX];
	uint8_t hash[SEAL_HASH_SIZE];

	digest[0] = '\0';
	if (find_keys(visit, who, keys) == 0)
		return;
	seal_hash(store_hash_key(visit->files->store), hash, "factor", who->backend, who->subject,
		keys[0], NULL);
	text_hex(hash, sizeof hash, digest);
}

bool challenge_is_same_factor(const struct visit *visit, const struct identity *who)
{
	char digest[2 * SEAL_HASH_SIZE + 1];

	digest_factor(visit, who, digest);
	return strcmp(digest, who->factor != NULL ? who->factor : "") == 0;
}

enum step challenge_second_factor(
	struct visit *visit, struct service_backend *backend, struct identity *who)
{
	char digest[2 * SEAL_HASH_SIZE + 1];
	struct ticket_note *note;

	digest_factor(visit, who, digest);
	if (digest[0] == '\0') {
		if (!backend->second_factor_required)
			return login_grant(visit, who);
		login_log(visit, "failed", who,
			"a second factor is required, and there is none: meetauthctl user totp");
		visit->is_logged = true;
		visit->is_join = false;
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	}
	if (authenticate_fit(visit, who) != 0)
		return login_refuse_size(visit, who);
	note = visit_make_note(visit, backend);
	if (note == NULL || identity_set(&who->factor, digest, IDENTITY_DIGEST_MAX) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	identity_move(&note->who, who);
	return show(visit);
}

/* The step of time in which a code was good counts it: no code is good twice, whichever process
 * sees it. */
static bool is_new_code(struct visit *visit, int64_t step)
{
	char number[24], name[TOTP_NAME_SIZE];
	uint8_t key[STATE_KEY_SIZE];

	snprintf(number, sizeof number, "%lld", (long long)step);
	totp_secret_name(visit->note->who.backend, visit->note->who.subject, name, sizeof name);
	seal_hash(store_hash_key(visit->files->store), key, "totp-step", name, number, NULL);
	return state_claim(visit->station->state, key, CODE_S, visit->now) == STATE_CLAIM_WON;
}

static bool is_right(struct visit *visit, const char *code)
{
	const char *keys[STORE_VERSIONS_MAX];
	size_t count = find_keys(visit, &visit->note->who, keys);
	int64_t step;

	for (size_t i = 0; i < count; i++)
		if (totp_check(keys[i], code, visit->now, &step) == TOTP_RIGHT)
			return is_new_code(visit, step);
	return false;
}

enum step challenge_check_code(struct visit *visit, const char *code)
{
	struct identity *who = &visit->note->who;
	struct tries tries = {0};
	const struct service_backend *backend = service_backend(visit->service, who->backend);
	enum step step = throttle_take(visit, who->subject, backend, &tries);

	if (step != STEP_NEXT)
		return step;
	if (!authenticate_stands(visit, who)) { /* since the password was right */
		visit_note(visit, "the account was disabled, removed or changed meanwhile");
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	}
	if (!is_right(visit, code))
		return login_wrong_code(visit);
	throttle_give_back(visit, &tries);
	if (!challenge_use_up(visit))
		return STEP_DONE;
	who->second_factor = true;
	throttle_know(visit, who->backend, who->subject);
	return login_grant(visit, who);
}

bool challenge_use_up(struct visit *visit)
{
	int64_t seconds = visit->note->ends - visit->now + TICKET_SKEW;
	uint8_t key[STATE_KEY_SIZE];

	visit_note_key(visit, "granted", key);
	switch (state_claim(visit->station->state, key, seconds, visit->now)) {
	case STATE_CLAIM_WON:
		return true;
	case STATE_CLAIM_LOST:
		visit_note(visit, "this sign-in was finished before: its form or link came twice");
		visit_fail(visit, FAILURE_ALREADY_USED);
		return false;
	case STATE_CLAIM_LIMITED:
	case STATE_CLAIM_BROKEN:
		break;
	}
	visit_note(visit, "the state does not answer");
	visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	return false;
}

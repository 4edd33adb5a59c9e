/* SPDX-License-Identifier: MIT */
#include "signin/challenge.h"

#include "signin/admission.h"
#include "signin/delivery.h"
#include "signin/factor.h"
#include "signin/known.h"
#include "signin/doubt.h"
#include "signin/log.h"
#include "signin/login.h"
#include "signin/throttle.h"
#include "telemetry/metrics.h"
#include "view/pages.h"
#include "visit/fail.h"
#include "visit/ticket.h"

static int fill_pending(struct pending *pending, const struct auth_challenge *challenge)
{
	pending->echo = challenge->echo;
	pending->state_length = challenge->state_length;
	memcpy(pending->state, challenge->state, challenge->state_length);
	if (identity_set(&pending->name, challenge->name, IDENTITY_SUBJECT_MAX) != 0)
		return -1;
	return identity_set(&pending->prompt, challenge->prompt, AUTH_PROMPT_MAX);
}

/* Answers as for a wrong password, so that the script does not learn that the password was
 * right. */
static enum step refuse_script(struct visit *visit)
{
	static const char why[] = "the backend asks a second question, which a script cannot show";

	metric_count(METRIC_LOGIN_FAILED);
	if (visit->pending->who.subject != NULL)
		login_log(visit, "failed", &visit->pending->who, why);
	else
		login_log_nobody(visit, "failed", visit->pending->backend, why);
	visit_set_detail(visit, "%s", why);
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

static enum step show(struct visit *visit)
{
	visit->outcome = OUTCOME_CHALLENGED; /* the visitor's next form continues the sign-in */
	if (visit->script.asks)
		return refuse_script(visit);
	return pages_challenge(visit, false) == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

enum step challenge_ask(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge)
{
	struct pending *pending = visit_new_pending(visit, backend);

	if (pending == NULL || fill_pending(pending, challenge) != 0) {
		health_abandoned(&backend->health, doubt_whom(visit, challenge->name));
		return visit_fail(visit, FAILURE_INTERNAL);
	}
	if (backend->driver->deliver != NULL && delivery_send(visit, backend, challenge) != 0) {
		health_abandoned(&backend->health, doubt_whom(visit, challenge->name));
		visit_set_detail(visit, "the backend's queue is full");
		visit->report.retry_after = 5;
		return visit_fail(visit, FAILURE_OVERLOADED);
	}
	login_log_nobody(visit, "challenge", backend->title, NULL);
	return show(visit);
}

enum step challenge_second_factor(
	struct visit *visit, struct service_backend *backend, struct identity *who)
{
	char digest[2 * SEAL_HASH_SIZE + 1];
	struct pending *pending;

	factor_digest(visit, who, digest);
	if (digest[0] == '\0') {
		if (!backend->second_factor_required)
			return login_grant(visit, who);
		login_log(visit, "failed", who,
			"a second factor is required and the account has none: meetauthctl user "
			"totp");
		visit->outcome = OUTCOME_LOGIN_REFUSED;
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	}
	if (admission_fit(visit, who) != 0)
		return login_refuse_size(visit, who);
	pending = visit_new_pending(visit, backend);
	if (pending == NULL || identity_set(&who->factor, digest, IDENTITY_DIGEST_MAX) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	identity_move(&pending->who, who);
	return show(visit);
}

static enum step answer_wrong_code(struct visit *visit)
{
	metric_count(METRIC_LOGIN_FAILED);
	login_log(visit, "failed", &visit->pending->who, "wrong code of the second factor");
	return login_answer_wrong(visit, NULL, NULL);
}

enum step challenge_check_code(struct visit *visit, const char *code)
{
	struct identity *who = &visit->pending->who;
	struct tries tries = {0};
	const struct service_backend *backend = service_backend(visit->service, who->backend);
	enum step step = throttle_take(visit, who->subject, backend, &tries);

	if (step != STEP_NEXT)
		return step;
	if (!admission_is_valid(
		    visit, who)) { /* it may have changed since the password was checked */
		visit_set_detail(visit, "the account has been disabled, removed or changed");
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	}
	if (!factor_is_right(visit, who, code))
		return answer_wrong_code(visit);
	tries_give_back(visit, &tries);
	if (!visit_use_up_pending(visit))
		return STEP_DONE;
	who->second_factor = true;
	known_add_account(visit, who->backend, who->subject);
	return login_grant(visit, who);
}

/* SPDX-License-Identifier: MIT
 *
 * Step 2 for a script that brings a code in the place of a cookie: the session in it is checked as
 * one of a cookie is, and of all who bring the code, in all processes, one goes on.
 */
#include "signin/steps.h"

#include "base/text.h"
#include "signin/session.h"
#include "visit/fail.h"

static const char code_name[] = "code", verifier_name[] = "code_verifier";

static enum step refuse(struct visit *visit, enum code_result result)
{
	static const struct {
		const char *parameter, *why;
	} rows[] = {
		[CODE_BAD] = {code_name,
			"not a code of ours: damaged, or sealed with a key that is "
			"gone"},
		[CODE_OF_OTHER_PLATFORM] = {code_name, "made for another platform"},
		[CODE_OF_OTHER_MEETING] = {code_name, "made for another meeting"},
		[CODE_OF_OTHER_RECEIVER] = {code_name, "made for another origin"},
		[CODE_WITHOUT_VERIFIER] = {verifier_name, "missing: the code has a challenge"},
		[CODE_NEVER_CHALLENGED] = {verifier_name, "the code was made without a challenge"},
		[CODE_WRONG_VERIFIER] = {verifier_name, "not that of the code's challenge"},
	};

	if (result != CODE_LATE)
		return visit_refuse(visit, rows[result].parameter, rows[result].why);
	visit_set_detail(
		visit, "the code is older than %d s, or its session has ended", CODE_LIFETIME);
	return visit_fail(visit, FAILURE_TICKET_EXPIRED);
}

static enum step fail_without_state(struct visit *visit)
{
	visit_set_detail(visit, "the state does not answer");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

/* Once, however often and wherever it is brought. */
static enum step use_up(struct visit *visit, const struct code *code)
{
	char id[2 * CODE_ID_SIZE + 1];
	uint8_t key[STATE_KEY_SIZE];

	text_hex(code->id, CODE_ID_SIZE, id);
	seal_hash(store_hash_key(visit->files->store), key, code_name, id, NULL);
	switch (state_claim(visit->server->state, key, CODE_LIFETIME + TICKET_SKEW, visit->now)) {
	case STATE_CLAIM_WON:
		return STEP_NEXT;
	case STATE_CLAIM_LOST:
		visit_set_detail(visit, "this code came before");
		return visit_fail(visit, FAILURE_ALREADY_USED);
	case STATE_CLAIM_UNKNOWN:
		visit_set_detail(visit, "the state's answer was lost, so the code counts as used");
		return visit_fail(visit, FAILURE_ALREADY_USED);
	case STATE_CLAIM_LIMITED:
	case STATE_CLAIM_BROKEN:
		break;
	}
	return fail_without_state(visit);
}

/* The code's session becomes the visit's. */
static enum step take_session(struct visit *visit, struct code *code)
{
	int valid;

	visit->session = code->session;
	visit->signin.by_code = true;
	visit->signin.is_ambient = code->ambient;
	memcpy(visit->browser.id, code->browser, sizeof visit->browser.id);
	valid = signin_check_session(visit, true);
	if (valid < 0)
		return fail_without_state(visit);
	if (valid > 0)
		return STEP_NEXT;
	visit_set_detail(visit, "the code's session has ended");
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

/* A wrong try uses nothing up: whoever has the verifier may still come. */
enum step authenticate_by_code(struct visit *visit)
{
	const struct store *store = visit->files->store;
	struct visit_script *script = &visit->script;
	char challenge[CODE_CHALLENGE_LENGTH + 1];
	struct code_use use = {visit->join.platform, visit->join.meeting_id,
		script->origin != NULL ? script->origin : "", NULL};
	struct code code;
	enum code_result result;
	enum step step;

	if (script->verifier != NULL) {
		code_challenge(script->verifier, challenge);
		use.challenge = challenge;
	}
	if (script->verifier != NULL && !code_is_verifier(script->verifier))
		return refuse(visit, CODE_WRONG_VERIFIER);
	result = code_open(store_ring(store), store_hash_key(store), script->code, &use,
		signin_limits(visit), visit->now, &code);
	if (result != CODE_GOOD)
		return refuse(visit, result);
	step = use_up(visit, &code);
	if (step != STEP_NEXT) {
		session_release(&code.session);
		return step;
	}
	return take_session(visit, &code);
}

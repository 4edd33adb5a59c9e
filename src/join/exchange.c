/* SPDX-License-Identifier: MIT
 *
 * Step 4: exchanges the request token for an access token ("External Meeting Authorization
 * Service", section 3.2). The request token is first claimed in the shared state, so that of
 * several visits with the same token, in all processes, only one sends it.
 */
#include "join/exchange.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/trace.h"
#include "join/grant.h"
#include "join/handover.h"
#include "join/secrets.h"
#include "join/steps.h"
#include "signin/join_rate.h"
#include "signin/used_link.h"
#include "telemetry/metrics.h"
#include "telemetry/sections.h"
#include "visit/fail.h"

enum { TARGET_MAX = 16 * 1024 };

static enum step send_request(struct visit *visit);

/* Releases the claim after nothing was sent, so that the link still works. */
static void give_claim_back(struct visit *visit)
{
	state_unclaim(visit->server->state, visit->exchange.claim);
	visit->exchange.holds_claim = false;
}

/* After a refusal, tries the next older secret. Other failures are final. */
static enum step refused(struct visit *visit)
{
	size_t count;

	secrets_of(visit, &count);
	sections_count(visit->platform->metrics, METRIC_EXCHANGE_REFUSED);
	visit->exchange.secret_index++;
	if (visit->exchange.secret_index < count)
		return send_request(visit);
	join_rate_count_refused(visit);
	return visit_fail(visit, FAILURE_EXCHANGE_REFUSED);
}

static void hide(char *text, const char *value)
{
	size_t length = strlen(value);

	if (length == 0)
		return;
	for (char *at = text; (at = strcasestr(at, value)) != NULL; at += length)
		memset(at, '*', length);
}

/* Masks secrets and ids: the platform's message may quote the request, whose URL contains the
 * secret. */
static void hide_request(const struct visit *visit, const char *secret, char *text)
{
	const char *const values[] = {secret, visit->join.request_token, visit->join.meeting_token};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct buffer encoded = BUFFER_INIT(TARGET_MAX);

		buffer_percent(&encoded, values[i]);
		hide(text, values[i]);
		hide(text, encoded.data != NULL ? encoded.data : "");
		buffer_wipe(&encoded);
	}
}

/* For 429 and 503 with Retry-After: the platform has not processed the request. The visitor needs a
 * new link. */
static enum step be_busy(struct visit *visit, const struct outbound_answer *answer)
{
	sections_count(visit->platform->metrics, METRIC_EXCHANGE_BAD_ANSWER);
	visit->report.retry_after = answer->retry_after_ms / 1000;
	visit_set_detail(visit, "the platform asks to retry in %lld s (HTTP %ld)",
		(long long)visit->report.retry_after, answer->status);
	return visit_fail(visit, FAILURE_OVERLOADED);
}

static enum step read_answer(struct visit *visit, const struct outbound_answer *answer)
{
	const struct platform_driver *driver = visit->platform->driver;
	struct platform_answer what = {answer->status, answer->body, answer->length};
	const struct store_secret *secrets;
	enum platform_verdict verdict;
	struct error error;
	size_t count;

	if (answer->retry_after_ms > 0)
		return be_busy(visit, answer);
	error.text[0] = '\0';
	buffer_clear(&visit->exchange.token);
	verdict = driver->exchange->read_answer(
		visit->platform->instance, &visit->join, &what, &visit->exchange.token, &error);
	secrets = secrets_of(visit, &count);
	if (verdict != PLATFORM_GRANTED) {
		hide_request(visit, secret_text(secrets[visit->exchange.secret_index].secret),
			error.text);
		visit_set_detail(visit, "%s", error.text);
	}
	if (verdict == PLATFORM_GRANTED && visit->exchange.token.failed)
		return visit_fail(visit, FAILURE_INTERNAL); /* no memory for it */
	switch (verdict) {
	case PLATFORM_GRANTED:
		visit->report.detail[0] = '\0'; /* what an older secret got */
		sections_count(visit->platform->metrics, METRIC_EXCHANGE_GRANTED);
		secrets_note_acceptance(visit, &secrets[visit->exchange.secret_index]);
		visit->outcome = OUTCOME_JOINED;
		return STEP_NEXT;
	case PLATFORM_REFUSED:
		return refused(visit);
	default:
		break;
	}
	sections_count(visit->platform->metrics, METRIC_EXCHANGE_BAD_ANSWER);
	join_rate_count_bad_answer(visit);
	return visit_fail(visit, FAILURE_EXCHANGE_BAD_ANSWER);
}

/* The first question to the state may make this wait, and the answer lives no longer than until
 * then. */
static enum step read_result(struct visit *visit, const struct outbound_answer *answer)
{
	bool nothing_sent = !answer->sent && visit->exchange.secret_index == 0;
	enum outbound_result result = answer->result;

	if (result == OUTBOUND_ANSWER)
		return read_answer(visit, answer);
	visit_set_detail(visit, "%s", answer->reason);
	if (result == OUTBOUND_BUSY)
		visit->report.retry_after = answer->retry_after_ms / 1000 + 1;
	if (nothing_sent)
		give_claim_back(visit); /* the answer is gone after this */
	switch (result) {
	case OUTBOUND_BUSY:
		sections_count(visit->platform->metrics, METRIC_EXCHANGE_NOT_SENT);
		return visit_fail(visit, FAILURE_OVERLOADED);
	case OUTBOUND_TIMEOUT:
		sections_count(visit->platform->metrics, METRIC_EXCHANGE_TIMEOUT);
		return visit_fail(visit, FAILURE_EXCHANGE_TIMEOUT);
	case OUTBOUND_UNREACHABLE:
		sections_count(visit->platform->metrics, METRIC_EXCHANGE_UNREACHABLE);
		return visit_fail(visit, FAILURE_EXCHANGE_UNREACHABLE);
	case OUTBOUND_BROKEN:
	case OUTBOUND_ANSWER:
		break;
	}
	sections_count(visit->platform->metrics, METRIC_EXCHANGE_BAD_ANSWER);
	return visit_fail(visit, FAILURE_EXCHANGE_BAD_ANSWER);
}

struct answered {
	struct visit *visit;
	const struct outbound_answer *answer;
};

static void take_answer(void *context)
{
	struct answered answered = *(const struct answered *)context;
	struct visit *visit = answered.visit;
	enum step step;

	visit->exchange.took_ms = clock_monotonic_ms() - visit->exchange.started_ms;
	step = read_result(visit, answered.answer);
	if (step == STEP_WAIT)
		return;
	metric_observe(METRIC_EXCHANGE_SECONDS, visit->exchange.took_ms);
	visit_continue(visit, step);
}

static void on_answer(void *context, const struct outbound_answer *answer)
{
	fiber_run(take_answer, &(struct answered){context, answer});
}

/* Sends the request with the current version of the secret. All versions share one deadline. */
static enum step send_request(struct visit *visit)
{
	struct service_platform *platform = visit->platform;
	struct buffer target = BUFFER_INIT(TARGET_MAX);
	int64_t left =
		platform->peer->timeout_ms - (clock_monotonic_ms() - visit->exchange.started_ms);
	const struct store_secret *secrets;
	struct outbound_peer *peer;
	struct error error = {"out of memory for the exchange"};
	size_t count;
	int rc = -1;

	secrets = secrets_of(visit, &count);
	platform->driver->exchange->request_target(platform->instance, &visit->join,
		secret_text(secrets[visit->exchange.secret_index].secret), &target);
	peer = service_peer(visit->service, platform, &error);
	trace_use(&visit->request.trace);
	if (peer != NULL && !target.failed && left > 0)
		rc = outbound_get(peer, target.data, left, on_answer, visit);
	trace_use(NULL);
	buffer_wipe(&target);
	if (left <= 0) {
		visit_set_detail(visit, "no time left to try an older version of the secret");
		return visit_fail(visit, FAILURE_EXCHANGE_TIMEOUT);
	}
	if (rc == 0)
		return STEP_WAIT;
	if (visit->exchange.secret_index == 0)
		give_claim_back(visit);
	visit_set_detail(visit, "%s", error.text);
	return visit_fail(visit, FAILURE_INTERNAL);
}

/* Waits for the end of this iteration of the loop, when all claims are made together. */
static enum step claim(struct visit *visit)
{
	struct server *server = visit->server;
	enum step step = join_rate_check(visit);

	if (step != STEP_NEXT)
		return step;
	used_link_key(visit, visit->exchange.claim);
	if (server->last_claiming != NULL)
		server->last_claiming->exchange.next = visit;
	else
		server->claiming = visit;
	server->last_claiming = visit;
	return STEP_WAIT;
}

static enum step read_claim(struct visit *visit, const struct state_claimed *claim)
{
	switch (claim->verdict) {
	case STATE_CLAIM_WON:
		visit->exchange.holds_claim = true;
		visit->exchange.is_local = claim->is_local;
		visit->exchange.started_ms = clock_monotonic_ms();
		return send_request(visit);
	case STATE_CLAIM_LOST:
		visit_set_detail(
			visit, "this request token was used before: the link was opened twice");
		return visit_fail(visit, FAILURE_ALREADY_USED);
	case STATE_CLAIM_UNKNOWN:
		visit_set_detail(visit,
			"the state's answer to the claim was lost, so the request token counts as "
			"used");
		return visit_fail(visit, FAILURE_ALREADY_USED);
	case STATE_CLAIM_LIMITED:
		return join_rate_refuse(visit, claim->wait_ms, "too many joins");
	case STATE_CLAIM_BROKEN:
		break;
	}
	visit_set_detail(visit, "the state refused the claim of the request token");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

/* The claim lasts as long as a ticket can contain the same token. */
static struct state_claimed claim_of(const struct visit *visit)
{
	int64_t ticket_s = visit->service->settings->ticket_lifetime + TICKET_SKEW;
	int64_t token_s = visit->platform->peer->token_lifetime;

	struct state_claimed claim = {
		.key = visit->exchange.claim, .seconds = token_s > ticket_s ? token_s : ticket_s};

	join_rate_limit(visit, &claim);
	return claim;
}

/* Makes as many claims as fit into one question. */
static void claim_some(void *context)
{
	struct server *server = context;
	struct visit *visits[STATE_CLAIMS_MAX];
	struct state_claimed claims[STATE_CLAIMS_MAX];
	size_t count = 0;

	for (; server->claiming != NULL && count < STATE_CLAIMS_MAX; count++) {
		visits[count] = server->claiming;
		claims[count] = claim_of(visits[count]);
		server->claiming = visits[count]->exchange.next;
	}
	if (server->claiming == NULL)
		server->last_claiming = NULL;
	state_claim_all(server->state, claims, count, clock_wall_ms());
	for (size_t i = 0; i < count; i++)
		visit_continue(visits[i], read_claim(visits[i], &claims[i]));
}

void exchange_claim_all(struct server *server)
{
	while (server->claiming != NULL)
		fiber_run(claim_some, server);
}

enum step exchange_token(struct visit *visit)
{
	size_t count;

	/* If the visitor has closed the connection, leave the link valid: they may open it again.
	 */
	if (visit->signin.has_waited && reply_is_abandoned(&visit->reply)) {
		visit_set_detail(visit, "the visitor closed the connection before the exchange");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	params_free(&visit->form);
	request_shrink(&visit->request);
	if (handover_is_due(visit)) {
		visit->outcome = OUTCOME_HANDED_OVER;
		return STEP_NEXT;
	}
	secrets_of(visit, &count);
	if (count > 0 || visit->platform->driver->secret_scope != PLATFORM_SECRET_PER_PLATFORM)
		return visit->platform->driver->grant != NULL ? grant_access(visit) : claim(visit);
	visit_set_detail(visit, "no secret for this platform: meetauthctl secret set %s",
		visit->join.platform);
	return visit_fail(visit, FAILURE_INTERNAL);
}

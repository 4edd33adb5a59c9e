/* SPDX-License-Identifier: MIT
 *
 * Step 2 with a password: throttled, checked on a worker by the backends in the order of the file.
 */
#include "flow/pages.h"
#include "flow/steps.h"

#include "base/clock.h"
#include "pool/worker.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { LOGIN_DEADLINE_MS = 20000 }; /* in the queue of passwords, before anybody looked at it */

/* A password being checked on a worker. The worker reads the visit's service and form and writes
 * what stands here; the loop touches none of it before `done`. */
struct login {
	struct worker_job job;
	uv_timer_t deadline;
	struct visit *visit;
	const char *name, *password; /* in the form */
	bool counted[2];	     /* taken from the throttle: account, address */
	uint8_t keys[2][STATE_KEY_SIZE];
	int64_t started_ms;
	enum auth_verdict verdict;
	struct identity who;
	struct error error;
};

static void log_login(const struct login *login, const char *result)
{
	const struct visit *visit = login->visit;
	struct log_line line;
	/* The name as typed may be a password in the wrong field: only one that a backend knows is
	 * logged. */
	bool known = login->verdict == AUTH_GRANT || login->verdict == AUTH_DENY;

	log_begin(&line, LOG_LEVEL_INFO, "login");
	log_text(&line, "result", result);
	log_text(&line, "user", known ? login->name : NULL);
	log_text(&line, "backend", login->who.backend);
	log_text(&line, "platform", visit->platform->title);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "detail", login->error.text[0] != '\0' ? login->error.text : NULL);
	log_number(&line, "total_ms", clock_monotonic_ms() - visit->started_ms);
	log_end(&line);
}

/* The backends in the order of the file: an unknown name asks the next, a wrong password stops, one
 * out of order is remembered unless another says yes. */
static void ask_backends(struct worker_job *job)
{
	struct login *login = (struct login *)((char *)job - offsetof(struct login, job));
	const struct service *service = login->visit->service;
	bool unavailable = false;

	login->verdict = AUTH_UNKNOWN;
	for (size_t i = 0; i < service->backend_count && login->verdict == AUTH_UNKNOWN; i++) {
		const struct service_backend *backend = &service->backends[i];
		struct auth_attempt attempt = {
			login->name, login->password, &login->who, &login->error};

		identity_release(&login->who);
		if (identity_set(&login->who.backend, backend->title, IDENTITY_SUBJECT_MAX) != 0) {
			login->verdict = AUTH_UNAVAILABLE;
			return;
		}
		login->verdict = backend->driver->check(backend->instance, &attempt);
		if (login->verdict == AUTH_UNAVAILABLE) {
			unavailable = true;
			login->verdict = AUTH_UNKNOWN;
		}
	}
	if (login->verdict == AUTH_UNKNOWN && unavailable)
		login->verdict = AUTH_UNAVAILABLE;
}

static struct state_rate rate_of(struct config_rate rate)
{
	return (struct state_rate){rate.count, rate.period_ms};
}

static struct state_rate throttle_rate(const struct login *login, int which)
{
	const struct settings *settings = login->visit->service->settings;

	return rate_of(which == 0 ? settings->throttle_account : settings->throttle_address);
}

/* A name in the one form under which its tries are counted, so that capitals buy no more of them.
 */
static void fold(const char *name, char folded[IDENTITY_SUBJECT_MAX + 1])
{
	size_t i = 0;

	for (; name[i] != '\0' && i < IDENTITY_SUBJECT_MAX; i++)
		folded[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	folded[i] = '\0';
}

/* An IPv6 customer has at least a /64 to choose addresses from: it counts as one. */
static void prefix_of(const char *client, char prefix[64])
{
	unsigned char address[16];

	if (uv_inet_pton(AF_INET6, client, address) != 0) {
		snprintf(prefix, 64, "%s", client);
		return;
	}
	memset(address + 8, 0, 8);
	uv_inet_ntop(AF_INET6, address, prefix, 64);
}

/* Takes a try from both counters before the password is looked at, so that parallel tries cannot
 * slip through. Milliseconds to wait; 0: go on; -1: the state does not answer. */
static int64_t take_try(struct login *login)
{
	struct visit *visit = login->visit;
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	char folded[IDENTITY_SUBJECT_MAX + 1], prefix[64];
	int64_t wait = 0;

	fold(login->name, folded);
	prefix_of(visit->request.client, prefix);
	seal_hash(hash_key, login->keys[0], "throttle-account", folded, NULL);
	seal_hash(hash_key, login->keys[1], "throttle-address", prefix, NULL);
	for (int i = 1; i >= 0 && wait == 0; i--) {
		wait = state_take(visit->station->state, login->keys[i], throttle_rate(login, i),
			clock_wall_ms());
		login->counted[i] = wait == 0;
	}
	return wait;
}

/* A good try does not count, and one that nobody looked at does not either. */
static void give_try_back(struct login *login)
{
	for (int i = 0; i < 2; i++)
		if (login->counted[i])
			state_give(login->visit->station->state, login->keys[i],
				throttle_rate(login, i), clock_wall_ms());
}

static void free_login(uv_handle_t *deadline)
{
	struct login *login = deadline->data;

	identity_release(&login->who);
	free(login);
}

static void release(struct login *login)
{
	login->visit->login = NULL;
	uv_close((uv_handle_t *)&login->deadline, free_login);
}

static void begin_session(struct login *login)
{
	struct visit *visit = login->visit;
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX + 1);

	session_release(&visit->session);
	session_begin(&visit->session, &login->who, visit->now);
	visit->session_is_new = true;
	/* Whether it fits is known only now; without a cookie the person would be asked again and
	 * again. */
	if (session_seal(store_ring(visit->files->store), &visit->session, &text) != 0) {
		visit_note(visit, "the groups of this user do not fit into a session cookie");
		visit->session_is_new = false;
		visit_fail(visit, FAILURE_INTERNAL);
	}
	buffer_wipe(&text);
}

static enum step answer_wrong(struct visit *visit, const char *name)
{
	visit->is_join = false; /* it is not over: the form is shown again */
	visit->is_logged = true;
	visit->failed = true;
	visit->failure = FAILURE_LOGIN_FAILED;
	if (request_wants_json(&visit->request))
		pages_failure(visit);
	else if (pages_login(visit, failure_status(FAILURE_LOGIN_FAILED), name) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	return STEP_DONE;
}

static enum step answer_throttled(struct login *login, int64_t wait_ms)
{
	struct visit *visit = login->visit;

	give_try_back(login); /* the address's, when the account's is used up */
	visit->is_join = false;
	if (wait_ms < 0) {
		visit_note(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	visit->is_logged = true;
	metric_count(METRIC_LOGIN_THROTTLED);
	log_login(login, "throttled");
	visit->retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_LOGIN_THROTTLED);
}

static enum step answer_overloaded(struct login *login)
{
	struct visit *visit = login->visit;

	give_try_back(login);
	metric_count(METRIC_LOGIN_UNAVAILABLE);
	visit_note(visit, "too many passwords are waiting to be checked");
	visit->retry_after = 5;
	return visit_fail(visit, FAILURE_OVERLOADED);
}

/* What the verdict makes of the visit. The steps go on only after a grant. */
static enum step conclude(struct login *login)
{
	struct visit *visit = login->visit;

	switch (login->verdict) {
	case AUTH_GRANT:
		give_try_back(login);
		metric_count(METRIC_LOGIN_OK);
		log_login(login, "ok");
		begin_session(login);
		return visit->failed ? STEP_DONE : STEP_NEXT;
	case AUTH_UNAVAILABLE:
		give_try_back(login);
		metric_count(METRIC_LOGIN_UNAVAILABLE);
		log_login(login, "unavailable");
		visit_note(visit, "%s", login->error.text);
		visit->retry_after = 10;
		return visit_fail(visit, FAILURE_BACKEND_UNAVAILABLE);
	case AUTH_DENY:
	case AUTH_UNKNOWN:
		break;
	}
	metric_count(METRIC_LOGIN_FAILED);
	log_login(login, "failed");
	return answer_wrong(visit, login->name);
}

static void on_checked(struct worker_job *job, bool cancelled)
{
	struct login *login = (struct login *)((char *)job - offsetof(struct login, job));
	struct visit *visit = login->visit;
	enum step step;

	visit->has_waited = true;
	uv_timer_stop(&login->deadline);
	metric_observe(METRIC_LOGIN_SECONDS, clock_monotonic_ms() - login->started_ms);
	step = cancelled ? answer_overloaded(login) : conclude(login);
	release(login);
	visit_continue(visit, step);
}

static void on_deadline(uv_timer_t *timer)
{
	struct login *login = timer->data;

	worker_cancel(&login->job); /* one that already runs is nearly done */
}

static struct login *make_login(struct visit *visit, const char *name, const char *password)
{
	struct login *login = calloc(1, sizeof *login);

	if (login == NULL)
		return NULL;
	login->visit = visit;
	login->name = name;
	login->password = password;
	login->started_ms = clock_monotonic_ms();
	login->job.work = ask_backends;
	login->job.done = on_checked;
	uv_timer_init(visit->station->loop, &login->deadline);
	login->deadline.data = login;
	visit->login = login;
	return login;
}

static enum step check_password(struct visit *visit, const char *name, const char *password)
{
	struct login *login = make_login(visit, name, password);
	enum step step = STEP_WAIT;
	int64_t wait;

	if (login == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	wait = take_try(login);
	if (wait != 0)
		step = answer_throttled(login, wait);
	else if (worker_submit(WORKER_PASSWORDS, &login->job) != 0)
		step = answer_overloaded(login);
	if (step == STEP_WAIT)
		uv_timer_start(&login->deadline, on_deadline, LOGIN_DEADLINE_MS, 0);
	else
		release(login);
	return step;
}

enum step authenticate_by_password(struct visit *visit)
{
	const char *name = NULL, *password = NULL;
	size_t name_length, password_length;

	if (params_get(visit->form, "name", &name) != PARAM_ONCE)
		visit->parameter = "name";
	else if (params_get(visit->form, "password", &password) != PARAM_ONCE)
		visit->parameter = "password";
	if (visit->parameter != NULL)
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	name_length = strlen(name);
	password_length = strlen(password);
	/* What cannot be right is wrong, like everything that is not right. */
	if (name_length == 0 || name_length > IDENTITY_SUBJECT_MAX || password_length == 0 ||
		password_length > AUTH_PASSWORD_MAX)
		return answer_wrong(visit, name_length <= IDENTITY_SUBJECT_MAX ? name : NULL);
	return check_password(visit, name, password);
}

/* SPDX-License-Identifier: MIT
 *
 * The forms of the page of one's own meetings. A guest with an account starts a meeting with other
 * guests, as the `meet` rules allow. A host ends a meeting, after which the guests whom they
 * invited can no longer join, and its room, if it has one, goes to the next meeting. Names and
 * rules are checked under the lock of the accounts' file, so that a concurrent change cannot slip
 * in between.
 */
#include "desk/choices.h"
#include "desk/desk.h"
#include "desk/me.h"
#include "desk/room.h"
#include "desk/steps.h"
#include "policy/meet.h"
#include "view/values.h"
#include "visit/audit.h"
#include "visit/client.h"
#include "visit/fail.h"
#include "visit/ticket.h"

enum { GUESTS_MAX = CHOICES_MAX + 1, STARTED_MAX = 4, RETRY_AFTER_S = 5 };

struct start {
	struct worker_job job;
	struct visit *visit;
	bool ends; /* true: ends a meeting; false: starts one */
	const struct service_platform *platform;
	char *meeting; /* "PLATFORM/MEETING-ID"; owned */
	char by[2 * IDENTITY_SUBJECT_MAX + 2];
	const char *accounts_path, *invites_path;
	struct accounts_guest guests[GUESTS_MAX]; /* the first is the person who starts it */
	size_t count;
	const char *fault;
	int rc;
	struct error error;
};

/* ---- on a worker ---- */

static bool started_enough(const struct account *account, const char *by)
{
	size_t count = 0;

	for (size_t i = 0; i < account->meeting_count; i++)
		count += strcmp(accounts_host(account, i), by) == 0;
	return count > STARTED_MAX;
}

/* Whether the person who starts may meet each of the others, and all of them may meet each other.
 */
static bool may_meet(void *context, const struct account *accounts, size_t count)
{
	struct start *start = context;
	const struct config_policy *policy = &start->visit->service->settings->policy;
	struct policy_pair pair = {.platform = start->platform->title, .now = start->visit->now};

	if (started_enough(&accounts[0], start->by)) {
		start->fault = "me.fault.many";
		return false;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t other = i + 1; other < count; other++) {
			pair.starter = accounts[i].name;
			pair.other = accounts[other].name;
			if (i == 0 ? policy_may_start(policy, &pair).verdict != POLICY_ALLOW
				   : !policy_may_meet(policy, &pair))
				return false;
		}
	return true;
}

static void start_meeting(struct start *start)
{
	const struct accounts_meeting meeting = {.meeting = start->meeting,
		.host = start->by,
		.host_name = values_account(start->visit),
		.all = true,
		.may = may_meet,
		.context = start};

	start->rc = accounts_invite(
		start->accounts_path, &meeting, start->guests, start->count, &start->error);
	for (size_t i = 0; i < start->count; i++)
		if (start->guests[i].result != ACCOUNTS_INVITE_DONE && start->fault == NULL)
			start->fault = "me.fault.guests";
}

static void end_meeting(struct start *start)
{
	char *slash = start->meeting + strcspn(start->meeting, "/"); /* there is one */
	size_t accounts = 0, invites = 0;

	if (start->accounts_path != NULL)
		start->rc |= accounts_end_meeting(
			start->accounts_path, start->meeting, start->by, &accounts, &start->error);
	*slash = '\0';
	if (start->invites_path != NULL)
		start->rc |= invites_end_meeting(start->invites_path, start->meeting, slash + 1,
			start->by, &invites, &start->error);
	*slash = '/';
	if (accounts + invites == 0)
		start->fault = "me.fault.gone";
}

static void work(struct worker_job *job)
{
	struct start *start = (struct start *)((char *)job - offsetof(struct start, job));

	if (start->ends)
		end_meeting(start);
	else
		start_meeting(start);
}

/* ---- on the loop ---- */

static void log_change(const struct start *start)
{
	const struct visit *visit = start->visit;
	bool ok = start->rc == 0 && start->fault == NULL;
	struct buffer guests = BUFFER_INIT(4096);
	struct log_line line;

	for (size_t i = 1; ok && i < start->count; i++)
		buffer_printf(&guests, "%s%s", i > 1 ? "," : "", start->guests[i].name);
	log_begin(&line, LOG_LEVEL_INFO, "desk");
	log_text(&line, "action", start->ends ? "end-meeting" : "start-meeting");
	log_text(&line, "result", ok ? "ok" : "failed");
	audit_name(&line, visit, "guest", guests.data);
	log_text(&line, "meetings", ok ? start->meeting : NULL);
	audit_who(&line, visit, &visit->session.who);
	audit_request(&line, visit);
	log_text(&line, "detail", start->rc != 0 ? start->error.text : start->fault);
	log_end(&line);
	buffer_release(&guests);
}

static enum step answer(struct start *start)
{
	struct visit *visit = start->visit;
	int freed = 0;

	if (start->ends && start->rc == 0 && start->fault == NULL)
		freed = desk_room_end_meeting(visit, start->meeting);
	log_change(start);
	if (freed < 0)
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	if (start->rc != 0) {
		visit_set_detail(visit, "%s", start->error.text);
		return visit_fail(visit, FAILURE_INTERNAL);
	}
	visit->outcome = start->fault == NULL ? OUTCOME_DESK_CHANGED : OUTCOME_DESK_SHOWN;
	if (start->fault != NULL)
		return me_page(visit, (struct me_result){.fault = start->fault});
	return me_page(
		visit, start->ends ? (struct me_result){.ended = start->meeting, .freed = freed > 0}
				   : (struct me_result){.started = start->meeting});
}

static void free_start(struct start *start)
{
	free(start->meeting);
	free(start);
}

static void on_done(struct worker_job *job, bool cancelled)
{
	struct start *start = (struct start *)((char *)job - offsetof(struct start, job));
	struct visit *visit = start->visit;
	enum step step = cancelled ? visit_overloaded(visit, RETRY_AFTER_S, "the queue is full")
				   : answer(start);

	free_start(start);
	visit_continue(visit, step);
}

/* ---- parsing the forms ---- */

static const char *get(const struct visit *visit, const char *name)
{
	const char *value = "";

	return params_get(visit->form, name, &value) == PARAM_ONCE ? value : "";
}

/* Whether the policy allows the person who starts the meeting to join it. */
static bool may_join(const struct visit *visit, const char *platform, const char *id)
{
	return policy_decide(&visit->service->settings->policy,
		       &(struct policy_question){
			       .who = &visit->session.who,
			       .platform = platform,
			       .meeting_id = id,
			       .meeting_token = id,
			       .client = visit->request.client,
			       .now = visit->now,
		       })
		       .verdict == POLICY_ALLOW;
}

/* Returns NULL, or the key of the sentence that says what is wrong. */
static const char *read_start(struct start *start)
{
	struct visit *visit = start->visit;
	const struct section *accounts = visit->service->settings->desk.accounts;
	const char *ids[CHOICES_MAX], *subject = visit->session.who.subject;
	size_t count = params_all(visit->form, "guest", ids, CHOICES_MAX);
	char *id = NULL;

	if (accounts == NULL || strcmp(visit->session.who.backend, section_title(accounts)) != 0 ||
		strncmp(subject, ACCOUNT_SUBJECT, strlen(ACCOUNT_SUBJECT)) != 0)
		return "me.fault.guests";
	if (count == 0 || count > CHOICES_MAX)
		return "me.fault.nobody";
	start->platform = service_platform(visit->service, get(visit, "platform"));
	if (start->platform == NULL || !choices_new_meeting(start->platform, &id))
		return "me.fault.platform";
	if (asprintf(&start->meeting, "%s/%s", start->platform->title, id) < 0)
		start->meeting = NULL;
	if (start->meeting == NULL || !may_join(visit, start->platform->title, id)) {
		free(id);
		return "me.fault.policy";
	}
	free(id);
	start->guests[start->count++] =
		(struct accounts_guest){.wanted = subject + strlen(ACCOUNT_SUBJECT), .by_id = true};
	for (size_t i = 0; i < count; i++)
		start->guests[start->count++] =
			(struct accounts_guest){.wanted = ids[i], .by_id = true};
	return NULL;
}

static const char *read_end(struct start *start)
{
	const char *meeting = get(start->visit, "meeting");

	if (strchr(meeting, '/') == NULL)
		return "me.fault.gone";
	start->meeting = strdup(meeting);
	return start->meeting != NULL ? NULL : "me.fault.gone";
}

static struct start *make_start(struct visit *visit)
{
	const struct config_desk *desk = &visit->service->settings->desk;
	struct start *start = calloc(1, sizeof *start);

	if (start == NULL)
		return NULL;
	start->visit = visit;
	start->job.work = work;
	start->job.done = on_done;
	start->job.whose = client_whose(visit);
	snprintf(start->by, sizeof start->by, "%s/%s", visit->session.who.backend,
		visit->session.who.subject);
	if (desk->accounts != NULL)
		start->accounts_path = section_string(desk->accounts, "accounts");
	if (desk->invitations != NULL)
		start->invites_path = section_string(desk->invitations, "invitations");
	return start;
}

/* Claims the form in the state: a reload sends it again, which must not start a second meeting.
 * Returns NULL, or the key of a sentence. */
static const char *claim(const struct start *start)
{
	struct visit *visit = start->visit;
	uint8_t key[STATE_KEY_SIZE];
	int64_t seconds = visit->service->settings->session_idle + TICKET_SKEW;

	seal_hash(store_hash_key(visit->files->store), key, "me", get(visit, "ticket"),
		get(visit, "do"), get(visit, "meeting"), NULL);
	return state_claim(visit->server->state, key, seconds, visit->now) == STATE_CLAIM_WON
		       ? NULL
		       : "me.fault.again";
}

enum step me_change(struct visit *visit)
{
	const char *action = get(visit, "do");
	struct start *start;
	const char *fault;

	if (visit_open_ticket(visit, TICKET_DESK, get(visit, "ticket")) != 0)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	if (strcmp(action, "start") != 0 && strcmp(action, "end") != 0)
		return visit_refuse(visit, "do", "not a form of this page");
	start = make_start(visit);
	if (start == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	start->ends = strcmp(action, "end") == 0;
	fault = start->ends ? read_end(start) : read_start(start);
	if (fault == NULL)
		fault = claim(start);
	if (fault == NULL && worker_submit(&worker_files, &start->job) == 0)
		return STEP_WAIT;
	free_start(start);
	if (fault == NULL)
		return visit_overloaded(
			visit, RETRY_AFTER_S, "too many jobs are waiting for the files");
	visit->outcome = OUTCOME_DESK_SHOWN;
	return me_page(visit, (struct me_result){.fault = fault});
}

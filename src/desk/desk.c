/* SPDX-License-Identifier: MIT
 *
 * The guest desk: members of certain groups create, change and remove guests' accounts and
 * invitations, and see who has joined. Without a session they first sign in, as for a meeting.
 */
#include "desk/desk.h"

#include "desk/recent.h"
#include "desk/room.h"
#include "desk/several.h"
#include "desk/steps.h"
#include "visit/client.h"
#include "visit/fail.h"
#include "visit/ticket.h"

/* ---- authorization ---- */

/* Whether groups of this backend count. A group of the same name in another backend is another
 * group. */
static bool is_counted(const struct config_list *backends, const char *title)
{
	for (size_t i = 0; i < backends->count; i++)
		if (strcmp(backends->items[i], title) == 0)
			return true;
	return backends->count == 0;
}

bool desk_is_host(const struct visit *visit)
{
	const struct config_desk *desk = &visit->service->settings->desk;
	const struct identity *who = &visit->session.who;

	if (!visit->service->settings->desk.present || who->guest ||
		!is_counted(&desk->backends, who->backend))
		return false;
	for (size_t i = 0; i < desk->groups.count; i++)
		if (identity_has_group(who, desk->groups.items[i]))
			return true;
	return false;
}

enum step desk_enter(struct visit *visit)
{
	if (!visit->service->settings->desk.present)
		return visit_fail(visit, FAILURE_NOT_FOUND);
	visit->destination = DESTINATION_DESK;
	visit->signin.fresh_groups = true; /* leaving the group takes effect at once */
	return STEP_NEXT;
}

enum step desk_return(struct visit *visit)
{
	visit->outcome = OUTCOME_SIGNED_IN;
	response_begin(&visit->response, 303, visit->request.id);
	response_header(&visit->response, "Location", visit->service->desk_url);
	return STEP_DONE;
}

/* ---- on a worker ---- */

static void settle_account(struct desk *desk, enum accounts_change change)
{
	switch (change) {
	case ACCOUNTS_TAKEN:
		desk->fault = "desk.fault.taken";
		break;
	case ACCOUNTS_CHANGED:
		desk->fault = "desk.fault.changed";
		break;
	case ACCOUNTS_GONE:
		desk->fault = "desk.fault.gone";
		break;
	case ACCOUNTS_BROKEN:
		desk->broken = true;
		break;
	case ACCOUNTS_DONE:
		desk->done = true;
		break;
	}
}

static void put_account(struct desk *desk)
{
	if (desk_makes_password(desk)) {
		meeting_keys_make(desk->password);
		if (password_hash(desk->password, desk->hash) != 0) {
			desk->broken = true;
			error_set(&desk->error, "out of memory to hash a password");
			return;
		}
		desk->account.hash = desk->hash;
	}
	settle_account(desk,
		accounts_put(desk->accounts_path, &desk->account,
			desk->seen[0] != '\0' ? desk->seen : NULL, &desk->record, &desk->error));
}

static void remove_account(struct desk *desk)
{
	settle_account(
		desk, accounts_remove(desk->accounts_path, desk->id, &desk->record, &desk->error));
}

static void add_invitation(struct desk *desk)
{
	if (invites_add(desk->invites_path, &desk->invite, desk->invite_id, &desk->error) != 0) {
		desk->broken = true;
		return;
	}
	desk->done = true;
	desk->invite.id = desk->invite_id;
	snprintf(desk->invite_name, sizeof desk->invite_name, "%s", desk->invite.name);
	invites_token(&desk->invite, desk->secret, desk->token);
}

/* Revokes an invitation, or takes that back. `fault` is the page's sentence where the
 * invitation is gone. */
static void settle_invitation(struct desk *desk,
	int (*set)(const char *path, const char *id, bool *found_r, char *name_r, struct error *),
	const char *fault)
{
	bool found = false;

	if (set(desk->invites_path, desk->id, &found, desk->invite_name, &desk->error) != 0)
		desk->broken = true;
	else if (!found)
		desk->fault = fault;
	else
		desk->done = true;
}

static void restore_account(struct desk *desk)
{
	enum accounts_change change =
		accounts_restore(desk->accounts_path, desk->id, &desk->record, &desk->error);

	settle_account(desk, change);
	if (change == ACCOUNTS_GONE)
		desk->fault = "desk.fault.restore";
}

static void change(struct desk *desk)
{
	switch (desk->action) {
	case DESK_PUT_ACCOUNT:
		put_account(desk);
		break;
	case DESK_REMOVE_ACCOUNT:
		remove_account(desk);
		break;
	case DESK_ADD_INVITATION:
		add_invitation(desk);
		break;
	case DESK_REVOKE_INVITATION:
		settle_invitation(desk, invites_revoke, "desk.fault.gone");
		break;
	case DESK_RESTORE_ACCOUNT:
		restore_account(desk);
		break;
	case DESK_RESTORE_INVITATION:
		settle_invitation(desk, invites_restore, "desk.fault.restore");
		break;
	case DESK_INVITE_SEVERAL:
		several_work(desk);
		break;
	case DESK_END_ROOM: /* on the loop */
	case DESK_SHOW:
	case DESK_ACTIONS:
		break;
	}
}

/* Whether the action's page shows new links or a new password, which a reload must not create
 * again. */
static bool makes_secrets(const struct desk *desk)
{
	return desk->action == DESK_ADD_INVITATION || desk->action == DESK_INVITE_SEVERAL ||
	       desk_makes_password(desk);
}

/* Whether to redirect to the page, so that a reload does not repeat the form. What is shown only
 * once is shown at once. */
static bool leads_back(const struct desk *desk)
{
	return desk->done && !makes_secrets(desk);
}

/* Reads both files independently: a new invitation is shown even if the other file is broken. */
static void read_files(struct desk *desk)
{
	if (desk->accounts_path != NULL) {
		desk->accounts = records_load(&accounts_type, desk->accounts_path, &desk->error);
		desk->broken |= desk->accounts == NULL;
	}
	if (desk->invites_path != NULL) {
		desk->invites = records_load(&invites_type, desk->invites_path, &desk->error);
		desk->broken |= desk->invites == NULL;
	}
	if (desk->accounts != NULL && desk->find.whom != NULL &&
		records_by_id(desk->accounts, desk->find.whom) == NULL)
		desk->removed = accounts_load_removed(desk->accounts_path, &desk->error);
}

static void make_lists(struct desk *desk)
{
	const struct records *records[DESK_LISTS] = {
		[DESK_INVITATIONS] = desk->invites, [DESK_ACCOUNTS] = desk->accounts};

	for (unsigned i = 0; i < DESK_LISTS && !desk->broken; i++)
		if (records[i] != NULL && desk_list_make(&desk->lists[i], records[i], i,
						  &desk->find, desk->visit->now) != 0) {
			desk->broken = true;
			error_set(&desk->error, "out of memory for a list of guests");
		}
}

/* Asks about nobody who is not there. */
static void check_question(struct desk *desk)
{
	const struct records *records = NULL;

	if (desk->action == DESK_REMOVE_ACCOUNT)
		records = desk->accounts;
	else if (desk->action == DESK_REVOKE_INVITATION)
		records = desk->invites;
	if (records == NULL || records_by_id(records, desk->id) != NULL)
		return;
	desk->asks = false;
	desk->fault = "desk.fault.gone";
}

static void work(struct worker_job *job)
{
	struct desk *desk = (struct desk *)((char *)job - offsetof(struct desk, job));

	if (desk->fault == NULL && !desk->asks)
		change(desk);
	if (desk->broken || leads_back(desk) || (desk->several != NULL && desk->fault == NULL))
		return;
	read_files(desk);
	if (desk->asks)
		check_question(desk);
	if (desk->broken || desk->asks)
		return;
	make_lists(desk);
	desk_room_meetings(desk);
	desk_recent_find(desk);
}

/* ---- on the loop ---- */

static void destroy_desk(void *what)
{
	struct desk *desk = what;

	records_free(&desk->accounts);
	records_free(&desk->invites);
	records_free(&desk->removed);
	for (unsigned i = 0; i < DESK_LISTS; i++)
		desk_list_free(&desk->lists[i]);
	desk_find_free(&desk->find);
	several_free(&desk->several);
	desk_recent_release(desk);
	free(desk->texts[0]);
	free(desk->texts[1]);
	free(desk->texts[2]);
	explicit_bzero(desk, sizeof *desk);
	free(desk);
}

/* Frees on a worker: a table of many thousands of records takes a while. */
static void free_desk(struct desk *desk)
{
	worker_discard(destroy_desk, desk);
}

/* Releases the claim of the form if nothing was changed, so that it can be sent again. */
static void give_back(const struct desk *desk)
{
	if (desk->is_claimed && !desk->done)
		state_unclaim(desk->visit->server->state, desk->claim);
}

/* Redirects to where the host was, so that a reload does not repeat the form. */
static enum step lead_back(struct desk *desk)
{
	struct visit *visit = desk->visit;
	const struct desk_done *done = &desk_dones[desk->action];
	struct buffer url = BUFFER_INIT(8192);
	const char *whom = desk->record.id[0] != '\0' ? desk->record.id : desk->id;
	size_t start;

	visit->outcome = OUTCOME_DESK_CHANGED;
	buffer_text(&url, visit->service->desk_url);
	start = url.length;
	desk_find_write(&desk->find, DESK_LISTS, 0, &url);
	buffer_printf(&url, "%sdone=%s%s%s#%s", url.length == start ? "?" : "&", done->word,
		whom[0] != '\0' ? "&whom=" : "", whom, done->anchor);
	response_begin(&visit->response, 303, visit->request.id);
	response_header(
		&visit->response, "Location", url.failed ? visit->service->desk_url : url.data);
	buffer_release(&url);
	return STEP_DONE;
}

static enum step answer(struct desk *desk)
{
	struct visit *visit = desk->visit;

	if (desk->action != DESK_SHOW && !desk->asks)
		desk_log(desk);
	give_back(desk);
	if (leads_back(desk))
		return lead_back(desk);
	if (desk->broken && !desk->done) {
		visit_set_detail(visit, "%s", desk->error.text);
		return visit_fail(visit, FAILURE_INTERNAL);
	}
	if (desk_page(desk) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	visit->outcome = desk->done ? OUTCOME_DESK_CHANGED : OUTCOME_DESK_SHOWN;
	return STEP_DONE;
}

static void on_done(struct worker_job *job, bool cancelled)
{
	struct desk *desk = (struct desk *)((char *)job - offsetof(struct desk, job));
	struct visit *visit = desk->visit;
	enum step step;

	if (cancelled) { /* the queue is full, and other clients have fewer jobs in it */
		give_back(desk);
		visit->report.retry_after = 5;
		step = visit_fail(visit, FAILURE_OVERLOADED);
	} else {
		step = answer(desk);
	}
	free_desk(desk);
	visit_continue(visit, step);
}

static struct desk *make_desk(struct visit *visit)
{
	const struct config_desk *settings = &visit->service->settings->desk;
	struct desk *desk = calloc(1, sizeof *desk);

	if (desk == NULL)
		return NULL;
	desk->visit = visit;
	desk->job.work = work;
	desk->job.done = on_done;
	desk->job.whose = client_whose(visit);
	snprintf(desk->by, sizeof desk->by, "%s/%s", visit->session.who.backend,
		visit->session.who.subject);
	desk_find_read(&desk->find, visit->request.query);
	if (settings->accounts != NULL)
		desk->accounts_path = section_string(settings->accounts, "accounts");
	if (settings->invitations != NULL)
		desk->invites_path = section_string(settings->invitations, "invitations");
	return desk;
}

static enum step begin(struct desk *desk)
{
	/* Jobs that hash a password go to the queue for passwords. */
	struct worker_queue *queue = desk->fault == NULL && desk_makes_password(desk)
					     ? &worker_passwords
					     : &worker_files;

	if (worker_submit(queue, &desk->job) == 0)
		return STEP_WAIT;
	give_back(desk);
	desk->visit->report.retry_after = 5;
	visit_set_detail(desk->visit, "too many jobs are waiting for the files");
	visit_fail(desk->visit, FAILURE_OVERLOADED);
	free_desk(desk);
	return STEP_DONE;
}

enum step desk_show(struct visit *visit)
{
	struct desk *desk;

	if (!desk_is_host(visit)) {
		visit_set_detail(visit, "in none of the groups of guest-desk");
		return visit_fail(visit, FAILURE_DENIED);
	}
	desk = make_desk(visit);
	return desk != NULL ? begin(desk) : visit_fail(visit, FAILURE_INTERNAL);
}

/* Checks that the form came from our page in this browser. Returns 0 or -1. */
static int check_ticket(struct visit *visit)
{
	const char *ticket = NULL;

	return params_get(visit->form, "ticket", &ticket) == PARAM_ONCE
		       ? visit_open_ticket(visit, TICKET_DESK, ticket)
		       : -1;
}

/* Claims the form in the state. The response to a new invitation or password is a page with
 * it, not a redirect, so a reload sends the form again and must not create a second one. Returns 0,
 * or -1 if the state does not answer. */
static int claim_form(struct desk *desk)
{
	struct visit *visit = desk->visit;
	const char *ticket = "";
	int64_t seconds =
		visit->service->settings->session_idle + TICKET_SKEW; /* as long as its ticket */

	if (!makes_secrets(desk) || desk->fault != NULL)
		return 0;
	params_get(visit->form, "ticket", &ticket);
	seal_hash(store_hash_key(visit->files->store), desk->claim, "desk", ticket, desk->id,
		desk->name, desk->email, desk->meetings, desk->meeting_token, desk->title,
		desk->expires, desk->lines, NULL);
	switch (state_claim(visit->server->state, desk->claim, seconds, visit->now)) {
	case STATE_CLAIM_WON:
		desk->is_claimed = true;
		return 0;
	case STATE_CLAIM_LOST:
	case STATE_CLAIM_UNKNOWN:
		desk->fault = "desk.fault.again";
		return 0;
	case STATE_CLAIM_LIMITED:
	case STATE_CLAIM_BROKEN:
		break;
	}
	visit_set_detail(visit, "the state refused the claim of a form");
	return -1;
}

/* Whether somebody has typed into the form. It is shown to them again if it came too late. */
static bool has_input(const struct desk *desk)
{
	return desk->action == DESK_PUT_ACCOUNT || desk->action == DESK_ADD_INVITATION ||
	       desk->action == DESK_INVITE_SEVERAL;
}

enum step desk_change(struct visit *visit)
{
	struct desk *desk;
	enum failure failure = FAILURE_BAD_REQUEST;
	bool is_late;

	if (!desk_is_host(visit)) {
		visit_set_detail(visit, "in none of the groups of guest-desk");
		return visit_fail(visit, FAILURE_DENIED);
	}
	is_late = check_ticket(visit) != 0;
	desk = make_desk(visit);
	if (desk == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (desk_read_form(desk) == 0) {
		if (is_late && (!has_input(desk) || request_wants_json(&visit->request))) {
			free_desk(desk);
			return visit_fail(visit, FAILURE_TICKET_EXPIRED);
		}
		if (is_late)
			desk->fault = "desk.fault.late";
		if (claim_form(desk) == 0 && desk_room_end(desk) == 0)
			return begin(desk);
		failure = FAILURE_STATE_UNAVAILABLE;
	} else if (is_late) {
		failure = FAILURE_TICKET_EXPIRED;
	}
	free_desk(desk);
	return visit_fail(visit, failure);
}

/* SPDX-License-Identifier: MIT
 *
 * The guest desk: members of some groups make, change and remove accounts and invitations of
 * guests, and see who has joined. Whoever comes without a session signs in as for a meeting, and
 * comes back here.
 */
#include "flow/desk.h"
#include "flow/pages.h"

#include "telemetry/log.h"

static const char *const action_names[] = {
	[DESK_SHOW] = "show",
	[DESK_PUT_ACCOUNT] = "put-account",
	[DESK_REMOVE_ACCOUNT] = "remove-account",
	[DESK_ADD_INVITATION] = "add-invitation",
	[DESK_REVOKE_INVITATION] = "revoke-invitation",
};

/* ---- who may ---- */

static bool is_host(const struct visit *visit)
{
	const struct config_list *groups = &visit->service->settings->desk.groups;
	const struct identity *who = &visit->session.who;

	for (size_t i = 0; i < groups->count && !who->guest; i++)
		if (identity_has_group(who, groups->items[i]))
			return true;
	return false;
}

enum step desk_enter(struct visit *visit)
{
	if (!visit->service->settings->desk.present)
		return visit_fail(visit, FAILURE_NOT_FOUND);
	visit->join.platform = strdup(JOIN_TO_DESK);
	visit->join.meeting_id = strdup(JOIN_TO_DESK);
	visit->join.meeting_token = strdup(JOIN_TO_DESK);
	if (visit->join.platform == NULL || visit->join.meeting_id == NULL ||
		visit->join.meeting_token == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	visit->to_desk = true;
	return STEP_NEXT;
}

enum step desk_return(struct visit *visit)
{
	visit->is_join = false;
	response_begin(&visit->response, 303, visit->request.id);
	response_header(&visit->response, "Location", visit->service->desk_url);
	return STEP_DONE;
}

/* ---- on a worker ---- */

static void put_account(struct desk *desk)
{
	if (desk->password[0] != '\0') {
		if (password_hash(desk->password, desk->hash) != 0) {
			desk->broken = true;
			error_set(&desk->error, "no memory to hash a password");
			return;
		}
		desk->account.hash = desk->hash;
	}
	switch (accounts_put(desk->accounts_path, &desk->account,
		desk->seen[0] != '\0' ? desk->seen : NULL, &desk->error)) {
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
		break;
	}
}

static void remove_account(struct desk *desk)
{
	enum accounts_change change = accounts_remove(desk->accounts_path, desk->id, &desk->error);

	desk->broken = change == ACCOUNTS_BROKEN;
	if (change == ACCOUNTS_GONE)
		desk->fault = "desk.fault.gone";
}

static void add_invitation(struct desk *desk)
{
	if (invites_add(desk->invites_path, &desk->invite, desk->invite_id, &desk->error) != 0) {
		desk->broken = true;
		return;
	}
	desk->invite.id = desk->invite_id;
	invites_token(&desk->invite, desk->secret, desk->token);
}

static void revoke_invitation(struct desk *desk)
{
	bool found = false;

	if (invites_revoke(desk->invites_path, desk->id, &found, &desk->error) != 0)
		desk->broken = true;
	else if (!found)
		desk->fault = "desk.fault.gone";
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
		revoke_invitation(desk);
		break;
	case DESK_SHOW:
		break;
	}
}

static void work(struct worker_job *job)
{
	struct desk *desk = (struct desk *)((char *)job - offsetof(struct desk, job));

	if (desk->fault == NULL)
		change(desk);
	if (!desk->broken && desk->accounts_path != NULL) {
		desk->accounts = accounts_load(desk->accounts_path, &desk->error);
		desk->broken = desk->accounts == NULL;
	}
	if (!desk->broken && desk->invites_path != NULL) {
		desk->invites = invites_load(desk->invites_path, &desk->error);
		desk->broken = desk->invites == NULL;
	}
}

/* ---- on the loop ---- */

static void free_desk(struct desk *desk)
{
	accounts_free(&desk->accounts);
	invites_free(&desk->invites);
	free(desk->texts[0]);
	free(desk->texts[1]);
	explicit_bzero(desk, sizeof *desk);
	free(desk);
}

/* The name that was given, or the id. */
static const char *guest_of(const struct desk *desk)
{
	switch (desk->action) {
	case DESK_PUT_ACCOUNT:
		return desk->canonical;
	case DESK_ADD_INVITATION:
		return desk->invite_id;
	default:
		return desk->id;
	}
}

/* Every change leaves a line, and every try of one: that without what was typed, which may be a
 * password in the wrong field. */
static void log_change(const struct desk *desk)
{
	const struct visit *visit = desk->visit;
	bool done = !desk->broken && desk->fault == NULL;
	const char *guest = done ? guest_of(desk) : desk->id;
	const char *detail = desk->error.text[0] != '\0' ? desk->error.text : desk->fault;
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "desk");
	log_text(&line, "action", action_names[desk->action]);
	log_text(&line, "result", done ? "ok" : "failed");
	log_text(&line, "guest", guest[0] != '\0' ? guest : NULL);
	log_text(&line, "meetings", done && desk->meetings[0] != '\0' ? desk->meetings : NULL);
	log_text(&line, "expires", done && desk->expires[0] != '\0' ? desk->expires : NULL);
	log_text(&line, "user", visit->session.who.subject);
	log_text(&line, "backend", visit->session.who.backend);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "detail", detail);
	log_end(&line);
}

/* Nothing was made: the same form may be sent again. */
static void give_back(const struct desk *desk)
{
	if (desk->is_claimed)
		state_unclaim(desk->visit->station->state, desk->claim);
}

static enum step answer(struct desk *desk)
{
	struct visit *visit = desk->visit;

	if (desk->action != DESK_SHOW)
		log_change(desk);
	if (desk->broken) {
		give_back(desk);
		visit_note(visit, "%s", desk->error.text);
		return visit_fail(visit, FAILURE_INTERNAL);
	}
	/* A link is shown once; after any other change the page is asked for again, so that a
	 * reload does not send the form twice. */
	if (desk->action != DESK_SHOW && desk->action != DESK_ADD_INVITATION && desk->fault == NULL)
		return desk_return(visit);
	return desk_page(desk) == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

static void on_done(struct worker_job *job, bool cancelled)
{
	struct desk *desk = (struct desk *)((char *)job - offsetof(struct desk, job));
	struct visit *visit = desk->visit;
	enum step step = cancelled ? visit_fail(visit, FAILURE_OVERLOADED) : answer(desk);

	if (cancelled)
		give_back(desk);
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
	if (settings->accounts != NULL)
		desk->accounts_path = section_string(settings->accounts, "accounts");
	if (settings->invitations != NULL)
		desk->invites_path = section_string(settings->invitations, "invitations");
	return desk;
}

static enum step begin(struct desk *desk)
{
	/* What hashes a password waits with those that do. */
	struct worker_lane *lane =
		desk->fault == NULL && desk->password != NULL && desk->password[0] != '\0'
			? &worker_passwords
			: &worker_files;

	if (worker_submit(lane, &desk->job) == 0)
		return STEP_WAIT;
	give_back(desk);
	desk->visit->retry_after = 5;
	visit_fail(desk->visit, FAILURE_OVERLOADED);
	free_desk(desk);
	return STEP_DONE;
}

enum step desk_show(struct visit *visit)
{
	struct desk *desk;

	if (!is_host(visit))
		return visit_fail(visit, FAILURE_DENIED);
	desk = make_desk(visit);
	return desk != NULL ? begin(desk) : visit_fail(visit, FAILURE_INTERNAL);
}

/* The form is one of ours and of this browser. 0 or -1. The ticket has no join: the visit keeps its
 * own. */
static int check_ticket(struct visit *visit)
{
	struct join kept = visit->join;
	const char *ticket = NULL;
	int rc = -1;

	visit->join = JOIN_INIT;
	if (params_get(visit->form, "ticket", &ticket) == PARAM_ONCE)
		rc = visit_open_ticket(visit, TICKET_DESK, ticket);
	join_release(&visit->join);
	visit->join = kept;
	return rc;
}

/* An invitation is answered with its link and not with a redirect: whoever reloads that page sends
 * the form again, and must not make a second one. 0, or -1 when the state does not answer. */
static int claim_form(struct desk *desk)
{
	struct visit *visit = desk->visit;
	const char *ticket = "";

	if (desk->action != DESK_ADD_INVITATION || desk->fault != NULL)
		return 0;
	params_get(visit->form, "ticket", &ticket);
	seal_hash(store_hash_key(visit->files->store), desk->claim, "desk", ticket, desk->name,
		desk->email, desk->meetings, desk->meeting_token, desk->expires, NULL);
	switch (state_claim(visit->station->state, desk->claim, visit->now)) {
	case STATE_CLAIM_WON:
		desk->is_claimed = true;
		return 0;
	case STATE_CLAIM_LOST:
		desk->fault = "desk.fault.again";
		return 0;
	case STATE_CLAIM_BROKEN:
		break;
	}
	visit_note(visit, "the state does not take the claim of a form");
	return -1;
}

enum step desk_change(struct visit *visit)
{
	struct desk *desk;
	enum failure failure = FAILURE_BAD_REQUEST;

	if (!is_host(visit))
		return visit_fail(visit, FAILURE_DENIED);
	if (check_ticket(visit) != 0)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	desk = make_desk(visit);
	if (desk == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (desk_read_form(desk) == 0) {
		if (claim_form(desk) == 0)
			return begin(desk);
		failure = FAILURE_STATE_UNAVAILABLE;
	}
	free_desk(desk);
	return visit_fail(visit, failure);
}

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
	switch (accounts_put(desk->accounts_path, &desk->account, &desk->error)) {
	case ACCOUNTS_TAKEN:
		desk->fault = "desk.fault.taken";
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

/* Every change leaves a line. */
static void log_change(const struct desk *desk)
{
	const struct visit *visit = desk->visit;
	const char *guest = desk->action == DESK_PUT_ACCOUNT	  ? desk->account.name
			    : desk->action == DESK_ADD_INVITATION ? desk->invite_id
								  : desk->id;
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "desk");
	log_text(&line, "action", action_names[desk->action]);
	log_text(&line, "result", desk->broken || desk->fault != NULL ? "failed" : "ok");
	log_text(&line, "guest", guest);
	log_text(&line, "meeting_id", desk->meetings);
	log_text(&line, "user", visit->session.who.subject);
	log_text(&line, "backend", visit->session.who.backend);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "detail", desk->error.text[0] != '\0' ? desk->error.text : NULL);
	log_end(&line);
}

static enum step answer(struct desk *desk)
{
	struct visit *visit = desk->visit;

	if (desk->action != DESK_SHOW)
		log_change(desk);
	if (desk->broken) {
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
	if (worker_submit(&worker_files, &desk->job) == 0)
		return STEP_WAIT;
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

/* The form is one of ours and of this browser. 0 or -1. */
static int check_ticket(struct visit *visit)
{
	const char *ticket = NULL;

	if (params_get(visit->form, "ticket", &ticket) != PARAM_ONCE)
		return -1;
	return visit_open_ticket(visit, TICKET_DESK, ticket);
}

enum step desk_change(struct visit *visit)
{
	struct desk *desk;

	if (!is_host(visit))
		return visit_fail(visit, FAILURE_DENIED);
	if (check_ticket(visit) != 0)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	desk = make_desk(visit);
	if (desk == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (desk_read_form(desk) == 0)
		return begin(desk);
	free_desk(desk);
	visit->parameter = "do";
	return visit_fail(visit, FAILURE_BAD_REQUEST);
}

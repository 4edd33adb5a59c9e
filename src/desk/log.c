/* SPDX-License-Identifier: MIT
 *
 * Logs every change at the guest desk and every failed attempt.
 */
#include "desk/desk.h"

#include "desk/several.h"

#include "visit/audit.h"

static const char *const action_names[] = {
	[DESK_SHOW] = "show",
	[DESK_PUT_ACCOUNT] = "put-account",
	[DESK_REMOVE_ACCOUNT] = "remove-account",
	[DESK_ADD_INVITATION] = "add-invitation",
	[DESK_REVOKE_INVITATION] = "revoke-invitation",
	[DESK_RESTORE_ACCOUNT] = "restore-account",
	[DESK_RESTORE_INVITATION] = "restore-invitation",
	[DESK_INVITE_SEVERAL] = "invite-several",
	[DESK_END_ROOM] = "end-room",
};

/* The guest of a line, from the result or from the files, never as typed. */
struct guest {
	const char *name, *id; /* NULL: none */
};

static struct guest guest_of(const struct desk *desk)
{
	bool is_account = desk->action == DESK_PUT_ACCOUNT || desk->action == DESK_REMOVE_ACCOUNT ||
			  desk->action == DESK_RESTORE_ACCOUNT;
	const struct account *account = NULL;
	const struct invite *invite = NULL;
	struct guest guest = {NULL, desk->id[0] != '\0' ? desk->id : NULL};

	if (desk->action == DESK_END_ROOM)
		return guest;
	if (desk->done && is_account)
		return (struct guest){desk->record.name, desk->record.id};
	if (desk->done)
		return (struct guest){desk->invite_name,
			desk->action == DESK_ADD_INVITATION ? desk->invite_id : desk->id};
	if (is_account && desk->accounts != NULL)
		account = records_by_id(desk->accounts, desk->id);
	else if (!is_account && desk->invites != NULL)
		invite = records_by_id(desk->invites, desk->id);
	if (account != NULL)
		guest.name = account->name;
	else if (invite != NULL)
		guest.name = invite->name;
	return guest;
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* Adds the fields of a successful change. A removal has none, whatever the form contained. */
static void log_done(struct log_line *line, const struct desk *desk)
{
	if (desk->action == DESK_PUT_ACCOUNT) {
		log_text(line, "change", desk->record.is_new ? "made" : "changed");
		audit_name(line, desk->visit, "former", or_none(desk->record.former));
		log_text(line, "new_password", desk->record.new_password ? "yes" : NULL);
	}
	if (desk->action == DESK_END_ROOM)
		log_text(line, "meetings", desk->texts[0]);
	if (desk->action != DESK_PUT_ACCOUNT && desk->action != DESK_ADD_INVITATION)
		return;
	log_text(line, "meetings", or_none(desk->meetings));
	log_text(line, "expires", or_none(desk->expires));
}

void desk_log(const struct desk *desk)
{
	const struct visit *visit = desk->visit;
	struct guest guest;
	struct log_line line;

	if (desk->several != NULL && desk->fault == NULL) {
		several_log(desk);
		return;
	}
	guest = guest_of(desk);

	log_begin(&line, LOG_LEVEL_INFO, "desk");
	log_text(&line, "action", action_names[desk->action]);
	log_text(&line, "result", desk->done ? "ok" : "failed");
	audit_name(&line, visit, "guest", guest.name);
	log_text(&line, "guest_id", guest.id);
	if (desk->done)
		log_done(&line, desk);
	audit_who(&line, visit, &visit->session.who);
	audit_request(&line, visit);
	audit_detail(&line, visit, &visit->session.who,
		desk->fault != NULL ? desk->fault : desk->error.text);
	log_end(&line);
}

/* SPDX-License-Identifier: MIT
 *
 * What the guest desk says to the host: what is wrong, what was done, and the question before.
 */
#include "desk/page.h"

/* ---- faults ---- */

/* Says what is wrong in the form that has it, and marks the field. */
void desk_put_fault(struct desk_view *view)
{
	static const struct {
		const char *fault, *field;
	} fields[] = {
		{"desk.fault.name", "bad_name"},
		{"desk.fault.taken", "bad_name"},
		{"desk.fault.display", "bad_display"},
		{"desk.fault.email", "bad_email"},
		{"desk.fault.expires", "bad_expires"},
		{"desk.fault.past", "bad_expires"},
		{"desk.fault.meeting", "bad_meetings"},
		{"desk.fault.meetings", "bad_meetings"},
		{"desk.fault.way", "bad_meetings"},
		{"desk.fault.meeting-title", "bad_title"},
		{"desk.fault.invitation", "bad_token"},
		{"desk.fault.several", "bad_lines"},
		{"desk.fault.nobody", "bad_lines"},
	};
	static const struct {
		enum desk_action action;
		const char *form;
	} forms[] = {
		{DESK_PUT_ACCOUNT, "wrong_account"},
		{DESK_ADD_INVITATION, "wrong_invitation"},
		{DESK_INVITE_SEVERAL, "wrong_several"},
	};
	const struct desk *desk = view->desk;
	const char *form = "wrong";

	if (desk->fault == NULL)
		return;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (forms[i].action == desk->action)
			form = forms[i].form;
	view->notice[0] =
		(struct page_value){.name = "fault", .text = lang_text(view->lang, desk->fault)};
	for (size_t i = 0, count = 1; i < sizeof fields / sizeof *fields; i++)
		if (strcmp(fields[i].fault, desk->fault) == 0)
			view->notice[count++] =
				(struct page_value){.name = fields[i].field, .text = "1"};
	view->notices[0] = view->notice;
	values_put(&view->values, "failed", "1");
	values_put_rows(&view->values, form, view->notices);
}

/* ---- what was done, and the question before ---- */

/* Returns how the page calls a guest of one list, or NULL. */
static const char *name_of(const struct desk *desk, enum desk_which which, const char *id)
{
	const struct account *account = NULL;
	const struct invite *invite = NULL;

	if (which == DESK_INVITATIONS) {
		invite = desk->invites != NULL ? records_by_id(desk->invites, id) : NULL;
		return invite != NULL ? invite->name : NULL;
	}
	if (desk->accounts != NULL)
		account = records_by_id(desk->accounts, id);
	if (account == NULL && desk->removed != NULL)
		account = records_by_id(desk->removed, id);
	if (account == NULL)
		return NULL;
	return account->display[0] != '\0' ? account->display : account->name;
}

/* Returns the list that the action is about. */
static enum desk_which list_of(const struct desk_done *done)
{
	return strcmp(done->anchor, "invitations") == 0 ? DESK_INVITATIONS : DESK_ACCOUNTS;
}

/* Whether it can be taken back, and was not already. */
static bool can_undo(const struct desk *desk, const char *id)
{
	const struct invite *invite;

	if (desk->removed != NULL && records_by_id(desk->removed, id) != NULL)
		return true;
	invite = desk->invites != NULL ? records_by_id(desk->invites, id) : NULL;
	return invite != NULL && invite->revoked != 0 && invite->expires > desk->visit->now;
}

static void put_notice(struct desk_view *view, const char *key, const char *whom,
	const char *action, const char *id, const char *part)
{
	const struct page_value names[] = {{.name = "whom", .text = whom}, {0}};
	const struct page_value notice[] = {
		{.name = "text", .text = NULL},
		{.name = "do", .text = action},
		{.name = "id", .text = id},
	};

	view->sentence = BUFFER_INIT(4096);
	lang_format(view->lang, key, names, &view->sentence);
	memcpy(view->notice, notice, sizeof notice);
	view->notice[0].text = view->sentence.data;
	view->notices[0] = view->notice;
	values_put_rows(&view->values, part, view->notices);
}

void desk_put_done(struct desk_view *view)
{
	const struct desk *desk = view->desk;
	const char *id = desk->find.whom;

	if (desk->action != DESK_SHOW || desk->find.done == NULL)
		return;
	for (unsigned i = 0; i < DESK_ACTIONS; i++) {
		static const char *const parts[] = {
			"done_accounts", "done_invitations", "done_rooms"};
		const struct desk_done *done = &desk_dones[i];
		const char *whom;

		if (done->word == NULL || strcmp(done->word, desk->find.done) != 0)
			continue;
		whom = id != NULL ? name_of(desk, list_of(done), id) : NULL;
		if ((whom == NULL && i != DESK_END_ROOM) ||
			(done->undo != NULL && !can_undo(desk, id)))
			continue;
		for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
			if (strcmp(parts[j] + strlen("done_"), done->anchor) == 0)
				put_notice(view, done->sentence, whom, done->undo, id, parts[j]);
	}
}

void desk_put_question(struct desk_view *view)
{
	const struct desk *desk = view->desk;
	const struct desk_done *done = &desk_dones[desk->action];
	bool is_room = desk->action == DESK_END_ROOM;
	const char *id = is_room ? desk->texts[0] : desk->id;

	buffer_printf(&view->here, "#%s", done->anchor);
	put_notice(view, done->question, is_room ? id : name_of(desk, list_of(done), id),
		done->action, id, "sure");
	view->notice[3] = (struct page_value){.name = "name", .text = is_room ? "room" : "id"};
	view->notice[4] = (struct page_value){
		.name = "explain", .text = lang_text(view->lang, done->explanation)};
	view->notice[5] =
		(struct page_value){.name = "label", .text = lang_text(view->lang, done->button)};
}

/* SPDX-License-Identifier: MIT
 *
 * The page of the guest desk: the forms, the lists, and what is said about them.
 */
#include "desk/page.h"

#include "visit/ticket.h"

/* ---- the forms ---- */

/* Returns the account for the form: the one to edit, or the input that could not be saved. */
static const struct account *find_edited(const struct desk_view *view)
{
	const struct desk *desk = view->desk;
	const char *id = NULL;

	if (desk->accounts == NULL)
		return NULL;
	if (desk->fault != NULL && desk->action == DESK_PUT_ACCOUNT)
		id = desk->id;
	else if (desk->fault == NULL)
		id = desk->find.edit;
	return id != NULL ? records_by_id(desk->accounts, id) : NULL;
}

static void put_typed_account(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	values_put(&view->values, "edit_name", desk->name);
	values_put(&view->values, "edit_display", desk->display);
	values_put(&view->values, "edit_email", desk->email);
	values_put(&view->values, "edit_meetings", desk->meetings);
	values_put(&view->values, "edit_expires", desk->expires);
	values_put(&view->values, "edit_renew", desk->renew[0] != '\0' ? "1" : NULL);
}

static void put_stored_account(struct desk_view *view, const struct account *account)
{
	view->meetings = desk_join_meetings(account);
	desk_show_time(account->expires, 'T', view->expires);
	values_put(&view->values, "edit_name", account->name);
	values_put(&view->values, "edit_display", account->display);
	values_put(&view->values, "edit_email", account->email);
	values_put(&view->values, "edit_meetings", view->meetings);
	values_put(&view->values, "edit_expires", view->expires);
}

/* Fills in the form. If the account was removed in the meantime, the input is for a new one. */
static void put_account_form(struct desk_view *view)
{
	const struct desk *desk = view->desk;
	const struct account *account = find_edited(view);

	if (account != NULL) {
		accounts_digest(account, view->digest);
		values_put(&view->values, "edit_id", account->id);
		values_put(&view->values, "edit_seen", view->digest);
		values_put(&view->values, "editing", account->name);
		values_put(&view->values, "focus_edit", desk->fault == NULL ? "1" : NULL);
	} else {
		values_put(&view->values, "adding", "1");
	}
	if (desk->fault != NULL && desk->action == DESK_PUT_ACCOUNT)
		put_typed_account(view);
	else if (account != NULL)
		put_stored_account(view, account);
}

/* Fills in the form with the input that could not be saved; after an invitation with what the next
 * guest's is likely to have, too. */
static void put_invitation_form(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	if (desk->action != DESK_ADD_INVITATION || (desk->fault == NULL && !desk->done))
		return;
	if (!desk->done) {
		values_put(&view->values, "new_name", desk->name);
		values_put(&view->values, "new_email", desk->email);
	}
	values_put(&view->values, "new_meeting", desk->meetings);
	values_put(&view->values, "new_token", desk->meeting_token);
	values_put(&view->values, "new_title", desk->title);
	values_put(&view->values, "new_expires", desk->expires);
}

/* Fills in the form for several guests with the input, or with the outcome of each line. */
static void put_several(struct desk_view *view, const struct lang *lang)
{
	const struct desk *desk = view->desk;
	const struct several *several = desk->several;
	bool all = true;

	if (desk->fault != NULL && desk->action == DESK_INVITE_SEVERAL) {
		values_put(&view->values, "several_meeting", desk->meetings);
		values_put(&view->values, "several_title", desk->title);
		values_put(&view->values, "several_lines", desk->lines);
		values_put(&view->values, "several_expires", desk->expires);
		return;
	}
	for (size_t i = 0; several != NULL && i < several->count; i++) {
		const struct several_line *line = &several->lines[i];
		struct several_row *row = &view->outcomes[i];
		bool ok = line->outcome >= SEVERAL_ADDED;

		if (line->outcome == SEVERAL_INVITED)
			desk_make_link(desk->visit, several->tokens[line->index], &row->link);
		row->cells[0] = (struct page_value){.name = "name", .text = line->text};
		row->cells[1] = (struct page_value){.name = ok ? "good" : "bad",
			.text = lang_text(lang, several_sentence(line->outcome))};
		row->cells[2] = (struct page_value){.name = "link", .text = row->link.data};
		view->outcome_list[i] = row->cells;
		all &= ok;
	}
	values_put_rows(&view->values, "outcomes", view->outcome_list);
	values_put(&view->values, "several", several != NULL ? desk->account.meetings[0] : NULL);
	values_put(&view->values, all ? "all" : "some", several != NULL ? "1" : NULL);
}

/* Shows the password that was made for an account. */
static void put_password(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	if (!desk->done || desk->password[0] == '\0')
		return;
	values_put(&view->values, "made", desk->password);
	values_put(&view->values, "guest", desk->record.name);
}

/* ---- the page ---- */

static void put_find(struct desk_view *view)
{
	const struct desk_find *find = &view->desk->find;
	struct values *values = &view->values;

	values_put(values, "q", find->text);
	values_put(values, "state_active", find->state == DESK_STATE_ACTIVE ? "1" : NULL);
	values_put(values, "state_ended", find->state == DESK_STATE_ENDED ? "1" : NULL);
	values_put(values, "sort_name", find->sort == DESK_SORT_NAME ? "1" : NULL);
	values_put(values, "sort_expires", find->sort == DESK_SORT_EXPIRES ? "1" : NULL);
	values_put(values, "found",
		find->text[0] != '\0' || find->state != DESK_STATE_ALL ? "1" : NULL);
}

static void put_list(struct desk_view *view, enum desk_which which)
{
	static const struct {
		const char *has, *listed, *none, *rows, *turn;
	} names[DESK_LISTS] = {
		{"has_invitations", "listed_invitations", "none_invitations", "invitations",
			"turn_invitations"},
		{"has_accounts", "listed_accounts", "none_accounts", "accounts", "turn_accounts"},
	};
	const struct desk *desk = view->desk;
	struct desk_table *table = &view->tables[which];

	values_put(&view->values, names[which].has, "1");
	desk_table_fill(desk, table, which);
	values_put(&view->values, names[which].listed, table->count > 0 ? "1" : NULL);
	values_put(&view->values, names[which].none,
		table->count == 0 && desk->lists[which].all > 0 ? "1" : NULL);
	values_put_rows(&view->values, names[which].rows, table->list);
	values_put_rows(&view->values, names[which].turn, table->turns);
}

static void put_rooms(struct desk_view *view)
{
	desk_room_list(view->desk, &view->rooms);
	for (size_t i = 0; i < view->rooms.count; i++)
		desk_show_time(view->rooms.list[i].ends, ' ', view->rooms.list[i].until);
	values_put(&view->values, "has_rooms", view->rooms.count > 0 ? "1" : NULL);
	values_put_rows(&view->values, "rooms", view->rooms.rows);
}

static void put_recent(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	for (size_t i = 0; i < desk->recent_count; i++) {
		view->recent[i][0] =
			(struct page_value){.name = "meeting", .text = desk->recent[i]};
		view->recent_list[i] = view->recent[i];
	}
	values_put_rows(&view->values, "recent", view->recent_list);
}

/* The forms and the lists. */
static void put_desk(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	values_put(&view->values, "at_desk", "1");
	if (desk->invites != NULL)
		put_list(view, DESK_INVITATIONS);
	if (desk->accounts != NULL)
		put_list(view, DESK_ACCOUNTS);
	put_find(view);
	put_rooms(view);
	put_recent(view);
	put_account_form(view);
	put_invitation_form(view);
	desk_put_done(view);
}

static void show(struct desk_view *view)
{
	const struct desk *desk = view->desk;
	struct visit *visit = desk->visit;
	struct values *values = &view->values;

	values_put_common(values, visit, view->lang);
	values_put(values, "action", visit->service->desk_url);
	values_put(values, "logout", visit->service->logout_url);
	values_put(values, "ticket", view->ticket.data);
	values_put(values, "account", values_account(visit));
	desk_find_write(&desk->find, DESK_LISTS, 0, &view->back);
	buffer_text(&view->here, visit->service->desk_url);
	buffer_text(&view->here, view->back.data != NULL ? view->back.data : "");
	values_put(values, "back", view->back.data != NULL ? view->back.data + 1 : NULL);
	if (desk->asks)
		desk_put_question(view);
	desk_put_fault(view);
	put_several(view, view->lang);
	if (!desk->asks && (desk->several == NULL || desk->fault != NULL))
		put_desk(view);
	desk_put_link(view);
	put_password(view);
	values_put(values, "here", view->here.data);
	values_answer(visit, PAGE_DESK, desk->fault != NULL ? 400 : 200,
		visit->service->page_policy, view->lang, values);
}

static void free_view(struct desk_view *view)
{
	for (unsigned i = 0; i < DESK_LISTS; i++)
		desk_table_release(&view->tables[i]);
	desk_room_release(&view->rooms);
	free(view->meetings);
	buffer_wipe(&view->ticket);
	buffer_wipe(&view->link);
	buffer_wipe(&view->letter);
	buffer_wipe(&view->calendar);
	buffer_wipe(&view->qr);
	buffer_release(&view->back);
	buffer_release(&view->here);
	buffer_release(&view->sentence);
	for (size_t i = 0; i < SEVERAL_MAX; i++)
		buffer_wipe(&view->outcomes[i].link);
	free(view);
}

int desk_page(struct desk *desk)
{
	struct visit *visit = desk->visit;
	struct desk_view *view = calloc(1, sizeof *view);
	int rc;

	if (view == NULL)
		return -1;
	view->desk = desk;
	view->lang = values_language(visit);
	view->ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	view->back = BUFFER_INIT(4096);
	view->here = BUFFER_INIT(8192);
	rc = visit_seal_ticket(visit, TICKET_DESK, &view->ticket);
	if (rc == 0)
		show(view);
	free_view(view);
	return rc;
}

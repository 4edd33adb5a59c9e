/* SPDX-License-Identifier: MIT
 *
 * The page of the guest desk: the forms, and two lists, newest first, of as many rows as fit.
 */
#include "desk/desk.h"

#include "base/text.h"
#include "desk/joined.h"
#include "desk/room.h"
#include "desk/several.h"
#include "view/values.h"
#include "visit/ticket.h"

enum {
	ROOM_MAX = 80 * 1024, /* bytes of a list, so that the page fits (RESPONSE_BODY_MAX) */
	ROW_ROOM = 1280,      /* bytes of a row besides its values */
	ENTITY_SIZE = 6,      /* bytes of HTML for one special character */
	CELLS = 11,
};

/* A row: its values, and the texts that they point to. */
struct row {
	struct page_value cells[CELLS + 1];
	size_t count;
	char joined[DESK_TIME_SIZE], expires[DESK_TIME_SIZE];
	char *meetings, *edit;
};

struct table {
	struct row rows[DESK_SHOWN_MAX];
	const struct page_value *list[DESK_SHOWN_MAX + 1];
	size_t count, room;
	struct page_value turn[6]; /* which rows these are, and the ways to others */
	const struct page_value *turns[2];
	char first[24], last[24], all[24];
	struct buffer newer, older;
};

/* Everything for the page. */
struct view {
	const struct desk *desk;
	const struct lang *lang;
	struct table tables[DESK_LISTS];
	struct desk_rooms rooms;
	char expires[DESK_TIME_SIZE], digest[DIGEST_SIZE], *meetings;
	struct buffer ticket, link, letter, back, here; /* here: the page's address */
	/* What was done, or the question whether to do it. */
	struct page_value notice[7];
	const struct page_value *notices[2];
	struct buffer sentence;
	struct several_row {
		struct page_value cells[4];
		struct buffer link;
	} outcomes[SEVERAL_MAX];
	const struct page_value *outcome_list[SEVERAL_MAX + 1];
	struct values values;
};

static void cell(struct row *row, const char *name, const char *text)
{
	if (row->count < CELLS)
		row->cells[row->count++] = (struct page_value){.name = name, .text = text};
}

void desk_show_time(int64_t seconds, char between, char text[DESK_TIME_SIZE])
{
	char whole[TEXT_TIME_SIZE];

	if (seconds <= 0)
		return;
	snprintf(text, DESK_TIME_SIZE, "%.16s", text_from_time(seconds, whole));
	if (text[10] == 'T')
		text[10] = between;
}

/* Writes when the guest last joined a meeting; nothing if never or if the state was lost. */
static void show_joined(const struct desk *desk, const struct section *backend, const char *prefix,
	const char *id, char text[DESK_TIME_SIZE])
{
	char subject[IDENTITY_SUBJECT_MAX + 1];

	snprintf(subject, sizeof subject, "%s%s", prefix, id);
	desk_show_time(joined_at(desk->visit, section_title(backend), subject), ' ', text);
}

/* ---- the lists ---- */

static char *join_meetings(const struct account *account)
{
	struct buffer text = BUFFER_INIT(ACCOUNT_MEETINGS_MAX * (IDENTITY_MEETING_MAX + 2));

	for (size_t i = 0; i < account->meeting_count; i++) {
		buffer_text(&text, i > 0 ? ", " : "");
		buffer_text(&text, account->meetings[i]);
	}
	return text.data;
}

static struct row *begin_row(struct table *table)
{
	struct row *row = &table->rows[table->count];

	table->list[table->count++] = row->cells;
	return row;
}

/* At most; some characters need less. */
static size_t escaped_length(const char *text)
{
	size_t length = strlen(text);

	for (; *(text += strcspn(text, "&<>\"'")) != '\0'; text++)
		length += ENTITY_SIZE - 1;
	return length;
}

static void end_row(struct table *table, const struct row *row)
{
	table->room += ROW_ROOM;
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i].text != NULL)
			table->room += escaped_length(row->cells[i].text);
}

/* Returns how the list calls a host: by name, or by the name that they sign in with. A subject that
 * a provider made up is not shown. */
static const char *host_name(const struct visit *visit, const char *by, const char *name)
{
	const char *slash = strchr(by, '/');
	char *title = slash != NULL ? strndup(by, (size_t)(slash - by)) : NULL;
	const struct service_backend *backend =
		title != NULL ? service_backend(visit->service, title) : NULL;
	bool shown = backend != NULL && auth_kind(backend->driver) != AUTH_REDIRECT;

	free(title);
	if (name[0] != '\0')
		return name;
	return shown ? slash + 1 : "";
}

/* What both lists show about a guest. */
struct listed {
	const struct section *backend;
	const char *prefix; /* of the guest's subject */
	const char *id, *name, *display, *email, *by;
	int64_t expires;
	bool active;
};

/* Adds a row. Takes ownership of `meetings` and `edit`. */
static void add_row(const struct desk *desk, struct table *table, const struct listed *guest,
	char *meetings, char *edit)
{
	struct row *row = begin_row(table);

	row->meetings = meetings;
	row->edit = edit;
	desk_show_time(guest->expires, ' ', row->expires);
	show_joined(desk, guest->backend, guest->prefix, guest->id, row->joined);
	cell(row, "id", guest->id);
	cell(row, "name", guest->name);
	cell(row, "display", guest->display);
	cell(row, "email", guest->email);
	cell(row, "meetings", row->meetings);
	cell(row, "expires", row->expires);
	cell(row, "joined", row->joined);
	cell(row, "by", guest->by);
	cell(row, "edit", row->edit);
	cell(row, "active", guest->active ? "1" : NULL);
	cell(row, "ended", guest->active ? NULL : "1");
	end_row(table, row);
}

/* Returns the address that has the account in the form, which the caller frees. */
static char *edit_address(const struct desk *desk, const char *id)
{
	struct buffer url = BUFFER_INIT(8192);
	size_t start;

	buffer_text(&url, desk->visit->service->desk_url);
	start = url.length;
	desk_find_write(&desk->find, DESK_LISTS, 0, &url);
	buffer_printf(&url, "%sedit=%s#edit", url.length == start ? "?" : "&", id);
	return url.data;
}

static void add_account(const struct desk *desk, struct table *table, const void *record)
{
	const struct account *account = record;

	add_row(desk, table,
		&(struct listed){desk->visit->service->settings->desk.accounts, ACCOUNT_SUBJECT,
			account->id, account->name, account->display, account->email,
			host_name(desk->visit, account->by, account->by_name), account->expires,
			records_is_active(&accounts_type, account, desk->visit->now)},
		join_meetings(account), edit_address(desk, account->id));
}

static void add_invite(const struct desk *desk, struct table *table, const void *record)
{
	const struct invite *invite = record;
	char *meeting;

	if (asprintf(&meeting, "%s/%s", invite->platform, invite->meeting) < 0)
		meeting = NULL;
	add_row(desk, table,
		&(struct listed){desk->visit->service->settings->desk.invitations, INVITE_SUBJECT,
			invite->id, invite->name, "", invite->email,
			host_name(desk->visit, invite->by, invite->host), invite->expires,
			records_is_active(&invites_type, invite, desk->visit->now)},
		meeting, NULL);
}

static bool is_full(const struct table *table)
{
	return table->count == DESK_SHOWN_MAX || table->room > ROOM_MAX;
}

static void put_turn(const struct desk *desk, struct table *table, enum desk_which which)
{
	static const char *const anchors[DESK_LISTS] = {"#invitations", "#accounts"};
	const struct desk_list *list = &desk->lists[which];
	size_t next = list->from + table->count,
	       before = list->from > DESK_SHOWN_MAX ? list->from - DESK_SHOWN_MAX : 0;

	snprintf(table->first, sizeof table->first, "%zu", list->from + 1);
	snprintf(table->last, sizeof table->last, "%zu", next);
	snprintf(table->all, sizeof table->all, "%zu", list->count);
	table->newer = table->older = BUFFER_INIT(8192);
	if (list->from > 0) {
		buffer_text(&table->newer, desk->visit->service->desk_url);
		desk_find_write(&desk->find, which, before, &table->newer);
		buffer_text(&table->newer, anchors[which]);
	}
	if (next < list->count) {
		buffer_text(&table->older, desk->visit->service->desk_url);
		desk_find_write(&desk->find, which, next, &table->older);
		buffer_text(&table->older, anchors[which]);
	}
	const struct page_value turn[] = {
		{.name = "first", .text = table->first},
		{.name = "last", .text = table->last},
		{.name = "count", .text = table->all},
		{.name = "newer", .text = table->newer.data},
		{.name = "older", .text = table->older.data},
	};

	memcpy(table->turn, turn, sizeof turn);
	table->turns[0] = list->count > 0 ? table->turn : NULL;
}

static void fill_table(const struct desk *desk, struct table *table, enum desk_which which)
{
	const struct desk_list *list = &desk->lists[which];

	for (size_t i = list->from; i < list->count && !is_full(table); i++)
		(which == DESK_ACCOUNTS ? add_account : add_invite)(desk, table, list->records[i]);
	put_turn(desk, table, which);
}

static void release_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].meetings);
		free(table->rows[i].edit);
	}
	buffer_release(&table->newer);
	buffer_release(&table->older);
}

/* ---- the forms ---- */

/* Returns the account for the form: the one to edit, or the input that could not be saved. */
static const struct account *find_edited(const struct view *view)
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

static void put_typed_account(struct view *view)
{
	const struct desk *desk = view->desk;

	values_put(&view->values, "edit_name", desk->name);
	values_put(&view->values, "edit_display", desk->display);
	values_put(&view->values, "edit_email", desk->email);
	values_put(&view->values, "edit_meetings", desk->meetings);
	values_put(&view->values, "edit_expires", desk->expires);
}

static void put_stored_account(struct view *view, const struct account *account)
{
	view->meetings = join_meetings(account);
	desk_show_time(account->expires, 'T', view->expires);
	values_put(&view->values, "edit_name", account->name);
	values_put(&view->values, "edit_display", account->display);
	values_put(&view->values, "edit_email", account->email);
	values_put(&view->values, "edit_meetings", view->meetings);
	values_put(&view->values, "edit_expires", view->expires);
}

/* Fills in the form. If the account was removed in the meantime, the input is for a new one. */
static void put_account_form(struct view *view)
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
static void put_invitation_form(struct view *view)
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
	values_put(&view->values, "new_expires", desk->expires);
}

static void append_link(const struct visit *visit, const char *token, struct buffer *link)
{
	*link = BUFFER_INIT(4096);
	buffer_text(link, visit->service->invite_url);
	buffer_text(link, "?token=");
	buffer_text(link, token);
}

/* Fills in the form for several guests with the input, or with the outcome of each line. */
static void put_several(struct view *view, const struct lang *lang)
{
	const struct desk *desk = view->desk;
	const struct several *several = desk->several;
	bool all = true;

	if (desk->fault != NULL && desk->action == DESK_INVITE_SEVERAL) {
		values_put(&view->values, "several_meeting", desk->meetings);
		values_put(&view->values, "several_lines", desk->lines);
		values_put(&view->values, "several_expires", desk->expires);
		return;
	}
	for (size_t i = 0; several != NULL && i < several->count; i++) {
		const struct several_line *line = &several->lines[i];
		struct several_row *row = &view->outcomes[i];
		bool ok = line->outcome >= SEVERAL_ADDED;

		if (line->outcome == SEVERAL_INVITED)
			append_link(desk->visit, several->tokens[line->index], &row->link);
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

static void append_sentence(
	struct buffer *url, const struct lang *lang, const char *key, const struct values *values)
{
	struct buffer text = BUFFER_INIT(4096);

	if (lang_format(lang, key, values->list, &text) == 0 && text.data != NULL)
		buffer_percent(url, text.data);
	buffer_release(&text);
}

/* Makes the address that opens the host's own mail program with a letter to the guest (RFC 6068).
 */
static void make_letter(struct view *view)
{
	struct buffer *url = &view->letter;

	*url = BUFFER_INIT(8192);
	buffer_text(url, "mailto:");
	buffer_percent(url, view->desk->email);
	buffer_text(url, "?subject=");
	append_sentence(url, view->lang, "desk.letter.subject", &view->values);
	buffer_text(url, "&body=");
	append_sentence(url, view->lang, "desk.letter.text", &view->values);
	buffer_text(url, "%0D%0A%0D%0A");
	buffer_percent(url, view->link.data != NULL ? view->link.data : "");
	buffer_text(url, "%0D%0A");
}

static void put_link(struct view *view)
{
	const struct desk *desk = view->desk;

	if (desk->token[0] == '\0')
		return;
	append_link(desk->visit, desk->token, &view->link);
	values_put(&view->values, "link", view->link.data);
	values_put(&view->values, "guest", desk->invite.name);
	make_letter(view);
	values_put(&view->values, "letter", view->letter.failed ? NULL : view->letter.data);
}

/* ---- faults ---- */

/* Says what is wrong in the form that has it, and marks the field. */
static void put_fault(struct view *view)
{
	static const struct {
		const char *fault, *field;
	} fields[] = {
		{"desk.fault.name", "bad_name"},
		{"desk.fault.taken", "bad_name"},
		{"desk.fault.display", "bad_display"},
		{"desk.fault.email", "bad_email"},
		{"desk.fault.password", "bad_password"},
		{"desk.fault.expires", "bad_expires"},
		{"desk.fault.past", "bad_expires"},
		{"desk.fault.meeting", "bad_meetings"},
		{"desk.fault.meetings", "bad_meetings"},
		{"desk.fault.way", "bad_meetings"},
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

/* Returns how the lists call somebody, or NULL. */
static const char *name_of(const struct desk *desk, const char *id)
{
	const struct account *account = NULL;
	const struct invite *invite = NULL;

	if (desk->accounts != NULL)
		account = records_by_id(desk->accounts, id);
	if (account == NULL && desk->removed != NULL)
		account = records_by_id(desk->removed, id);
	if (account != NULL)
		return account->display[0] != '\0' ? account->display : account->name;
	if (desk->invites != NULL)
		invite = records_by_id(desk->invites, id);
	return invite != NULL ? invite->name : NULL;
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

static void put_notice(struct view *view, const char *key, const char *whom, const char *action,
	const char *id, const char *part)
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

static void put_done(struct view *view)
{
	static const char *const parts[] = {"done_accounts", "done_invitations", "done_rooms"};
	const struct desk *desk = view->desk;
	const char *whom = NULL;

	if (desk->action != DESK_SHOW || desk->find.done == NULL)
		return;
	if (desk->find.whom != NULL)
		whom = name_of(desk, desk->find.whom);
	for (unsigned i = 0; i < DESK_ACTIONS; i++) {
		const struct desk_done *done = &desk_dones[i];
		bool undo = done->undo != NULL && whom != NULL && can_undo(desk, desk->find.whom);

		if (done->word == NULL || strcmp(done->word, desk->find.done) != 0 ||
			(whom == NULL && i != DESK_END_ROOM) || (done->undo != NULL && !undo))
			continue;
		for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
			if (strcmp(parts[j] + strlen("done_"), done->anchor) == 0)
				put_notice(view, done->sentence, whom, done->undo, desk->find.whom,
					parts[j]);
	}
}

static void put_question(struct view *view)
{
	const struct desk *desk = view->desk;
	const struct desk_done *done = &desk_dones[desk->action];
	bool is_room = desk->action == DESK_END_ROOM;
	const char *id = is_room ? desk->texts[0] : desk->id;

	buffer_printf(&view->here, "#%s", done->anchor);
	put_notice(
		view, done->question, is_room ? id : name_of(desk, id), done->action, id, "sure");
	view->notice[3] = (struct page_value){.name = "name", .text = is_room ? "room" : "id"};
	view->notice[4] = (struct page_value){
		.name = "explain", .text = lang_text(view->lang, done->explanation)};
	view->notice[5] =
		(struct page_value){.name = "label", .text = lang_text(view->lang, done->button)};
}

/* ---- the page ---- */

static void put_find(struct view *view)
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

static void put_list(struct view *view, enum desk_which which)
{
	static const struct {
		const char *has, *listed, *none, *rows, *turn;
	} names[DESK_LISTS] = {
		{"has_invitations", "listed_invitations", "none_invitations", "invitations",
			"turn_invitations"},
		{"has_accounts", "listed_accounts", "none_accounts", "accounts", "turn_accounts"},
	};
	const struct desk *desk = view->desk;
	struct table *table = &view->tables[which];

	values_put(&view->values, names[which].has, "1");
	fill_table(desk, table, which);
	values_put(&view->values, names[which].listed, table->count > 0 ? "1" : NULL);
	values_put(&view->values, names[which].none,
		table->count == 0 && desk->lists[which].all > 0 ? "1" : NULL);
	values_put_rows(&view->values, names[which].rows, table->list);
	values_put_rows(&view->values, names[which].turn, table->turns);
}

static void put_rooms(struct view *view)
{
	desk_room_list(view->desk, &view->rooms);
	for (size_t i = 0; i < view->rooms.count; i++)
		desk_show_time(view->rooms.list[i].ends, ' ', view->rooms.list[i].until);
	values_put(&view->values, "has_rooms", view->rooms.count > 0 ? "1" : NULL);
	values_put_rows(&view->values, "rooms", view->rooms.rows);
}

/* The forms and the lists. */
static void put_desk(struct view *view)
{
	const struct desk *desk = view->desk;

	values_put(&view->values, "at_desk", "1");
	if (desk->invites != NULL)
		put_list(view, DESK_INVITATIONS);
	if (desk->accounts != NULL)
		put_list(view, DESK_ACCOUNTS);
	put_find(view);
	put_rooms(view);
	put_account_form(view);
	put_invitation_form(view);
	put_done(view);
}

static void show(struct view *view)
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
		put_question(view);
	put_fault(view);
	put_several(view, view->lang);
	if (!desk->asks && (desk->several == NULL || desk->fault != NULL))
		put_desk(view);
	put_link(view);
	values_put(values, "here", view->here.data);
	values_answer(visit, PAGE_DESK, desk->fault != NULL ? 400 : 200,
		visit->service->page_policy, view->lang, values);
}

static void free_view(struct view *view)
{
	for (unsigned i = 0; i < DESK_LISTS; i++)
		release_table(&view->tables[i]);
	desk_room_release(&view->rooms);
	free(view->meetings);
	buffer_wipe(&view->ticket);
	buffer_wipe(&view->link);
	buffer_wipe(&view->letter);
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
	struct view *view = calloc(1, sizeof *view);
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

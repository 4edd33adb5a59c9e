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
	SHOWN_MAX = 50,	      /* rows of a list; a link leads to more */
	ROOM_MAX = 60 * 1024, /* bytes of a list, so that the page fits (RESPONSE_BODY_MAX) */
	ROW_ROOM = 1024,      /* bytes of a row besides its values */
	ESCAPED_MAX = 6,      /* bytes of HTML for one byte of text */
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
	struct row rows[SHOWN_MAX];
	const struct page_value *list[SHOWN_MAX + 1];
	size_t count, room;
	size_t from; /* how many newer rows the page leaves out */
	char more[40];
};

/* Everything for the page. */
struct view {
	const struct desk *desk;
	struct table accounts, invites;
	struct desk_rooms rooms;
	struct params *query;
	char expires[DESK_TIME_SIZE], digest[DIGEST_SIZE], *meetings;
	struct buffer ticket, link;
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

static void end_row(struct table *table, const struct row *row)
{
	table->room += ROW_ROOM;
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i].text != NULL)
			table->room += ESCAPED_MAX * strlen(row->cells[i].text);
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

static void add_account(const struct desk *desk, struct table *table, const void *record)
{
	const struct account *account = record;
	const struct service *service = desk->visit->service;
	char *edit;

	if (asprintf(&edit, "%s?edit=%s", service->desk_url, account->id) < 0)
		edit = NULL;
	add_row(desk, table,
		&(struct listed){service->settings->desk.accounts, ACCOUNT_SUBJECT, account->id,
			account->name, account->display, account->email,
			host_name(desk->visit, account->by, account->by_name), account->expires,
			records_is_active(&accounts_type, account, desk->visit->now)},
		join_meetings(account), edit);
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
	return table->count == SHOWN_MAX || table->room > ROOM_MAX;
}

static void fill_table(const struct desk *desk, struct table *table, const struct records *records,
	void (*add)(const struct desk *desk, struct table *table, const void *record),
	const char *parameter)
{
	size_t all = 0;

	while (records_at(records, all) != NULL)
		all++;
	while (table->from + table->count < all && !is_full(table))
		add(desk, table, records_at(records, all - 1 - table->from - table->count));
	if (table->from + table->count < all)
		snprintf(table->more, sizeof table->more, "?%s=%zu", parameter,
			table->from + table->count);
}

static void release_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].meetings);
		free(table->rows[i].edit);
	}
}

/* ---- the forms ---- */

/* Parses the number of the first row to show. */
static size_t read_from(const struct params *query, const char *name)
{
	const char *text = NULL;
	int64_t number = 0;

	if (query != NULL && params_get(query, name, &text) == PARAM_ONCE &&
		text_to_number(text, 0, 1000000, &number) == 0)
		return (size_t)number;
	return 0;
}

/* Returns the account for the form: the one to edit, or the input that could not be saved. */
static const struct account *find_edited(const struct view *view)
{
	const struct desk *desk = view->desk;
	const char *id = NULL;

	if (desk->accounts == NULL)
		return NULL;
	if (desk->fault != NULL && desk->action == DESK_PUT_ACCOUNT)
		id = desk->id;
	else if (desk->fault != NULL || view->query == NULL ||
		 params_get(view->query, "edit", &id) != PARAM_ONCE)
		return NULL;
	return records_by_id(desk->accounts, id);
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
	} else {
		values_put(&view->values, "adding", "1");
	}
	if (desk->fault != NULL && desk->action == DESK_PUT_ACCOUNT)
		put_typed_account(view);
	else if (account != NULL)
		put_stored_account(view, account);
}

static void put_invitation_form(struct view *view)
{
	const struct desk *desk = view->desk;

	if (desk->fault == NULL || desk->action != DESK_ADD_INVITATION)
		return;
	values_put(&view->values, "new_name", desk->name);
	values_put(&view->values, "new_email", desk->email);
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

static void put_link(struct view *view)
{
	const struct desk *desk = view->desk;

	if (desk->token[0] == '\0')
		return;
	append_link(desk->visit, desk->token, &view->link);
	values_put(&view->values, "link", view->link.data);
	values_put(&view->values, "guest", desk->invite.name);
}

/* ---- the page ---- */

static void put_lists(struct view *view)
{
	const struct desk *desk = view->desk;

	if (desk->accounts != NULL) {
		view->accounts.from = read_from(view->query, "accounts");
		fill_table(desk, &view->accounts, desk->accounts, add_account, "accounts");
		values_put(&view->values, "has_accounts", "1");
		values_put(&view->values, "listed_accounts", view->accounts.count > 0 ? "1" : NULL);
		values_put_rows(&view->values, "accounts", view->accounts.list);
		values_put(&view->values, "more_accounts", view->accounts.more);
	}
	if (desk->invites != NULL) {
		view->invites.from = read_from(view->query, "invitations");
		fill_table(desk, &view->invites, desk->invites, add_invite, "invitations");
		values_put(&view->values, "has_invitations", "1");
		values_put(
			&view->values, "listed_invitations", view->invites.count > 0 ? "1" : NULL);
		values_put_rows(&view->values, "invitations", view->invites.list);
		values_put(&view->values, "more_invitations", view->invites.more);
	}
}

static void show(struct view *view)
{
	const struct desk *desk = view->desk;
	struct visit *visit = desk->visit;
	const struct lang *lang = values_language(visit);
	struct values *values = &view->values;

	values_put_common(values, visit, lang);
	values_put(values, "action", visit->service->desk_url);
	values_put(values, "logout", visit->service->logout_url);
	values_put(values, "ticket", view->ticket.data);
	values_put(values, "account", values_account(visit));
	values_put(values, "fault", desk->fault != NULL ? lang_text(lang, desk->fault) : NULL);
	put_several(view, lang);
	values_put(values, "at_desk", desk->several == NULL || desk->fault != NULL ? "1" : NULL);
	put_lists(view);
	desk_room_list(visit, &view->rooms);
	for (size_t i = 0; i < view->rooms.count; i++)
		desk_show_time(view->rooms.list[i].ends, ' ', view->rooms.list[i].until);
	values_put(values, "has_rooms", view->rooms.count > 0 ? "1" : NULL);
	values_put_rows(values, "rooms", view->rooms.rows);
	put_account_form(view);
	put_invitation_form(view);
	put_link(view);
	values_answer(visit, PAGE_DESK, desk->fault != NULL ? 400 : 200,
		visit->service->page_policy, lang, values);
}

static void free_view(struct view *view)
{
	params_free(&view->query);
	release_table(&view->accounts);
	release_table(&view->invites);
	desk_room_release(&view->rooms);
	free(view->meetings);
	buffer_wipe(&view->ticket);
	buffer_wipe(&view->link);
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
	view->ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	view->query = params_parse(visit->request.query, strlen(visit->request.query));
	rc = visit_seal_ticket(visit, TICKET_DESK, &view->ticket);
	if (rc == 0)
		show(view);
	free_view(view);
	return rc;
}

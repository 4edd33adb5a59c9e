/* SPDX-License-Identifier: MIT
 *
 * The page of the guest desk: two lists with a form for each row, and the forms for new ones.
 */
#include "flow/desk.h"
#include "flow/pages.h"
#include "flow/values.h"

#include "base/text.h"

enum {
	SHOWN_MAX = 200, /* rows of a list; the page has a link to the next ones */
	CELLS = 12,
	HTML_TIME = sizeof "2026-12-31T18:00",
};

/* One row: values, and the texts that are made for it. */
struct row {
	struct page_value cells[CELLS + 1];
	size_t count;
	char joined[TEXT_TIME_SIZE], expires[TEXT_TIME_SIZE];
	char *meetings, *edit;
};

struct table {
	struct row rows[SHOWN_MAX];
	const struct page_value *list[SHOWN_MAX + 1];
	size_t count;
};

static void cell(struct row *row, const char *name, const char *text)
{
	if (row->count < CELLS)
		row->cells[row->count++] = (struct page_value){.name = name, .text = text};
}

static void show_time(char text[TEXT_TIME_SIZE], int64_t seconds)
{
	if (seconds > 0)
		text_from_time(seconds, text);
}

void desk_joined_key(
	const struct visit *visit, const struct identity *who, uint8_t key[STATE_KEY_SIZE])
{
	seal_hash(store_hash_key(visit->files->store), key, "joined", who->backend, who->subject,
		NULL);
}

/* When the guest last came into a meeting; nothing where never, and where the state was lost. */
static void show_joined(const struct desk *desk, const struct section *backend, const char *prefix,
	const char *id, char text[TEXT_TIME_SIZE])
{
	char subject[IDENTITY_SUBJECT_MAX + 1];
	struct identity who = {.backend = (char *)section_title(backend), .subject = subject};
	uint8_t key[STATE_KEY_SIZE];

	snprintf(subject, sizeof subject, "%s%s", prefix, id);
	desk_joined_key(desk->visit, &who, key);
	show_time(text, state_marked(desk->visit->station->state, key));
}

static char *join_meetings(const struct account *account)
{
	struct buffer text = BUFFER_INIT(ACCOUNT_MEETINGS_MAX * (IDENTITY_MEETING_MAX + 2));

	for (size_t i = 0; i < account->meeting_count; i++) {
		buffer_text(&text, i > 0 ? ", " : "");
		buffer_text(&text, account->meetings[i]);
	}
	return text.data;
}

static struct row *add_row(struct table *table)
{
	struct row *row = &table->rows[table->count];

	table->list[table->count++] = row->cells;
	return row;
}

static void add_account(const struct desk *desk, struct table *table, const struct account *account)
{
	const struct visit *visit = desk->visit;
	struct row *row = add_row(table);

	row->meetings = join_meetings(account);
	if (asprintf(&row->edit, "%s?edit=%s", visit->service->desk_url, account->id) < 0)
		row->edit = NULL;
	show_time(row->expires, account->expires);
	show_joined(desk, visit->service->settings->desk.accounts, ACCOUNT_SUBJECT, account->id,
		row->joined);
	cell(row, "id", account->id);
	cell(row, "name", account->name);
	cell(row, "display", account->display);
	cell(row, "email", account->email);
	cell(row, "meetings", row->meetings);
	cell(row, "expires", row->expires);
	cell(row, "joined", row->joined);
	cell(row, "by", account->by);
	cell(row, "edit", row->edit);
	cell(row, "ended", accounts_is_active(account, visit->now) ? NULL : "1");
}

static void add_invite(const struct desk *desk, struct table *table, const struct invite *invite)
{
	const struct visit *visit = desk->visit;
	struct row *row = add_row(table);

	if (asprintf(&row->meetings, "%s/%s", invite->platform, invite->meeting) < 0)
		row->meetings = NULL;
	show_time(row->expires, invite->expires);
	show_joined(desk, visit->service->settings->desk.invitations, INVITE_SUBJECT, invite->id,
		row->joined);
	cell(row, "id", invite->id);
	cell(row, "name", invite->name);
	cell(row, "email", invite->email);
	cell(row, "meetings", row->meetings);
	cell(row, "expires", row->expires);
	cell(row, "joined", row->joined);
	cell(row, "ended", invites_is_active(invite, visit->now) ? NULL : "1");
}

static void release_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].meetings);
		free(table->rows[i].edit);
	}
	free(table);
}

/* What the query asks for: which account is to be changed, and from which row on. */
struct asked {
	struct params *query;
	const char *edit;
	size_t from;
};

static void read_query(const struct visit *visit, struct asked *asked)
{
	const char *from = NULL;
	int64_t number = 0;

	asked->query = params_parse(visit->request.query, strlen(visit->request.query));
	if (asked->query == NULL)
		return;
	params_get(asked->query, "edit", &asked->edit);
	if (params_get(asked->query, "from", &from) == PARAM_ONCE &&
		text_to_number(from, 0, 1000000, &number) == 0)
		asked->from = (size_t)number;
}

/* Newest first. True when there are more than fit. */
static bool fill_accounts(const struct desk *desk, size_t from, struct table *table)
{
	size_t all = 0;

	while (accounts_at(desk->accounts, all) != NULL)
		all++;
	while (from < all && table->count < SHOWN_MAX)
		add_account(desk, table, accounts_at(desk->accounts, all - ++from));
	return from < all;
}

static bool fill_invites(const struct desk *desk, size_t from, struct table *table)
{
	size_t all = 0;

	while (invites_at(desk->invites, all) != NULL)
		all++;
	while (from < all && table->count < SHOWN_MAX)
		add_invite(desk, table, invites_at(desk->invites, all - ++from));
	return from < all;
}

/* What stands in the form for accounts: what was typed wrong, or an account that is to be changed.
 */
static void put_form(struct values *values, const struct desk *desk, const struct asked *asked,
	char *const *meetings, char expires[HTML_TIME])
{
	const struct account *account = NULL;
	char time[TEXT_TIME_SIZE];

	if (desk->fault != NULL && desk->action == DESK_PUT_ACCOUNT) {
		values_put(values, "edit_id", desk->id);
		values_put(values, "edit_name", desk->name);
		values_put(values, "edit_display", desk->display);
		values_put(values, "edit_email", desk->email);
		values_put(values, "edit_meetings", desk->meetings);
		values_put(values, "edit_expires", desk->expires);
		return;
	}
	if (asked->edit != NULL && desk->accounts != NULL)
		account = accounts_by_id(desk->accounts, asked->edit);
	if (account == NULL)
		return;
	if (account->expires != 0)
		snprintf(expires, HTML_TIME, "%.16s", text_from_time(account->expires, time));
	values_put(values, "edit_id", account->id);
	values_put(values, "edit_name", account->name);
	values_put(values, "edit_display", account->display);
	values_put(values, "edit_email", account->email);
	values_put(values, "edit_meetings", *meetings);
	values_put(values, "edit_expires", expires);
}

static void put_link(struct values *values, const struct desk *desk, struct buffer *link)
{
	if (desk->token[0] == '\0')
		return;
	buffer_text(link, desk->visit->service->invite_url);
	buffer_text(link, "?token=");
	buffer_text(link, desk->token);
	values_put(values, "link", link->data);
	values_put(values, "guest", desk->invite.name);
}

static int show(struct desk *desk, struct table *accounts, struct table *invites)
{
	struct visit *visit = desk->visit;
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct asked asked = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1), link = BUFFER_INIT(4096);
	char expires[HTML_TIME] = "", more[128] = "", *meetings = NULL;
	bool is_more = false;
	int rc = visit_seal_ticket(visit, TICKET_DESK, &ticket);

	read_query(visit, &asked);
	if (desk->accounts != NULL)
		is_more |= fill_accounts(desk, asked.from, accounts);
	if (desk->invites != NULL)
		is_more |= fill_invites(desk, asked.from, invites);
	if (asked.edit != NULL && desk->accounts != NULL &&
		accounts_by_id(desk->accounts, asked.edit) != NULL)
		meetings = join_meetings(accounts_by_id(desk->accounts, asked.edit));
	snprintf(more, sizeof more, "?from=%zu", asked.from + SHOWN_MAX);
	values_put_common(&values, visit, lang);
	values_put(&values, "action", visit->service->desk_url);
	values_put(&values, "ticket", ticket.data);
	values_put(&values, "account", visit->session.who.subject);
	values_put(&values, "fault", desk->fault != NULL ? lang_text(lang, desk->fault) : NULL);
	values_put(&values, "has_accounts", desk->accounts != NULL ? "1" : NULL);
	values_put(&values, "has_invitations", desk->invites != NULL ? "1" : NULL);
	values_put(&values, "more", is_more ? more : NULL);
	values_put_rows(&values, "accounts", accounts->list);
	values_put_rows(&values, "invitations", invites->list);
	put_form(&values, desk, &asked, &meetings, expires);
	put_link(&values, desk, &link);
	values_answer(visit, PAGE_DESK, desk->fault != NULL ? 400 : 200,
		visit->service->page_policy, lang, &values);
	params_free(&asked.query);
	free(meetings);
	buffer_wipe(&ticket);
	buffer_wipe(&link);
	return rc;
}

int desk_page(struct desk *desk)
{
	struct table *accounts = calloc(1, sizeof *accounts);
	struct table *invites = calloc(1, sizeof *invites);
	int rc = -1;

	if (accounts != NULL && invites != NULL)
		rc = show(desk, accounts, invites);
	if (accounts != NULL)
		release_table(accounts);
	if (invites != NULL)
		release_table(invites);
	return rc;
}

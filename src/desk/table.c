/* SPDX-License-Identifier: MIT
 *
 * The two lists of the guest desk, each with as many rows as fit the page.
 */
#include "desk/page.h"

#include "base/text.h"
#include "desk/joined.h"

enum {
	ROOM_MAX = 80 * 1024, /* bytes of a list, so that the page fits (RESPONSE_BODY_MAX) */
	ROW_ROOM = 1280,      /* bytes of a row besides its values */
	ENTITY_SIZE = 6,      /* bytes of HTML for one special character */
};

static void cell(struct desk_row *row, const char *name, const char *text)
{
	if (row->count < DESK_CELLS)
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

char *desk_join_meetings(const struct account *account)
{
	struct buffer text = BUFFER_INIT(ACCOUNT_MEETINGS_MAX * (IDENTITY_MEETING_MAX + 2));

	for (size_t i = 0; i < account->meeting_count; i++) {
		buffer_text(&text, i > 0 ? ", " : "");
		buffer_text(&text, account->meetings[i]);
	}
	return text.data;
}

static struct desk_row *begin_row(struct desk_table *table)
{
	struct desk_row *row = &table->rows[table->count];

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

static void end_row(struct desk_table *table, const struct desk_row *row)
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
	const char *id, *name, *display, *email, *title, *by;
	int64_t expires;
	bool active;
};

/* Adds a row. Takes ownership of `meetings` and `edit`. */
static void add_row(const struct desk *desk, struct desk_table *table, const struct listed *guest,
	char *meetings, char *edit)
{
	struct desk_row *row = begin_row(table);

	row->meetings = meetings;
	row->edit = edit;
	desk_show_time(guest->expires, ' ', row->expires);
	show_joined(desk, guest->backend, guest->prefix, guest->id, row->joined);
	cell(row, "id", guest->id);
	cell(row, "name", guest->name);
	cell(row, "display", guest->display);
	cell(row, "email", guest->email);
	cell(row, "title", guest->title);
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

static void add_account(const struct desk *desk, struct desk_table *table, const void *record)
{
	const struct account *account = record;

	add_row(desk, table,
		&(struct listed){desk->visit->service->settings->desk.accounts, ACCOUNT_SUBJECT,
			account->id, account->name, account->display, account->email, "",
			host_name(desk->visit, account->by, account->by_name), account->expires,
			records_is_active(&accounts_type, account, desk->visit->now)},
		desk_join_meetings(account), edit_address(desk, account->id));
}

static void add_invite(const struct desk *desk, struct desk_table *table, const void *record)
{
	const struct invite *invite = record;
	char *meeting;

	if (asprintf(&meeting, "%s/%s", invite->platform, invite->meeting) < 0)
		meeting = NULL;
	add_row(desk, table,
		&(struct listed){desk->visit->service->settings->desk.invitations, INVITE_SUBJECT,
			invite->id, invite->name, "", invite->email, invite->title,
			host_name(desk->visit, invite->by, invite->host), invite->expires,
			records_is_active(&invites_type, invite, desk->visit->now)},
		meeting, NULL);
}

static bool is_full(const struct desk_table *table)
{
	return table->count == DESK_SHOWN_MAX || table->room > ROOM_MAX;
}

/* Writes the address of the list from another first row on. */
static void write_turn(
	const struct desk *desk, enum desk_which which, size_t from, struct buffer *url)
{
	static const char *const anchors[DESK_LISTS] = {"#invitations", "#accounts"};

	buffer_text(url, desk->visit->service->desk_url);
	desk_find_write(&desk->find, which, from, url);
	buffer_text(url, anchors[which]);
}

static void put_turn(const struct desk *desk, struct desk_table *table, enum desk_which which)
{
	const struct desk_list *list = &desk->lists[which];
	size_t next = list->from + table->count,
	       before = list->from > DESK_SHOWN_MAX ? list->from - DESK_SHOWN_MAX : 0;

	snprintf(table->first, sizeof table->first, "%zu", list->from + 1);
	snprintf(table->last, sizeof table->last, "%zu", next);
	snprintf(table->all, sizeof table->all, "%zu", list->count);
	table->newer = table->older = BUFFER_INIT(8192);
	if (list->from > 0)
		write_turn(desk, which, before, &table->newer);
	if (next < list->count)
		write_turn(desk, which, next, &table->older);
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

void desk_table_fill(const struct desk *desk, struct desk_table *table, enum desk_which which)
{
	const struct desk_list *list = &desk->lists[which];

	for (size_t i = list->from; i < list->count && !is_full(table); i++)
		(which == DESK_ACCOUNTS ? add_account : add_invite)(desk, table, list->records[i]);
	put_turn(desk, table, which);
}

void desk_table_release(struct desk_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].meetings);
		free(table->rows[i].edit);
	}
	buffer_release(&table->newer);
	buffer_release(&table->older);
}

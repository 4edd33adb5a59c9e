/* SPDX-License-Identifier: MIT
 *
 * The link of a new invitation, and the forms in which the host hands it to the guest: a letter, a
 * calendar file and a QR code.
 */
#include "desk/page.h"

#include "base/qr.h"
#include "desk/calendar.h"
#include "policy/policy.h"

void desk_make_link(const struct visit *visit, const char *token, struct buffer *link)
{
	*link = BUFFER_INIT(4096);
	buffer_text(link, visit->service->invite_url);
	buffer_text(link, "?token=");
	buffer_text(link, token);
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
static void make_letter(struct desk_view *view)
{
	const struct invite *invite = &view->desk->invite;
	struct buffer *url = &view->letter;
	bool has_title = invite->title[0] != '\0';

	*url = BUFFER_INIT(8192);
	buffer_text(url, "mailto:");
	buffer_percent(url, view->desk->email);
	buffer_text(url, "?subject=");
	append_sentence(url, view->lang,
		has_title ? "desk.letter.subject.title" : "desk.letter.subject", &view->values);
	buffer_text(url, "&body=");
	append_sentence(url, view->lang, "desk.letter.text", &view->values);
	buffer_text(url, "%0D%0A%0D%0A");
	if (has_title) {
		buffer_percent(url, invite->title);
		buffer_text(url, "%20%28");
		buffer_percent(url, invite->meeting_token);
		buffer_text(url, "%29%0D%0A");
	}
	buffer_percent(url, view->link.data != NULL ? view->link.data : "");
	buffer_text(url, "%0D%0A");
}

/* Returns when the policy first lets the guest of the new invitation in; 0: not known. */
static int64_t find_opening(const struct desk *desk)
{
	const struct settings *settings = desk->visit->service->settings;
	const struct invite *invite = &desk->invite;
	char subject[sizeof INVITE_SUBJECT + RECORDS_ID_SIZE];
	struct identity who = IDENTITY_INIT;
	int64_t opens = 0;

	snprintf(subject, sizeof subject, INVITE_SUBJECT "%s", invite->id);
	who.guest = true;
	if (identity_set(&who.backend, section_title(settings->desk.invitations),
		    IDENTITY_NAME_MAX) == 0 &&
		identity_set(&who.subject, subject, IDENTITY_SUBJECT_MAX) == 0 &&
		identity_add_meeting(&who, invite->platform, invite->meeting) == 0)
		opens = policy_opens(
			&settings->policy, &(struct policy_question){
						   .who = &who,
						   .platform = invite->platform,
						   .meeting_id = invite->meeting,
						   .meeting_token = invite->meeting_token,
						   .client = "",
						   .now = invite->created,
					   });
	identity_release(&who);
	return opens;
}

/* Makes an address that is a calendar file: an event from when the guest may join until the end
 * that the host set. The default end is the link's and says nothing of the meeting. */
static void put_calendar(struct desk_view *view)
{
	const struct invite *invite = &view->desk->invite;
	int64_t opens = find_opening(view->desk);
	struct buffer file = BUFFER_INIT(8192);
	const struct calendar_event event = {.uid = invite->id,
		.title = invite->title[0] != '\0' ? invite->title
						  : lang_text(view->lang, "desk.letter.subject"),
		.link = view->link.data,
		.made = invite->created,
		.begins = opens > invite->created ? opens : invite->created,
		.ends = invite->expires};

	if (event.link == NULL || event.begins >= event.ends)
		return;
	calendar_write(&event, &file);
	view->calendar = BUFFER_INIT(32 * 1024);
	buffer_text(&view->calendar, "data:text/calendar;charset=utf-8,");
	buffer_percent(&view->calendar, file.data != NULL ? file.data : "");
	values_put(&view->values, "calendar",
		file.failed || view->calendar.failed ? NULL : view->calendar.data);
	buffer_wipe(&file);
}

/* Adds the link as a QR code, if this build can make one. */
static void put_code(struct desk_view *view)
{
	unsigned size;

	view->qr = BUFFER_INIT(64 * 1024);
	if (view->link.data == NULL || qr_path(view->link.data, &view->qr, &size) != 0 ||
		view->qr.failed)
		return;
	snprintf(view->qr_size, sizeof view->qr_size, "%u", size);
	values_put(&view->values, "qr_size", view->qr_size);
	values_put(&view->values, "qr_path", view->qr.data);
}

void desk_put_link(struct desk_view *view)
{
	const struct desk *desk = view->desk;

	if (desk->token[0] == '\0')
		return;
	desk_make_link(desk->visit, desk->token, &view->link);
	values_put(&view->values, "link", view->link.data);
	values_put(&view->values, "guest", desk->invite.name);
	values_put(&view->values, "title", desk->invite.title);
	make_letter(view);
	values_put(&view->values, "letter", view->letter.failed ? NULL : view->letter.data);
	if (desk->expires[0] != '\0')
		put_calendar(view);
	put_code(view);
}

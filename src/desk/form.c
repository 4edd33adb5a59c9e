/* SPDX-License-Identifier: MIT
 *
 * Validates the forms of the guest desk field by field, so that the page can name the wrong one.
 */
#include "desk/desk.h"

#include "base/display_name.h"
#include "base/text.h"
#include "desk/several.h"
#include "view/link.h"
#include "view/values.h"

#include <strings.h>

enum {
	FIELD_MAX = 2048,
	LINES_MAX = 12 * 1024
}; /* bytes: longer than valid values, but short enough for the page to show them again */

/* Reads the known fields and ignores others. */
static int take_fields(struct desk *desk)
{
	const struct {
		const char *name, **value;
	} fields[] = {
		{"id", &desk->id},
		{"name", &desk->name},
		{"display", &desk->display},
		{"email", &desk->email},
		{"meetings", &desk->meetings},
		{"meeting_token", &desk->meeting_token},
		{"title", &desk->title},
		{"expires", &desk->expires},
		{PARAMS_LINES, &desk->lines},
		{"room", &desk->room},
		{"seen", &desk->seen},
		{"back", &desk->back},
		{"sure", &desk->sure},
		{"new_password", &desk->renew},
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		*fields[i].value = "";
		params_clean(desk->visit->form, fields[i].name);
		if (params_get(desk->visit->form, fields[i].name, fields[i].value) ==
				PARAM_REPEATED ||
			strlen(*fields[i].value) >
				(fields[i].value == &desk->lines ? LINES_MAX : FIELD_MAX)) {
			desk->visit->report.parameter = fields[i].name;
			return -1;
		}
	}
	return 0;
}

static int take_action(struct desk *desk)
{
	const struct {
		const char *name;
		enum desk_action action;
		bool invitations;
	} actions[] = {
		{"put-account", DESK_PUT_ACCOUNT, false},
		{"remove-account", DESK_REMOVE_ACCOUNT, false},
		{"add-invitation", DESK_ADD_INVITATION, true},
		{"revoke-invitation", DESK_REVOKE_INVITATION, true},
		{"restore-account", DESK_RESTORE_ACCOUNT, false},
		{"restore-invitation", DESK_RESTORE_INVITATION, true},
		{"invite-several", DESK_INVITE_SEVERAL, desk->accounts_path == NULL},
		{"end-room", DESK_END_ROOM, false},
	};
	const char *name = NULL;

	desk->visit->report.parameter = "do";
	if (params_get(desk->visit->form, "do", &name) != PARAM_ONCE)
		return -1;
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, name) == 0) {
			desk->action = actions[i].action;
			if (desk->action == DESK_END_ROOM)
				return 0;
			return (actions[i].invitations ? desk->invites_path
						       : desk->accounts_path) != NULL
				       ? 0
				       : -1;
		}
	return -1;
}

/* Parses the time that a browser sends ("2026-12-31T18:00"). It is UTC, as the page says. */
static int read_time(const char *text, int64_t *time_r)
{
	char copy[40];
	size_t length = strlen(text);

	if (length + 2 > sizeof copy)
		return -1;
	snprintf(copy, sizeof copy, "%s%s", text,
		strchr(text, 'T') != NULL && text[length - 1] != 'Z' ? "Z" : "");
	return text_to_time(copy, time_r);
}

/* Reads the expiry, or uses `fallback` if none was typed. A typed time must be in the future; only
 * a fallback can be 0, which means never. */
static const char *read_end(const struct desk *desk, int64_t fallback, int64_t *end_r)
{
	bool typed = desk->expires[0] != '\0';

	*end_r = fallback;
	if (typed && read_time(desk->expires, end_r) != 0)
		return "desk.fault.expires";
	return *end_r > desk->visit->now || (!typed && fallback == 0) ? NULL : "desk.fault.past";
}

/* Returns the platform for meetings without one: the only one of the configuration, or NULL. */
static const char *only_platform(const struct visit *visit)
{
	return visit->service->platform_count == 1 ? visit->service->platforms[0].title : NULL;
}

/* Returns "PLATFORM/MEETING-ID" in the canonical spelling, which the caller frees, or NULL if the
 * platform or the meeting is invalid. */
static char *canonical_meeting(const struct visit *visit, const char *text)
{
	const char *slash = strchr(text, '/');
	char *title = slash != NULL ? strndup(text, (size_t)(slash - text)) : NULL;
	char *id = NULL, *whole = NULL;
	const struct service_platform *platform =
		title != NULL ? service_platform(visit->service, title) : NULL;
	struct error error;

	if (platform != NULL &&
		platform_meeting_id(platform->driver, platform->instance, slash + 1, &id, &error) ==
			0 &&
		asprintf(&whole, "%s/%s", platform->title, id) < 0)
		whole = NULL;
	free(id);
	free(title);
	return whole;
}

/* Appends a meeting as it was typed, or the meeting that a pasted link names. With the id, the link
 * of a single meeting has the number in the platform's address, which may differ. */
static void append_meeting(struct desk *desk, const char *typed, struct buffer *text)
{
	struct pasted pasted = {.platform = NULL};
	const char *id = NULL;

	if (strncasecmp(typed, "https://", 8) == 0 || strncasecmp(typed, "http://", 7) == 0)
		pasted_read(desk->visit->service, typed, &pasted);
	if (pasted.platform != NULL)
		id = pasted.meeting_id != NULL ? pasted.meeting_id : pasted.meeting_token;
	if (id != NULL) {
		buffer_printf(text, "%s/%s,", pasted.platform->title, id);
		free(desk->texts[2]);
		desk->texts[2] = pasted.meeting_token;
		pasted.meeting_token = NULL;
	} else {
		buffer_printf(text, "%s,", typed);
	}
	pasted_release(&pasted);
}

/* Returns the meetings, each as PLATFORM/ID or as it was typed, separated by commas.
 * The caller frees them. NULL without memory. */
static char *read_links(struct desk *desk, const char *typed)
{
	struct buffer text = BUFFER_INIT(2 * FIELD_MAX);
	char *copy = strdup(typed), *rest = copy, *item;

	buffer_text(&text, "");
	while ((item = strsep(&rest, ",")) != NULL)
		append_meeting(desk, text_trim(item), &text);
	free(copy);
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

const char *desk_read_meetings(struct desk *desk, const char *typed)
{
	struct account *account = &desk->account;
	char *copy = read_links(desk, typed), *split = NULL, *all = NULL;
	const char *fault = "desk.fault.meetings";
	struct buffer text = BUFFER_INIT(ACCOUNT_MEETINGS_MAX * (IDENTITY_MEETING_MAX + 2));

	if (copy == NULL ||
		accounts_read_meetings(account, copy, only_platform(desk->visit), &split) != NULL)
		goto out;
	for (size_t i = 0; i < account->meeting_count; i++) {
		char *meeting = canonical_meeting(desk->visit, account->meetings[i]);

		if (meeting == NULL)
			goto out;
		buffer_text(&text, meeting);
		buffer_text(&text, ",");
		free(meeting);
	}
	all = text.data;
	if (account->meeting_count == 0)
		fault = NULL;
	else if (!text.failed && all != NULL &&
		 accounts_read_meetings(account, all, NULL, &desk->texts[0]) == NULL &&
		 accounts_meetings_fault(account) == NULL)
		fault = NULL;
out:
	free(copy);
	free(split);
	buffer_release(&text);
	return fault;
}

bool desk_makes_password(const struct desk *desk)
{
	return desk->action == DESK_PUT_ACCOUNT && (desk->id[0] == '\0' || desk->renew[0] != '\0');
}

static const char *read_account(struct desk *desk)
{
	struct account *account = &desk->account;
	const char *fault;

	*account = (struct account){.id = desk->id,
		.name = desk->canonical,
		.display = desk->display,
		.email = desk->email,
		.hash = "",
		.by = desk->by,
		.by_name = values_account(desk->visit),
		.created = desk->visit->now};
	if (identity_canonical_name(desk->name, desk->canonical) != 0 ||
		display_name_hides(desk->canonical))
		return "desk.fault.name";
	if (desk->display[0] != '\0' && display_name_fault(desk->display) != NULL)
		return "desk.fault.display";
	if (!accounts_is_email(desk->email))
		return "desk.fault.email";
	fault = read_end(desk, 0, &account->expires);
	if (fault == NULL)
		fault = desk_read_meetings(desk, desk->meetings);
	account->host_count = account->host_name_count = account->meeting_count;
	for (size_t i = 0; i < account->meeting_count; i++) {
		account->hosts[i] = desk->by;
		account->host_names[i] = values_account(desk->visit);
	}
	return fault != NULL || records_fault(&accounts_type, account) == NULL ? fault
									       : "desk.fault.name";
}

/* Returns the default expiry of invitations, as `meetauthctl invite` has it. */
static int64_t default_end(const struct desk *desk)
{
	const struct section *backend = desk->visit->service->settings->desk.invitations;

	return desk->visit->now + section_milliseconds(backend, "lifetime") / 1000;
}

static const char *find_secret(struct desk *desk)
{
	const struct section *section = desk->visit->service->settings->desk.invitations;
	const struct service_backend *backend =
		service_backend(desk->visit->service, section_title(section));
	const struct store_secret *signing =
		store_signing(desk->visit->files->store, backend->secret_name, desk->visit->now);

	if (signing == NULL)
		return "desk.fault.secret";
	desk->secret = secret_text(signing->secret);
	return NULL;
}

static bool leads_somewhere(const struct desk *desk)
{
	const struct service_platform *platform =
		service_platform(desk->visit->service, desk->invite.platform);

	return platform != NULL && platform_takes_browsers(platform->driver, platform->peer);
}

/* Reads what all invitations of a form have in common: the meeting and the host. */
static const char *read_invited(struct desk *desk)
{
	struct invite *invite = &desk->invite;
	const char *fault = desk_read_meetings(desk, desk->meetings), *slash;

	if (fault != NULL || desk->account.meeting_count != 1)
		return "desk.fault.meeting";
	slash = strchr(desk->account.meetings[0], '/');
	desk->texts[1] =
		strndup(desk->account.meetings[0], (size_t)(slash - desk->account.meetings[0]));
	if (desk->texts[1] == NULL)
		return "desk.fault.meeting";
	if (desk->title[0] != '\0' && display_name_fault(desk->title) != NULL)
		return "desk.fault.meeting-title";
	*invite = (struct invite){.id = "",
		.platform = desk->texts[1],
		.meeting = slash + 1,
		.meeting_token = desk->meeting_token[0] != '\0' ? desk->meeting_token
				 : desk->texts[2] != NULL	? desk->texts[2]
								: slash + 1,
		.name = desk->name,
		.email = desk->email,
		.by = desk->by,
		.host = values_account(desk->visit),
		.title = desk->title,
		.created = desk->visit->now};
	return NULL;
}

/* Reads the form for several guests. Accounts need no expiry, link or page; for guests without an
 * account, each line's outcome says what is missing. */
static const char *read_several(struct desk *desk)
{
	const char *fault = read_invited(desk);

	if (fault == NULL && desk->invites_path != NULL && leads_somewhere(desk)) {
		fault = read_end(desk, default_end(desk), &desk->invite.expires);
		find_secret(desk);
	}
	return fault != NULL ? fault : several_read(desk);
}

static const char *read_invitation(struct desk *desk)
{
	struct invite *invite = &desk->invite;
	const char *fault = read_invited(desk);

	if (fault != NULL)
		return fault;
	if (!leads_somewhere(desk))
		return "desk.fault.way";
	if (display_name_fault(desk->name) != NULL)
		return "desk.fault.display";
	if (!accounts_is_email(desk->email))
		return "desk.fault.email";
	fault = read_end(desk, default_end(desk), &invite->expires);
	if (fault == NULL)
		fault = find_secret(desk);
	return fault != NULL || records_fault(&invites_type, invite) == NULL
		       ? fault
		       : "desk.fault.invitation";
}

/* Checks that a form has both the id and the digest of an existing account, or neither for a new
 * one. Returns 0 or -1. */
static int check_target(struct desk *desk)
{
	bool is_new = desk->action == DESK_ADD_INVITATION || desk->action == DESK_INVITE_SEVERAL ||
		      desk->action == DESK_END_ROOM ||
		      (desk->action == DESK_PUT_ACCOUNT && desk->id[0] == '\0');

	desk->visit->report.parameter = "id";
	if (is_new ? desk->id[0] != '\0' : !records_is_id(desk->id))
		return -1;
	desk->visit->report.parameter = "seen";
	if (desk->action == DESK_PUT_ACCOUNT && !is_new && !records_is_id(desk->seen))
		return -1;
	desk->visit->report.parameter = NULL;
	return 0;
}

int desk_read_form(struct desk *desk)
{
	if (take_fields(desk) != 0 || take_action(desk) != 0 || check_target(desk) != 0)
		return -1;
	desk_find_free(&desk->find);
	desk_find_read(&desk->find, desk->back);
	desk->asks = desk->sure[0] == '\0' && (desk->action == DESK_REMOVE_ACCOUNT ||
						      desk->action == DESK_REVOKE_INVITATION ||
						      desk->action == DESK_END_ROOM);
	if (desk->action == DESK_PUT_ACCOUNT)
		desk->fault = read_account(desk);
	else if (desk->action == DESK_ADD_INVITATION)
		desk->fault = read_invitation(desk);
	else if (desk->action == DESK_INVITE_SEVERAL)
		desk->fault = read_several(desk);
	return 0;
}

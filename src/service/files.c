/* SPDX-License-Identifier: MIT */
#include "service/files.h"

#include "auth/auth.h"

#include <limits.h>

/* What each page may use, beside the sentences. */
#define COMMON "lang", "static", "brand", "logo", "request_id"
static const char *const error_names[] = {COMMON, "status", "code", "title", "message", "account",
	"switch_action", "ticket", "meeting_link", "retry_after", NULL};
static const char *const login_names[] = {COMMON, "action", "ticket", "platform", "meeting", "desk",
	"failed", "failed_form", "failed_password", "name", "passwords", "forms", "any_buttons",
	"buttons", "backend", "label", "name_label", "password_label", "address", NULL};
static const char *const challenge_names[] = {COMMON, "action", "ticket", "platform", "meeting",
	"desk", "failed", "prompt", "code", "hidden", "address", NULL};
static const char *const invite_names[] = {
	COMMON, "action", "ticket", "platform", "meeting", "guest", NULL};
static const char *const meeting_names[] = {COMMON, "platform", "meeting", "link", "key", NULL};
static const char *const desk_names[] = {COMMON, "action", "logout", "ticket", "account", "fault",
	"has_accounts", "has_invitations", "listed_accounts", "listed_invitations", "accounts",
	"invitations", "more_accounts", "more_invitations", "id", "name", "display", "email",
	"meetings", "expires", "joined", "by", "edit", "active", "ended", "edit_id", "edit_seen",
	"editing", "adding", "edit_name", "edit_display", "edit_email", "edit_meetings",
	"edit_expires", "new_name", "new_email", "new_meeting", "new_token", "new_expires", "link",
	"guest", NULL};
static const char *const logout_names[] = {COMMON, "action", "ticket", "account", NULL};
static const char *const signed_out_names[] = {COMMON, NULL};

static const struct {
	const char *file;
	const char *const *names;
} pages[PAGE_COUNT] = {
	[PAGE_ERROR] = {"error.html", error_names},
	[PAGE_LOGIN] = {"login.html", login_names},
	[PAGE_CHALLENGE] = {"challenge.html", challenge_names},
	[PAGE_INVITE] = {"invite.html", invite_names},
	[PAGE_MEETING] = {"meeting.html", meeting_names},
	[PAGE_DESK] = {"guests.html", desk_names},
	[PAGE_LOGOUT] = {"logout.html", logout_names},
	[PAGE_SIGNED_OUT] = {"signed-out.html", signed_out_names},
};

/* Every file that is read, in a fixed order. Returns how many. */
static size_t take_stamps(
	const struct settings *settings, struct file_stamp stamps[FILES_WATCHED_MAX])
{
	char path[PATH_MAX];
	size_t count = 0;

	stamps[count++] = file_stamp(settings->store);
	stamps[count++] = file_stamp(settings->store_key);
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		snprintf(path, sizeof path, "%s/pages/%s", settings->share, pages[i].file);
		stamps[count++] = file_stamp(path);
	}
	for (size_t i = 0; i < settings->languages.count && count < FILES_WATCHED_MAX; i++) {
		snprintf(path, sizeof path, "%s/lang/%s.json", settings->share,
			settings->languages.items[i]);
		stamps[count++] = file_stamp(path);
	}
	return count;
}

/* Sentences are chosen while running: whether every language has them is known now. */
static int check_sentences(const struct langs *langs, struct error *error)
{
	static const char *const names[] = {
		"account", "meeting", "platform", "parameter", "retry_after", NULL};
	static const char *const keys[] = {
#define FAILURE(id, code, status, result, metric) "error." code ".title", "error." code ".message",
#include "service/failures.def"
#undef FAILURE
		"error.bad-request.other",
		"error.login-failed.other",
		"error.ticket-expired.other",
		"error.overloaded.room.title",
		"error.overloaded.room.message",
		"error.denied.desk.title",
		"error.denied.desk.message",
		"error.ticket-expired.desk.message",
		"desk.fault.name",
		"desk.fault.display",
		"desk.fault.email",
		"desk.fault.password",
		"desk.fault.expires",
		"desk.fault.past",
		"desk.fault.meetings",
		"desk.fault.meeting",
		"desk.fault.secret",
		"desk.fault.invitation",
		"desk.fault.taken",
		"desk.fault.gone",
		"desk.fault.changed",
		"desk.fault.again",
	};
	const struct auth_backend *backend;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (langs_check(langs, keys[i], names, error) != 0)
			return -1;
	for (size_t i = 0; (backend = auth_at(i)) != NULL; i++)
		if ((backend->name_label != NULL &&
			    langs_check(langs, backend->name_label, names, error) != 0) ||
			(backend->password_label != NULL &&
				langs_check(langs, backend->password_label, names, error) != 0))
			return -1;
	return 0;
}

static int load_pages(struct files *files, const struct settings *settings, struct error *error)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < PAGE_COUNT; i++) {
		snprintf(path, sizeof path, "%s/pages/%s", settings->share, pages[i].file);
		files->pages[i] = page_load(path, pages[i].names, files->langs, error);
		if (files->pages[i] == NULL)
			return -1;
	}
	return 0;
}

struct files *files_load(const struct settings *settings, struct error *error)
{
	struct files *files = calloc(1, sizeof *files);
	char folder[PATH_MAX];

	if (files == NULL) {
		error_set(error, "no memory");
		return NULL;
	}
	files->users = 1;
	/* Stamps first: what changes while we read is read again. */
	files->stamp_count = take_stamps(settings, files->stamps);
	snprintf(folder, sizeof folder, "%s/lang", settings->share);
	files->store = store_open(settings->store, settings->store_key, error);
	if (files->store != NULL)
		files->langs = langs_load(
			folder, settings->languages.items, settings->languages.count, error);
	if (files->langs == NULL || check_sentences(files->langs, error) != 0 ||
		load_pages(files, settings, error) != 0)
		files_drop(&files);
	return files;
}

bool files_changed(const struct files *files, const struct settings *settings)
{
	struct file_stamp now[FILES_WATCHED_MAX];
	size_t count = take_stamps(settings, now);

	if (count != files->stamp_count)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!file_stamp_equal(now[i], files->stamps[i]))
			return true;
	return false;
}

struct files *files_use(struct files *files)
{
	files->users++;
	return files;
}

void files_drop(struct files **files)
{
	struct files *f = *files;

	*files = NULL;
	if (f == NULL || --f->users > 0)
		return;
	for (size_t i = 0; i < PAGE_COUNT; i++)
		page_free(&f->pages[i]);
	langs_free(&f->langs);
	store_free(&f->store);
	free(f);
}

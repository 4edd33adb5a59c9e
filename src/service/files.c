/* SPDX-License-Identifier: MIT */
#include "service/files.h"

#include "auth/registry.h"
#include "base/memory.h"
#include "pool/worker.h"

#include <limits.h>

enum { STORE_FILES = 2 };

/* The values that each page may use, besides the sentences. */
#define COMMON                                                                                     \
	"lang", "dir", "static", "brand", "logo", "logo_dark", "icon", "style", "help", "privacy", \
		"version", "request_id", "open", "language_action", "languages", "code", "name",   \
		"chosen", "direction", "here_path", "here_query", "here_ticket", "here_challenge"
static const char *const error_names[] = {COMMON, "status", "code", "title", "message", "account",
	"switch_action", "ticket", "again", "meeting_link", "site_link", "desk_link", "me_link",
	"paste", "wait", "icon_wait", "icon_again", "icon_locked", "icon_stop", "icon_door", NULL};
static const char *const login_names[] = {COMMON, "action", "ticket", "platform", "meeting",
	"number", "desk", "me", "heading", "form_label", "purpose", "failed", "minutes", "ways",
	"way", "second", "other", "label", "address", "form", "backend", "passwords", "name_label",
	"password_label", "wrong", "name", "type", "autocomplete", "capitals", "focus_name",
	"focus_password", NULL};
static const char *const challenge_names[] = {COMMON, "action", "ticket", "platform", "meeting",
	"number", "desk", "me", "failed", "prompt", "code", "hidden", "address", NULL};
static const char *const confirm_names[] = {COMMON, "action", "ticket", "platform", "meeting",
	"number", "desk", "me", "confirm", "account", "switch_action", NULL};
static const char *const invite_names[] = {
	COMMON, "action", "ticket", "platform", "meeting", "number", "guest", NULL};
static const char *const meeting_names[] = {
	COMMON, "platform", "meeting", "number", "link", "live", "key", NULL};
static const char *const desk_names[] = {COMMON, "action", "logout", "ticket", "account", "fault",
	"has_accounts", "recent", "has_rooms", "rooms", "room", "platform", "until", "taken",
	"resting", "meeting", "has_invitations", "listed_accounts", "listed_invitations",
	"accounts", "invitations", "away", "kept", "value", "none_accounts", "none_invitations",
	"turn_accounts", "turn_invitations", "first", "last", "count", "newer", "older",
	"done_accounts", "done_invitations", "done_rooms", "text", "do", "whom", "back", "here",
	"q", "state_active", "state_ended", "sort_name", "sort_expires", "found", "failed", "wrong",
	"wrong_account", "wrong_invitation", "wrong_several", "bad_name", "bad_display",
	"bad_email", "bad_expires", "bad_meetings", "bad_token", "bad_title", "bad_lines", "sure",
	"explain", "label", "focus_edit", "id", "name", "display", "email", "meetings", "expires",
	"joined", "by", "edit", "active", "ended", "several", "several_meeting", "several_title",
	"several_lines", "several_expires", "outcomes", "good", "bad", "all", "some", "at_desk",
	"edit_id", "edit_seen", "editing", "adding", "edit_name", "edit_display", "edit_email",
	"edit_meetings", "edit_expires", "edit_renew", "made", "new_name", "new_email",
	"new_meeting", "new_token", "new_title", "title", "new_expires", "link", "letter",
	"calendar", "qr_path", "qr_size", "guest", NULL};
static const char *const me_names[] = {COMMON, "fault", "started", "ended", "freed", "action",
	"ticket", "searches", "find", "has_more", "too_many", "nobody", "starts", "guests",
	"platforms", "only_platform", "id", "name", "ends", "account", "way", "since", "since_time",
	"logout", "desk", "none", "meetings", "meeting", "number", "platform", "host", "until",
	"until_time", "opens", "opens_time", "link", NULL};
static const char *const logout_names[] = {COMMON, "action", "ticket", "account", NULL};
static const char *const onward_names[] = {COMMON, "address", "refresh", "host", NULL};
static const char *const signed_out_names[] = {COMMON, NULL};

const struct files_page files_pages[PAGE_COUNT] = {
	[PAGE_ERROR] = {"error.html", error_names},
	[PAGE_LOGIN] = {"login.html", login_names},
	[PAGE_CHALLENGE] = {"challenge.html", challenge_names},
	[PAGE_CONFIRM] = {"confirm.html", confirm_names},
	[PAGE_INVITE] = {"invite.html", invite_names},
	[PAGE_MEETING] = {"meeting.html", meeting_names},
	[PAGE_DESK] = {"guests.html", desk_names},
	[PAGE_ME] = {"me.html", me_names},
	[PAGE_LOGOUT] = {"logout.html", logout_names},
	[PAGE_ONWARD] = {"onward.html", onward_names},
	[PAGE_SIGNED_OUT] = {"signed-out.html", signed_out_names},
};

struct files_store {
	unsigned users;
	struct store *store;
	struct file_stamp stamps[STORE_FILES];
};

struct files_texts {
	unsigned users;
	struct langs *langs;
	struct page *pages[PAGE_COUNT];
	struct file_stamp stamps[LANGUAGES_MAX]; /* of the languages */
};

static void take_store_stamps(
	const struct settings *settings, struct file_stamp stamps[STORE_FILES])
{
	stamps[0] = file_stamp(settings->store);
	stamps[1] = file_stamp(settings->store_key);
}

/* The stamps of the languages' files, in a fixed order, followed by zeros. */
static void take_language_stamps(
	const struct settings *settings, struct file_stamp stamps[LANGUAGES_MAX])
{
	char path[PATH_MAX];

	memset(stamps, 0, LANGUAGES_MAX * sizeof *stamps);
	for (size_t i = 0; i < settings->languages.count && i < LANGUAGES_MAX; i++) {
		snprintf(path, sizeof path, "%s/lang/%s.json", settings->share,
			settings->languages.items[i]);
		stamps[i] = file_stamp(path);
	}
}

static bool are_equal(const struct file_stamp *a, const struct file_stamp *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!file_stamp_equal(a[i], b[i]))
			return false;
	return true;
}

/* ---- the store ---- */

static void free_store(void *what)
{
	struct files_store *half = what;

	store_free(&half->store);
	free(half);
	memory_trim();
}

static void drop_store(struct files_store *half)
{
	if (half != NULL && --half->users == 0)
		worker_discard(free_store, half);
}

/* The stamps are taken before reading, here and below: a file that changes meanwhile is then read
 * again. */
static struct files_store *load_store(const struct settings *settings, struct error *error)
{
	struct files_store *half = xcalloc(1, sizeof *half);

	half->users = 1;
	take_store_stamps(settings, half->stamps);
	half->store = store_open(settings->store, settings->store_key, error);
	if (half->store != NULL)
		return half;
	drop_store(half);
	return NULL;
}

/* ---- the texts ---- */

static void free_texts(void *what)
{
	struct files_texts *half = what;

	for (size_t i = 0; i < PAGE_COUNT; i++)
		page_free(&half->pages[i]);
	langs_free(&half->langs);
	free(half);
}

static void drop_texts(struct files_texts *half)
{
	if (half != NULL && --half->users == 0)
		worker_discard(free_texts, half);
}

static int check_labels(const struct langs *langs, const struct auth_form *form,
	const char *const *names, struct error *error)
{
	if (form->name_label != NULL && langs_check(langs, form->name_label, names, error) != 0)
		return -1;
	if (form->wrong != NULL && langs_check(langs, form->wrong, names, error) != 0)
		return -1;
	if (form->password_label == NULL)
		return 0;
	return langs_check(langs, form->password_label, names, error);
}

/* Sentences are chosen while the process runs, so this checks at load that every language has them.
 */
static int check_sentences(const struct langs *langs, struct error *error)
{
	static const char *const names[] = {
		"account", "meeting", "platform", "parameter", "retry_after", NULL};
	static const char *const keys[] = {
#define FAILURE(id, code, status, result, metric, title, message, remedy)                          \
	"error." code "." title, "error." code "." message,
#include "service/failures.def"
#undef FAILURE
		"login.heading",
		"login.heading.desk",
		"login.heading.me",
		"login.passwords",
		"login.name",
		"login.password",
		"login.failed",
		"login.failed.form",
		"error.wait.seconds",
		"error.wait.minutes",
		"error.wait.hours",
		"error.bad-request.other",
		"error.login-failed.other",
		"error.login-failed.script",
		"error.denied.desk.title",
		"error.denied.desk.message",
		"error.denied.guest.message",
		"error.ticket-expired.cookies.title",
		"error.ticket-expired.cookies.message",
		"error.ticket-expired.desk.message",
		"error.ticket-expired.me.message",
		"desk.fault.name",
		"desk.fault.display",
		"desk.fault.email",
		"desk.fault.expires",
		"desk.fault.past",
		"desk.fault.meetings",
		"desk.fault.meeting",
		"desk.fault.way",
		"desk.fault.meeting-title",
		"desk.fault.secret",
		"desk.fault.invitation",
		"desk.fault.taken",
		"desk.fault.gone",
		"desk.fault.changed",
		"desk.fault.again",
		"me.fault.guests",
		"me.fault.nobody",
		"me.fault.platform",
		"me.fault.policy",
		"me.fault.many",
		"me.fault.gone",
		"me.fault.again",
		"desk.fault.several",
		"desk.fault.nobody",
		"desk.several.broken",
		"desk.several.unknown",
		"desk.several.ended",
		"desk.several.full",
		"desk.several.already",
		"desk.several.bad-name",
		"desk.several.bad-email",
		"desk.several.no-links",
		"desk.several.added",
		"desk.several.invited",
	};
	const struct auth_backend *backend;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (langs_check(langs, keys[i], names, error) != 0)
			return -1;
	for (size_t i = 0; (backend = auth_at(i)) != NULL; i++)
		if (backend->form != NULL && check_labels(langs, backend->form, names, error) != 0)
			return -1;
	return 0;
}

struct page *files_load_page(const struct settings *settings, enum page_id id,
	const struct langs *langs, struct error *error)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/pages/%s", settings->share, files_pages[id].file);
	return page_load(path, files_pages[id].names, langs, error);
}

static int load_pages(
	struct files_texts *half, const struct settings *settings, struct error *error)
{
	for (unsigned i = 0; i < PAGE_COUNT; i++) {
		half->pages[i] = files_load_page(settings, i, half->langs, error);
		if (half->pages[i] == NULL)
			return -1;
	}
	return 0;
}

static struct files_texts *load_texts(const struct settings *settings, struct error *error)
{
	struct files_texts *half = xcalloc(1, sizeof *half);
	const char *bad = NULL; /* the option that names the unreadable file */
	char folder[PATH_MAX];
	struct error why;

	half->users = 1;
	take_language_stamps(settings, half->stamps);
	snprintf(folder, sizeof folder, "%s/lang", settings->share);
	half->langs =
		langs_load(folder, settings->languages.items, settings->languages.count, &why);
	if (half->langs == NULL || check_sentences(half->langs, &why) != 0)
		bad = section_has(settings->top, "languages") ? "languages" : "share";
	else if (load_pages(half, settings, &why) != 0)
		bad = "share";
	if (bad == NULL)
		return half;
	section_error(settings->top, bad, error, "%s", why.text);
	drop_texts(half);
	return NULL;
}

static bool texts_are_current(const struct files_texts *half, const struct settings *settings)
{
	struct file_stamp stamps[LANGUAGES_MAX];

	for (size_t i = 0; i < PAGE_COUNT; i++)
		if (!page_is_current(half->pages[i]))
			return false;
	take_language_stamps(settings, stamps);
	return are_equal(stamps, half->stamps, LANGUAGES_MAX);
}

/* ---- both ---- */

/* Takes over the halves. */
static struct files *join_halves(struct files_store *store, struct files_texts *texts)
{
	struct files *files = xcalloc(1, sizeof *files);

	files->users = 1;
	files->store_half = store;
	files->texts_half = texts;
	return files;
}

static void set_members(struct files *files)
{
	files->store = files->store_half->store;
	files->langs = files->texts_half->langs;
	files->pages = files->texts_half->pages;
}

struct files *files_load(const struct settings *settings, struct error *error)
{
	struct files_store *store = load_store(settings, error);
	struct files_texts *texts = store != NULL ? load_texts(settings, error) : NULL;
	struct files *files;

	if (texts == NULL) {
		drop_store(store);
		return NULL;
	}
	files = join_halves(store, texts);
	set_members(files);
	return files;
}

struct files *files_renew(const struct files *old, const struct settings *settings,
	struct error *store_error, struct error *texts_error)
{
	struct file_stamp store_stamps[STORE_FILES];
	struct files_store *store = NULL;
	struct files_texts *texts = NULL;

	take_store_stamps(settings, store_stamps);
	if (!are_equal(store_stamps, old->store_half->stamps, STORE_FILES))
		store = load_store(settings, store_error);
	if (!texts_are_current(old->texts_half, settings))
		texts = load_texts(settings, texts_error);
	return store != NULL || texts != NULL ? join_halves(store, texts) : NULL;
}

void files_complete(struct files *files, const struct files *old)
{
	if (files->store_half == NULL) {
		files->store_half = old->store_half;
		files->store_half->users++;
	}
	if (files->texts_half == NULL) {
		files->texts_half = old->texts_half;
		files->texts_half->users++;
	}
	set_members(files);
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
	drop_store(f->store_half);
	drop_texts(f->texts_half);
	free(f);
}

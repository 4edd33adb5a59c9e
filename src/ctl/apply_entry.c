/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/text.h"
#include "base/typed.h"
#include "ctl/given.h"

#include <stdarg.h>

void apply_die(const struct apply_item *item, const char *format, ...)
{
	char text[1000];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (item->name != NULL)
		ctl_die(EX_DATAERR, "%s: %s \"%s\": %s", item->file, item->kind->noun, item->name,
			text);
	ctl_die(EX_DATAERR, "%s: %s[%zu]: %s", item->file, item->kind->list, item->number, text);
}

/* ---- members ---- */

const char *apply_text(const struct apply_item *item, const char *member)
{
	const char *text = json_string_value(json_object_get(item->json, member));

	return text != NULL ? text : "";
}

const char *apply_required(const struct apply_item *item, const char *member)
{
	const char *text = apply_text(item, member);

	if (text[0] == '\0')
		apply_die(item, "%s is missing", member);
	return text;
}

void apply_name(const struct apply_item *item, char canonical[USERS_NAME_SIZE])
{
	char *name = xstrdup(apply_required(item, "name"));

	typed_clean(name);
	if (identity_canonical_name(name, canonical) != 0)
		apply_die(item,
			"name: expected 1 to %d bytes of UTF-8 without leading or trailing spaces",
			IDENTITY_SUBJECT_MAX);
	free(name);
}

int64_t apply_expires(const struct apply_item *item)
{
	const char *text = apply_text(item, "expires");
	int64_t seconds = 0;

	if (text[0] != '\0' && text_to_time(text, &seconds) != 0)
		apply_die(item, "expires: expected a time like 2026-12-31 or 2026-12-31T18:00Z");
	return seconds;
}

bool apply_is_state(const struct apply_item *item, const char *state)
{
	return strcmp(apply_text(item, "state"), state) == 0;
}

void apply_check_state(const struct apply_item *item, bool may_disable)
{
	if (apply_text(item, "state")[0] != '\0' && !apply_is_state(item, "active") &&
		!apply_is_state(item, "absent") &&
		!(may_disable && apply_is_state(item, "disabled")))
		apply_die(item, "state: expected active%s or absent",
			may_disable ? ", disabled" : "");
}

const struct section *apply_backend(
	const struct ctl *ctl, const struct apply_item *item, const char *type)
{
	const char *title = apply_text(item, "backend");
	const struct section *found = NULL;

	for (size_t i = 0; i < ctl->settings->backend_count; i++) {
		const struct section *backend = ctl->settings->backends[i];

		if (strcmp(section_type(backend), type) != 0 ||
			(title[0] != '\0' && strcmp(section_title(backend), title) != 0))
			continue;
		if (found != NULL)
			apply_die(item, "there are several backends of type %s: set \"backend\"",
				type);
		found = backend;
	}
	if (found == NULL)
		apply_die(item, "%s has no backend %s%sof type %s", ctl->settings->file, title,
			title[0] != '\0' ? " " : "", type);
	return found;
}

void apply_set_name(struct apply_item *item, char *name)
{
	free((void *)(uintptr_t)item->name);
	item->name = name;
}

bool apply_has_password(struct apply_item *item, const char *hash)
{
	if (item->value == NULL)
		return true;
	if (!item->is_known)
		item->is_same = password_verify(hash, secret_text(item->value)) == PASSWORD_MATCH;
	item->is_known = true;
	return item->is_same;
}

void apply_check_password(
	const struct apply_item *item, bool is_new, const char *what, size_t minimum)
{
	struct error error;

	if (is_new && item->value == NULL)
		apply_die(item, "%s is missing", item->kind->file);
	if (item->value != NULL && given_password_fits(item->value, what, minimum, &error) != 0)
		apply_die(item, "%s: %s", item->kind->file, error.text);
}

enum apply_result apply_compared(bool is_new, bool is_equal)
{
	return is_new ? APPLY_ADDED : is_equal ? APPLY_UNCHANGED : APPLY_CHANGED;
}

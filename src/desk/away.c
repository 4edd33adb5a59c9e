/* SPDX-License-Identifier: MIT
 *
 * A form of the desk whose host is not signed in any more. Nothing is kept here: the page that
 * answers has what was typed in a form of its own, which the host sends once they have signed in
 * in another window.
 */
#include "desk/steps.h"

#include "view/values.h"

enum { KEPT_MAX = 128 };

struct away {
	struct page_value cells[KEPT_MAX][3];
	const struct page_value *rows[KEPT_MAX + 1];
	size_t count;
};

static void keep(struct away *away, const char *name, const char *text)
{
	struct page_value *cells = away->cells[away->count];

	cells[0] = (struct page_value){.name = "name", .text = name};
	cells[1] = (struct page_value){.name = "value", .text = text};
	away->rows[away->count++] = cells;
}

/* All fields of the page's forms. */
static void keep_fields(struct away *away, const struct params *form)
{
	static const char *const names[] = {"ticket", "back", "do", "id", "seen", "sure",
		"new_password", "room", "name", "display", "email", "meetings", "meeting_token",
		"title", "expires", PARAMS_LINES};
	const char *guests[KEPT_MAX - sizeof names / sizeof *names];
	size_t guest_count;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *text = NULL;

		if (params_get(form, names[i], &text) == PARAM_ONCE)
			keep(away, names[i], text);
	}
	guest_count = params_all(form, "guest", guests, sizeof guests / sizeof *guests);
	if (guest_count > sizeof guests / sizeof *guests)
		guest_count = sizeof guests / sizeof *guests;
	for (size_t i = 0; i < guest_count; i++)
		keep(away, "guest", guests[i]);
}

enum step desk_keep_form(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct away *away;

	if (visit->session.who.subject != NULL || request_wants_json(&visit->request))
		return STEP_NEXT;
	away = calloc(1, sizeof *away);
	if (away == NULL)
		return STEP_NEXT;
	keep_fields(away, visit->form);
	values_put_common(&values, visit, lang);
	values_put(&values, "action", visit->service->desk_url);
	values_put(&values, "away", "1");
	values_put_rows(&values, "kept", away->rows);
	values_answer(visit, PAGE_DESK, 401, visit->service->page_policy, lang, &values);
	visit->outcome = OUTCOME_SHOWED_LOGIN;
	free(away);
	return STEP_DONE;
}

/* SPDX-License-Identifier: MIT
 *
 * The guests with whom a guest with an account may start a meeting, and the platforms where.
 * Private to src/desk.
 */
#pragma once

#include "view/values.h"
#include "visit/visit.h"

enum {
	CHOICES_MAX = 40, /* guests on a page; a form has at most PARAMS_MAX fields */
	CHOICES_PLATFORMS_MAX = 16,
	CHOICES_WANTED_MAX = 64, /* bytes of a search */
};

struct choice {
	struct page_value cells[3];
	char *id, *name;
};

struct choices {
	struct visit *visit;
	char *wanted;	/* what the person searches for, folded; NULL: nothing */
	char *typed;	/* the same as it was typed */
	bool has_more;	/* more guests than CHOICES_MAX, or more than were looked at */
	unsigned asked; /* guests that the rules were asked of */
	/* Not 0: the person searches too often, and nobody was searched for. As state_take(). */
	int64_t wait_ms;
	struct choice guests[CHOICES_MAX];
	size_t count;
	char own[IDENTITY_SUBJECT_MAX + 1]; /* name of the person's guest account */
	struct page_value platforms[CHOICES_PLATFORMS_MAX][2];
	size_t platform_count;
	const struct page_value *guest_list[CHOICES_MAX + 1],
		*platform_list[CHOICES_PLATFORMS_MAX + 1];
};

/* Finds the first CHOICES_MAX guests whom the rules `meet` allow, and whose name contains what the
 * visit's query searches for, if it does. `choices` is all zeros before. */
void choices_find(struct choices *choices, struct visit *visit);

/* Fills in the values for the form and the search. They are valid until choices_release(). */
void choices_put(const struct choices *choices, struct values *values);

void choices_release(struct choices *choices);

/* Whether guests with an account can start meetings on a platform. That needs a platform that
 * accepts any name of a meeting, so that we can invent one. *id_r, which the caller frees, receives
 * a new id; id_r may be NULL. */
bool choices_new_meeting(const struct service_platform *platform, char **id_r);

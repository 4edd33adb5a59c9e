/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the page of a person's own meetings.
 */
#pragma once

#include "visit/visit.h"

/* The result of one of the page's forms. All members are NULL if no form was sent. */
struct me_result {
	const char *fault;   /* key of a sentence: the form was refused */
	const char *started; /* "PLATFORM/MEETING-ID" */
	const char *ended;   /* the same */
	bool freed;	     /* the room that it had */
};

/* Writes the page as the response. Returns STEP_DONE. */
enum step me_page(struct visit *visit, struct me_result result);

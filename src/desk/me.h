/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the page of a person's own meetings.
 */
#pragma once

#include "visit/visit.h"

enum { ME_CHOICES_MAX = 40 }; /* guests to choose from; a form has at most PARAMS_MAX fields */

/* The result of one of the page's forms. All members are NULL if no form was sent. */
struct me_result {
	const char *fault;   /* key of a sentence: the form was refused */
	const char *started; /* "PLATFORM/MEETING-ID" */
	const char *ended;   /* the same */
	bool freed;	     /* the room that it had */
};

/* Writes the page as the response. Returns STEP_DONE. */
enum step me_page(struct visit *visit, struct me_result result);

/* Whether guests with an account can start meetings on a platform. That needs a platform that
 * creates a room for any name, so that we can invent one. *id_r, which the caller frees, receives a
 * new id; id_r may be NULL. */
bool me_new_meeting(const struct service_platform *platform, char **id_r);

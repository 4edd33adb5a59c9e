/* SPDX-License-Identifier: MIT
 *
 * The page of whoever is signed in. Private to desk/.
 */
#pragma once

#include "visit/visit.h"

enum { ME_CHOICES_MAX = 40 }; /* guests to choose from; PARAMS_MAX fields in a form */

/* What a form of the page came to; all NULL where it is only looked at. */
struct me_result {
	const char *fault;   /* key of a sentence: nothing was changed */
	const char *started; /* "PLATFORM/MEETING-ID" */
	const char *ended;   /* the same */
};

/* Answers with the page. STEP_DONE. */
enum step me_page(struct visit *visit, struct me_result result);

/* Whether guests with an account can start meetings on a platform: it makes rooms by whatever name
 * browsers come with, so that a name of our own is good. *id_r, which the caller frees, is a new
 * one (NULL: not wanted). */
bool me_new_meeting(const struct service_platform *platform, char **id_r);

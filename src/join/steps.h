/* SPDX-License-Identifier: MIT
 *
 * A join's steps but those of a sign-in (routes.c).
 */
#pragma once

#include "visit/visit.h"

step_function arrive_from_platform; /* the entry's query: a new join */
step_function arrive_by_entry;	    /* the entry of a platform's driver: a new join */
step_function arrive_from_script;   /* a script's JSON: a new join */
step_function authenticate_script;  /* by the session, or with the password that came along */
step_function script_preflight;	    /* OPTIONS: may it send that? */

step_function authorize_join;
step_function room_take; /* of the platform's pool, for as long as the exchange may take */
step_function exchange_token;
step_function room_keep; /* for as long as the meeting goes on */
step_function return_to_platform;
step_function return_to_script;

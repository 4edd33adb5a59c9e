/* SPDX-License-Identifier: MIT
 *
 * The steps of a join, except those of the sign-in (routes.c).
 */
#pragma once

#include "visit/visit.h"

step_function arrive_from_platform; /* makes a join from the query at MOUNT */
step_function arrive_by_entry;	    /* makes a join at the entry of a driver */
step_function open_link;	    /* leads on to what a pasted link names */
step_function arrive_from_script;   /* makes a join from a script's JSON */
step_function authenticate_script;  /* by the session, a code, or the password in the request */
step_function script_preflight;	    /* answers OPTIONS (CORS preflight) */

step_function authorize_join;
step_function confirm_join; /* asks first, where nobody has seen a page */
step_function room_take;    /* leases a room for as long as the exchange may take */
step_function exchange_token;
step_function room_keep; /* extends the lease for the meeting */
step_function return_to_platform;
step_function return_to_script;

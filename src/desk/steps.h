/* SPDX-License-Identifier: MIT
 *
 * The steps of the guest desk and of the page of one's own meetings (routes.c).
 */
#pragma once

#include "visit/visit.h"

step_function desk_enter; /* makes the desk the destination of a sign-in */
step_function desk_show;
step_function desk_keep_form;	/* shows the form again to somebody who is not signed in */
step_function desk_change;	/* POST: one of the page's forms */
step_function desk_return;	/* redirects to the page after a sign-in or a change */
step_function desk_mark_joined; /* step of a join: stores when a guest joined (joined.h) */

step_function me_enter; /* makes the page the destination of a sign-in */
step_function me_show;
step_function me_change; /* POST: one of the page's forms */
step_function me_return; /* redirects to the page after a sign-in or a change */

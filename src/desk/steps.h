/* SPDX-License-Identifier: MIT
 *
 * The steps of the guest desk, and of the page that shows people their own meetings (routes.c).
 */
#pragma once

#include "visit/visit.h"

step_function desk_enter; /* whoever is not signed in comes back here */
step_function desk_show;
step_function desk_change;	/* POST: one of the page's forms */
step_function desk_return;	/* to the page, after a login or a change */
step_function desk_mark_joined; /* of a join: notes that a guest came, where the desk shows it */

step_function me_enter; /* whoever is not signed in comes back here */
step_function me_show;
step_function me_change; /* POST: one of the page's forms */
step_function me_return; /* to the page, after a login or a change */

/* SPDX-License-Identifier: MIT
 *
 * What went wrong, as a page, or as JSON where the client prefers that, and the way out of it.
 */
#ifndef VIEW_FAILURE_H
#define VIEW_FAILURE_H

#include "visit/visit.h"

/* Makes the response of a visit that has failed. Called once, when it ends. */
void failure_show(struct visit *visit);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Headers for the page whose script asks (Fetch standard, "CORS protocol").
 */
#ifndef VIEW_SCRIPT_H
#define VIEW_SCRIPT_H

#include "visit/visit.h"

/* Adds what lets the script's page read the answer; nothing where no script asks. */
void script_add_headers(struct visit *visit);

#endif

/* SPDX-License-Identifier: MIT
 *
 * CORS headers for pages whose script joins (Fetch standard, "CORS protocol").
 */
#pragma once

#include "visit/visit.h"

/* Adds the headers that let the script read the response. Nothing unless a script sent the
 * request. */
void script_add_headers(struct visit *visit);

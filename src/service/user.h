/* SPDX-License-Identifier: MIT
 *
 * The user of the service is the owner of the store's folder. If root starts meetauthctl or
 * meetauthd, they become that user before they open, run or parse anything that belongs to it.
 */
#pragma once

#include "base/error.h"

/* Becomes, for good, the owner of the folder that holds the store named by the configuration
 * `file`. Root reads that file only if nobody else can replace it. Does nothing if the process does
 * not run as root. Stays root if root owns the folder and all folders above it. 0; or -1 with an
 * error: the caller must not open anything then. */
int service_become_user(const char *file, struct error *error);

/* SPDX-License-Identifier: MIT
 *
 * The user of the service: whoever owns the folder of the store. meetauthctl and meetauthd, started
 * by root, become that user before they open, run or parse anything that belongs to it.
 */
#pragma once

#include "base/error.h"

/* Becomes the owner of the store's folder for good, as the configuration `file` names it. Root
 * reads that file only when nobody else can replace it. Does nothing in a process that is not
 * root's. Stays root when the folder and all the folders above it are root's. Returns 0, or -1: the
 * caller must open nothing then. */
int service_become_user(const char *file, struct error *error);

/* SPDX-License-Identifier: MIT
 *
 * The section guest-desk. Private to config/.
 */
#pragma once

#include "config/arena.h"
#include "config/schema.h"

/* Reads the section; call it after the backends are read. Without the section the desk stays empty.
 * 0 or -1. */
int desk_read(struct arena *arena, cfg_t *parsed, struct settings *settings, struct error *error);

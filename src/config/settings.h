/* SPDX-License-Identifier: MIT
 *
 * The options outside of sections, checked. Private to config/.
 */
#pragma once

#include "config/arena.h"
#include "config/schema.h"

/* Fills `settings` except `file`, the sections and the policy. 0, or -1 with "FILE:LINE: …". */
int settings_read(
	struct arena *arena, cfg_t *parsed, struct settings *settings, struct error *error);

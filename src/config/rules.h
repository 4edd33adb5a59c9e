/* SPDX-License-Identifier: MIT
 *
 * The policy section, typed. Private to config/.
 */
#pragma once

#include "config/arena.h"
#include "config/schema.h"

/* Fills `policy` from the file; the arena owns its contents. 0, or -1 with "FILE:LINE: …". */
int rules_read(struct arena *arena, const struct sources *sources, cfg_t *parsed,
	struct config_policy *policy, struct error *error);

/* SPDX-License-Identifier: MIT
 *
 * Options from the environment, which count before those of the file: MEETAUTH_STATE sets `state`,
 * and MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TIMEOUT sets `timeout` of platform
 * "meeting.example.org". Private to config/.
 */
#pragma once

#include "config/schema.h"
#include "config/source.h"

/* Stores the values of all variables MEETAUTH_… in what was parsed. 0, or -1 with an error that
 * names the variable. */
int environment_apply(
	cfg_t *parsed, struct config_types types, struct sources *sources, struct error *error);

/* SPDX-License-Identifier: MIT
 *
 * Which claims each type of backend can make about its people. Backends are independent: a group or
 * name at one says nothing about the people of another.
 */
#pragma once

#include "policy/policy.h"

enum source {
	SOURCE_SUBJECT = 1,
	SOURCE_GROUPS = 2,
	SOURCE_EMAIL = 4,
	SOURCE_ACR = 8,
};

/* Whether the backend, as configured, reports this about people who are not guests. */
bool source_tells(const struct section *backend, enum source what);

/* Whether the backend uses the password form, whose backends are asked in the order of the file. */
bool source_takes_passwords(const struct section *backend);

/* Appends the titles of the backends that report `what`, quoted, separated by commas. Returns their
 * number. */
size_t source_list(const struct settings *settings, enum source what, struct buffer *titles);

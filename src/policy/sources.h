/* SPDX-License-Identifier: MIT
 *
 * What each type of backend can say of its people, as far as rules go by it. Backends know nothing
 * of each other: a group or a name of one says nothing about the people of another.
 */
#pragma once

#include "policy/policy.h"

enum source {
	SOURCE_SUBJECT = 1,
	SOURCE_GROUPS = 2,
	SOURCE_EMAIL = 4,
	SOURCE_ACR = 8,
};

/* Whether the backend, with the options that it has, can say that of people who are no guests. */
bool source_tells(const struct section *backend, enum source what);

/* Whether it shares the form for names and passwords, in which backends are asked in the order of
 * the file. */
bool source_takes_passwords(const struct section *backend);

/* Appends the titles of the backends that can, quoted and with commas between them. Returns how
 * many there are. */
size_t source_list(const struct settings *settings, enum source what, struct buffer *titles);

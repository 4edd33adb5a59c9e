/* SPDX-License-Identifier: MIT
 *
 * Private to src/guests: rows of field tables, and checks that several types of records share.
 */
#pragma once

#include "guests/records.h"

#include <stddef.h>

#define FIELD_TEXT(record, member, name, bytes, check)                                             \
	{                                                                                          \
		.key = (name), .maximum = (bytes), .offset = offsetof(record, member),             \
		.fault = (check)                                                                   \
	}

#define FIELD_TIME(record, member, name, what)                                                     \
	{                                                                                          \
		.key = (name), .kind = (what), .offset = offsetof(record, member)                  \
	}

/* Each returns NULL for a valid text, or a constant that says what is wrong. */
const char *field_platform_fault(const char *text);
const char *field_meeting_fault(const char *text);
const char *field_email_fault(const char *text); /* "" is valid */

/* SPDX-License-Identifier: MIT
 *
 * Private to guests: rows of a field table, and checks that several kinds of records share.
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

/* Each returns a constant sentence, or NULL for good text. */
const char *field_platform_fault(const char *text);
const char *field_meeting_fault(const char *text);
const char *field_email_fault(const char *text); /* "" is good */

/* SPDX-License-Identifier: MIT
 *
 * Parsing of what a visit brings to the entry of a driver. Private to this room.
 */
#pragma once

#include "platform/platform.h"

/* Refuses the arrival: names the parameter (a constant) and says what is wrong with it, without its
 * value. Always -1. */
int arrival_refuse(struct platform_arrival *arrival, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Refuses a parameter for its length, of more than `maximum` bytes. Always -1. */
int arrival_refuse_length(struct platform_arrival *arrival, const char *parameter, size_t maximum);

/* Reads a parameter that may be missing: *value_r is NULL then. -1, refused, when it is repeated or
 * not a text. */
int arrival_optional(struct platform_arrival *arrival, const char *name, const char **value_r);

/* Reads the meeting from the path or from the parameter: *text_r is "" when both are missing. -1,
 * refused, when both are there. */
int arrival_named(struct platform_arrival *arrival, const char *parameter, const char **text_r);

/* Remembers NAME=VALUE with the join, for join_remembered(); nothing for NULL. 0, or -1 without
 * memory. */
int arrival_remember(struct platform_arrival *arrival, const char *name, const char *value);

/* Sets id and token of the meeting to copies of the id. 0, or -1 without memory. */
int arrival_set_meeting(struct platform_arrival *arrival, const char *id);

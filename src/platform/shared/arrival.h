/* SPDX-License-Identifier: MIT
 *
 * Helpers with which drivers parse the path and the parameters of a visit. Private to src/platform.
 */
#pragma once

#include "platform/platform.h"

/* Refuses the visit: stores the parameter's name (a constant) and the reason, which must not
 * contain the parameter's value. Returns -1. */
int arrival_refuse(struct platform_arrival *arrival, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Refuses the visit because a parameter is longer than `maximum` bytes. Returns -1. */
int arrival_refuse_length(struct platform_arrival *arrival, const char *parameter, size_t maximum);

/* Reads an optional parameter; *value_r is NULL if it is missing. Returns 0. If the parameter is
 * repeated or not a text, refuses the visit and returns -1. */
int arrival_optional(struct platform_arrival *arrival, const char *name, const char **value_r);

/* Reads the meeting from the path or from the parameter; *text_r is "" if both are missing. Returns
 * 0. If both are present, refuses the visit and returns -1. */
int arrival_named(struct platform_arrival *arrival, const char *parameter, const char **text_r);

/* Stores NAME=VALUE in the join, for join_remembered(). Does nothing if `value` is NULL. Returns 0,
 * or -1 if memory runs out. */
int arrival_remember(struct platform_arrival *arrival, const char *name, const char *value);

/* Sets the meeting's id and token to copies of `id`. Returns 0, or -1 if memory runs out. */
int arrival_set_meeting(struct platform_arrival *arrival, const char *id);

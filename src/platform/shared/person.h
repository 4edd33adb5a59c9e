/* SPDX-License-Identifier: MIT
 *
 * People as platforms are told of them. Private to this room.
 */
#pragma once

#include "platform/platform.h"

/* The name, or, where it is unknown, the account's. */
const char *person_name(const struct identity *who);

/* What the account is called, where the name is to be kept from the platform. A guest's is called
 * by the name that the guest gave: the account's own is a random number. */
const char *person_account_name(const struct identity *who);

/* How many bytes a text may keep: the first `maximum` characters of UTF-8, or as many whole ones as
 * fit into `maximum` bytes. */
size_t person_cut_characters(const char *text, size_t maximum);
size_t person_cut_bytes(const char *text, size_t maximum);
typedef size_t person_cut(const char *text, size_t maximum);

/* Appends "BACKEND/SUBJECT", which tells people of different backends apart. One that `cut` would
 * shorten to `maximum` ends with a hash of the whole instead, the same each time. */
void person_put_id(
	const struct identity *who, person_cut *cut, size_t maximum, struct buffer *person);

/* Whether the policy's role is "moderator", or "observer". */
bool person_is_moderator(const struct platform_grant *grant);
bool person_is_observer(const struct platform_grant *grant);

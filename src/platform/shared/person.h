/* SPDX-License-Identifier: MIT
 *
 * Names, ids and roles of visitors as platforms receive them. Private to src/platform.
 */
#pragma once

#include "platform/platform.h"

/* Returns the display name, or the account's name if there is none. The texts belong to `who`. */
const char *person_name(const struct identity *who);

/* Returns the name to use if the platform may not learn the display name: the account's name. For a
 * guest it is the name that the guest typed, since the account's name is a random number. */
const char *person_account_name(const struct identity *who);

/* Return how many bytes of a UTF-8 text to keep: those of its first `maximum` characters, or of as
 * many whole characters as fit into `maximum` bytes. */
size_t person_cut_characters(const char *text, size_t maximum);
size_t person_cut_bytes(const char *text, size_t maximum);
typedef size_t person_cut(const char *text, size_t maximum);

/* Appends "BACKEND/SUBJECT", which is unique across backends. If `cut` would shorten it to
 * `maximum`, it ends with a hash of the whole instead, which is always the same. */
void person_put_id(
	const struct identity *who, person_cut *cut, size_t maximum, struct buffer *person);

/* Whether the policy granted the role "moderator" or "observer". */
bool person_is_moderator(const struct platform_grant *grant);
bool person_is_observer(const struct platform_grant *grant);

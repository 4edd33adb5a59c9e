/* SPDX-License-Identifier: MIT
 *
 * The groups that a session needs: those that rules or the guest desk name, compared without case,
 * because a rule that denies ignores case. A session that would be too long for its cookie keeps
 * only these, with a digest of the names that were wanted: when the rules name other groups later,
 * the groups have to be read again.
 */
#pragma once

#include "base/identity.h"
#include "config/config.h"

/* The digest of the group names in the settings, in their order; never 0. Cookies contain it, so it
 * is the same on every machine of a pool. */
uint64_t groups_digest(const struct settings *settings);

/* Removes the groups that the settings do not name, and stores the digest in `who`. */
void groups_trim(const struct settings *settings, uint64_t digest, struct identity *who);

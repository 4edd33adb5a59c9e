/* SPDX-License-Identifier: MIT
 *
 * Which groups a session needs: those that rules or the guest desk name, in whatever case, since a
 * rule that denies does not look at it. A session that is too long for its cookie keeps these
 * alone, with a digest of the names that were looked for: when rules name others later, the groups
 * have to be read again.
 */
#pragma once

#include "base/identity.h"
#include "config/config.h"

/* Of the names of groups in the settings, in their order; never 0. The same for every machine of a
 * pool: cookies hold it. */
uint64_t groups_digest(const struct settings *settings);

/* Leaves out the groups that the settings do not name, and notes their digest in `who`. */
void groups_trim(const struct settings *settings, uint64_t digest, struct identity *who);

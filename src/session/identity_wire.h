/* SPDX-License-Identifier: MIT
 *
 * An identity in a cookie or a ticket. Private to this room.
 *
 *   flags 1 (second factor 1, guest 2) | number of groups 1 | of meetings 1 | backend, subject,
 *   name, e-mail, acr, the provider's session, kept, account, factor, groups, meetings, each as
 *   2-byte length and bytes
 */
#pragma once

#include "base/identity.h"
#include "session/wire.h"

void wire_put_identity(struct wire_out *out, const struct identity *who);

/* Into an empty identity, which the caller releases, also when it failed. */
void wire_get_identity(struct wire_in *in, struct identity *who);

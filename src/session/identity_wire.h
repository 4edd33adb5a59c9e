/* SPDX-License-Identifier: MIT
 *
 * Encodes an identity for a cookie or a ticket. Private to session/.
 *
 *   flags 1 (second factor 1, guest 2) | number of groups 1 | number of meetings 1 |
 *   digest of the groups 8 | backend, subject, name, e-mail, acr, provider session,
 *   refresh data, account, factor, groups, meetings, each as 2-byte length and bytes
 */
#pragma once

#include "base/identity.h"
#include "session/wire.h"

void wire_put_identity(struct wire_out *out, const struct identity *who);

/* Decodes into an empty identity. The caller releases it even if `in` has failed. */
void wire_get_identity(struct wire_in *in, struct identity *who);

/* SPDX-License-Identifier: MIT
 *
 * Access at platforms whose driver signs tokens or sends several requests (platform_grant_ops).
 */
#pragma once

#include "visit/visit.h"

/* The part of exchange_token() for drivers with a `grant` table. */
enum step grant_access(struct visit *visit);

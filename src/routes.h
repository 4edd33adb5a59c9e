/* SPDX-License-Identifier: MIT
 *
 * The whole story in one table: which steps a request goes through, in order, by its route and
 * method. Read it first.
 */
#pragma once

#include "visit/visit.h"

extern const struct routes routes;

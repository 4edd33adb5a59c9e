/* SPDX-License-Identifier: MIT
 *
 * The whole story in one table: which steps a request goes through, in order, by its route and
 * method. Read it first.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "visit/visit.h"

extern const struct routes routes;

#endif

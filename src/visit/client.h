/* SPDX-License-Identifier: MIT
 *
 * Where a visit comes from.
 */
#ifndef VISIT_CLIENT_H
#define VISIT_CLIENT_H

#include "visit/visit.h"

/* Whose work it is in a worker's queue (worker.h): the widest network around the visitor. */
uint64_t client_whose(const struct visit *visit);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The client that a visit comes from.
 */
#pragma once

#include "visit/visit.h"

/* The id by which worker queues share time fairly among clients (worker.h): the widest network
 * around the client's address. */
uint64_t client_whose(const struct visit *visit);

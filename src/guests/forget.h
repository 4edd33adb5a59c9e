/* SPDX-License-Identifier: MIT
 *
 * Removes what the files of guest accounts and invitations have about a person.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct forget_person {
	const char *backend; /* NULL: any */
	const char *subject; /* the case of ASCII letters does not matter */
	bool here; /* whether the file is of the person's backend, or that may be any: a user name
		    * elsewhere is another person's, an address is not */
};

struct forgotten {
	size_t own;   /* records of the person, which were removed */
	size_t named; /* records of others that named the person as a host */
};

/* Removes the accounts whose address, or user name or subject here, is the person's, also from the
 * file of removed accounts; and takes the person's name out of the accounts that they made or
 * invited. Returns 0 with *done_r, or -1. */
int forget_accounts(const char *path, const struct forget_person *who, struct forgotten *done_r,
	struct error *error);

/* Removes the invitations whose address, or subject here, is the person's, and all that the person
 * made: a link depends on who made it. Returns 0 with *done_r, or -1. */
int forget_invitations(const char *path, const struct forget_person *who, struct forgotten *done_r,
	struct error *error);

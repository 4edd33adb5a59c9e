/* SPDX-License-Identifier: MIT
 *
 * Reads the flat answers that some platforms give in XML. Private to this room; the only user of
 * expat.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* An element right below the root, without elements of its own. */
struct xml_field {
	const char *name;
	char *text; /* the caller's memory; "" where the element is missing, empty or too long */
	size_t size;
	bool found; /* stands there, once, and fits */
};

/* Fills the fields from a document whose root is `root`. 0, or -1: malformed, another root, a
 * document type (nothing is ever expanded), a field twice. The error has nothing of the text. */
int xml_read(const char *bytes, size_t length, const char *root, struct xml_field *fields,
	size_t count, struct error *error);

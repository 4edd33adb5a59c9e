/* SPDX-License-Identifier: MIT
 *
 * Parser for flat XML answers. Private to src/platform, and the only user of expat.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* A child of the root element that has no child elements. */
struct xml_field {
	const char *name;
	char *text; /* the caller's memory; "" where the element is missing, empty or too long */
	size_t size;
	bool found; /* the element is there, and its text fits */
};

/* Fills the fields from a document whose root element is `root`. Returns 0, or -1 with an error
 * that quotes nothing if the document is malformed, has another root or a document type declaration
 * (entities are never expanded), or repeats a field. */
int xml_read(const char *bytes, size_t length, const char *root, struct xml_field *fields,
	size_t count, struct error *error);

/* SPDX-License-Identifier: MIT */
#include "config/nearest.h"

enum { LENGTH_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LENGTH_MAX + 1];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = least(replaced, least(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[length];
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t length = strlen(name), d;

	if (length > LENGTH_MAX || strlen(nearest->meant) > LENGTH_MAX)
		return;
	d = distance(nearest->meant, name);
	if (d < nearest->distance && d <= (length + 2) / 3) {
		nearest->distance = d;
		nearest->name = name;
	}
}

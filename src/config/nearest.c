/* SPDX-License-Identifier: MIT */
#include "config/nearest.h"

enum { LENGTH_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance in which two swapped neighbours count once. Keeps three rows of the
 * table. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LENGTH_MAX + 1];
	size_t length = strlen(b), i;

	for (size_t j = 0; j <= length; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
				least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[(i - 1) % 3][length];
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t length = strlen(name), d;

	if (length > LENGTH_MAX || strlen(nearest->meant) > LENGTH_MAX)
		return;
	d = distance(nearest->meant, name);
	if (d < nearest->distance && d <= (length + 1) / 3) {
		nearest->distance = d;
		nearest->name = name;
	}
}

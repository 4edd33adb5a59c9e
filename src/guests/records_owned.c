/* SPDX-License-Identifier: MIT */
#include "guests/record.h"

static int compare_items(const void *a, const void *b)
{
	const struct records_owned *one = a, *other = b;
	int way = strcmp(one->owner, other->owner);

	if (way != 0)
		return way;
	if (one->record != other->record)
		return (const char *)one->record < (const char *)other->record ? -1 : 1;
	return one->index < other->index ? -1 : one->index > other->index;
}

/* Lists the items if `items` is not NULL. Returns their number. */
static size_t list_items(const struct records_type *type, const char *rows, size_t count,
	struct records_owned *items)
{
	const char *owner;
	size_t found = 0;

	for (const char *row = rows; row < rows + count * type->size; row += type->size)
		for (size_t i = 0; (owner = type->owner(row, i)) != NULL; i++, found++)
			if (items != NULL)
				items[found] = (struct records_owned){owner, row, i};
	return found;
}

int owned_make(struct owned *owned, const struct records_type *type, const char *rows, size_t count)
{
	if (type->owner == NULL)
		return 0;
	owned->count = list_items(type, rows, count, NULL);
	owned->items = calloc(owned->count + 1, sizeof *owned->items);
	if (owned->items == NULL)
		return -1;
	list_items(type, rows, count, owned->items);
	qsort(owned->items, owned->count, sizeof *owned->items, compare_items);
	return 0;
}

/* Returns the index of the first item whose owner is not before `owner`, or behind it with `after`.
 */
static size_t find_bound(const struct owned *owned, const char *owner, bool after)
{
	size_t from = 0, to = owned->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(owned->items[middle].owner, owner) < (after ? 1 : 0))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct records_owned *owned_find(
	const struct owned *owned, const char *owner, size_t *count_r)
{
	size_t first = find_bound(owned, owner, false);

	*count_r = find_bound(owned, owner, true) - first;
	return owned->items + first;
}

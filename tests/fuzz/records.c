/* SPDX-License-Identifier: MIT
 *
 * A file of invitations, guest accounts or keys of meetings; the first byte says of which.
 */
#include "fuzz.h"

#include "guests/accounts.h"
#include "guests/invites.h"
#include "guests/meeting_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct records_type *const types[] = {
		&invites_type, &accounts_type, &meeting_keys_type};
	static const char *const secrets[] = {"secret"};
	struct error error = {""};
	struct records *records;

	if (length == 0)
		return 0;
	records = records_load(types[*bytes % 3], file_of(bytes + 1, length - 1), &error);
	PROMISE(records != NULL || error.text[0] != '\0');
	if (records != NULL) {
		for (size_t i = 0; records_at(records, i) != NULL; i++) {
			const char *id = *(const char *const *)records_at(records, i);

			PROMISE(records_by_id(records, id) == records_at(records, i));
		}
		if (*bytes % 3 == 0)
			PROMISE(invites_open(records, "AAAA", secrets, 1) == NULL);
		if (*bytes % 3 == 1)
			accounts_find(records, "gina");
	}
	records_free(&records);
	return 0;
}

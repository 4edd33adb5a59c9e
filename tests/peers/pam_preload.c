/* SPDX-License-Identifier: MIT
 *
 * To be preloaded in tests: PAM reads its services from the folder TEST_PAM_D and pam_unix the file
 * TEST_SHADOW, so that neither root nor the system's accounts are needed. (libpam_wrapper does the
 * first with RTLD_DEEPBIND, which AddressSanitizer refuses; libnss_wrapper does not do the second.)
 */
#include <errno.h>
#include <security/pam_appl.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pam_start(const char *service, const char *user, const struct pam_conv *conversation,
	pam_handle_t **pam)
{
	return pam_start_confdir(service, user, conversation, getenv("TEST_PAM_D"), pam);
}

int getspnam_r(const char *name, struct spwd *entry, char *text, size_t size, struct spwd **found)
{
	FILE *file = fopen(getenv("TEST_SHADOW"), "r");

	*found = NULL;
	if (file == NULL)
		return ENOENT;
	while (fgetspent_r(file, entry, text, size, found) == 0 &&
		strcmp(entry->sp_namp, name) != 0)
		*found = NULL;
	fclose(file);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * A typed name in an LDAP filter and a DN, out of which it never gets, and what a directory says of
 * a person.
 */
#include "fuzz.h"

#ifdef HAVE_LDAP

#include "auth/ldap/ldap.h"

#include <ldap.h>

/* The name as the value of the first RDN, when it is read again. */
static void same_name(const char *text)
{
	char *dn = directory_dn("uid={name},ou=people,dc=example,dc=org", text), *back;

	if (dn == NULL)
		return;
	back = directory_rdn(dn);
	PROMISE(back != NULL && strcmp(back, text) == 0);
	free(back);
	ldap_memfree(dn);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = copy_of(bytes, length);
	struct berval value = {.bv_val = text, .bv_len = length};
	char *filter = directory_filter("(&(uid={name})(a=b))", text, NULL), *other;

	if (filter != NULL) {
		size_t inner = strlen(filter) - strlen("(&(uid=)(a=b))");

		PROMISE(strcspn(filter + strlen("(&(uid="), "()*") == inner);
		free(filter);
	}
	if (text[0] != '\0')
		same_name(text);
	other = directory_rdn(text);
	free(other);
	other = directory_value(&value);
	free(other);
	other = directory_subject("objectGUID", &value);
	free(other);
	other = directory_subject("objectSid", &value);
	free(other);
	free(text);
	return 0;
}

#else
LEFT_OUT
#endif

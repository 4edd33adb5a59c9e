/* SPDX-License-Identifier: MIT
 *
 * Puts external values into filters and DNs. libldap does all escaping.
 */
#include "auth/ldap/ldap.h"

#include <strings.h>

static void append_escaped(struct buffer *text, const char *value)
{
	struct berval raw = {strlen(value), (char *)(uintptr_t)value};
	struct berval escaped = {0, NULL};

	if (ldap_bv2escaped_filter_value(&raw, &escaped) != 0)
		text->failed = true;
	else
		buffer_append(text, escaped.bv_val, escaped.bv_len);
	ldap_memfree(escaped.bv_val);
}

static bool replaces(const char **text, const char *mark, const char *value, struct buffer *out)
{
	if (value == NULL || strncmp(*text, mark, strlen(mark)) != 0)
		return false;
	append_escaped(out, value);
	*text += strlen(mark);
	return true;
}

char *directory_filter(const char *filter, const char *name, const char *dn)
{
	struct buffer text = BUFFER_INIT(DIRECTORY_TEXT_MAX);

	while (*filter != '\0')
		if (!replaces(&filter, "{name}", name, &text) &&
			!replaces(&filter, "{dn}", dn, &text))
			buffer_append(&text, filter++, 1);
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* Replaces {name} in the value of one attribute, unescaped: ldap_dn2str() escapes it. */
static void fill_in(const struct berval *value, const char *name, struct buffer *text)
{
	const char *at = value->bv_val, *end = at + value->bv_len;

	while (at < end) {
		const char *mark = memmem(at, (size_t)(end - at), "{name}", strlen("{name}"));

		buffer_append(text, at, (size_t)((mark != NULL ? mark : end) - at));
		if (mark == NULL)
			return;
		buffer_text(text, name);
		at = mark + strlen("{name}");
	}
}

/* Writes the DN with one value replaced, and restores the old value. */
static char *write_with(LDAPDN dn, LDAPAVA *ava, const struct buffer *text)
{
	struct berval value = ava->la_value;
	unsigned flags = ava->la_flags;
	char *written = NULL;

	ava->la_value = (struct berval){text->length, text->data};
	/* So that libldap escapes the value, whatever the template contained. */
	ava->la_flags |= LDAP_AVA_STRING | LDAP_AVA_NONPRINTABLE;
	if (ldap_dn2str(dn, &written, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		written = NULL;
	ava->la_value = value;
	ava->la_flags = flags;
	return written;
}

/* Finds the attribute whose value contains {name}. */
static LDAPAVA *find_mark(LDAPDN dn)
{
	for (size_t i = 0; dn != NULL && dn[i] != NULL; i++)
		for (size_t j = 0; dn[i][j] != NULL; j++) {
			const struct berval *value = &dn[i][j]->la_value;

			if (value->bv_len > 0 && memmem(value->bv_val, value->bv_len, "{name}",
							 strlen("{name}")) != NULL)
				return dn[i][j];
		}
	return NULL;
}

char *directory_dn(const char *pattern, const char *name)
{
	struct buffer text = BUFFER_INIT(DIRECTORY_TEXT_MAX);
	char *written = NULL;
	LDAPDN dn = NULL;
	LDAPAVA *ava;

	if (ldap_str2dn(pattern, &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return NULL;
	ava = find_mark(dn);
	if (ava != NULL) {
		fill_in(&ava->la_value, name, &text);
		if (!text.failed && text.length > 0)
			written = write_with(dn, ava, &text);
	}
	buffer_release(&text);
	ldap_dnfree(dn);
	return written;
}

char *directory_value(const struct berval *value)
{
	if (value->bv_len == 0 || memchr(value->bv_val, '\0', value->bv_len) != NULL)
		return NULL;
	return strndup(value->bv_val, value->bv_len);
}

/* Writes a GUID ([MS-DTYP] 2.3.4): the first three fields are little-endian. */
static char *write_guid(const uint8_t *bytes)
{
	static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct buffer text = BUFFER_INIT(64);

	for (size_t i = 0; i < sizeof order; i++)
		buffer_printf(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			bytes[order[i]]);
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* Writes a SID ([MS-DTYP] 2.4.2.2): revision 1, the number of parts, the authority, and the
 * little-endian parts. */
static char *write_sid(const uint8_t *bytes, size_t length)
{
	struct buffer text = BUFFER_INIT(256);
	uint64_t authority = 0;

	if (length < 12 || bytes[0] != 1 || length != 8 + 4 * (size_t)bytes[1])
		return NULL;
	for (size_t i = 2; i < 8; i++)
		authority = authority << 8 | bytes[i];
	buffer_printf(&text, "S-1-%llu", (unsigned long long)authority);
	for (size_t i = 8; i < length; i += 4)
		buffer_printf(&text, "-%lu",
			(unsigned long)bytes[i] | (unsigned long)bytes[i + 1] << 8 |
				(unsigned long)bytes[i + 2] << 16 |
				(unsigned long)bytes[i + 3] << 24);
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

char *directory_subject(const char *attribute, const struct berval *value)
{
	const uint8_t *bytes = (const uint8_t *)value->bv_val;

	if (strcasecmp(attribute, "objectGUID") == 0 ||
		strcasecmp(attribute, "mS-DS-ConsistencyGuid") == 0)
		return value->bv_len == 16 ? write_guid(bytes) : NULL;
	if (strcasecmp(attribute, "objectSid") == 0)
		return write_sid(bytes, value->bv_len);
	return directory_value(value);
}

char *directory_least_value(LDAP *ld, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	char *least = NULL;

	for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
		char *value = directory_subject(attribute, values[i]);

		if (value != NULL && (least == NULL || strcmp(value, least) < 0)) {
			free(least);
			least = value;
		} else {
			free(value);
		}
	}
	ldap_value_free_len(values);
	return least;
}

char *directory_rdn(const char *dn)
{
	char *value = NULL;
	LDAPDN parsed = NULL;

	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return NULL;
	if (parsed != NULL && parsed[0] != NULL && parsed[0][0] != NULL &&
		!(parsed[0][0]->la_flags & LDAP_AVA_BINARY))
		value = directory_value(&parsed[0][0]->la_value);
	ldap_dnfree(parsed);
	return value;
}

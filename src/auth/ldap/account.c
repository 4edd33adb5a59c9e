/* SPDX-License-Identifier: MIT
 *
 * What an entry says about its account: whether it is usable, and whether it is still the same
 * account as at the sign-in.
 */
#include "auth/ldap/ldap.h"
#include "base/text.h"

#include <strings.h>

/* ---- whether it is usable ---- */

static bool is_true(const char *value, int64_t now)
{
	return strcasecmp(value, "true") == 0;
}

/* Tests ACCOUNTDISABLE, [MS-ADTS] 2.2.16. */
static bool is_disabled(const char *value, int64_t now)
{
	return strtol(value, NULL, 10) & 2;
}

/* Whether an administrator has locked the account. Other values are the time of too many wrong
 * passwords, which anybody can cause. */
static bool is_locked(const char *value, int64_t now)
{
	return strcmp(value, "000001010000Z") == 0;
}

/* Units of 100 ns since 1601; 0 and the largest number mean never ([MS-ADA1] 2.1). */
static bool has_passed_interval(const char *value, int64_t now)
{
	const int64_t second = 10000000, from_1601_to_1970 = INT64_C(11644473600);
	int64_t when;

	return text_to_number(value, 1, INT64_MAX - 1, &when) == 0 &&
	       when / second - from_1601_to_1970 <= now;
}

/* Days since 1970. 0 counts as never: shadow(5) says that its meaning is unclear. */
static bool has_passed_day(const char *value, int64_t now)
{
	int64_t day;

	return text_to_number(value, 1, INT32_MAX, &day) == 0 && day * 24 * 3600 <= now;
}

/* A GeneralizedTime in UTC, "20261231180000Z" (RFC 4517 section 3.3.13), with an optional fraction.
 */
static bool has_passed_time(const char *value, int64_t now)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	char text[sizeof form];
	int64_t when;

	memcpy(text, form, sizeof form);
	for (size_t i = 0; form[i] != 'Z'; i++)
		if (form[i] == '0' && *value != '\0')
			text[i] = *value++;
	return (*value == 'Z' || *value == '.' || *value == ',') &&
	       text_to_time(text, &when) == 0 && when <= now;
}

static const struct {
	const char *attribute;
	bool (*closes)(const char *value, int64_t now);
} closing[] = {
	{"userAccountControl", is_disabled},	     /* Active Directory */
	{"accountExpires", has_passed_interval},     /* the same */
	{"pwdAccountLockedTime", is_locked},	     /* OpenLDAP's ppolicy and others */
	{"pwdEndTime", has_passed_time},	     /* the same */
	{"nsAccountLock", is_true},		     /* 389 Directory Server, FreeIPA */
	{"krbPrincipalExpiration", has_passed_time}, /* FreeIPA, MIT Kerberos */
	{"loginDisabled", is_true},		     /* eDirectory */
	{"loginExpirationTime", has_passed_time},    /* the same */
	{"shadowExpire", has_passed_day},	     /* RFC 2307 */
};

enum { CLOSING = sizeof closing / sizeof *closing };

const char *account_closed_by(LDAP *ld, LDAPMessage *entry, int64_t now)
{
	const char *by = NULL;

	for (size_t i = 0; by == NULL && i < CLOSING; i++) {
		char *value = directory_least_value(ld, entry, closing[i].attribute);

		if (value != NULL && closing[i].closes(value, now))
			by = closing[i].attribute;
		free(value);
	}
	return by;
}

/* ---- whether it is the same account ---- */

/* Without modifyTimestamp, which changes with every telephone number. */
static const char *const telling[] = {
	"entryUUID",	    /* RFC 4530 */
	"objectGUID",	    /* Active Directory */
	"nsUniqueId",	    /* 389 Directory Server, FreeIPA */
	"pwdChangedTime",   /* OpenLDAP's ppolicy, eDirectory */
	"pwdLastSet",	    /* Active Directory */
	"pwdUpdateTime",    /* 389 Directory Server */
	"krbLastPwdChange", /* FreeIPA, MIT Kerberos */
	"shadowLastChange", /* RFC 2307 */
};

enum { TELLING = sizeof telling / sizeof *telling };

void account_digest(LDAP *ld, LDAPMessage *entry, char hex[DIGEST_SIZE])
{
	struct digest digest;

	digest_begin(&digest);
	for (size_t i = 0; i < TELLING; i++) {
		struct berval **values = ldap_get_values_len(ld, entry, telling[i]);

		digest_text(&digest, telling[i]);
		for (size_t j = 0; values != NULL && values[j] != NULL; j++)
			digest_add(&digest, values[j]->bv_val, values[j]->bv_len);
		ldap_value_free_len(values);
	}
	digest_end(&digest, hex);
}

_Static_assert((int)CLOSING + (int)TELLING <= (int)ACCOUNT_ATTRIBUTES_MAX,
	"ACCOUNT_ATTRIBUTES_MAX is too small");

void account_attributes(const char **attributes)
{
	for (size_t i = 0; i < CLOSING; i++)
		*attributes++ = closing[i].attribute;
	for (size_t i = 0; i < TELLING; i++)
		*attributes++ = telling[i];
	*attributes = NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * Converts an entry into an identity with its groups. Anything that cannot be read completely is an
 * error: without one of the groups, a rule that denies might not apply.
 */
#include "auth/ldap/ldap.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdarg.h>

enum {
	GROUPS_PAGE = 500,
	GROUPS_READ_MAX = 2000, /* limit of entries of a group search */
};

/* The result of a search, and its connection. */
struct found {
	struct link *link;
	LDAPMessage *result;
	int code;
};

/* Searches. Returns -1 with an error if no server could be reached. Otherwise returns 0 with
 * found->code, and the caller calls found_release(). */
static int ask(
	const struct directory_call *call, const struct link_query *query, struct found *found)
{
	do {
		found->link = call->bound != NULL ? call->bound : pool_take(call, LINK_SERVICE);
		if (found->link == NULL)
			return -1;
		found->code = link_search(found->link, query, call->deadline, &found->result);
	} while (call->bound == NULL && pool_was_stale(found->link, found->code));
	return 0;
}

static void found_release(const struct directory_call *call, struct found *found)
{
	ldap_msgfree(found->result);
	if (found->link != call->bound)
		pool_put(call->directory, found->link, found->code);
}

/* ---- one entry ---- */

__attribute__((format(printf, 2, 3))) static void break_person(
	struct person *person, const char *format, ...)
{
	va_list args;

	if (person->broken)
		return;
	person->broken = true;
	va_start(args, format);
	vsnprintf(person->fault.text, sizeof person->fault.text, format, args);
	va_end(args);
}

/* Reads the first value of an attribute that is only displayed. Ignores an invalid value. */
static void read_optional(
	LDAP *ld, LDAPMessage *entry, const char *attribute, char **field, size_t maximum)
{
	struct berval **values =
		attribute[0] != '\0' ? ldap_get_values_len(ld, entry, attribute) : NULL;
	char *value = values != NULL && values[0] != NULL ? directory_value(values[0]) : NULL;

	identity_set(field, value, maximum);
	free(value);
	ldap_value_free_len(values);
}

/* ---- groups ---- */

static bool is_wanted(const struct directory *directory, const char *group)
{
	return directory->group_match.count == 0 ||
	       text_matches_any(directory->group_match.items, directory->group_match.count, group);
}

static void add_group(const struct directory *directory, const char *group, struct person *person)
{
	if (!is_wanted(directory, group) || identity_add_group(&person->who, group) == 0)
		return;
	if (person->who.group_count >= IDENTITY_GROUPS_MAX)
		break_person(person,
			"the user is in more than %d groups: keep those that rules name with "
			"group-match",
			IDENTITY_GROUPS_MAX);
	else
		break_person(person,
			"a group's name is longer than %d bytes or has control characters: exclude "
			"it with group-match, or set group-names to \"rdn\"",
			IDENTITY_GROUP_MAX);
}

/* Adds a group by its DN, as group-names selects. Ignores values that are not DNs. */
static void add_group_dn(const struct directory *directory, const char *dn, struct person *person)
{
	char *name = directory->whole_dn ? NULL : directory_rdn(dn);

	if (directory->whole_dn)
		add_group(directory, dn, person);
	else if (name != NULL)
		add_group(directory, name, person);
	free(name);
}

/* Calls add() for all values of an attribute. */
static void add_values(const struct directory *directory, LDAP *ld, LDAPMessage *entry,
	const char *attribute, void (*add)(const struct directory *, const char *, struct person *),
	struct person *person)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);

	for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
		char *value = directory_value(values[i]);

		if (value != NULL)
			add(directory, value, person);
		else
			break_person(person, "a value of %s is empty or binary", attribute);
		free(value);
	}
	ldap_value_free_len(values);
}

/* Whether an attribute is "memberOf;range=0-1499": Active Directory sends a limited number of
 * values at once ([MS-ADTS] 3.1.1.3.1.3.3), and then omits the attribute without the option. */
static bool is_part(const char *description, const char *attribute)
{
	size_t length = strlen(attribute);

	return strncasecmp(description, attribute, length) == 0 &&
	       strncasecmp(description + length, ";range=", 7) == 0;
}

static void check_whole(
	const struct directory *directory, LDAP *ld, LDAPMessage *entry, struct person *person)
{
	BerElement *at = NULL;

	for (char *name = ldap_first_attribute(ld, entry, &at); name != NULL;
		name = ldap_next_attribute(ld, entry, at)) {
		if (is_part(name, directory->group_attribute))
			break_person(person,
				"the directory returns only some of the groups in %s: search for "
				"them with group-filter and set group-attribute to \"\"",
				directory->group_attribute);
		ldap_memfree(name);
	}
	ber_free(at, 0);
}

static void add_group_entry(
	const struct directory *directory, LDAP *ld, LDAPMessage *entry, struct person *person)
{
	char *dn;

	if (directory->group_name_attribute[0] != '\0') {
		add_values(
			directory, ld, entry, directory->group_name_attribute, add_group, person);
		return;
	}
	dn = ldap_get_dn(ld, entry);
	if (dn != NULL)
		add_group_dn(directory, dn, person);
	ldap_memfree(dn);
}

static int count_and_add(
	const struct directory *directory, const struct found *found, struct person *person)
{
	LDAP *ld = found->link->ld;
	int count = 0;

	for (LDAPMessage *entry = ldap_first_entry(ld, found->result); entry != NULL;
		entry = ldap_next_entry(ld, entry)) {
		add_group_entry(directory, ld, entry, person);
		count++;
	}
	return count;
}

/* If the server's answer is incomplete (size limit, referral, no right to read), only this user is
 * unfit: others may be in fewer groups. */
static int judge_groups(
	const struct directory_call *call, const struct found *found, struct person *person)
{
	if (found->code == LDAP_SUCCESS)
		return 0;
	link_error(call, found->link, "search of the groups", found->code);
	if (found->code < 0 || found->code == LDAP_BUSY || link_is_servers_fault(found->code))
		return -1;
	break_person(person, "%s", call->error->text);
	return 0;
}

/* Uses paging, since servers limit the entries of one answer (1000 in Active Directory). */
static int search_groups(
	const struct directory_call *call, const char *filter, struct person *person)
{
	const struct directory *directory = call->directory;
	const char *name = directory->group_name_attribute;
	const char *const attributes[] = {name[0] != '\0' ? name : LDAP_NO_ATTRS, NULL};
	struct berval cookie = {0, NULL};
	const struct link_query query = {directory->group_base, LDAP_SCOPE_SUBTREE, filter,
		attributes, GROUPS_PAGE, &cookie};
	struct found found;
	int rc, count = 0;

	if (ask(call, &query, &found) != 0)
		return -1;
	while ((rc = judge_groups(call, &found, person)) == 0 && !person->broken) {
		count += count_and_add(directory, &found, person);
		if (cookie.bv_len == 0)
			break;
		if (count > GROUPS_READ_MAX)
			break_person(person, "the user is in more than %d groups", GROUPS_READ_MAX);
		ldap_msgfree(found.result);
		found.code = link_search(found.link, &query, call->deadline, &found.result);
	}
	ber_memfree(cookie.bv_val);
	found_release(call, &found);
	return rc;
}

int person_find_groups(const struct directory_call *call, struct person *person)
{
	char *filter;
	int rc = 0;

	if (call->directory->group_filter[0] == '\0' || person->broken)
		return 0;
	filter = directory_filter(call->directory->group_filter, person->who.subject, person->dn);
	if (filter == NULL)
		break_person(person, "out of memory, or the filter for groups is too long");
	else
		rc = search_groups(call, filter, person);
	free(filter);
	return rc;
}

/* ---- a person ---- */

static void read_subject(
	const struct directory *directory, LDAP *ld, LDAPMessage *entry, struct person *person)
{
	char *subject = directory_least_value(ld, entry, directory->subject_attribute);

	if (subject == NULL ||
		identity_set(&person->who.subject, subject, IDENTITY_SUBJECT_MAX) != 0)
		break_person(person,
			"an entry has no usable %s (subject-attribute): bind-dn may not read it, "
			"or it is longer than %d bytes",
			directory->subject_attribute, IDENTITY_SUBJECT_MAX);
	free(subject);
}

static void read_entry(
	const struct directory *directory, LDAP *ld, LDAPMessage *entry, struct person *person)
{
	char *dn = ldap_get_dn(ld, entry), digest[DIGEST_SIZE];

	person->dn = dn != NULL ? strdup(dn) : NULL;
	ldap_memfree(dn);
	if (person->dn == NULL || person->dn[0] == '\0')
		break_person(person, "an entry has no DN");
	read_subject(directory, ld, entry, person);
	read_optional(ld, entry, directory->name_attribute, &person->who.name, IDENTITY_NAME_MAX);
	read_optional(
		ld, entry, directory->email_attribute, &person->who.email, IDENTITY_EMAIL_MAX);
	person->closed = account_closed_by(ld, entry, clock_wall());
	account_digest(ld, entry, digest);
	if (identity_set(&person->who.account, digest, IDENTITY_DIGEST_MAX) != 0)
		break_person(person, "out of memory");
	if (directory->group_attribute[0] != '\0') {
		check_whole(directory, ld, entry, person);
		add_values(directory, ld, entry, directory->group_attribute, add_group_dn, person);
	}
}

/* Reads the result of a search. If the server's size limit was exceeded, there are several entries.
 */
static int read_result(
	const struct directory_call *call, const struct found *found, struct person *person)
{
	LDAP *ld = found->link->ld;
	int count = ldap_count_entries(ld, found->result);
	bool gone = call->directory->user_dn[0] != '\0' && found->code == LDAP_NO_SUCH_OBJECT;

	if (found->code == LDAP_SIZELIMIT_EXCEEDED)
		count = 2;
	else if (found->code != LDAP_SUCCESS && !gone)
		return link_error(call, found->link,
			found->code == LDAP_REFERRAL
				? "search (it refers to another server, and referrals are not "
				  "followed: configure the server that has the entries)"
				: "search",
			found->code);
	person->matches = count > 1 ? 2 : count == 1;
	if (count == 1)
		read_entry(call->directory, ld, ldap_first_entry(ld, found->result), person);
	return 0;
}

static int search_person(
	const struct directory_call *call, const struct link_query *query, struct person *person)
{
	struct found found;
	int rc;

	if (ask(call, query, &found) != 0)
		return -1;
	rc = read_result(call, &found, person);
	found_release(call, &found);
	return rc;
}

static void list_attributes(const struct directory *directory, const char **attributes)
{
	const char *const mine[] = {directory->subject_attribute, directory->name_attribute,
		directory->email_attribute, directory->group_attribute};
	size_t count = 0;

	for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
		if (mine[i][0] != '\0')
			attributes[count++] = mine[i];
	account_attributes(attributes + count);
}

int person_find(const struct directory_call *call, const char *name, struct person *person)
{
	const struct directory *directory = call->directory;
	bool by_template = directory->user_dn[0] != '\0';
	char *filter = by_template ? NULL : directory_filter(directory->filter, name, NULL);
	char *dn = by_template ? directory_dn(directory->user_dn, name) : NULL;
	const char *attributes[4 + ACCOUNT_ATTRIBUTES_MAX + 1];
	struct link_query query = {
		directory->base, directory_scope(directory), filter, attributes, 2, NULL};
	int rc;

	*person = (struct person){0};
	list_attributes(directory, attributes);
	if (by_template)
		query = (struct link_query){
			dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, NULL};
	if (filter == NULL && dn == NULL)
		rc = error_set(call->error, "out of memory, or the filter is too long");
	else
		rc = search_person(call, &query, person);
	free(filter);
	ldap_memfree(dn);
	return rc;
}

void person_release(struct person *person)
{
	free(person->dn);
	identity_release(&person->who);
}

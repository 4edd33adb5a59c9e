/* SPDX-License-Identifier: MIT
 *
 * Validation of accounts, both from the file and from forms.
 */
#include "guests/accounts.h"

#include "base/join.h"
#include "base/text.h"
#include "guests/fields.h"

bool accounts_is_email(const char *text)
{
	return field_email_fault(text) == NULL;
}

static bool is_meeting(const char *text)
{
	const char *slash = strchr(text, '/');
	char platform[IDENTITY_SUBJECT_MAX + 1];

	if (slash == NULL || (size_t)(slash - text) >= sizeof platform)
		return false;
	snprintf(platform, sizeof platform, "%.*s", (int)(slash - text), text);
	return field_platform_fault(platform) == NULL && join_is_meeting_id(slash + 1);
}

const char *accounts_meetings_fault(const struct account *account)
{
	size_t room = 0;

	for (size_t i = 0; i < account->meeting_count; i++) {
		if (!is_meeting(account->meetings[i]))
			return "a meeting is not in the form PLATFORM/MEETING-ID";
		room += strlen(account->meetings[i]);
	}
	if (account->host_count != account->host_name_count ||
		(account->host_count != 0 && account->host_count != account->meeting_count))
		return "hosts and hostNames need one entry for each meeting";
	return room <= ACCOUNT_MEETINGS_ROOM ? NULL : "the meetings are longer than 1536 bytes";
}

static void add_signin(struct digest *digest, const struct account *account)
{
	digest_text(digest, account->id);
	digest_text(digest, account->name);
	digest_text(digest, account->display);
	digest_text(digest, account->email);
	digest_text(digest, account->hash);
	digest_add(digest, &account->expires, sizeof account->expires);
}

void accounts_digest(const struct account *account, char hex[DIGEST_SIZE])
{
	struct digest digest;

	digest_begin(&digest);
	add_signin(&digest, account);
	for (size_t i = 0; i < account->meeting_count; i++)
		digest_text(&digest, account->meetings[i]);
	digest_end(&digest, hex);
}

void accounts_signin_digest(const struct account *account, char hex[DIGEST_SIZE])
{
	struct digest digest;

	digest_begin(&digest);
	add_signin(&digest, account);
	digest_end(&digest, hex);
}

const char *accounts_host(const struct account *account, size_t index)
{
	return index < account->host_count ? account->hosts[index] : account->by;
}

const char *accounts_host_name(const struct account *account, size_t index)
{
	const char *slash = strchr(account->by, '/');

	if (index < account->host_name_count)
		return account->host_names[index];
	if (account->by_name[0] != '\0')
		return account->by_name;
	return slash != NULL ? slash + 1 : account->by;
}

size_t accounts_meeting_at(const struct account *account, const char *meeting)
{
	size_t at = 0;

	while (at < account->meeting_count && strcmp(account->meetings[at], meeting) != 0)
		at++;
	return at;
}

/* Whether a meeting begins with a platform. An id alone may contain slashes, too, but what precedes
 * the first is then not a host name ("john@example.org", "https:"). */
static bool has_platform(const char *text)
{
	char host[IDENTITY_SUBJECT_MAX + 1];
	size_t length = strcspn(text, "/");

	if (text[length] == '\0' || length >= sizeof host)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return text_is_host(host);
}

const char *accounts_read_meetings(
	struct account *account, char *text, const char *platform, char **room_r)
{
	size_t room = strlen(text) + 1;
	char *item, *to;

	if (platform != NULL)
		room += ACCOUNT_MEETINGS_MAX * (strlen(platform) + 2);
	*room_r = to = malloc(room);
	if (to == NULL)
		return "out of memory";
	account->meeting_count = 0;
	while ((item = strsep(&text, ",")) != NULL) {
		bool bare;

		item = text_trim(item);
		if (item[0] == '\0')
			continue;
		if (account->meeting_count == ACCOUNT_MEETINGS_MAX)
			return "more than 16 meetings";
		bare = platform != NULL && !has_platform(item);
		account->meetings[account->meeting_count++] = to;
		to = stpcpy(stpcpy(to, bare ? platform : ""), bare ? "/" : "");
		to = stpcpy(to, item) + 1;
	}
	return NULL;
}

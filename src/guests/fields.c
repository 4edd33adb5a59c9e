/* SPDX-License-Identifier: MIT */
#include "guests/fields.h"

#include "base/identity.h"
#include "base/join.h"
#include "base/text.h"
#include "outbound/mail.h"

const char *field_platform_fault(const char *text)
{
	bool good = text_is_host(text) && text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';

	return good ? NULL : "the platform is not a host name in lower case";
}

const char *field_meeting_fault(const char *text)
{
	return join_is_meeting_id(text) ? NULL : "the meeting id is not " JOIN_MEETING_FORM;
}

const char *field_email_fault(const char *text)
{
	bool good =
		text[0] == '\0' || (strlen(text) <= IDENTITY_EMAIL_MAX && mail_is_address(text));

	return good ? NULL : "the e-mail address is not like name@example.org";
}

/* SPDX-License-Identifier: MIT
 *
 * An answer of BigBlueButton.
 */
#include "fuzz.h"

#ifdef HAVE_EXPAT

#include "platform/shared/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char code[16] = "", key[32] = "";
	struct xml_field fields[] = {{.name = "returncode", .text = code, .size = sizeof code},
		{.name = "messageKey", .text = key, .size = sizeof key}};
	struct error error = {""};
	char *text = copy_of(bytes, length);

	if (xml_read(text, length, "response", fields, 2, &error) == 0)
		for (int i = 0; i < 2; i++)
			PROMISE(strlen(fields[i].text) < fields[i].size &&
				(fields[i].found || fields[i].text[0] == '\0'));
	else
		PROMISE(error.text[0] != '\0');
	free(text);
	return 0;
}

#else
LEFT_OUT
#endif

/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>

int(error_set)(struct error *error, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return -1;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	text_clean(error->text);
	return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
	char tail[sizeof error->text];
	va_list args;
	int length;

	if (error == NULL)
		return -1;
	memcpy(tail, error->text, sizeof tail);
	va_start(args, format);
	length = vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < sizeof error->text)
		snprintf(error->text + length, sizeof error->text - (size_t)length, "%s", tail);
	text_clean(error->text);
	return -1;
}

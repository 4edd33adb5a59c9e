/* SPDX-License-Identifier: MIT
 *
 * A traceparent. What is read is 32 digits with no other flags than those that are passed on, and
 * what is passed on is read as the same trace.
 */
#include "fuzz.h"

#include "base/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = copy_of(bytes, length), passed_on[TRACE_PARENT_SIZE];
	struct trace trace, again;

	if (trace_parse(&trace, text)) {
		PROMISE(strlen(trace.id) == 32 && strspn(trace.id, "0123456789abcdef") == 32);
		PROMISE(strspn(trace.id, "0") < 32 && (trace.flags & ~3) == 0);
		PROMISE(strchr(text, ',') == NULL);
		trace_format(&trace, passed_on);
		PROMISE(strlen(passed_on) == 55 && trace_parse(&again, passed_on));
		PROMISE(strcmp(again.id, trace.id) == 0 && again.flags == trace.flags);
	} else {
		PROMISE(trace.id[0] == '\0' && trace.flags == 0);
	}
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * The parameters of a FastCGI request, one a line, and behind an empty line its body.
 */
#include "fuzz.h"

#include "http/request.h"

enum { LINES_MAX = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *envp[LINES_MAX + 1] = {NULL};
	size_t count = 0;
	struct request request;
	char *body;

	while (length > 0 && count < LINES_MAX) {
		envp[count] = take_until('\n', &bytes, &length);
		if (envp[count][0] == '\0')
			break;
		count++;
	}
	body = copy_of(bytes, length);
	if (request_init(&request, envp, body, length) == 0) {
		PROMISE(request.path[0] == '/');
		PROMISE(request.body_length == length && strlen(request.body) == length);
		PROMISE(strlen(request.id) > 0);
	} else {
		PROMISE(request.arrival == REQUEST_BROKEN);
	}
	request_wants_json(&request);
	request_wants_page(&request);
	request_param(&request, "HTTP_HOST");
	request_shrink(&request);
	PROMISE(request.client != NULL && request.accept_language != NULL);
	request_release(&request);
	free(body);
	for (size_t i = 0; i <= count; i++)
		free(envp[i]);
	return 0;
}

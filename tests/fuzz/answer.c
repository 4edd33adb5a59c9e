/* SPDX-License-Identifier: MIT
 *
 * What the program of a `command` backend answers.
 */
#include "fuzz.h"

#include "auth/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = copy_of(bytes, length);
	struct answer answer = ANSWER_INIT;

	if (answer_read(text, &answer) == 0) {
		PROMISE(answer.reply != REPLY_NONSENSE);
		PROMISE(answer.reply != REPLY_GRANT || answer.who.subject != NULL);
		PROMISE(answer.text != NULL);
		answer_word(answer.reply);
	}
	answer_release(&answer);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * The questions of a link, in the order in which they were asked.
 */
#include "state/redis/link_private.h"

#include <string.h>

void link_push(struct queue *queue, struct link_question *question)
{
	question->next = NULL;
	if (queue->last != NULL)
		queue->last->next = question;
	else
		queue->first = question;
	queue->last = question;
}

struct link_question *link_pop(struct queue *queue)
{
	struct link_question *question = queue->first;

	queue->first = question->next;
	if (queue->first == NULL)
		queue->last = NULL;
	return question;
}

void link_end_question(struct link_question *question, enum link_result result, redisReply *reply)
{
	free(question->bytes);
	question->bytes = NULL;
	question->result = result;
	question->reply = reply;
	question->ended = true;
	if (question->done != NULL)
		question->done(question);
}

void link_end_all(struct queue *queue, enum link_result result)
{
	struct queue ending = *queue;

	*queue = (struct queue){0};
	while (ending.first != NULL)
		link_end_question(link_pop(&ending), result, NULL);
}

int64_t link_earliest(const struct link *link)
{
	int64_t at = INT64_MAX;

	for (const struct link_question *q = link->waiting.first; q != NULL; q = q->next)
		at = q->deadline_ms < at ? q->deadline_ms : at;
	for (const struct link_question *q = link->sent.first; q != NULL; q = q->next)
		at = q->deadline_ms < at ? q->deadline_ms : at;
	if (link->state > LINK_WAITING && link->state < LINK_READY && link->attempt_until_ms < at)
		at = link->attempt_until_ms;
	return at;
}

bool link_is_late(const struct queue *queue, int64_t now)
{
	for (const struct link_question *q = queue->first; q != NULL; q = q->next)
		if (q->deadline_ms <= now)
			return true;
	return false;
}

int link_format(struct link_question *question)
{
	char *bytes = NULL;
	long long length =
		redisFormatCommandArgv(&bytes, question->count, question->words, question->sizes);

	question->ended = false;
	question->result = LINK_FAILED;
	question->reply = NULL;
	question->bytes = NULL;
	if (length < 0)
		return -1;
	/* By the program's allocator: hiredis 0.14 frees with its own function. */
	question->bytes = bytes;
	question->length = (size_t)length;
	return 0;
}

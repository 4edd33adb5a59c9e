/* SPDX-License-Identifier: MIT */
#include "visit/answer.h"

void visit_answer_plain(struct visit *visit, int status, const char *content_type, const char *text)
{
	response_begin(&visit->response, status, visit->request.id);
	response_header(&visit->response, "Content-Type", content_type);
	buffer_text(&visit->response.body, text);
}

/* SPDX-License-Identifier: MIT */
#include "view/script.h"

void script_add_headers(struct visit *visit)
{
	if (visit->script.origin == NULL)
		return;
	response_header(&visit->response, "Access-Control-Allow-Origin", visit->script.origin);
	if (!visit->platform->driver->script->takes_password)
		response_header(&visit->response, "Access-Control-Allow-Credentials", "true");
	response_header(&visit->response, "Vary", "Origin");
}

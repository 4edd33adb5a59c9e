/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "desk/steps.h"
#include "join/steps.h"
#include "signin/steps.h"
#include "view/failure.h"
#include "visit/operate.h"

/* What follows a sign-in: what somebody came for. */
static step_function *const to_meeting[] = {authorize_join, room_take, exchange_token, room_keep,
	desk_mark_joined, return_to_platform, NULL};
static step_function *const to_desk[] = {desk_return, NULL};

static enum step go_on(struct visit *visit)
{
	visit->steps = visit->to_desk ? to_desk : to_meeting;
	return STEP_NEXT;
}

static const struct route_row rows[] = {
	{ROUTE_ENTRY, HTTP_GET, true,
		{arrive_from_platform, authenticate_by_session, authenticate_renew,
			authenticate_require, go_on}},
	{ROUTE_ENTRY, HTTP_HEAD, false, {arrive_from_platform, arrive_and_stop}},
	{ROUTE_PLATFORM, HTTP_GET, true,
		{arrive_by_entry, authenticate_by_session, authenticate_renew, authenticate_require,
			go_on}},
	{ROUTE_PLATFORM, HTTP_HEAD, false, {arrive_by_entry, arrive_and_stop}},
	{ROUTE_TOKEN, HTTP_POST, true,
		{arrive_from_script, authenticate_script, authenticate_renew, authenticate_require,
			authorize_join, room_take, exchange_token, room_keep, desk_mark_joined,
			return_to_script}},
	{ROUTE_TOKEN, HTTP_OPTIONS, false, {script_preflight}},
	{ROUTE_LOGIN, HTTP_GET, false, {arrive_with_ticket, authenticate_at_login}},
	{ROUTE_LOGIN, HTTP_HEAD, false, {arrive_with_ticket, authenticate_at_login}},
	{ROUTE_LOGIN, HTTP_POST, true,
		{arrive_with_form, arrive_with_form_ticket, authenticate_by_form, go_on}},
	{ROUTE_CALLBACK, HTTP_GET, true, {arrive_from_provider, authenticate_by_provider, go_on}},
	{ROUTE_CALLBACK, HTTP_HEAD, false, {arrive_from_provider, arrive_and_stop}},
	{ROUTE_BACKCHANNEL, HTTP_POST, false, {arrive_with_message, backchannel_end}},
	{ROUTE_INVITE, HTTP_GET, false, {invite_show}},
	{ROUTE_INVITE, HTTP_HEAD, false, {invite_show}},
	{ROUTE_INVITE, HTTP_POST, false, {arrive_with_form, arrive_with_invitation, invite_accept}},
	{ROUTE_DESK, HTTP_GET, false,
		{desk_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			desk_show}},
	{ROUTE_DESK, HTTP_HEAD, false,
		{desk_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			desk_show}},
	{ROUTE_DESK, HTTP_POST, false,
		{desk_enter, arrive_with_form, authenticate_by_session, authenticate_renew,
			authenticate_require, desk_change}},
	{ROUTE_LOGOUT, HTTP_GET, false, {logout_show}},
	{ROUTE_LOGOUT, HTTP_HEAD, false, {logout_show}},
	{ROUTE_LOGOUT, HTTP_POST, false, {arrive_with_form, logout_do}},
	{ROUTE_HEALTHZ, HTTP_GET, false, {operate_healthz}},
	{ROUTE_HEALTHZ, HTTP_HEAD, false, {operate_healthz}},
	{ROUTE_READYZ, HTTP_GET, false, {operate_readyz}},
	{ROUTE_READYZ, HTTP_HEAD, false, {operate_readyz}},
	{ROUTE_METRICS, HTTP_GET, false, {operate_metrics}},
	{ROUTE_METRICS, HTTP_HEAD, false, {operate_metrics}},
};

const struct routes routes = {rows, sizeof rows / sizeof *rows, failure_show};

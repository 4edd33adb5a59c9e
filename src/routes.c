/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "desk/steps.h"
#include "join/steps.h"
#include "signin/steps.h"
#include "view/failure.h"
#include "view/language.h"
#include "visit/operate.h"

/* What follows a sign-in: what somebody came for. */
static step_function *const to_meeting[] = {authorize_join, confirm_join, room_take, exchange_token,
	room_keep, desk_mark_joined, return_to_platform, NULL};
static step_function *const to_desk[] = {desk_return, NULL};
static step_function *const to_me[] = {me_return, NULL};

static enum step go_on(struct visit *visit)
{
	visit->steps = visit->destination == DESTINATION_DESK ? to_desk
		       : visit->destination == DESTINATION_ME ? to_me
							      : to_meeting;
	return STEP_NEXT;
}

static const struct route_row rows[] = {
	{ROUTE_ENTRY, HTTP_GET, OUTCOME_JOINING,
		{arrive_from_platform, authenticate_by_session, authenticate_renew,
			authenticate_require, go_on}},
	{ROUTE_ENTRY, HTTP_HEAD, OUTCOME_ANSWERED, {arrive_from_platform, arrive_and_stop}},
	{ROUTE_PLATFORM, HTTP_GET, OUTCOME_JOINING,
		{arrive_by_entry, authenticate_by_session, authenticate_renew, authenticate_require,
			go_on}},
	{ROUTE_PLATFORM, HTTP_HEAD, OUTCOME_ANSWERED, {arrive_by_entry, arrive_and_stop}},
	{ROUTE_TOKEN, HTTP_POST, OUTCOME_JOINING,
		{arrive_from_script, authenticate_script, authenticate_renew, authenticate_require,
			authorize_join, room_take, exchange_token, room_keep, desk_mark_joined,
			return_to_script}},
	{ROUTE_TOKEN, HTTP_OPTIONS, OUTCOME_ANSWERED, {script_preflight}},
	{ROUTE_LOGIN, HTTP_GET, OUTCOME_ANSWERED,
		{arrive_with_ticket, authenticate_at_login, go_on}},
	{ROUTE_LOGIN, HTTP_HEAD, OUTCOME_ANSWERED, {arrive_with_ticket, authenticate_at_login}},
	{ROUTE_LOGIN, HTTP_POST, OUTCOME_JOINING,
		{arrive_with_form, arrive_with_form_ticket, authenticate_by_form, go_on}},
	{ROUTE_CALLBACK, HTTP_GET, OUTCOME_JOINING,
		{arrive_from_provider, authenticate_by_provider, go_on}},
	{ROUTE_CALLBACK, HTTP_HEAD, OUTCOME_ANSWERED, {arrive_from_provider, arrive_and_stop}},
	{ROUTE_BACKCHANNEL, HTTP_POST, OUTCOME_ANSWERED, {arrive_with_message, backchannel_end}},
	{ROUTE_INVITE, HTTP_GET, OUTCOME_ANSWERED, {invite_show}},
	{ROUTE_INVITE, HTTP_HEAD, OUTCOME_ANSWERED, {invite_show}},
	{ROUTE_INVITE, HTTP_POST, OUTCOME_ANSWERED,
		{arrive_with_form, arrive_with_invitation, invite_accept}},
	{ROUTE_DESK, HTTP_GET, OUTCOME_ANSWERED,
		{desk_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			desk_show}},
	{ROUTE_DESK, HTTP_HEAD, OUTCOME_ANSWERED,
		{desk_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			desk_show}},
	{ROUTE_DESK, HTTP_POST, OUTCOME_ANSWERED,
		{desk_enter, arrive_with_form, authenticate_by_session, authenticate_renew,
			desk_keep_form, authenticate_require, desk_change}},
	{ROUTE_ME, HTTP_GET, OUTCOME_ANSWERED,
		{me_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			me_show}},
	{ROUTE_ME, HTTP_HEAD, OUTCOME_ANSWERED,
		{me_enter, authenticate_by_session, authenticate_renew, authenticate_require,
			me_show}},
	{ROUTE_ME, HTTP_POST, OUTCOME_ANSWERED,
		{me_enter, arrive_with_form, authenticate_by_session, authenticate_renew,
			authenticate_require, me_change}},
	{ROUTE_OPEN, HTTP_GET, OUTCOME_ANSWERED, {open_link}},
	{ROUTE_OPEN, HTTP_HEAD, OUTCOME_ANSWERED, {open_link}},
	{ROUTE_CONFIRM, HTTP_POST, OUTCOME_JOINING,
		{arrive_with_form, arrive_with_form_ticket, authenticate_by_session,
			authenticate_renew, authenticate_require, go_on}},
	{ROUTE_LOGOUT, HTTP_GET, OUTCOME_ANSWERED, {logout_show}},
	{ROUTE_LOGOUT, HTTP_HEAD, OUTCOME_ANSWERED, {logout_show}},
	{ROUTE_LOGOUT, HTTP_POST, OUTCOME_ANSWERED, {arrive_with_form, logout_do}},
	{ROUTE_LANGUAGE, HTTP_POST, OUTCOME_ANSWERED, {arrive_with_form, language_choose}},
	{ROUTE_HEALTHZ, HTTP_GET, OUTCOME_ANSWERED, {operate_healthz}},
	{ROUTE_HEALTHZ, HTTP_HEAD, OUTCOME_ANSWERED, {operate_healthz}},
	{ROUTE_READYZ, HTTP_GET, OUTCOME_ANSWERED, {operate_readyz}},
	{ROUTE_READYZ, HTTP_HEAD, OUTCOME_ANSWERED, {operate_readyz}},
	{ROUTE_METRICS, HTTP_GET, OUTCOME_ANSWERED, {operate_metrics}},
	{ROUTE_METRICS, HTTP_HEAD, OUTCOME_ANSWERED, {operate_metrics}},
};

const struct routes routes = {rows, sizeof rows / sizeof *rows, failure_show};

/* SPDX-License-Identifier: MIT
 *
 * A sign-in's steps (routes.c). Each of those that authenticate ends with a session in the visit,
 * or with an answer.
 */
#ifndef SIGNIN_STEPS_H
#define SIGNIN_STEPS_H

#include "visit/visit.h"

step_function arrive_with_ticket; /* GET login: a pending sign-in */
step_function arrive_with_form; /* POST: takes the form apart, after checking where it comes from */
step_function arrive_with_form_ticket; /* a pending sign-in, or the answer to a challenge */
step_function arrive_from_provider;    /* GET callback: a pending sign-in that went to a provider */
step_function arrive_with_invitation;  /* POST invite */
step_function arrive_with_message;     /* POST backchannel: a provider's form */
step_function arrive_and_stop;	       /* HEAD: all is well, nothing is done */

/* Three in a row for whoever comes without a form: the session, or what the web server says; then
 * its groups are read again where they are old, and it goes where the backend says so; then those
 * who have none go to the login page. */
step_function authenticate_by_session;
step_function authenticate_renew;
step_function authenticate_require;

step_function authenticate_at_login; /* GET login: the page, or off to the provider of a button */
step_function authenticate_by_form;  /* a password, a code, … */
step_function authenticate_by_provider; /* who came back */
step_function backchannel_end;		/* a session at a provider has ended */

step_function invite_show; /* the page of an invitation */
step_function invite_accept;
step_function logout_show;
step_function logout_do;

#endif

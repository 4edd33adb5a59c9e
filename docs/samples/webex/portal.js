// SPDX-License-Identifier: MIT
//
// A page for guests of Webex: signs them in with meetauth, joins the meeting whose link they opened, and shows their
// spaces with the messages in them. Webex's Browser SDK does the work; it is not part of this sample. The addresses are
// in settings.js; meetauth.js is the one of docs/samples/scripts.

import {meetauthToken} from './meetauth.js';
import settings from './settings.js';

const NAMES = ['meetingNumber', 'webLink']; // by which Webex's SDK finds a meeting
const SPACES_MAX = 50, MESSAGES_MAX = 30, TOAST_MS = 8000;

const at = id => document.getElementById(id);
const show = (id, visible = true) => { at(id).hidden = !visible; };

function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
}

// ---- errors in plain words ----

class Plain extends Error {} // its message is for the guest

const said = {
    401: 'Webex no longer accepts your sign-in. Reload this page.',
    403: 'Webex does not allow guests to do this. Tell the people who run this page.',
    404: 'Webex does not know this meeting or space any more.',
    429: 'Webex is busy. Try again in a minute.',
};

function inWords(error) {
    if (error instanceof Plain)
        return error.message;
    return said[error?.statusCode] ?? `Webex could not do this: ${error?.message ?? 'no reason was given'}`;
}

function report(text) {
    at('status').textContent = text;
    show('status');
    show('alert', false);
}

function tell(error) {
    at('alert').textContent = inWords(error);
    show('alert');
    show('status', false);
}

// Runs what a button starts: one at a time, and its failure is shown.
async function run(button, action) {
    button.disabled = true;
    show('alert', false);
    try {
        await action();
    } catch (error) {
        tell(error);
    } finally {
        button.disabled = false;
    }
}

// ---- signing in ----

async function guestToken() {
    const query = new URLSearchParams(location.search);

    if (!NAMES.some(name => query.has(name)))
        throw new Plain('This page belongs to a meeting. Open the link that you were sent.');
    try {
        return await meetauthToken({...settings, entry: 'webex', names: NAMES});
    } catch (error) { // a TypeError: the browser got no answer that it may show to this page
        throw new Plain(error instanceof TypeError
            ? 'The sign-in service does not answer, or does not know this page. Tell the people who run it.' : error.message);
    }
}

function loadSdk() {
    return new Promise((resolve, reject) => {
        const script = document.createElement('script');

        script.src = settings.sdk;
        if (settings.integrity !== '') {
            script.integrity = settings.integrity;
            script.crossOrigin = 'anonymous';
        }
        script.onload = resolve;
        script.onerror = () => reject(new Plain('The program of Webex could not be loaded. Tell the people who run this page.'));
        document.head.append(script);
    });
}

async function connect(token) {
    const webex = window.Webex.init({credentials: {access_token: token}});

    await new Promise(resolve => webex.once('ready', resolve));
    await webex.meetings.register();
    addEventListener('pagehide', () => webex.meetings.unregister());
    return webex;
}

// ---- the meeting ----

function askPassword() {
    show('password');
    at('password-text').focus();
    return new Promise(resolve => {
        at('password').onsubmit = event => {
            event.preventDefault();
            show('password', false);
            resolve(at('password-text').value);
            at('password').reset();
        };
    });
}

// A guest without a camera or a microphone joins to see and hear.
async function openDevices(webex) {
    const {createCameraStream, createMicrophoneStream} = webex.meetings.mediaHelpers;
    const [camera, microphone] = await Promise.allSettled([
        createCameraStream({width: 640, height: 480}), createMicrophoneStream({echoCancellation: true, noiseSuppression: true}),
    ]);
    const streams = {};

    if (camera.status === 'fulfilled')
        streams.camera = camera.value;
    if (microphone.status === 'fulfilled')
        streams.microphone = microphone.value;
    return streams;
}

const stop = streams => Object.values(streams).forEach(stream => stream.outputStream.getTracks().forEach(track => track.stop()));

function showMedia(meeting) {
    const places = {remoteVideo: 'video', remoteAudio: 'audio'};

    meeting.on('media:ready', media => {
        if (places[media?.type] !== undefined) {
            at(places[media.type]).srcObject = media.stream;
            show(places[media.type]);
        }
    });
    meeting.on('media:stopped', media => {
        if (places[media?.type] !== undefined)
            at(places[media.type]).srcObject = null;
    });
}

async function join(webex, destination) {
    const meeting = await webex.meetings.create(destination);

    if (meeting.passwordStatus === 'REQUIRED') {
        const {isPasswordValid} = await meeting.verifyPassword(await askPassword());

        if (!isPasswordValid)
            throw new Plain('This is not the password of the meeting. Ask the people who invited you.');
    }
    const localStreams = await openDevices(webex);

    showMedia(meeting);
    try {
        await meeting.joinWithMedia({mediaOptions: {allowMediaInLobby: true, localStreams}});
    } catch (error) {
        stop(localStreams);
        throw error;
    }
    report('You are in the meeting.');
    show('join', false);
    show('leave');
    at('leave').onclick = () => run(at('leave'), async () => {
        await meeting.leave();
        stop(localStreams);
        report('You have left the meeting.');
        show('video', false);
        show('leave', false);
        show('join');
    });
}

function showMeeting(webex, destination) {
    at('number').textContent = destination;
    at('join').onclick = () => run(at('join'), () => join(webex, destination));
    show('meeting');
}

// ---- spaces and messages ----

let open = null; // the space that is shown

function addMessage({personEmail, text}) {
    const item = element('li', '');

    item.append(element('b', personEmail), text ?? '(This message has no text.)');
    at('messages').append(item);
}

async function showMessages(webex, room) {
    const {items} = await webex.messages.list({roomId: room.id, max: MESSAGES_MAX});

    open = room;
    at('space-title').textContent = room.title;
    at('messages').replaceChildren();
    [...items].reverse().forEach(addMessage); // Webex lists the newest first
    show('space');
    at('send').onsubmit = event => {
        event.preventDefault();
        run(event.submitter, async () => {
            await webex.messages.create({roomId: room.id, text: at('text').value});
            at('send').reset();
        });
    };
}

function toast(text) {
    const note = element('p', text);

    at('toasts').append(note);
    setTimeout(() => note.remove(), TOAST_MS);
}

async function listen(webex) {
    await webex.messages.listen();
    webex.messages.on('created', ({data}) => {
        if (data.roomId === open?.id)
            addMessage(data);
        else
            toast(`${data.personEmail}: ${data.text ?? ''}`);
    });
}

async function showSpaces(webex) {
    const {items} = await webex.rooms.list({max: SPACES_MAX, sortBy: 'lastactivity'});

    for (const room of items) {
        const item = element('li', ''), button = element('button', room.title);

        button.type = 'button';
        button.onclick = () => run(button, () => showMessages(webex, room));
        item.append(button);
        at('spaces').append(item);
    }
    show('none', items.length === 0);
    show('rooms');
    await listen(webex);
}

// ---- the page ----

async function start() {
    const guest = await guestToken();

    report('Connecting to Webex …');
    await loadSdk();
    const webex = await connect(guest.accessToken);

    report('You are signed in.');
    setTimeout(() => tell({statusCode: 401}), guest.expiresIn * 1000);
    const destination = guest.meetingNumber ?? guest.webLink;

    if (destination !== undefined)
        showMeeting(webex, destination);
    await showSpaces(webex);
}

start().catch(tell);

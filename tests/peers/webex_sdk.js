// SPDX-License-Identifier: MIT
//
// A stand-in for Webex's Browser SDK: as much of it as docs/samples/webex calls. The order of calls, their arguments and
// the token are checked as the SDK's documentation has them; webex_sdk.py answers. What is wrong is in webexSdk.violations.
(() => {
    const api = new URL(document.currentScript.src).origin;
    const violations = [];

    function need(condition, what) {
        if (condition)
            return;
        violations.push(what);
        throw new Error('violation: ' + what);
    }

    const only = (object, ...names) => object !== null && typeof object === 'object' && Object.keys(object).every(name => names.includes(name));
    const isText = text => typeof text === 'string' && text !== '';
    const isCount = number => Number.isInteger(number) && number > 0 && number <= 1000;

    class Emitter {
        #heard = {};

        on(name, call) {
            need(isText(name) && typeof call === 'function', 'on(name, function)');
            (this.#heard[name] ??= []).push(call);
        }

        emit(name, event) {
            (this.#heard[name] ?? []).forEach(call => call(event));
        }
    }

    // What an SDK makes of a camera or microphone; here a stream without tracks.
    class LocalStream {
        outputStream = new MediaStream();
    }

    class Meeting extends Emitter {
        #request; #destination; #password = null; #state = 'new';

        constructor(request, destination, passwordStatus) {
            super();
            [this.#request, this.#destination, this.passwordStatus] = [request, destination, passwordStatus];
        }

        async verifyPassword(password) {
            need(isText(password) && this.passwordStatus === 'REQUIRED', 'verifyPassword() of a meeting that needs one');
            const {isPasswordValid} = await this.#request('POST', '/sdk/password', {destination: this.#destination, password});

            if (isPasswordValid)
                [this.#password, this.passwordStatus] = [password, 'VERIFIED'];
            return {isPasswordValid, requiredCaptcha: null, failureReason: isPasswordValid ? 'NONE' : 'WRONG_PASSWORD'};
        }

        async joinWithMedia(options) {
            need(this.#state !== 'joined' && this.passwordStatus !== 'REQUIRED', 'joinWithMedia() once, with the password verified');
            need(only(options, 'joinOptions', 'mediaOptions') && only(options.mediaOptions, 'allowMediaInLobby', 'localStreams'), 'joinWithMedia(options)');
            const {localStreams} = options.mediaOptions;

            need(only(localStreams, 'camera', 'microphone') && Object.values(localStreams).every(stream => stream instanceof LocalStream), 'localStreams');
            await this.#request('POST', '/sdk/join', {destination: this.#destination, password: this.#password});
            this.#state = 'joined';
            this.emit('media:ready', {type: 'remoteVideo', stream: new MediaStream()});
            this.emit('media:ready', {type: 'remoteAudio', stream: new MediaStream()});
        }

        async leave() {
            need(this.#state === 'joined', 'leave() after joinWithMedia()');
            await this.#request('POST', '/sdk/leave', {destination: this.#destination});
            this.#state = 'left';
            this.emit('media:stopped', {type: 'remoteVideo'});
        }
    }

    function makeMeetings(request, isReady) {
        let registered = false;

        return {
            async register() {
                need(isReady(), 'register() after the event ready');
                await request('GET', '/v1/people/me');
                registered = true;
            },
            async unregister() {
                registered = false;
            },
            async create(destination) {
                need(registered, 'create() after register()');
                need(/^(\d{8,15}|https:\/\/[^ ]+)$/.test(destination), 'create(number or link)');
                const {passwordStatus} = await request('POST', '/sdk/create', {destination});

                return new Meeting(request, destination, passwordStatus);
            },
            mediaHelpers: {
                async createCameraStream(options) {
                    need(only(options, 'width', 'height'), 'createCameraStream(options)');
                    if (webexSdk.noCamera)
                        throw new DOMException('Permission denied', 'NotAllowedError');
                    return new LocalStream();
                },
                async createMicrophoneStream(options) {
                    need(only(options, 'echoCancellation', 'noiseSuppression'), 'createMicrophoneStream(options)');
                    return new LocalStream();
                },
            },
        };
    }

    class Messages extends Emitter {
        #request; listens = false;

        constructor(request) {
            super();
            this.#request = request;
        }

        async listen() {
            need(!this.listens, 'listen() once');
            this.listens = true;
        }

        list(options) {
            need(only(options, 'roomId', 'max') && isText(options.roomId) && isCount(options.max), 'messages.list(options)');
            return this.#request('GET', '/v1/messages?' + new URLSearchParams(options));
        }

        async create(options) {
            need(only(options, 'roomId', 'text') && isText(options.roomId) && isText(options.text), 'messages.create(options)');
            const made = await this.#request('POST', '/v1/messages', options);

            webexSdk.deliver(made); // one's own messages are events, too
            return made;
        }
    }

    const webexSdk = window.webexSdk = {violations, noCamera: false, deliver: null};

    window.Webex = {
        init(options) {
            need(only(options, 'credentials') && only(options.credentials, 'access_token') && isText(options.credentials.access_token), 'init({credentials: {access_token}})');
            let ready = false;
            const token = options.credentials.access_token;

            async function request(method, path, body) {
                const answer = await fetch(api + path, {
                    method, headers: {Authorization: `Bearer ${token}`, ...body && {'Content-Type': 'application/json'}}, body: body && JSON.stringify(body),
                });
                const said = await answer.json();

                if (!answer.ok)
                    throw Object.assign(new Error(said.message), {statusCode: answer.status});
                return said;
            }

            const messages = new Messages(request);

            webexSdk.deliver = data => {
                need(messages.listens, 'listen() before messages come');
                messages.emit('created', {resource: 'messages', event: 'created', data});
            };
            return {
                once(name, call) {
                    need(name === 'ready', 'once("ready", function)');
                    setTimeout(() => { ready = true; call(); });
                },
                meetings: makeMeetings(request, () => ready),
                messages,
                rooms: {
                    list(options) {
                        need(only(options, 'max', 'sortBy') && isCount(options.max) && ['id', 'lastactivity', 'created'].includes(options.sortBy), 'rooms.list(options)');
                        return request('GET', '/v1/rooms?' + new URLSearchParams(options));
                    },
                },
            };
        },
    };
})();

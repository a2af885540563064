/** From a message to the store's typed calls and back, malformed payloads included. */

import type { StoreConnection } from "./connection.ts";
import { control } from "./control.ts";
import { type No, no, wireError } from "./error.ts";
import { PAYLOAD_MAX } from "./limits.ts";
import { atoi, oneArgument, strings } from "./payload.ts";
import { domidOf, type Request, type Response } from "./request.ts";
import type { XenStore } from "./store.ts";
import { getFeature, getQuota, setFeature, setQuota } from "./tuning.ts";
import { type Message, XS } from "./wire.ts";

const ACK = "OK\0";

const acknowledge = (answer: { ok: true } | No): Response =>
	answer.ok ? ACK : answer;

const each = (list: readonly string[]): string =>
	list.map((text) => `${text}\0`).join("");

/** Answers of the older daemon where it gets no argument: what errno holds; ENOENT would mean a missing node, so some say ENOMEM for it. */
function noArgument({ store }: Request, makes: boolean): No {
	if (!store.daemon.leftoverErrno) return no("EINVAL");
	const left = store.leftover ?? "EINVAL";
	return no(makes && left === "ENOENT" ? "ENOMEM" : left);
}

const onPath =
	(answer: (request: Request, path: string) => Response, makes = false) =>
	(request: Request): Response => {
		const path = oneArgument(request.payload);
		return path === undefined
			? noArgument(request, makes)
			: answer(request, path);
	};

const onDomid =
	(answer: (request: Request, domid: number) => Response) =>
	(request: Request): Response => {
		const text = oneArgument(request.payload);
		const domid = text === undefined ? undefined : domidOf(request, text);
		return domid === undefined ? no("EINVAL") : answer(request, domid);
	};

function write({ store, connection, tx, payload }: Request): Response {
	const nul = payload.indexOf("\0");
	if (nul < 0) return no("EINVAL");
	const path = payload.slice(0, nul);
	const value = payload.slice(nul + 1);
	return acknowledge(store.write(connection, tx, path, value));
}

function setPerms({ store, connection, tx, payload }: Request): Response {
	const [path, ...perms] = strings(payload);
	if (path === undefined || perms.length === 0) return no("EINVAL");
	return acknowledge(store.setPerms(connection, tx, path, perms));
}

function directoryPart({ store, connection, tx, payload }: Request): Response {
	const [path, offset, ...more] = strings(payload);
	if (path === undefined || offset === undefined || more.length > 0)
		return no("EINVAL");
	const answer = store.directoryPart(connection, tx, path, atoi(offset));
	return answer.ok ? `${answer.generation}\0${answer.names}` : answer;
}

function watch({ store, connection, payload }: Request): Response {
	const [path, token, depth, ...more] = strings(payload);
	if (path === undefined || token === undefined || more.length > 0)
		return no("EINVAL");
	if (depth === undefined)
		return acknowledge(store.watch(connection, path, token));
	const features = connection.domain?.features ?? store.daemon.features;
	if (!(features & WATCHDEPTH) || atoi(depth) < 0) return no("EINVAL");
	return acknowledge(store.watch(connection, path, token, atoi(depth)));
}

/** XENSTORE_SERVER_FEATURE_WATCHDEPTH of io/xs_wire.h. */
const WATCHDEPTH = 4;

function unwatch({ store, connection, payload }: Request): Response {
	const [path, token, ...more] = strings(payload);
	if (path === undefined || token === undefined || more.length > 0)
		return no("EINVAL");
	return acknowledge(store.unwatch(connection, path, token));
}

function transactionEnd({ store, connection, tx, payload }: Request): Response {
	const argument = oneArgument(payload);
	if (argument !== "T" && argument !== "F") return no("EINVAL");
	return acknowledge(store.transactionEnd(connection, tx, argument === "T"));
}

function introduce(request: Request): Response {
	const [text, gfn, port] = strings(request.payload);
	if (text === undefined || gfn === undefined || port === undefined)
		return no("EINVAL");
	const domid = domidOf(request, text);
	if (domid === undefined || atoi(port) === 0) return no("EINVAL");
	return acknowledge(request.store.introduce(request.connection, domid));
}

function setTarget(request: Request): Response {
	const [actor, target] = strings(request.payload);
	if (actor === undefined || target === undefined) return no("EINVAL");
	const domid = domidOf(request, actor);
	const other = domidOf(request, target);
	if (domid === undefined || other === undefined) return no("EINVAL");
	return acknowledge(request.store.setTarget(request.connection, domid, other));
}

interface Handler {
	answer(request: Request): Response;
	/** For privileged connections only. */
	privileged?: true;
	/** The message's transaction id is not looked at. */
	withoutTx?: true;
}

const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
	[XS.CONTROL, { answer: control, privileged: true }],
	[
		XS.DIRECTORY,
		{
			answer: onPath(({ store, connection, tx }, path) => {
				const answer = store.directory(connection, tx, path);
				return answer.ok ? each(answer.names) : answer;
			}),
		},
	],
	[
		XS.READ,
		{
			answer: onPath(({ store, connection, tx }, path) => {
				const answer = store.read(connection, tx, path);
				return answer.ok ? answer.value : answer;
			}),
		},
	],
	[
		XS.GET_PERMS,
		{
			answer: onPath(({ store, connection, tx }, path) => {
				const answer = store.getPerms(connection, tx, path);
				return answer.ok ? each(answer.perms) : answer;
			}),
		},
	],
	[XS.WATCH, { answer: watch, withoutTx: true }],
	[XS.UNWATCH, { answer: unwatch, withoutTx: true }],
	[
		XS.TRANSACTION_START,
		{
			answer: ({ store, connection, tx }) => {
				const answer = store.transactionStart(connection, tx);
				return answer.ok ? `${answer.tx}\0` : answer;
			},
		},
	],
	[XS.TRANSACTION_END, { answer: transactionEnd }],
	[XS.INTRODUCE, { answer: introduce, privileged: true }],
	[
		XS.RELEASE,
		{
			answer: onDomid(({ store, connection }, domid) =>
				acknowledge(store.release(connection, domid)),
			),
			privileged: true,
		},
	],
	[
		XS.GET_DOMAIN_PATH,
		{
			answer: onDomid(
				({ store, connection }, domid) =>
					`${store.getDomainPath(connection, domid).path}\0`,
			),
		},
	],
	[XS.WRITE, { answer: write }],
	[
		XS.MKDIR,
		{
			answer: onPath(
				({ store, connection, tx }, path) =>
					acknowledge(store.mkdir(connection, tx, path)),
				true,
			),
		},
	],
	[
		XS.RM,
		{
			answer: onPath(
				({ store, connection, tx }, path) =>
					acknowledge(store.rm(connection, tx, path)),
				true,
			),
		},
	],
	[XS.SET_PERMS, { answer: setPerms }],
	[
		XS.IS_DOMAIN_INTRODUCED,
		{
			answer: onDomid(({ store, connection }, domid) => {
				const answer = store.isDomainIntroduced(connection, domid);
				if (!answer.ok) return answer;
				return answer.introduced ? "T\0" : "F\0";
			}),
			privileged: true,
		},
	],
	[
		XS.RESUME,
		{
			answer: onDomid(({ store, connection }, domid) =>
				acknowledge(store.resume(connection, domid)),
			),
			privileged: true,
		},
	],
	[XS.SET_TARGET, { answer: setTarget, privileged: true }],
	[
		XS.RESET_WATCHES,
		{
			answer: ({ store, connection }) =>
				acknowledge(store.resetWatches(connection)),
		},
	],
	[XS.DIRECTORY_PART, { answer: directoryPart }],
	[XS.GET_FEATURE, { answer: getFeature }],
	[XS.SET_FEATURE, { answer: setFeature, privileged: true }],
	[XS.GET_QUOTA, { answer: getQuota, privileged: true }],
	[XS.SET_QUOTA, { answer: setQuota, privileged: true }],
]);

/** Answer one message. */
export function dispatch(
	store: XenStore,
	connection: StoreConnection,
	message: Message,
): Message {
	const { type, reqId, txId, payload } = message;
	const handler = type < store.daemon.types ? HANDLERS.get(type) : undefined;
	let response: Response;
	if (handler === undefined) response = no("ENOSYS");
	else if (handler.privileged && !connection.privileged)
		response = no("EACCES");
	else if (!handler.withoutTx && !store.hasTransaction(connection, txId))
		response = no("ENOENT");
	else response = handler.answer({ store, connection, tx: txId, payload });
	if (typeof response === "string" && response.length > PAYLOAD_MAX)
		response = no("E2BIG");
	return typeof response === "string"
		? { type, reqId, txId, payload: response }
		: {
				type: XS.ERROR,
				reqId,
				txId,
				payload: `${wireError(response.error)}\0`,
			};
}

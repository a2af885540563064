import { bufferPages } from "../../displif/directory.ts";
import type { OpName } from "../../displif/ops/index.ts";
import type { NoteEntry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import type { OperationName, Operations } from "../../peer/peer.ts";
import type { BookedRequest } from "../books.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

const CONNECTED = "4";

type Args = {
	[N in OperationName]: { operation: N; args: Operations[N] };
}[OperationName];

/** An operation under way: what the client asked for, and the last request that was sent for it. */
interface Asked {
	asked: Args;
	domid: number;
	request: BookedRequest | undefined;
	told: boolean;
}

interface State {
	/** By the task that does it. */
	under: Map<number, Asked>;
	/** By frontend, device and the client's name: cookies of the buffers and framebuffers that it made. */
	cookies: Map<string, bigint>;
	/** Frontends and devices that a driver is being taken off: what it says to its clients meanwhile is said of a link that ends. */
	leaving: Set<string>;
	/** Successes whose request may still be sent: a driver may undo what nobody has any more by and by. */
	owed: Owed[];
}

interface Owed {
	domid: number;
	dev: number;
	operation: OperationName;
	seq: number;
	/** Whether this is the request. */
	sends(request: BookedRequest): boolean;
	what: string;
}

/** The request that an operation is there to send. */
const SENDS: Readonly<Partial<Record<OperationName, OpName>>> = {
	"gem.create": "DBUF_CREATE",
	"prime.import": "DBUF_CREATE",
	"gem.close": "DBUF_DESTROY",
	"fb.create": "FB_ATTACH",
	"fb.destroy": "FB_DETACH",
	"mode.set": "SET_CONFIG",
	"mode.off": "SET_CONFIG",
	"page.flip": "PG_FLIP",
	"edid.read": "GET_EDID",
};

/** What a client asks its driver for is what the backend is asked for. */
export const askedFor = rule<State>({
	id: "asked-for",
	says: "The request that a frontend sends for its client says what the client asked for: the same size, place, format, offset, connector and thing; and nothing succeeds without its request.",
	families: ["D2", "D1"],
	owes: "frontend",
	level: "must",
	requirements: [
		"displif.request.own-connector",
		"displif.dbuf-create.size",
		"displif.dbuf-create.data-ofs",
		"displif.fb-attach.dbuf",
		"displif.set-config.shows",
		"displif.set-config.reset",
		"displif.pg-flip.framebuffer",
		"pv.failed-means-nothing",
	],
	assumes: [],
	observes: [
		"driver.asked",
		"driver.result",
		"wire.request",
		"wire.state",
		"wire.close",
		"task.end",
	],
	start: () => ({
		under: new Map(),
		cookies: new Map(),
		leaving: new Set(),
		owed: [],
	}),
	step(state, entry, court) {
		const { under } = state;
		switch (entry.kind) {
			case "driver.asked": {
				const { operation } = entry.note;
				const args = JSON.parse(entry.note.args);
				if (operation === "unbind")
					state.leaving.add(nameOf(entry.domid, args, ""));
				under.set(entry.task, {
					asked: { operation, args } as Args,
					domid: entry.domid,
					request: undefined,
					told: false,
				});
				return;
			}
			case "wire.request": {
				const by = under.get(entry.request.task);
				const request = court.books.request(entry.request);
				if (request === undefined) return;
				state.owed = state.owed.filter(
					({ domid, sends }) => domid !== request.device.fe || !sends(request),
				);
				if (by === undefined) return;
				if (request.packet.operation !== SENDS[by.asked.operation]) return;
				by.request = request;
				sent(state, by, request, entry.seq, court);
				return;
			}
			case "driver.result":
				came(state, entry, court);
				return;
			case "wire.state":
				// Leaving a link that its peer has not left, a frontend has had the time.
				if (entry.side === "frontend" && entry.before === CONNECTED)
					overdue(state, entry, court);
				return;
			case "wire.close": {
				const { fe, dev } = entry.connection;
				state.owed = state.owed.filter(
					(one) => one.domid !== fe || one.dev !== dev,
				);
				return;
			}
			case "task.end":
				if (entry.note.how !== "returned") under.delete(entry.task);
				return;
			default:
		}
	},
});

const nameOf = (domid: number, { dev }: { dev: number }, what: string) =>
	`${domid} ${dev} ${what}`;

/** Each field that a client's argument decides: what it is called, what was asked for, and what the request says. */
type Field = [name: string, asked: bigint | number, says: bigint | number];

function fields(
	{ cookies }: State,
	{ operation, args }: Args,
	{ packet, connector }: BookedRequest,
	domid: number,
): Field[] {
	const of = (name: string, says: bigint, what: string): Field[] => {
		const cookie = cookies.get(nameOf(domid, args, name));
		return cookie === undefined ? [] : [[what, cookie, says]];
	};
	if (packet.operation === undefined) return [];
	const body = packet.body as unknown as Body;
	switch (operation) {
		case "gem.create": {
			const { width, height, bpp, buffer_sz, data_ofs } = body;
			// A driver may pad lines, and ask for more than the picture needs.
			return [
				["width", args.width, Math.min(width, args.width)],
				["height", args.height, Math.min(height, args.height)],
				["bpp", args.bpp, bpp],
				["buffer_sz", args.size, Math.min(buffer_sz, args.size)],
				["data_ofs", 0, data_ofs],
			];
		}
		case "prime.import": {
			const { buffer_sz, data_ofs } = body;
			return [
				["pages of buffer_sz", bufferPages(args.size), bufferPages(buffer_sz)],
				["data_ofs", args.offset, data_ofs],
			];
		}
		case "fb.create": {
			const { width, height, pixel_format, dbuf_cookie } = body;
			return [
				["width", args.width, width],
				["height", args.height, height],
				["pixel_format", args.format, pixel_format],
				...of(args.object, dbuf_cookie, "dbuf_cookie"),
			];
		}
		case "gem.close":
			return of(args.object, body.dbuf_cookie, "dbuf_cookie");
		case "fb.destroy":
			return of(args.framebuffer, body.fb_cookie, "fb_cookie");
		case "mode.set": {
			const { x, y, width, height, bpp, fb_cookie } = body;
			return [
				["connector", args.connector, connector],
				["x", args.x, x],
				["y", args.y, y],
				["width", args.width, width],
				["height", args.height, height],
				["bpp", args.bpp, bpp],
				...of(args.framebuffer, fb_cookie, "fb_cookie"),
			];
		}
		case "mode.off": {
			const { x, y, width, height, bpp, fb_cookie } = body;
			return [
				["connector", args.connector, connector],
				["fb_cookie", 0n, fb_cookie],
				["x, y, width, height and bpp", 0, x | y | width | height | bpp],
			];
		}
		case "page.flip":
			return [
				["connector", args.connector, connector],
				...of(args.framebuffer, body.fb_cookie, "fb_cookie"),
			];
		case "edid.read":
			return [["connector", args.connector, connector]];
		default:
			return [];
	}
}

/** Fields of request bodies, as far as they are looked at here. */
type Body = Record<
	| "width"
	| "height"
	| "bpp"
	| "buffer_sz"
	| "data_ofs"
	| "pixel_format"
	| "x"
	| "y",
	number
> &
	Record<"dbuf_cookie" | "fb_cookie", bigint>;

function sent(
	state: State,
	by: Asked,
	request: BookedRequest,
	seq: number,
	court: Court,
): void {
	const { asked, domid } = by;
	const wrong = fields(state, asked, request, domid).find(
		([, wanted, says]) => wanted !== says,
	);
	if (wrong === undefined || by.told) return;
	by.told = true;
	const [name, wanted, says] = wrong;
	const shown = (value: bigint | number) =>
		typeof value === "bigint" ? hex(value) : String(value);
	court.breach({
		domid,
		message: `the ${request.packet.operation} that was sent for ${asked.operation} says ${name} ${shown(says)}, and the client asked for ${shown(wanted)}`,
		expected: `${name} ${shown(wanted)}`,
		got: shown(says),
		entry: seq,
	});
}

function came(
	state: State,
	{ domid, task, note, seq }: NoteEntry<"driver.result">,
	court: Court,
): void {
	const { under, cookies } = state;
	const by = under.get(task);
	under.delete(task);
	if (by === undefined) return;
	const { asked, request } = by;
	const { operation, args } = asked;
	if (operation === "unbind") state.leaving.delete(nameOf(domid, args, ""));
	if (note.result < 0) return;
	const packet = request?.packet;
	if (
		(operation === "gem.create" || operation === "prime.import") &&
		packet?.operation === "DBUF_CREATE"
	)
		cookies.set(nameOf(domid, args, args.object), packet.body.dbuf_cookie);
	if (operation === "fb.create" && packet?.operation === "FB_ATTACH")
		cookies.set(nameOf(domid, args, args.framebuffer), packet.body.fb_cookie);
	if (court.books.device(domid, args.dev)?.open !== true) return;
	if (state.leaving.has(nameOf(domid, args, ""))) return;
	if (request === undefined) silent(state, asked, domid, seq, court);
}

/** It succeeded, and its own task has sent nothing. */
function silent(
	state: State,
	{ operation, args }: Args,
	domid: number,
	seq: number,
	court: Court,
): void {
	const device = court.books.device(domid, args.dev);
	const sends = SENDS[operation];
	if (device === undefined || sends === undefined) return;
	const owe = (what: string, is: Owed["sends"]) =>
		state.owed.push({ domid, dev: args.dev, operation, seq, sends: is, what });
	const cookieOf = (name: string) =>
		state.cookies.get(nameOf(domid, args, name)) ?? 0n;
	switch (operation) {
		case "gem.close": {
			const cookie = cookieOf(args.object);
			if (device.buffers.has(cookie))
				owe(
					`DBUF_DESTROY of ${hex(cookie)}`,
					({ packet }) =>
						packet.operation === "DBUF_DESTROY" &&
						packet.body.dbuf_cookie === cookie,
				);
			return;
		}
		case "fb.destroy": {
			const cookie = cookieOf(args.framebuffer);
			if (device.framebuffers.has(cookie))
				owe(
					`FB_DETACH of ${hex(cookie)}`,
					({ packet }) =>
						packet.operation === "FB_DETACH" &&
						packet.body.fb_cookie === cookie,
				);
			return;
		}
		case "mode.off":
			if (device.connectors.get(args.connector)?.config !== undefined)
				owe(
					`SET_CONFIG on connector ${args.connector}`,
					({ packet, connector }) =>
						packet.operation === sends && connector === args.connector,
				);
			return;
		default:
	}
	// A driver whose requests other tasks publish is not followed from task to task.
	if (sends === "DBUF_DESTROY" || sends === "FB_DETACH") return;
	if (sentFor(sends, domid, court)) return;
	court.breach({
		domid,
		message: `${operation} succeeded, and no ${sends} was ever sent`,
		expected: `a ${sends}, and its answer`,
		got: "result 0",
		entry: seq,
		requirements: ["pv.failed-means-nothing"],
	});
}

function overdue(
	state: State,
	{ fe, be, dev, domid, seq: leaves }: WireEntry & { kind: "wire.state" },
	court: Court,
): void {
	const back = `/local/domain/${be}/backend/vdispl/${fe}/${dev}/state`;
	if (domid !== fe || court.exchange.store.value(back) !== CONNECTED) return;
	// Who leaves by itself has found the link broken, and may have told its client so late.
	const asked = state.leaving.has(nameOf(fe, { dev }, ""));
	const due = state.owed.filter(
		(one) =>
			one.domid === fe &&
			one.dev === dev &&
			(asked || court.tick(one.seq) < court.tick(leaves)),
	);
	for (const { operation, what, seq } of due)
		court.breach({
			domid: fe,
			message: `${operation} succeeded, and its ${what} was not sent as long as the connection stood`,
			expected: what,
			got: "nothing",
			entry: seq,
			requirements: ["pv.failed-means-nothing"],
		});
}

function sentFor(operation: OpName, domid: number, court: Court): boolean {
	return court.exchange.connections.some(
		(connection) =>
			connection.fe === domid &&
			connection.requests.some(
				(request) =>
					court.books.request(request)?.packet.operation === operation,
			),
	);
}

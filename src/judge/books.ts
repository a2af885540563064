/**
 * What each device of each frontend holds at its backend, by the requests and their answers alone: display buffers, framebuffers, modes, accepted
 * flips, EDID requests. Rules read it through `court.books`; when a rule is told of a request or a response, that one is already entered.
 */
import {
	XENDISPL_DBUF_FLG_REQ_ALLOC,
	XENDISPL_EDID_MAX_SIZE,
} from "../displif/constants.ts";
import { parseEdid } from "../displif/edid.ts";
import {
	parseBeAlloc,
	parseDecimal,
	parseResolution,
} from "../displif/nodes.ts";
import {
	type Body,
	decodeRequest,
	decodeResponse,
	type Request,
} from "../displif/packet.ts";
import type {
	Connection,
	Exchange,
	ExchangeView,
	WireEntry,
} from "../journal/exchange.ts";
import { readAllocated, type SharedPages, walkShared } from "./shared-pages.ts";

/** A display buffer whose create was answered with 0, or as an unanswered create asks for it. */
export interface BookedBuffer {
	cookie: bigint;
	/** The request that made it: geometry, buffer_sz, flags, data_ofs, gref_directory. */
	body: Body<"DBUF_CREATE">;
	/** The backend was asked to allocate. */
	backendAllocates: boolean;
	/** As the directory stood when the create was published; of a buffer that the backend allocated, as it had filled it in when it answered. */
	pages: SharedPages;
	/** Entries that published the create, and that answered it. */
	asked: number;
	made: number;
}

export interface BookedFramebuffer {
	cookie: bigint;
	body: Body<"FB_ATTACH">;
	/** Undefined when the books know no such buffer. */
	buffer: BookedBuffer | undefined;
	asked: number;
	made: number;
}

/** A flip that was answered with 0. */
export interface BookedFlip {
	cookie: bigint;
	framebuffer: BookedFramebuffer | undefined;
	request: Exchange;
	/** Entry of the answer. */
	seq: number;
}

/**
 * What a request found under a cookie that it names. The order in which a backend handles requests is its own affair, so this is certain only
 * when it was so from the request to its answer; until the answer it is what is known so far.
 */
export type Known = "live" | "unknown" | "unsure";

export interface BookedRequest {
	device: DeviceBook;
	connection: Connection;
	connector: number;
	exchange: Exchange;
	packet: Request;
	/** Of an answered request. Anything but 0 is a refusal. */
	status: number | undefined;
	/** What was known of dbuf_cookie and of fb_cookie; undefined when the operation has no such field. */
	dbuf: Known | undefined;
	fb: Known | undefined;
	/** The same when it was published, of what the sender knew then. */
	dbufWhenSent: Known | undefined;
	fbWhenSent: Known | undefined;
	/** The buffer that it names or asks for, the framebuffer likewise. */
	buffer: BookedBuffer | undefined;
	framebuffer: BookedFramebuffer | undefined;
	/** Of GET_EDID: the frontend's pages. */
	edid: SharedPages | undefined;
	/** Of GET_EDID: octets that the answer says were written. */
	edid_sz: number;
}

/** Frames that a request puts to a use beside that of a picture: its directory, and the pages for an EDID. */
export function framesUsed({ packet, buffer, edid }: BookedRequest): number[] {
	if (packet.operation === "DBUF_CREATE")
		return [...(buffer?.pages.directoryFrames ?? [])];
	if (packet.operation !== "GET_EDID" || edid === undefined) return [];
	const pages = edid.grants.flatMap((grant) => grant?.frame ?? []);
	return [...edid.directoryFrames, ...pages];
}

export interface Resolution {
	width: number;
	height: number;
}

export interface ConnectorBook {
	connection: Connection;
	/** C/resolution; undefined when the node is malformed. */
	resolution: Resolution | undefined;
	/** The EDID that the frontend has read gives this mode, which wins over the node. */
	edid: Resolution | undefined;
	/** The mode set last; undefined while the connector is off. */
	config: Body<"SET_CONFIG"> | undefined;
	/** Accepted flips, in the order of their answers. */
	flips: BookedFlip[];
}

/** One device over one connection. */
export interface DeviceBook {
	fe: number;
	be: number;
	dev: number;
	/** Protocol version that the frontend chose; 1 when it said nothing. */
	version: number;
	/** be-alloc is 1. */
	mayAllocate: boolean;
	open: boolean;
	/** Live ones by cookie: create answered with 0, destroy not. */
	buffers: Map<bigint, BookedBuffer>;
	framebuffers: Map<bigint, BookedFramebuffer>;
	/** Framebuffers whose buffer was destroyed under them: whether they are still there is nowhere said. */
	doubtful: Set<bigint>;
	/** By index. */
	connectors: Map<number, ConnectorBook>;
	/** References of the rings and event pages, as the nodes named them when the link came to be. */
	transport: Set<number>;
	/** Unanswered requests, in the order in which they were published. */
	pending: Set<BookedRequest>;
	/** Entry at which the link came to be. */
	seq: number;
	/** By kind and cookie: entry of the last answer that changed whether it is live. */
	changed: Map<string, number>;
}

/** Which cookie an operation makes or unmakes. */
const MAKES = { DBUF_CREATE: "dbuf", FB_ATTACH: "fb" } as const;
const UNMAKES = { DBUF_DESTROY: "dbuf", FB_DETACH: "fb" } as const;
type Kind = "dbuf" | "fb";

export class Books {
	private readonly exchange: ExchangeView;
	/** Every link that ever was, in order. */
	readonly devices: DeviceBook[] = [];
	private readonly current = new Map<string, DeviceBook>();
	private readonly requests = new Map<Exchange, BookedRequest>();

	constructor(exchange: ExchangeView) {
		this.exchange = exchange;
	}

	/** The latest link of a device, which may be closed. */
	device(fe: number, dev: number): DeviceBook | undefined {
		return this.current.get(`${fe} ${dev}`);
	}

	/** The latest link of every device. */
	latest(): IterableIterator<DeviceBook> {
		return this.current.values();
	}

	/** What is known of a request; of one that no link carried, nothing. */
	request(exchange: Exchange): BookedRequest | undefined {
		return this.requests.get(exchange);
	}

	follow(entry: WireEntry): void {
		switch (entry.kind) {
			case "wire.open":
				this.opened(entry.connection);
				return;
			case "wire.close": {
				const { fe, dev } = entry.connection;
				const device = this.device(fe, dev);
				if (device !== undefined) device.open = false;
				return;
			}
			case "wire.request":
				this.asked(entry.connection, entry.request);
				return;
			case "wire.response":
				if (entry.request !== undefined)
					this.answered(entry.request, entry.words, entry.seq);
				return;
			default:
		}
	}

	private opened(connection: Connection): void {
		const { fe, be, dev, connector, seq } = connection;
		const { store } = this.exchange;
		const dir = `/local/domain/${fe}/device/vdispl/${dev}`;
		let device = this.device(fe, dev);
		if (device === undefined || !device.open || device.seq !== seq) {
			device = {
				fe,
				be,
				dev,
				version: parseDecimal(store.value(`${dir}/version`), 32) ?? 1,
				mayAllocate: parseBeAlloc(store.value(`${dir}/be-alloc`)),
				open: true,
				buffers: new Map(),
				framebuffers: new Map(),
				doubtful: new Set(),
				connectors: new Map(),
				transport: new Set(),
				pending: new Set(),
				seq,
				changed: new Map(),
			};
			this.devices.push(device);
			this.current.set(`${fe} ${dev}`, device);
		}
		for (const node of ["req-ring-ref", "evt-ring-ref"])
			device.transport.add(
				Number(store.value(`${dir}/${connector}/${node}`) ?? "0"),
			);
		device.connectors.set(connector, {
			connection,
			resolution: parseResolution(
				store.value(`${dir}/${connector}/resolution`),
			),
			edid: undefined,
			config: undefined,
			flips: [],
		});
	}

	private asked(connection: Connection, exchange: Exchange): void {
		const device = this.device(connection.fe, connection.dev);
		if (device === undefined) return;
		const packet = decodeRequest(exchange.words);
		const request: BookedRequest = {
			device,
			connection,
			connector: connection.connector,
			exchange,
			packet,
			status: undefined,
			dbuf: undefined,
			fb: undefined,
			dbufWhenSent: undefined,
			fbWhenSent: undefined,
			buffer: undefined,
			framebuffer: undefined,
			edid: undefined,
			edid_sz: 0,
		};
		request.dbuf = request.dbufWhenSent = known(request, "dbuf");
		request.fb = request.fbWhenSent = known(request, "fb");
		this.describe(request);
		device.pending.add(request);
		this.requests.set(exchange, request);
	}

	/** The pages and things that it speaks of, as they are now. */
	private describe(request: BookedRequest): void {
		const { packet, device, exchange } = request;
		const { memory } = this.exchange;
		switch (packet.operation) {
			case "DBUF_CREATE": {
				const { body } = packet;
				const pages = walkShared(
					memory,
					device.fe,
					body.gref_directory,
					body.buffer_sz,
				);
				const backendAllocates =
					(body.flags & XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0;
				request.buffer = {
					cookie: body.dbuf_cookie,
					body,
					backendAllocates,
					pages: backendAllocates
						? { ...pages, granter: device.be, refs: [], listed: [], grants: [] }
						: pages,
					asked: exchange.seq,
					made: 0,
				};
				return;
			}
			case "DBUF_DESTROY":
				request.buffer = device.buffers.get(packet.body.dbuf_cookie);
				return;
			case "FB_ATTACH": {
				const { body } = packet;
				request.buffer = device.buffers.get(body.dbuf_cookie);
				request.framebuffer = {
					cookie: body.fb_cookie,
					body,
					buffer: request.buffer,
					asked: exchange.seq,
					made: 0,
				};
				return;
			}
			case "FB_DETACH":
			case "SET_CONFIG":
			case "PG_FLIP":
				request.framebuffer = device.framebuffers.get(packet.body.fb_cookie);
				request.buffer = request.framebuffer?.buffer;
				return;
			case "GET_EDID":
				request.edid = walkShared(
					memory,
					device.fe,
					packet.body.gref_directory,
					packet.body.buffer_sz,
					// No EDID is larger: a backend need not look beyond it.
					XENDISPL_EDID_MAX_SIZE,
				);
				return;
			default:
		}
	}

	private answered(exchange: Exchange, words: Uint32Array, seq: number): void {
		const request = this.requests.get(exchange);
		if (request === undefined) return;
		const { device, packet } = request;
		device.pending.delete(request);
		request.dbuf = settled(request, "dbuf");
		request.fb = settled(request, "fb");
		const { status, edid_sz } = decodeResponse(words);
		request.status = status;
		request.edid_sz = edid_sz;
		// What it names may have been made while it waited.
		if (packet.operation === "FB_ATTACH" && request.framebuffer !== undefined) {
			request.buffer ??= device.buffers.get(packet.body.dbuf_cookie);
			request.framebuffer.buffer = request.buffer;
		} else if (
			packet.operation === "SET_CONFIG" ||
			packet.operation === "PG_FLIP"
		)
			request.framebuffer ??= device.framebuffers.get(packet.body.fb_cookie);
		if (status === 0) this.accepted(request, seq);
	}

	private accepted(request: BookedRequest, seq: number): void {
		const { device, packet, buffer, framebuffer, exchange } = request;
		const book = device.connectors.get(request.connector);
		switch (packet.operation) {
			case "DBUF_CREATE":
				if (buffer === undefined) return;
				buffer.made = seq;
				if (buffer.backendAllocates)
					buffer.pages = readAllocated(
						this.exchange.memory,
						device.be,
						buffer.pages,
						buffer.body.buffer_sz,
					);
				device.buffers.set(buffer.cookie, buffer);
				device.changed.set(`dbuf ${buffer.cookie}`, seq);
				return;
			case "DBUF_DESTROY": {
				const { dbuf_cookie } = packet.body;
				const gone = device.buffers.get(dbuf_cookie);
				device.buffers.delete(dbuf_cookie);
				device.changed.set(`dbuf ${dbuf_cookie}`, seq);
				for (const fb of device.framebuffers.values())
					if (gone !== undefined && fb.buffer === gone)
						device.doubtful.add(fb.cookie);
				return;
			}
			case "FB_ATTACH":
				if (framebuffer === undefined) return;
				framebuffer.made = seq;
				device.framebuffers.set(framebuffer.cookie, framebuffer);
				device.doubtful.delete(framebuffer.cookie);
				device.changed.set(`fb ${framebuffer.cookie}`, seq);
				return;
			case "FB_DETACH": {
				const { fb_cookie } = packet.body;
				device.framebuffers.delete(fb_cookie);
				device.doubtful.delete(fb_cookie);
				device.changed.set(`fb ${fb_cookie}`, seq);
				return;
			}
			case "SET_CONFIG":
				if (book !== undefined)
					book.config = isReset(packet.body) ? undefined : packet.body;
				return;
			case "PG_FLIP":
				book?.flips.push({
					cookie: packet.body.fb_cookie,
					framebuffer,
					request: exchange,
					seq,
				});
				return;
			case "GET_EDID":
				if (book === undefined) return;
				book.edid = this.edidMode(request);
				return;
			default:
		}
	}

	/** The mode that the EDID gives, as it lies in the frontend's pages now. */
	private edidMode({
		edid,
		edid_sz: octets,
	}: BookedRequest): Resolution | undefined {
		const { memory } = this.exchange;
		const frames = (edid?.grants ?? []).map((grant) => grant?.frame);
		const count = Math.ceil(octets / 4096);
		if (octets === 0 || count > frames.length) return undefined;
		const words = new Uint32Array(count * 1024);
		for (let page = 0; page < count; page++) {
			const frame = frames[page];
			if (frame === undefined) return undefined;
			words.set(memory.words(frame), page * 1024);
		}
		const mode = parseEdid(new Uint8Array(words.buffer, 0, octets));
		return mode.ok ? { width: mode.width, height: mode.height } : undefined;
	}
}

/** All fields 0: the connector is switched off. */
export const isReset = (body: Body<"SET_CONFIG">): boolean =>
	body.fb_cookie === 0n &&
	(body.x | body.y | body.width | body.height | body.bpp) === 0;

/** The cookie of that kind in a request; undefined when its operation has none, or it is a SET_CONFIG that switches off. */
function cookieOf({ packet }: BookedRequest, kind: Kind): bigint | undefined {
	switch (packet.operation) {
		case "DBUF_CREATE":
		case "DBUF_DESTROY":
			return kind === "dbuf" ? packet.body.dbuf_cookie : undefined;
		case "FB_ATTACH":
			return kind === "dbuf" ? packet.body.dbuf_cookie : packet.body.fb_cookie;
		case "FB_DETACH":
		case "PG_FLIP":
			return kind === "fb" ? packet.body.fb_cookie : undefined;
		case "SET_CONFIG":
			return kind === "fb" && !isReset(packet.body)
				? packet.body.fb_cookie
				: undefined;
		default:
			return undefined;
	}
}

/** What the answers so far say of its cookie, while others wait for theirs. */
function known(request: BookedRequest, kind: Kind): Known | undefined {
	const cookie = cookieOf(request, kind);
	if (cookie === undefined) return undefined;
	const { device } = request;
	if (kind === "fb" && device.doubtful.has(cookie)) return "unsure";
	const live =
		kind === "dbuf"
			? device.buffers.has(cookie)
			: device.framebuffers.has(cookie);
	const changes: Partial<Record<string, Kind>> = live ? UNMAKES : MAKES;
	for (const other of device.pending) {
		const { operation } = other.packet;
		if (
			other !== request &&
			operation !== undefined &&
			// Destroying a buffer may take its framebuffers along.
			(changes[operation] === kind ||
				(live && kind === "fb" && operation === "DBUF_DESTROY")) &&
			(operation === "DBUF_DESTROY" && kind === "fb"
				? device.framebuffers.get(cookie)?.body.dbuf_cookie ===
					cookieOf(other, "dbuf")
				: cookieOf(other, kind) === cookie)
		)
			return "unsure";
	}
	return live ? "live" : "unknown";
}

/** The same at its answer, over the whole time that it waited. */
function settled(request: BookedRequest, kind: Kind): Known | undefined {
	const now = known(request, kind);
	if (now === undefined) return undefined;
	const { operation } = request.packet;
	const makes: Partial<Record<string, Kind>> = MAKES;
	// Two creates of one cookie cannot both be right, whichever was handled first.
	if (operation !== undefined && makes[operation] === kind && now === "live")
		return now;
	const before = kind === "dbuf" ? request.dbufWhenSent : request.fbWhenSent;
	const changed = request.device.changed.get(
		`${kind} ${cookieOf(request, kind)}`,
	);
	return now === before &&
		(changed === undefined || changed < request.exchange.seq)
		? now
		: "unsure";
}

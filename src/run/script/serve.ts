/** What `wire.serve` does: a task that answers every request as a right backend would, but for the exceptions that the scenario names. */
import { ERRNO } from "../../base/errno.ts";
import {
	XENDISPL_DBUF_FLG_REQ_ALLOC,
	XENDISPL_EDID_BLOCK_SIZE,
} from "../../displif/constants.ts";
import {
	bufferPages,
	directoryPages,
	GREFS_PER_DIRECTORY_PAGE,
} from "../../displif/directory.ts";
import { buildEdid } from "../../displif/edid.ts";
import type { OpName } from "../../displif/ops/index.ts";
import {
	decodeRequest,
	encodeEvent,
	encodeResponse,
	type RequestOf,
} from "../../displif/packet.ts";
import type { StepOf } from "../../scenario/scenario.ts";
import { GNTST_okay } from "../../xen/abi/grant-table.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { BackLink } from "./back-link.ts";
import type { ScriptBackend } from "./backend.ts";
import type { Lent } from "./side.ts";

/** A buffer that was allocated for a frontend. */
export interface BackendBuffer {
	fe: number;
	dev: number;
	cookie: bigint;
	pages: Lent[];
}

type Exceptions = NonNullable<StepOf<"wire.serve">["args"]["except"]>;

/** How a request is answered. `event` makes the flip's event out of its number. */
interface Answer {
	status: number;
	edid_sz?: number;
	event?: (id: number) => Uint32Array;
}

/** Completion that wakes the serving task, so that it looks again whether and for whom it serves. */
export const LOOK_AGAIN = 1;

const OK: Answer = { status: 0 };
const failed = (name: keyof typeof ERRNO): Answer => ({ status: -ERRNO[name] });

export class Server {
	private readonly side: ScriptBackend;
	private readonly except: Exceptions;
	/** Requests still to be served. */
	private left: number;
	private active = true;

	constructor(
		side: ScriptBackend,
		except: Exceptions,
		count: number | undefined,
	) {
		this.side = side;
		this.except = except;
		this.left = count ?? Number.POSITIVE_INFINITY;
	}

	/** It ends when it looks next. */
	stop(): void {
		this.active = false;
	}

	*run(): Turns {
		while (this.active && this.left > 0) {
			for (const link of [...this.side.links]) yield* this.drain(link);
			if (!this.active || this.left === 0) return;
			yield* ask("wait", {
				ports: this.side.links.map(({ reqPort }) => reqPort),
				token: "",
				completion: LOOK_AGAIN,
				display: false,
				timeout: 0,
				why: "work",
			});
		}
	}

	private *drain(link: BackLink): Turns {
		while (
			this.active &&
			this.left > 0 &&
			this.side.links.includes(link) &&
			(yield* link.ring.finalCheck()) > 0
		) {
			this.left -= 1;
			const request = yield* this.side.takeFrom(link);
			const answer = yield* this.answer(link, request.words);
			if (answer === undefined) continue;
			const { status, edid_sz, event } = answer;
			const code = ((request.words[0] as number) >>> 16) & 0xff;
			yield* this.side.answer(
				link,
				encodeResponse(request.id, code, status, edid_sz),
			);
			link.taken = link.taken.filter((one) => one !== request);
			if (event !== undefined) yield* this.side.putEvent(link, event);
		}
	}

	/** Undefined for silence. */
	private *answer(
		link: BackLink,
		words: Uint32Array,
	): Turns<Answer | undefined> {
		const request = decodeRequest(words);
		if (request.operation === undefined) return failed("EOPNOTSUPP");
		const exception = this.except[request.operation satisfies OpName];
		if (exception !== undefined)
			return "silent" in exception ? undefined : exception;
		switch (request.operation) {
			case "DBUF_CREATE":
				return (request.body.flags & XENDISPL_DBUF_FLG_REQ_ALLOC) === 0
					? OK
					: yield* this.allocate(link, request);
			case "DBUF_DESTROY":
				yield* this.release(link, request.body.dbuf_cookie);
				return OK;
			case "PG_FLIP": {
				const { fb_cookie } = request.body;
				return { ...OK, event: (id) => encodeEvent(id, fb_cookie) };
			}
			case "GET_EDID":
				return yield* this.edid(link, request);
			case "FB_ATTACH":
			case "FB_DETACH":
			case "SET_CONFIG":
				return OK;
		}
	}

	/** Zeroed pages, granted to the frontend, their references written into its directory. All or nothing. */
	private *allocate(
		link: BackLink,
		{ body }: RequestOf<"DBUF_CREATE">,
	): Turns<Answer> {
		const count = bufferPages(body.buffer_sz);
		const pages: Lent[] = [];
		const enough = yield* this.lendPages(link.fe, count, pages);
		const written =
			enough &&
			(yield* this.writeDirectory(
				link.fe,
				body.gref_directory,
				pages.map(({ ref }) => ref),
			));
		if (!written) {
			for (const page of pages) yield* this.side.takeBack(page);
			return failed(enough ? "EINVAL" : "ENOMEM");
		}
		this.side.buffers.push({
			fe: link.fe,
			dev: link.dev,
			cookie: body.dbuf_cookie,
			pages,
		});
		return OK;
	}

	private *lendPages(fe: number, count: number, pages: Lent[]): Turns<boolean> {
		while (pages.length < count) {
			const page = yield* ask("page.alloc", { zeroed: true });
			if (page.status < 0) return false;
			const { gfn } = page;
			const { status, ref } = yield* ask("grant.claim", { batch: 0 });
			if (status < 0) {
				yield* ask("page.free", { gfn });
				return false;
			}
			yield* ask("grant.access", { ref, domid: fe, gfn, readonly: false });
			this.side.lent.set(ref, gfn);
			pages.push({ gfn, ref });
		}
		return true;
	}

	private *writeDirectory(
		fe: number,
		first: number,
		refs: readonly number[],
	): Turns<boolean> {
		let at = first;
		for (let page = 0; page < directoryPages(refs.length); page++) {
			const { status, handle, gfn } = yield* this.side.map(fe, at);
			if (status !== GNTST_okay) return false;
			const start = page * GREFS_PER_DIRECTORY_PAGE;
			yield* ask("page.store", {
				gfn,
				word: 1,
				words: refs.slice(start, start + GREFS_PER_DIRECTORY_PAGE),
			});
			at = yield* this.side.load(gfn, 0);
			yield* this.side.unmap(handle);
		}
		return true;
	}

	/** Take back what was allocated for the cookie. Pages that the frontend still maps stay lent. */
	private *release(link: BackLink, cookie: bigint): Turns {
		const { buffers } = this.side;
		const at = buffers.findIndex(
			(one) =>
				one.fe === link.fe && one.dev === link.dev && one.cookie === cookie,
		);
		if (at < 0) return;
		const [buffer] = buffers.splice(at, 1);
		for (const page of buffer?.pages ?? []) yield* this.side.takeBack(page);
	}

	/** One block, which the first page of the frontend's buffer holds. */
	private *edid(
		link: BackLink,
		{ body }: RequestOf<"GET_EDID">,
	): Turns<Answer> {
		if (body.buffer_sz < XENDISPL_EDID_BLOCK_SIZE) return failed("EINVAL");
		const directory = yield* this.side.map(link.fe, body.gref_directory, true);
		if (directory.status !== GNTST_okay) return failed("EINVAL");
		const ref = yield* this.side.load(directory.gfn, 1);
		yield* this.side.unmap(directory.handle);
		const page = yield* this.side.map(link.fe, ref);
		if (page.status !== GNTST_okay) return failed("EINVAL");
		const edid = buildEdid(link.width, link.height, XENDISPL_EDID_BLOCK_SIZE);
		yield* ask("page.store", {
			gfn: page.gfn,
			word: 0,
			words: littleEndianWords(edid),
		});
		yield* this.side.unmap(page.handle);
		return { ...OK, edid_sz: edid.length };
	}
}

const littleEndianWords = (octets: Uint8Array): Uint32Array =>
	Uint32Array.from({ length: octets.length / 4 }, (_, word) => {
		const at = word * 4;
		return (
			(octets[at] as number) |
			((octets[at + 1] as number) << 8) |
			((octets[at + 2] as number) << 16) |
			((octets[at + 3] as number) << 24)
		);
	});

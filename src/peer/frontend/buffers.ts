/**
 * GEM objects: dumb buffers and imports, in both modes of allocation.
 *
 * Who may free a page: we, as long as no request that names it was published, or after the answer that lets it go. In between it waits with
 * its request, and at last for the end of the connection.
 */
import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../../displif/constants.ts";
import { bufferPages, directoryPages } from "../../displif/directory.ts";
import { fits } from "../../displif/size.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { OperationResult, Operations } from "../peer.ts";
import type { Connection } from "./connection.ts";
import type { Device } from "./device.ts";
import { refused } from "./driver.ts";
import {
	type Lent,
	type Mapped,
	nothingLent,
	nothingMapped,
	type Pages,
} from "./pages.ts";
import type { Orphan, RequestBody, Unanswered } from "./requests.ts";
import { failed } from "./status.ts";
import { type Used, untilUnused, unused } from "./uses.ts";

/** What the backend is told of a buffer. */
export interface Shape {
	width: number;
	height: number;
	bpp: number;
	/** buffer_sz, in octets. */
	size: number;
	/** data_ofs, in octets. */
	offset: number;
}

/** A display buffer: what is shared with the backend under one cookie. */
export interface Dbuf {
	readonly cookie: bigint;
	readonly shape: Shape;
	readonly beAlloc: boolean;
	/** Our pages, unless the backend allocates. */
	readonly data: Lent;
	readonly directory: Lent;
	/** Where the backend's pages are mapped, when it allocates. */
	readonly backendPages: Mapped;
}

/** A client's object. */
export interface Gem extends Used {
	readonly name: string;
	readonly dbuf: Dbuf;
	/** Numbers of the driver objects, 0 for none. */
	object: number;
	array: number;
	cookieObject: number;
	/** making, closing: an operation is at it. live: the backend has it. cut off: its connection is over. */
	state: "making" | "live" | "closing" | "cut off";
	/** The memory waits for a late answer and is no longer this object's. */
	orphaned: boolean;
}

export class Buffers {
	protected readonly device: Device;
	protected readonly pages: Pages;
	readonly gems = new Map<string, Gem>();

	constructor(device: Device) {
		this.device = device;
		this.pages = device.driver.pages;
	}

	*create(args: Operations["gem.create"]): Turns<OperationResult> {
		const { object, width, height, bpp, size } = args;
		if (!validSize(size) || !fits(0, width, height, bpp, size))
			return refused("EINVAL");
		return yield* this.make(object, { width, height, bpp, size, offset: 0 });
	}

	/** Pages of another driver. Their geometry becomes known with the framebuffer. */
	*import(args: Operations["prime.import"]): Turns<OperationResult> {
		const { object, size, offset } = args;
		if (!validSize(size) || offset < 0 || offset >= size)
			return refused("EINVAL");
		if (!this.importable(offset)) return refused("EOPNOTSUPP");
		return yield* this.make(object, {
			width: 0,
			height: 0,
			bpp: 0,
			size,
			offset,
		});
	}

	/** data_ofs came with version 2, and pages that the backend is to allocate cannot come from elsewhere. */
	protected importable(offset: number): boolean {
		const config = this.device.live?.config;
		return (
			config === undefined ||
			(!config.beAlloc && (offset === 0 || config.version > 1))
		);
	}

	protected *make(name: string, shape: Shape): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		if (this.gems.has(name)) return refused("EEXIST");
		const gem: Gem = {
			name,
			dbuf: {
				cookie: this.device.driver.cookie(),
				shape,
				beAlloc: connection.config.beAlloc,
				data: nothingLent(),
				directory: nothingLent(),
				backendPages: nothingMapped(),
			},
			object: 0,
			array: 0,
			cookieObject: 0,
			state: "making",
			orphaned: false,
			...unused(),
		};
		this.gems.set(name, gem);
		let status = yield* this.allocateObject(gem);
		if (status < 0) yield* this.abandon(gem);
		else {
			status = yield* this.share(gem.dbuf, connection);
			if (status >= 0) status = yield* this.createDbuf(gem, connection);
			if (status >= 0) {
				gem.state = "live";
				return { status: 0, cookie: gem.dbuf.cookie };
			}
			yield* this.free(gem);
		}
		this.gems.delete(name);
		return { status };
	}

	/** The object, its page array, and pages, or frame numbers to map the backend's pages at. What was had before a failure stays in `gem`. */
	protected *allocateObject(gem: Gem): Turns<number> {
		const { name, dbuf } = gem;
		const object = yield* ask("object.make", { kind: "gem-object", name });
		if (object.status < 0) return object.status;
		gem.object = object.object;
		const array = yield* ask("object.make", { kind: "page-array", name });
		if (array.status < 0) return array.status;
		gem.array = array.object;
		const count = bufferPages(dbuf.shape.size);
		return dbuf.beAlloc
			? yield* this.pages.takeBalloonPages(dbuf.backendPages, count)
			: yield* this.pages.allocatePages(dbuf.data, count);
	}

	/** The allocation has failed, nothing is shared yet: give back what was had. */
	protected *abandon(gem: Gem): Turns {
		yield* this.free(gem);
	}

	/** Directory, references, grants. */
	protected *share(dbuf: Dbuf, connection: Connection): Turns<number> {
		const { pages } = this;
		const { data, directory } = dbuf;
		const count = directoryPages(bufferPages(dbuf.shape.size));
		let status = yield* pages.allocatePages(directory, count);
		if (status < 0) return status;
		status = yield* pages.claimReferences(directory, data);
		if (status < 0) return status;
		yield* pages.writeDirectory(directory, data.refs);
		status = yield* pages.grantPages(
			directory,
			connection.backendId,
			!dbuf.beAlloc && this.readonly(),
		);
		if (status < 0) return status;
		return yield* pages.grantPages(data, connection.backendId, this.readonly());
	}

	/** A display only reads; but displ_be maps every page for writing (its wrapper of libxengnttab drops the protection), and Linux lets it. */
	protected readonly(): boolean {
		return false;
	}

	/** DBUF_CREATE, and then the mapping of what the backend allocated. */
	protected *createDbuf(gem: Gem, connection: Connection): Turns<number> {
		const { dbuf } = gem;
		const cookie = yield* ask("object.make", {
			kind: "cookie",
			name: `0x${dbuf.cookie.toString(16)}`,
		});
		if (cookie.status < 0) return cookie.status;
		gem.cookieObject = cookie.object;
		const answer = yield* connection
			.requests(0)
			.send("DBUF_CREATE", this.createRequest(dbuf));
		if (answer.how === "unanswered")
			yield* this.onTimeout(gem, connection, answer, "create");
		if (answer.status < 0 || !dbuf.beAlloc) return answer.status;
		const status = yield* this.mapBackendBuffer(dbuf, connection);
		if (status >= 0) return status;
		yield* this.letGoOfBackendPages(dbuf);
		yield* this.destroyOrphan(dbuf, connection);
		return status;
	}

	protected createRequest(dbuf: Dbuf): RequestBody<"DBUF_CREATE"> {
		const { shape } = dbuf;
		return {
			dbuf_cookie: dbuf.cookie,
			width: shape.width,
			height: shape.height,
			bpp: shape.bpp,
			buffer_sz: shape.size,
			flags: dbuf.beAlloc ? XENDISPL_DBUF_FLG_REQ_ALLOC : 0,
			gref_directory: dbuf.directory.refs[0] as number,
			data_ofs: shape.offset,
		};
	}

	/** All pages, or an error; what a partial failure has mapped is still to be unmapped. */
	protected *mapBackendBuffer(
		dbuf: Dbuf,
		connection: Connection,
	): Turns<number> {
		const refs = yield* this.pages.readDirectory(
			dbuf.directory,
			bufferPages(dbuf.shape.size),
		);
		if (refs === undefined) return failed("EIO");
		return yield* this.pages.mapBackendPages(
			dbuf.backendPages,
			connection.backendId,
			refs,
		);
	}

	/** What must go before the backend can end its grants; the directory has done its service. */
	protected *letGoOfBackendPages(dbuf: Dbuf): Turns {
		yield* this.pages.unmapBackendPages(dbuf.backendPages);
		yield* this.pages.giveBalloonPages(dbuf.backendPages);
		yield* this.pages.takeBack(dbuf.directory);
	}

	/** The last handle is closed. A refused destroy leaves the object as it was, to be closed again. */
	*close({ object: name }: Operations["gem.close"]): Turns<OperationResult> {
		const gem = this.gems.get(name);
		if (gem === undefined || gem.state === "making") return refused("ENOENT");
		if (gem.state === "closing") return refused("EBUSY");
		const connection =
			gem.state === "live" ? this.device.connection : undefined;
		let status = 0;
		if (connection !== undefined) {
			gem.state = "closing";
			yield* untilUnused(gem, () => this.device.driver.fresh());
			status = yield* this.destroyDbuf(gem, connection);
			if (status < 0 && !gem.orphaned) {
				gem.state = "live";
				return { status };
			}
		}
		this.gems.delete(name);
		yield* this.free(gem);
		return { status };
	}

	/** DBUF_DESTROY. 0 when the backend has let go, or will have at the end of a connection that takes no more requests. */
	protected *destroyDbuf(gem: Gem, connection: Connection): Turns<number> {
		const { dbuf } = gem;
		if (dbuf.beAlloc) yield* this.letGoOfBackendPages(dbuf);
		const answer = yield* connection
			.requests(0)
			.send("DBUF_DESTROY", { dbuf_cookie: dbuf.cookie });
		if (answer.how === "unanswered")
			yield* this.onTimeout(gem, connection, answer, "destroy");
		if (answer.how !== "unsent" || this.device.live === connection)
			return answer.status;
		gem.orphaned = true;
		yield* connection.keep(this.orphan(dbuf, connection, "destroy"));
		return 0;
	}

	/** No answer: the backend may have mapped the pages, or be about to. They stay with the request; only what it cannot know goes now. */
	protected *onTimeout(
		gem: Gem,
		connection: Connection,
		answer: Unanswered,
		request: "create" | "destroy",
	): Turns {
		gem.orphaned = true;
		const { dbuf } = gem;
		yield* connection.adopt(
			answer.pending,
			this.orphan(dbuf, connection, request),
		);
		yield* this.pages.giveBalloonPages(dbuf.backendPages);
	}

	/**
	 * A create answered 0 too late has made a buffer that no client knows: it is destroyed, or it would count against our limit at the backend
	 * until the connection ends. A refused create has left nothing there.
	 */
	protected orphan(
		dbuf: Dbuf,
		connection: Connection,
		request: "create" | "destroy",
	): Orphan {
		const buffers = this;
		return {
			*late(status) {
				const there = request === "create" ? status === 0 : status !== 0;
				if (there) yield* buffers.destroyOrphan(dbuf, connection);
				else yield* buffers.releaseMemory(dbuf, true);
			},
			release: (letGo) => buffers.releaseMemory(dbuf, letGo),
		};
	}

	/** Destroy what no client can close any more. If the backend refuses, the memory waits for the end of the connection. */
	protected *destroyOrphan(dbuf: Dbuf, connection: Connection): Turns {
		const orphan = this.orphan(dbuf, connection, "destroy");
		const answer = yield* connection
			.requests(0)
			.send("DBUF_DESTROY", { dbuf_cookie: dbuf.cookie });
		if (answer.how === "unanswered")
			yield* connection.adopt(answer.pending, orphan);
		else if (answer.status < 0) yield* connection.keep(orphan);
		else yield* this.releaseMemory(dbuf, true);
	}

	/** Give back the object and, unless a request still holds it, its memory. */
	protected *free(gem: Gem): Turns {
		if (!gem.orphaned) yield* this.releaseMemory(gem.dbuf, true);
		yield* this.dropObjects(gem);
	}

	/** `letGo`: the backend is known to have released its side. Without it nothing is ended that it may still have in use. */
	protected *releaseMemory(dbuf: Dbuf, letGo: boolean): Turns {
		const { pages } = this;
		yield* pages.unmapBackendPages(dbuf.backendPages);
		yield* pages.giveBalloonPages(dbuf.backendPages);
		for (const lent of [dbuf.directory, dbuf.data])
			if (letGo) yield* pages.takeBack(lent);
			else yield* pages.surrender(lent);
	}

	protected *dropObjects(gem: Gem): Turns {
		for (const object of [gem.cookieObject, gem.array, gem.object])
			if (object !== 0) yield* ask("object.drop", { object });
	}

	/** Unmap the backend's pages: whatever becomes of the connection, no client may see them from here on. */
	*unmapAll(): Turns {
		for (const { dbuf, state } of this.gems.values())
			if (state === "live")
				yield* this.pages.unmapBackendPages(dbuf.backendPages);
	}

	/** The connection is over: the memory goes, the empty objects stay with their clients. */
	*cutOff(letGo: boolean): Turns {
		for (const gem of [...this.gems.values()]) {
			if (gem.state !== "live") continue;
			gem.state = "cut off";
			yield* this.releaseMemory(gem.dbuf, letGo);
		}
	}

	/** The device goes: no client keeps anything. */
	*closeAll(): Turns {
		for (const gem of cutOff(this.gems)) {
			this.gems.delete(gem.name);
			yield* this.dropObjects(gem);
		}
	}
}

/** Those whose connection is over, one by one: a client may close one while another is being closed. */
export function* cutOff<T extends { state: string }>(
	all: ReadonlyMap<string, T>,
): Generator<T> {
	for (const one of all.values()) if (one.state === "cut off") yield one;
}

const validSize = (size: number) =>
	Number.isInteger(size) && size > 0 && size <= 0xffffffff;

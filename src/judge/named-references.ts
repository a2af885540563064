/** Which references one side has named to the other: those of the transport, of live buffers, and of requests that wait for their answers. */
import type { Request } from "../displif/packet.ts";
import type { ExchangeView } from "../journal/exchange.ts";
import type { Books, DeviceBook } from "./books.ts";
import { type SharedPages, walkShared } from "./shared-pages.ts";

const NO_PAGES = { gref_directory: 0, buffer_sz: 0 };
const RINGS = ["req-ring-ref", "evt-ring-ref"] as const;

export class NamedReferences {
	private readonly books: Books;
	private readonly exchange: ExchangeView;
	/** Of each list of pages that was asked about: its references. */
	private readonly listed = new WeakMap<SharedPages, ReadonlySet<number>>();

	constructor(books: Books, exchange: ExchangeView) {
		this.books = books;
		this.exchange = exchange;
	}

	/** Whether `mapper` has been told of `granter`'s reference by something that is alive. */
	has(mapper: number, granter: number, ref: number): boolean {
		for (const device of this.books.latest())
			if (
				device.be === mapper && device.fe === granter
					? this.toBackend(device, ref)
					: device.fe === mapper &&
						device.be === granter &&
						this.toFrontend(device, ref)
			)
				return true;
		return this.transport(granter, ref);
	}

	private toBackend(device: DeviceBook, ref: number): boolean {
		for (const { pages, backendAllocates } of device.buffers.values())
			if (
				(!backendAllocates && this.refs(pages).has(ref)) ||
				pages.directory.includes(ref)
			)
				return true;
		for (const { buffer, edid, packet } of device.pending) {
			const pages = packet.operation === "DBUF_CREATE" ? buffer?.pages : edid;
			if (pages === undefined) continue;
			if (pages.directory.includes(ref)) return true;
			if (buffer?.backendAllocates === true) {
				if (this.again(device, packet).directory.includes(ref)) return true;
				continue;
			}
			if (this.refs(pages).has(ref)) return true;
			// The frontend may write its directory anew before the backend has read it.
			const now = this.again(device, packet);
			if (now.directory.includes(ref) || now.listed.includes(ref)) return true;
		}
		return false;
	}

	private again({ fe }: DeviceBook, packet: Request): SharedPages {
		const { gref_directory, buffer_sz } =
			packet.operation === "DBUF_CREATE" || packet.operation === "GET_EDID"
				? packet.body
				: NO_PAGES;
		return walkShared(this.exchange.memory, fe, gref_directory, buffer_sz);
	}

	private toFrontend(device: DeviceBook, ref: number): boolean {
		for (const { pages, backendAllocates } of device.buffers.values())
			if (backendAllocates && this.refs(pages).has(ref)) return true;
		if (device.open) return false;
		// An answer that comes when the link is over is none; the frontend may not know that yet, and find what the backend has listed.
		for (const { buffer, packet } of device.pending)
			if (
				buffer?.backendAllocates === true &&
				this.again(device, packet).listed.includes(ref)
			)
				return true;
		return false;
	}

	/** Nodes that name it now, or did when the link came to be. */
	private transport(granter: number, ref: number): boolean {
		for (const device of this.books.latest())
			if (device.fe === granter && device.transport.has(ref)) return true;
		const { store } = this.exchange;
		const dir = `/local/domain/${granter}/device/vdispl`;
		for (const dev of store.children(dir))
			for (let connector = 0; ; connector++) {
				const at = `${dir}/${dev}/${connector}`;
				if (store.value(at) === undefined) break;
				if (RINGS.some((node) => store.value(`${at}/${node}`) === String(ref)))
					return true;
			}
		return false;
	}

	private refs(pages: SharedPages): ReadonlySet<number> {
		let refs = this.listed.get(pages);
		if (refs === undefined) {
			refs = new Set(pages.listed);
			this.listed.set(pages, refs);
		}
		return refs;
	}
}

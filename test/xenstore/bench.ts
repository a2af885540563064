/** Our daemon with clients around it: sockets, and guests on ring pages. */

import type { StoreConnection } from "../../src/xen/xenstore/connection.ts";
import { RingPage } from "../../src/xen/xenstore/ring.ts";
import { XenStoreServer } from "../../src/xen/xenstore/server.ts";
import { type Manners, XenStore } from "../../src/xen/xenstore/store.ts";
import {
	type Message,
	MessageReader,
	XS,
} from "../../src/xen/xenstore/wire.ts";

const NAMES = new Map<number, string>(
	Object.entries(XS).map(([name, type]) => [type, name]),
);
export const typeName = (type: number): string => NAMES.get(type) ?? `#${type}`;

/** One end that sends octets and collects messages. */
export interface Client {
	send(octets: Uint8Array): void;
	/** Messages since the last call. */
	received(): Message[];
	readonly closed: boolean;
}

abstract class Collector {
	private readonly reader = new MessageReader();
	private messages: Message[] = [];

	protected collect(octets: Uint8Array): void {
		for (let at = 0; at < octets.length; ) {
			const part = octets.subarray(at, at + this.reader.wants);
			at += part.length;
			const message = this.reader.take(part);
			if (message === "oversize") throw new Error("over-long message");
			if (message !== undefined) this.messages.push(message);
		}
	}

	received(): Message[] {
		const { messages } = this;
		this.messages = [];
		return messages;
	}
}

class SocketClient extends Collector implements Client {
	private readonly bench: Bench;
	private readonly connection: StoreConnection;
	closed = false;

	constructor(bench: Bench) {
		super();
		this.bench = bench;
		this.connection = bench.server.accept({
			write: (octets) => this.collect(octets),
			close: () => {
				this.closed = true;
			},
		});
	}

	send(octets: Uint8Array): void {
		this.bench.server.receive(this.connection, octets);
	}

	close(): void {
		this.closed = true;
		this.bench.server.hangUp(this.connection);
	}
}

/** A guest that takes its replies as soon as there are any. */
class GuestClient extends Collector implements Client {
	private readonly bench: Bench;
	readonly page: RingPage;
	readonly closed = false;

	constructor(bench: Bench, page: RingPage) {
		super();
		this.bench = bench;
		this.page = page;
	}

	send(octets: Uint8Array): void {
		for (let at = 0, idle = 0; at < octets.length && idle < 2; ) {
			const count = this.page.put("req", octets.subarray(at)) ?? 0;
			at += count;
			idle = count === 0 ? idle + 1 : 0;
			this.bench.run();
		}
	}

	take(): void {
		for (;;) {
			const octets = this.page.take("rsp", 1024);
			if (octets === undefined || octets.length === 0) return;
			this.collect(octets);
		}
	}
}

export class Bench {
	readonly store: XenStore;
	readonly server: XenStoreServer;
	private readonly pages = new Map<number, Uint8Array>();
	private readonly guests = new Map<number, GuestClient>();
	readonly clients = new Map<string, SocketClient | GuestClient>();

	constructor(manners: Manners) {
		this.store = new XenStore({ manners });
		this.server = new XenStoreServer(this.store, {
			page: (domid) => this.pages.get(domid),
			notify: () => {},
		});
	}

	socket(name: string): SocketClient {
		const client = new SocketClient(this);
		this.clients.set(name, client);
		return client;
	}

	/** A domain comes to exist, with a page that the store will find when it is introduced. */
	domain(domid: number): GuestClient {
		const page = new Uint8Array(4096);
		this.pages.set(domid, page);
		this.store.domainCreated(domid);
		const guest = new GuestClient(this, new RingPage(page));
		this.guests.set(domid, guest);
		return guest;
	}

	guest(domid: number): GuestClient {
		return this.guests.get(domid) ?? this.domain(domid);
	}

	destroy(domid: number): void {
		this.store.domainDestroyed(domid);
		this.pages.delete(domid);
		this.guests.delete(domid);
		this.run();
	}

	/** Serve and let the guests take their replies, until nothing moves. */
	run(): void {
		for (let before = -1; ; ) {
			this.server.run();
			for (const guest of this.guests.values()) guest.take();
			const now = [...this.guests.values()].reduce(
				(sum, { page }) => sum + page.get("rsp_cons") + page.get("req_cons"),
				0,
			);
			if (now === before) return;
			before = now;
		}
	}
}

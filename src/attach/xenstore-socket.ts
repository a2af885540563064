/** Our store behind a unix socket, for the tools and daemons that speak io/xs_wire.h. */

import { createServer, type Server, type Socket } from "node:net";
import { XenStoreServer } from "../xen/xenstore/server.ts";
import type { XenStore } from "../xen/xenstore/store.ts";

export class XenStoreSocket {
	private readonly listener: Server;
	private readonly clients = new Set<Socket>();
	/** After changes from elsewhere call its `run`, so that the clients hear of them. */
	readonly server: XenStoreServer;

	private constructor(store: XenStore) {
		this.server = new XenStoreServer(store);
		this.listener = createServer((client) => this.serve(client));
	}

	/** Listen at `path`, which clients find in XENSTORED_PATH. */
	static listen(store: XenStore, path: string): Promise<XenStoreSocket> {
		const made = new XenStoreSocket(store);
		return new Promise((resolve, reject) => {
			made.listener.once("error", reject);
			made.listener.listen(path, () => resolve(made));
		});
	}

	/** Stop listening and drop all clients. */
	close(): Promise<void> {
		for (const client of this.clients) client.destroy();
		return new Promise((resolve) => this.listener.close(() => resolve()));
	}

	private serve(client: Socket): void {
		this.clients.add(client);
		const connection = this.server.accept({
			write: (octets) => void client.write(octets),
			close: () => client.destroySoon(),
		});
		client.on("data", (octets) => this.server.receive(connection, octets));
		// A client that vanishes is as good as one that closes.
		client.on("error", () => client.destroy());
		client.on("close", () => {
			this.clients.delete(client);
			this.server.hangUp(connection);
		});
	}
}

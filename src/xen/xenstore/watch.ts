/** Watches and their events: docs/misc/xenstore.txt, WATCH. */

import type { StoreConnection } from "./connection.ts";
import { PAYLOAD_MAX } from "./limits.ts";
import type { PathTable } from "./path.ts";

export interface Watch {
	readonly path: number;
	readonly token: string;
	/** Levels below the path that it sees; -1 for all. */
	readonly depth: number;
	/** Characters of the home that the watcher left out. */
	readonly prefix: number;
}

/** Which watches a change reaches. `subtree`: at and above the path. `depth` and `nodepth` are for the special names. */
export type Match = "exact" | "subtree" | "depth" | "nodepth";

export class Watches {
	protected readonly paths: PathTable;
	/** Drop an event that equals one still queued. */
	protected readonly merges: boolean;
	/** How many watches sit at each path. */
	protected readonly at = new Map<number, number>();

	constructor(paths: PathTable, merges: boolean) {
		this.paths = paths;
		this.merges = merges;
	}

	add(connection: StoreConnection, watch: Watch): void {
		connection.watches.push(watch);
		this.at.set(watch.path, (this.at.get(watch.path) ?? 0) + 1);
	}

	remove(connection: StoreConnection, watch: Watch): void {
		connection.watches.splice(connection.watches.indexOf(watch), 1);
		const left = (this.at.get(watch.path) ?? 0) - 1;
		if (left > 0) this.at.set(watch.path, left);
		else this.at.delete(watch.path);
	}

	removeAll(connection: StoreConnection): void {
		for (const watch of [...connection.watches]) this.remove(connection, watch);
	}

	/** Whether any watch at all could be reached: most changes reach none. */
	reached(path: number, match: Match): boolean {
		if (this.at.size === 0) return false;
		for (let id = path; ; ) {
			if (this.at.has(id)) return true;
			const parent = this.paths.parent(id);
			if (match === "exact" || parent === id) return false;
			id = parent;
		}
	}

	/** Queue the events of one change for one connection. */
	fire(connection: StoreConnection, path: number, match: Match): void {
		for (const watch of connection.watches)
			if (this.hits(watch, path, match)) this.send(connection, watch, path);
	}

	protected hits(watch: Watch, path: number, match: Match): boolean {
		if (watch.path === path) return match !== "nodepth" || watch.depth < 0;
		if (match === "exact" || match === "nodepth") return false;
		if (match === "depth" && watch.depth <= 0) return false;
		const levels = this.paths.levels(path, watch.path);
		return levels > 0 && (watch.depth < 0 || levels <= watch.depth);
	}

	send(connection: StoreConnection, watch: Watch, path: number): void {
		const text = this.paths.text(path);
		const shown = watch.prefix === 0 ? text : text.slice(watch.prefix);
		const { token } = watch;
		if (shown.length + token.length + 2 > PAYLOAD_MAX) return;
		const { events } = connection;
		if (this.merges && shown.charCodeAt(0) !== 0x40)
			for (const event of events)
				if (event.path === shown && event.token === token) return;
		events.push({ path: shown, token });
		connection.eventsQueued++;
	}
}

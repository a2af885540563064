import { describe, expect, test } from "vitest";
import { PathTable } from "./path.ts";
import { type StoreConnection, type StoreOptions, XenStore } from "./store.ts";

/**
 * Who, what, answer. Who: `tools` is a socket client, `d1` the domain 1 (introduced, with a home of its own), `hv` the hypervisor.
 * What: a verb and its arguments. The answer: `ok`, an error, what was asked for, or for `events` the events since, `path token` each.
 */
type Row = readonly [who: string, what: string, answer: string];

/** Any answer of the store. */
type Made =
	| { ok: false; error: string }
	| {
			ok: true;
			value?: string;
			names?: string[];
			perms?: string[];
			tx?: number;
			introduced?: boolean;
			list?: string[];
	  };

class Conversation {
	readonly store: XenStore;
	private readonly sockets = new Map<string, StoreConnection>();

	constructor(options: Partial<StoreOptions> = {}) {
		this.store = new XenStore({ manners: "c423", ...options });
		this.who("tools");
		for (const domid of [1, 2]) this.born(domid);
	}

	who(name: string): StoreConnection {
		const domid = /^d(\d+)$/.exec(name)?.[1];
		if (domid !== undefined) return this.store.connectDomain(Number(domid));
		const known = this.sockets.get(name);
		const connection = known ?? this.store.connectPrivileged();
		this.sockets.set(name, connection);
		return connection;
	}

	private born(domid: number): void {
		const tools = this.who("tools");
		this.store.domainCreated(domid);
		this.store.introduce(tools, domid);
		this.store.mkdir(tools, 0, `/local/domain/${domid}`);
		this.store.setPerms(tools, 0, `/local/domain/${domid}`, [`n${domid}`]);
	}

	/** A verb ending in @N is asked in transaction N. */
	private answer(who: string, what: string): string {
		const [verb = "", a = "", b = "", ...more] = what.split(" ");
		const [name, tx = "0"] = verb.split("@");
		const { store } = this;
		const n = Number(a);
		if (who === "hv") {
			if (name === "create") this.born(n);
			else if (name === "shutdown") store.domainShutdown(n);
			else if (name === "destroy") store.domainDestroyed(n);
			else throw new Error(`hv cannot ${name}`);
			return "ok";
		}
		const by = this.who(who);
		const t = Number(tx);
		const made: Made = (() => {
			switch (name) {
				case "read":
					return store.read(by, t, a);
				case "write":
					return store.write(by, t, a, [b, ...more].join(" "));
				case "mkdir":
					return store.mkdir(by, t, a);
				case "rm":
					return store.rm(by, t, a);
				case "ls":
					return store.directory(by, t, a);
				case "perms":
					return store.getPerms(by, t, a);
				case "allow":
					return store.setPerms(by, t, a, [b, ...more]);
				case "watch":
					return store.watch(by, a, b, more[0] ? Number(more[0]) : -1);
				case "unwatch":
					return store.unwatch(by, a, b);
				case "start":
					return store.transactionStart(by, t);
				case "commit":
					return store.transactionEnd(by, n, true);
				case "abort":
					return store.transactionEnd(by, n, false);
				case "reset":
					return store.resetWatches(by);
				case "introduce":
					return store.introduce(by, n);
				case "introduced":
					return store.isDomainIntroduced(by, n);
				case "release":
					return store.release(by, n);
				case "resume":
					return store.resume(by, n);
				case "target":
					return store.setTarget(by, n, Number(b));
				case "events": {
					const list: string[] = [];
					for (;;) {
						const event = store.takeEvent(by);
						if (event === undefined) return { ok: true, list } as const;
						list.push(`${event.path} ${event.token}`);
					}
				}
				default:
					throw new Error(`what is ${name}?`);
			}
		})();
		if (!made.ok) return made.error;
		const { value, names, perms, introduced, list } = made;
		if (value !== undefined) return value || "empty";
		if (names !== undefined) return names.join(" ") || "none";
		if (perms !== undefined) return perms.join(" ");
		if (made.tx !== undefined) return `tx ${made.tx}`;
		if (introduced !== undefined) return introduced ? "yes" : "no";
		if (list !== undefined) return list.join(", ") || "none";
		return "ok";
	}

	run(rows: readonly Row[]): this {
		for (const [i, [who, what, answer]] of rows.entries())
			expect(this.answer(who, what), `row ${i + 1}: ${who}: ${what}`).toBe(
				answer,
			);
		return this;
	}
}

const talk = (rows: readonly Row[], options: Partial<StoreOptions> = {}) =>
	new Conversation(options).run(rows);

/** Rows that hold in both manners. */
const both = (name: string, rows: readonly Row[]) =>
	test.each(["c423", "c417"] as const)(`${name} (%s)`, (manners) => {
		talk(rows, { manners });
	});

describe("nodes", () => {
	both("values, children, missing parents", [
		["tools", "write /a/b/c one", "ok"],
		["tools", "read /a/b", "empty"],
		["tools", "read /a/b/c", "one"],
		["tools", "ls /a/b", "c"],
		["tools", "mkdir /a/b/c", "ok"],
		["tools", "read /a/b/c", "one"],
		["tools", "read /a/x", "ENOENT"],
		["tools", "ls /", "tool local a"],
	]);
	both("children in order of creation, a re-made one last", [
		["tools", "write /a/z", "ok"],
		["tools", "write /a/b", "ok"],
		["tools", "write /a/m", "ok"],
		["tools", "rm /a/z", "ok"],
		["tools", "write /a/z", "ok"],
		["tools", "ls /a", "b m z"],
	]);
	both("removal", [
		["tools", "write /a/b/c", "ok"],
		["tools", "rm /a/x", "ok"],
		["tools", "rm /x/y", "ENOENT"],
		["tools", "rm /", "EINVAL"],
		["tools", "rm /a", "ok"],
		["tools", "read /a/b/c", "ENOENT"],
	]);
	both("paths that are none", [
		["tools", "read //a", "EINVAL"],
		["tools", "read /a/", "EINVAL"],
		["tools", "read /a.b", "EINVAL"],
		["tools", "read @releaseDomain", "EINVAL"],
		["tools", "read", "EINVAL"],
	]);
	both("relative paths count from the asker's home", [
		["d1", "write data/x v", "ok"],
		["tools", "read /local/domain/1/data/x", "v"],
		["tools", "write x w", "ok"],
		["tools", "read /local/domain/0/x", "w"],
	]);
	test("a message that is too long is not sent", () => {
		const { store } = new Conversation();
		const client = store.connectPrivileged();
		const write = (octets: number) =>
			store.write(client, 0, "/a", "v".repeat(octets));
		expect(write(4096 - 3)).toEqual({ ok: true });
		expect(write(4096 - 2)).toEqual({ ok: false, error: "E2BIG" });
	});
});

describe("permissions", () => {
	both("what a guest makes belongs to it, the rest is inherited", [
		["tools", "mkdir /pub", "ok"],
		["tools", "allow /pub b0 r2", "ok"],
		["d1", "write /pub/mine v", "ok"],
		["d1", "perms /pub/mine", "b1 r2"],
		["d2", "read /pub/mine", "v"],
		["d2", "write /pub/mine w", "EACCES"],
	]);
	both("who may not read is not told what is missing", [
		["d2", "read /local/domain/1/x", "EACCES"],
		["d1", "read x", "ENOENT"],
		["tools", "read /local/domain/1/x", "ENOENT"],
	]);
	both("only the owner changes permissions, and stays the owner", [
		["d1", "write k v", "ok"],
		["d2", "allow /local/domain/1/k n2", "EACCES"],
		["d1", "allow k n2", "EPERM"],
		["d1", "allow k n1 r2", "ok"],
		["d2", "read /local/domain/1/k", "v"],
		["tools", "allow /local/domain/1/k n9", "ENOENT"],
		["tools", "allow /local/domain/1/k x1", "EINVAL"],
	]);
	both("a domain acts for its target", [
		["d2", "read /local/domain/1", "EACCES"],
		["tools", "target 2 1", "ok"],
		["d2", "read /local/domain/1", "empty"],
		["d2", "target 2 1", "EACCES"],
	]);
});

describe("watches", () => {
	both("an event at once, then for each change at or below", [
		["tools", "watch /a t", "ok"],
		["tools", "events", "/a t"],
		["tools", "write /a/b/c v", "ok"],
		["tools", "write /x v", "ok"],
		["tools", "events", "/a/b/c t"],
		["tools", "watch /a t", "EEXIST"],
		["tools", "unwatch /a t", "ok"],
		["tools", "unwatch /a t", "ENOENT"],
		["tools", "write /a v", "ok"],
		["tools", "events", "none"],
	]);
	both("an event that equals one still queued is dropped", [
		["tools", "watch /a t", "ok"],
		["tools", "write /a 1", "ok"],
		["tools", "write /a 2", "ok"],
		["tools", "write /a/b 1", "ok"],
		["tools", "write /a 3", "ok"],
		["tools", "events", "/a t, /a/b t"],
	]);
	both("a relative watch tells relative paths", [
		["d1", "watch data w", "ok"],
		["d1", "write data/x v", "ok"],
		["d1", "events", "data w, data/x w"],
	]);
	both(
		"a removed tree: what is inside first, whoever watches above sees its root",
		[
			["tools", "write /a/b/c v", "ok"],
			["tools", "watch /a A", "ok"],
			["tools", "watch /a/b/c C", "ok"],
			["tools", "watch /a/b/none N", "ok"],
			["tools", "events", "/a A, /a/b/c C, /a/b/none N"],
			["tools", "rm /a/b", "ok"],
			["tools", "events", "/a/b/c C, /a/b A"],
		],
	);
	both(
		"a guest hears of what it may read, or whose parent it may read, before or after",
		[
			["tools", "write /s/a v", "ok"],
			["d1", "watch /s w", "ok"],
			["d1", "events", "/s w"],
			["tools", "write /s/a w", "ok"],
			["d1", "events", "none"],
			["tools", "allow /s/a n0 r1", "ok"],
			["tools", "allow /s/a n0", "ok"],
			["tools", "write /s/a x", "ok"],
			["d1", "events", "/s/a w"],
		],
	);
	test("depth, in the newer daemon", () => {
		talk([
			["tools", "watch /a t 1", "ok"],
			["tools", "events", "/a t"],
			["tools", "write /a/b v", "ok"],
			["tools", "write /a/b/c v", "ok"],
			["tools", "events", "/a/b t"],
		]);
	});
	test("a token chooses among the events", () => {
		const { store } = new Conversation();
		const client = store.connectPrivileged();
		store.watch(client, "/a", "one");
		store.watch(client, "/b", "two");
		expect(store.hasEvent(client, "tw")).toBe(true);
		expect(store.takeEvent(client, "tw")).toEqual({ path: "/b", token: "two" });
		expect(store.hasEvent(client, "tw")).toBe(false);
		expect(store.pending()).toEqual([client]);
	});
});

describe("transactions", () => {
	both("own writes are seen inside, by others at the commit", [
		["tools", "start", "tx 1"],
		["tools", "write@1 /a v", "ok"],
		["tools", "read@1 /a", "v"],
		["other", "read /a", "ENOENT"],
		["other", "read@1 /a", "ENOENT"],
		["tools", "start@1", "EBUSY"],
		["tools", "commit 1", "ok"],
		["other", "read /a", "v"],
		["tools", "commit 1", "ENOENT"],
	]);
	both("a node that was touched and has changed since fails it, whole", [
		["tools", "write /a 0", "ok"],
		["tools", "start", "tx 1"],
		["tools", "read@1 /a", "0"],
		["tools", "write@1 /b v", "ok"],
		["other", "write /a 0", "ok"],
		["tools", "commit 1", "EAGAIN"],
		["tools", "read /b", "ENOENT"],
	]);
	both("two that make siblings are in conflict, two that do not meet are not", [
		["tools", "mkdir /a", "ok"],
		["tools", "mkdir /b", "ok"],
		["tools", "start", "tx 1"],
		["tools", "start", "tx 2"],
		["tools", "start", "tx 3"],
		["tools", "mkdir@1 /a/x", "ok"],
		["tools", "mkdir@2 /a/y", "ok"],
		["tools", "mkdir@3 /b/z", "ok"],
		["tools", "commit 1", "ok"],
		["tools", "commit 2", "EAGAIN"],
		["tools", "commit 3", "ok"],
	]);
	both("events at the commit, one for each node, none when it is dropped", [
		["tools", "mkdir /a", "ok"],
		["other", "watch /a w", "ok"],
		["other", "events", "/a w"],
		["tools", "start", "tx 1"],
		["tools", "write@1 /a/x 1", "ok"],
		["tools", "write@1 /a/y 1", "ok"],
		["tools", "write@1 /a/x 2", "ok"],
		["tools", "write@1 /a/gone 1", "ok"],
		["tools", "rm@1 /a/gone", "ok"],
		["other", "events", "none"],
		["tools", "commit 1", "ok"],
		["other", "events", "/a/x w, /a/y w"],
		["tools", "start", "tx 2"],
		["tools", "write@2 /a/x 3", "ok"],
		["tools", "abort 2", "ok"],
		["other", "events", "none"],
	]);
	both("reset drops watches and transactions", [
		["d1", "watch data w", "ok"],
		["d1", "start", "tx 1"],
		["d1", "reset", "ok"],
		["d1", "commit 1", "ENOENT"],
		["d1", "write data v", "ok"],
		["d1", "events", "data w"],
	]);
});

describe("quotas of a guest", () => {
	const fill = (
		manners: "c417" | "c423",
		ask: (store: XenStore, guest: StoreConnection, i: number) => unknown,
	) => {
		const { store } = new Conversation({ manners });
		const guest = store.connectDomain(1);
		for (let i = 0; i < 2000; i++) {
			const answer = ask(store, guest, i) as { ok: boolean; error?: string };
			if (!answer.ok) return `${i} ${answer.error}`;
		}
		return "no limit";
	};

	test.each([
		["c417", "999 ENOSPC"],
		["c423", "998 ENOSPC"],
	] as const)("nodes (%s)", (manners, limit) => {
		const ask = (store: XenStore, guest: StoreConnection, i: number) =>
			store.mkdir(guest, 0, i < 30 ? `${i}` : `${i % 30}/${i}`);
		expect(fill(manners, ask)).toBe(limit);
	});
	test.each([
		["c417", "129 E2BIG"],
		["c423", "127 ENOSPC"],
	] as const)("watches (%s)", (manners, limit) => {
		expect(fill(manners, (s, g, i) => s.watch(g, `${i}`, "t"))).toBe(limit);
	});
	test.each([
		["c417", "11 ENOSPC"],
		["c423", "9 ENOSPC"],
	] as const)("open transactions (%s)", (manners, limit) => {
		expect(fill(manners, (s, g) => s.transactionStart(g))).toBe(limit);
	});
	// Under 2048, of which the header takes 24 or 16 and the permission 8.
	test.each([
		["c417", "2016 ENOSPC"],
		["c423", "2024 ENOSPC"],
	] as const)("octets of a node (%s)", (manners, limit) => {
		const { store } = new Conversation({ manners });
		const guest = store.connectDomain(1);
		let octets = 0;
		for (;;) {
			const answer = store.write(guest, 0, "k", "v".repeat(octets));
			if (!answer.ok) {
				expect(`${octets} ${answer.error}`).toBe(limit);
				return;
			}
			octets++;
		}
	});
});

describe("the life of domains", () => {
	both("a dead domain's nodes go, with what others made below", [
		["tools", "mkdir /pub", "ok"],
		["tools", "allow /pub b0", "ok"],
		["d1", "write /pub/one v", "ok"],
		["tools", "write /pub/one/zero v", "ok"],
		["tools", "watch /pub P", "ok"],
		["tools", "watch @releaseDomain R", "ok"],
		["tools", "events", "/pub P, @releaseDomain R"],
		["hv", "destroy 1", "ok"],
		["tools", "events", "/pub/one P, @releaseDomain R"],
		["tools", "ls /pub", "none"],
		["tools", "read /local/domain/1", "ENOENT"],
		["tools", "introduced 1", "no"],
	]);
	both("a later domain of the same number inherits no rights", [
		["tools", "write /k v", "ok"],
		["tools", "allow /k n0 r1", "ok"],
		["d1", "read /k", "v"],
		["hv", "destroy 1", "ok"],
		["hv", "create 1", "ok"],
		["d1", "read /k", "EACCES"],
		["tools", "allow /k n0 r1", "ok"],
		["d1", "read /k", "v"],
	]);
	both("a shutdown is told once, and again after RESUME", [
		["tools", "watch @releaseDomain R", "ok"],
		["hv", "shutdown 1", "ok"],
		["tools", "events", "@releaseDomain R, @releaseDomain R"],
		["hv", "destroy 2", "ok"],
		["tools", "events", "@releaseDomain R"],
		["tools", "resume 1", "ok"],
		["tools", "introduced 1", "yes"],
	]);
	both("introduced again, a domain's connection starts afresh", [
		["d1", "watch data w", "ok"],
		["d1", "start", "tx 1"],
		["tools", "introduce 1", "ok"],
		["d1", "events", "none"],
		["d1", "write data v", "ok"],
		["d1", "events", "none"],
		["d1", "commit 1", "ENOENT"],
	]);
	both("what only domain 0 may ask", [
		["d1", "introduce 2", "EACCES"],
		["d1", "release 2", "EACCES"],
		["d1", "introduced 2", "EACCES"],
		["tools", "introduce 9", "EINVAL"],
		["tools", "release 0", "EINVAL"],
		["tools", "release 9", "ENOENT"],
		["tools", "release 1", "ok"],
		["tools", "introduced 1", "no"],
	]);
	test("the newer daemon tells which domain it was", () => {
		talk([
			["tools", "watch @releaseDomain R", "ok"],
			["tools", "watch @releaseDomain/2 two", "ok"],
			["tools", "watch @releaseDomain each 1", "ok"],
			[
				"tools",
				"events",
				"@releaseDomain R, @releaseDomain/2 two, @releaseDomain each",
			],
			["hv", "destroy 1", "ok"],
			["tools", "events", "@releaseDomain R, @releaseDomain/1 each"],
			["hv", "destroy 2", "ok"],
			[
				"tools",
				"events",
				"@releaseDomain R, @releaseDomain/2 two, @releaseDomain/2 each",
			],
		]);
	});
});

describe("the third daemon's ways, as options", () => {
	test("every event is told, a removed root first", () => {
		talk(
			[
				["tools", "write /a/b v", "ok"],
				["tools", "watch /a A", "ok"],
				["tools", "watch /a/b B", "ok"],
				["tools", "events", "/a A, /a/b B"],
				["tools", "write /a v", "ok"],
				["tools", "write /a v", "ok"],
				["tools", "rm /a", "ok"],
				["tools", "events", "/a A, /a A, /a A, /a/b B"],
			],
			{ eventOrder: "after-reply" },
		);
	});
	test("a conflict fails a transaction only if an answer would differ", () => {
		const rows = (answer: string): Row[] => [
			["tools", "mkdir /a", "ok"],
			["tools", "start", "tx 1"],
			["tools", "write@1 /a/x 1", "ok"],
			["other", "write /a/y 1", "ok"],
			["tools", "commit 1", answer],
		];
		talk(rows("EAGAIN"));
		talk(
			[
				...rows("ok"),
				["tools", "ls /a", "y x"],
				["tools", "start", "tx 2"],
				["tools", "ls@2 /a", "y x"],
				["tools", "write@2 /b v", "ok"],
				["other", "write /a/z 1", "ok"],
				["tools", "commit 2", "EAGAIN"],
				["tools", "read /b", "ENOENT"],
				["tools", "start", "tx 3"],
				["tools", "read@3 /a/x", "1"],
				["other", "write /a/x 2", "ok"],
				["tools", "commit 3", "ok"],
			],
			{ transactions: "replay" },
		);
	});
});

describe("for who looks on", () => {
	test("nodes, watches and transactions are counted by owner", () => {
		const { store } = new Conversation();
		const guest = store.connectDomain(1);
		const before = store.nodesOwned(1);
		store.write(guest, 0, "a/b", "v");
		store.watch(guest, "a", "t");
		store.transactionStart(guest);
		expect(store.nodesOwned(1) - before).toBe(2);
		expect(store.watchCount(guest)).toBe(1);
		expect(guest.transactions.size).toBe(1);
		store.rm(guest, 0, "a");
		store.resetWatches(guest);
		expect(store.nodesOwned(1)).toBe(before);
		expect(store.watchCount(guest)).toBe(0);
		expect(guest.transactions.size).toBe(0);
	});
	test("the tree, parents first", () => {
		const store = new XenStore({ manners: "c417" });
		store.write(store.connectPrivileged(), 0, "/a/b", "v");
		expect([...store.nodes()].map(({ path, value }) => path + value)).toEqual([
			"/",
			"/tool",
			"/tool/xenstored",
			"/a",
			"/a/bv",
		]);
		expect(store.nodeCount).toBe(5);
	});
	test("stores that share a table of paths share nothing else", () => {
		const paths = new PathTable();
		const [one, two] = [1, 2].map(
			() => new XenStore({ manners: "c423", paths }),
		) as [XenStore, XenStore];
		const client = two.connectPrivileged();
		one.write(one.connectPrivileged(), 0, "/a", "v");
		expect(two.read(client, 0, "/a")).toEqual({ ok: false, error: "ENOENT" });
		two.write(client, 0, "/a/b", "w");
		expect(one.nodeCount).toBe(two.nodeCount - 1);
	});
});

/**
 * The words of the door: everything a participant can ask of the world, with its reply.
 *
 * One table; the static types, the journal's packing, the contract in docs/PEERS.md and the JSON journal all follow from it.
 * Numbers a call carries are the hypervisor's own: domids, guest frame numbers (gfn), grant references, ports.
 * Every reply has `status`: 0 (or a count) when it was done, else negative: `-errno` of xen/errno.h, or a GNTST_* of
 * grant_table.h for `grant.map`, `grant.unmap` and `grant.copy`.
 */

/** How a field of a call is written down. `words` are 32-bit words of a page, or a list of numbers. */
export type FieldType = "u32" | "i32" | "bool" | "str" | "words";

/**
 * Where another task may run. `always`: before every such call. `shared`: only when the page is granted or mapped.
 * `never`: private to the task's domain, so no order can matter.
 */
export type SwitchPoint = "always" | "shared" | "never";

interface CallShape {
	says: string;
	ask: Record<string, FieldType>;
	reply: Record<string, FieldType>;
	switch: SwitchPoint;
}

const shape = <const C extends CallShape>(call: C): C => call;

export const CALLS = {
	// ---- XenStore (io/xs_wire.h, docs/misc/xenstore.txt). `tx` 0 is "no transaction".
	"xs.read": shape({
		says: "XS_READ: the value of a node",
		ask: { tx: "u32", path: "str" },
		reply: { value: "str" },
		switch: "always",
	}),
	"xs.write": shape({
		says: "XS_WRITE: set a node's value, making missing parents",
		ask: { tx: "u32", path: "str", value: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.mkdir": shape({
		says: "XS_MKDIR: make an empty node unless it exists",
		ask: { tx: "u32", path: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.rm": shape({
		says: "XS_RM: remove a node and all below it",
		ask: { tx: "u32", path: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.directory": shape({
		says: "XS_DIRECTORY: the names of a node's children, each ended by NUL",
		ask: { tx: "u32", path: "str" },
		reply: { names: "str" },
		switch: "always",
	}),
	"xs.directory-part": shape({
		says: "XS_DIRECTORY_PART: generation, then names from an octet offset",
		ask: { tx: "u32", path: "str", offset: "u32" },
		reply: { generation: "str", names: "str" },
		switch: "always",
	}),
	"xs.get-perms": shape({
		says: "XS_GET_PERMS: a node's permission list, each entry ended by NUL",
		ask: { tx: "u32", path: "str" },
		reply: { perms: "str" },
		switch: "always",
	}),
	"xs.set-perms": shape({
		says: "XS_SET_PERMS: entries like n1 r2, each ended by NUL; the first names the owner",
		ask: { tx: "u32", path: "str", perms: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.watch": shape({
		says: "XS_WATCH: an event at once, then one for each change at or below path",
		ask: { path: "str", token: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.unwatch": shape({
		says: "XS_UNWATCH: end a watch",
		ask: { path: "str", token: "str" },
		reply: {},
		switch: "always",
	}),
	"xs.transaction-start": shape({
		says: "XS_TRANSACTION_START",
		ask: {},
		reply: { tx: "u32" },
		switch: "always",
	}),
	"xs.transaction-end": shape({
		says: "XS_TRANSACTION_END: commit or drop; -EAGAIN after a conflict",
		ask: { tx: "u32", commit: "bool" },
		reply: {},
		switch: "always",
	}),
	"xs.get-domain-path": shape({
		says: "XS_GET_DOMAIN_PATH: /local/domain/<domid>",
		ask: { domid: "u32" },
		reply: { path: "str" },
		switch: "always",
	}),
	"xs.introduce": shape({
		says: "XS_INTRODUCE: tell the store of a domain (privileged)",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
	"xs.reset-watches": shape({
		says: "XS_RESET_WATCHES: drop this connection's watches and transactions",
		ask: {},
		reply: {},
		switch: "always",
	}),

	// ---- Grant tables, granting side (grant_table.h, linux grant-table.h).
	"grant.reserve": shape({
		says: "set `count` free references aside as a private batch",
		ask: { count: "u32" },
		reply: { batch: "u32" },
		switch: "never",
	}),
	"grant.claim": shape({
		says: "take one reference from a batch, or with batch 0 from the free list",
		ask: { batch: "u32" },
		reply: { ref: "u32" },
		switch: "never",
	}),
	"grant.release": shape({
		says: "give a whole batch's unclaimed references back to the free list",
		ask: { batch: "u32" },
		reply: {},
		switch: "never",
	}),
	"grant.access": shape({
		says: "open a claimed reference: store domid and frame, write barrier, then flags",
		ask: { ref: "u32", domid: "u32", gfn: "u32", readonly: "bool" },
		reply: { frame: "u32" },
		switch: "always",
	}),
	"grant.query": shape({
		says: "the in-use marks of an entry: GTF_reading and GTF_writing as they are now",
		ask: { ref: "u32" },
		reply: { flags: "u32" },
		switch: "always",
	}),
	"grant.end": shape({
		says: "close an entry by compare-and-exchange of its flags; -EBUSY while it is mapped",
		ask: { ref: "u32" },
		reply: {},
		switch: "always",
	}),
	"grant.free": shape({
		says: "put an ended reference back on the free list",
		ask: { ref: "u32" },
		reply: {},
		switch: "never",
	}),
	"grant.table": shape({
		says: "GNTTABOP_setup_table, one page: where page `index` of the domain's own grant table lies",
		ask: { index: "u32" },
		reply: { gfn: "u32" },
		switch: "never",
	}),

	// ---- Grant tables, mapping side. Status is a GNTST_*.
	"grant.map": shape({
		says: "GNTTABOP_map_grant_ref at gfn; with gfn 0 the kernel finds an unpopulated one",
		ask: { granter: "u32", ref: "u32", gfn: "u32", flags: "u32" },
		reply: { handle: "u32", gfn: "u32", frame: "u32" },
		switch: "always",
	}),
	"grant.unmap": shape({
		says: "GNTTABOP_unmap_grant_ref; gfn 0 leaves the host mapping in place",
		ask: { handle: "u32", gfn: "u32" },
		reply: { granter: "u32", ref: "u32", frame: "u32" },
		switch: "always",
	}),
	"grant.copy": shape({
		says: "GNTTABOP_copy: `source` and `dest` are references when the GNTCOPY_* flag says so, else own gfns; offsets and len in octets",
		ask: {
			flags: "u32",
			source_domid: "u32",
			source: "u32",
			source_offset: "u32",
			dest_domid: "u32",
			dest: "u32",
			dest_offset: "u32",
			len: "u32",
		},
		reply: {},
		switch: "always",
	}),

	// ---- Event channels (event_channel.h).
	"evtchn.alloc-unbound": shape({
		says: "EVTCHNOP_alloc_unbound: a port that `remote` may bind to",
		ask: { remote: "u32" },
		reply: { port: "u32" },
		switch: "always",
	}),
	"evtchn.bind-interdomain": shape({
		says: "EVTCHNOP_bind_interdomain: a local port joined to the remote's; it is pending at once",
		ask: { remote: "u32", remote_port: "u32" },
		reply: { port: "u32" },
		switch: "always",
	}),
	"evtchn.notify": shape({
		says: "EVTCHNOP_send",
		ask: { port: "u32" },
		reply: {},
		switch: "always",
	}),
	"evtchn.mask": shape({
		says: "set the port's mask bit: events stay pending",
		ask: { port: "u32" },
		reply: {},
		switch: "always",
	}),
	"evtchn.unmask": shape({
		says: "EVTCHNOP_unmask: a pending event is delivered",
		ask: { port: "u32" },
		reply: {},
		switch: "always",
	}),
	"evtchn.close": shape({
		says: "EVTCHNOP_close: the other end turns unbound again",
		ask: { port: "u32" },
		reply: {},
		switch: "always",
	}),
	"evtchn.status": shape({
		says: "EVTCHNOP_status: EVTCHNSTAT_*, and the other end when there is one",
		ask: { port: "u32" },
		reply: {
			state: "u32",
			remote: "u32",
			remote_port: "u32",
			pending: "bool",
			masked: "bool",
		},
		switch: "always",
	}),
	"evtchn.reset": shape({
		says: "EVTCHNOP_reset: close all ports of the domain",
		ask: {},
		reply: {},
		switch: "always",
	}),

	// ---- Memory (memory.h) and the guest's own page allocator and balloon driver.
	"page.alloc": shape({
		says: "a page of the domain's own memory; unless zeroed it holds what its last user left",
		ask: { zeroed: "bool" },
		reply: { gfn: "u32", frame: "u32" },
		switch: "never",
	}),
	"page.free": shape({
		says: "give a page back to the domain's own allocator, which hands the newest out first",
		ask: { gfn: "u32" },
		reply: { frame: "u32" },
		switch: "always",
	}),
	"page.load": shape({
		says: "read `count` words from word `word` of a page, own or mapped",
		ask: { gfn: "u32", word: "u32", count: "u32" },
		reply: { frame: "u32", words: "words" },
		switch: "shared",
	}),
	"page.store": shape({
		says: "write words from word `word` of a page, own or mapped",
		ask: { gfn: "u32", word: "u32", words: "words" },
		reply: { frame: "u32" },
		switch: "shared",
	}),
	"page.compare-exchange": shape({
		says: "store `next` if the word is `expected`; `found` is what was there",
		ask: { gfn: "u32", word: "u32", expected: "u32", next: "u32" },
		reply: { frame: "u32", found: "u32" },
		switch: "shared",
	}),
	"memory.rmb": shape({
		says: "read barrier",
		ask: {},
		reply: {},
		switch: "always",
	}),
	"memory.wmb": shape({
		says: "write barrier",
		ask: {},
		reply: {},
		switch: "always",
	}),
	"memory.mb": shape({
		says: "full barrier",
		ask: {},
		reply: {},
		switch: "always",
	}),
	"memory.decrease-reservation": shape({
		says: "XENMEM_decrease_reservation of one frame: status is the count done",
		ask: { gfn: "u32" },
		reply: { frame: "u32" },
		switch: "always",
	}),
	"memory.populate-physmap": shape({
		says: "XENMEM_populate_physmap of one frame number: status is the count done",
		ask: { gfn: "u32" },
		reply: { frame: "u32" },
		switch: "always",
	}),
	"balloon.take": shape({
		says: "a frame number without memory behind it, to map a foreign page at",
		ask: {},
		reply: { gfn: "u32" },
		switch: "never",
	}),
	"balloon.give": shape({
		says: "give such a frame number back",
		ask: { gfn: "u32" },
		reply: {},
		switch: "never",
	}),

	// ---- Driver objects: what a driver makes in its own memory, so that its loss is seen.
	"object.make": shape({
		says: "a driver object comes to life: gem-object, page-array, framebuffer, cookie, flip, …",
		ask: { kind: "str", name: "str" },
		reply: { object: "u32" },
		switch: "never",
	}),
	"object.drop": shape({
		says: "a driver object ends",
		ask: { object: "u32" },
		reply: {},
		switch: "never",
	}),
	"driver.note": shape({
		says: "a line of the driver's own log, for the report",
		ask: { text: "str" },
		reply: {},
		switch: "never",
	}),

	// ---- Tasks, locks, waiting. Ids are the domain's own choice.
	"task.start": shape({
		says: "start another task of this domain: the name of one that was handed to the runner",
		ask: { name: "str" },
		reply: { task: "u32" },
		switch: "never",
	}),
	"task.join": shape({
		says: "wait until a task has ended; -ETIMEDOUT after `timeout` ms (0: no limit)",
		ask: { task: "u32", timeout: "u32" },
		reply: {},
		switch: "always",
	}),
	"lock.take": shape({
		says: "a mutex: wait until it is free",
		ask: { lock: "u32" },
		reply: {},
		switch: "always",
	}),
	"lock.give": shape({
		says: "release a mutex",
		ask: { lock: "u32" },
		reply: {},
		switch: "always",
	}),
	"completion.complete": shape({
		says: "wake one waiter of a completion",
		ask: { completion: "u32" },
		reply: {},
		switch: "always",
	}),
	wait: shape({
		says: "wait for the first of: an unmasked pending port (which is cleared), a watch event whose token begins with `token`, a completion, a display event; -ETIMEDOUT after `timeout` ms (0: no limit). `why` is answer or work",
		ask: {
			ports: "words",
			token: "str",
			completion: "u32",
			display: "bool",
			timeout: "u32",
			why: "str",
		},
		reply: {
			cause: "str",
			port: "u32",
			path: "str",
			token: "str",
			display: "u32",
			event: "str",
			buffer: "u32",
		},
		switch: "always",
	}),

	// ---- The display behind the backend.
	"display.open": shape({
		says: "the display that a connector's unique-id names: its size, FOURCC formats and EDID (one character an octet)",
		ask: { name: "str" },
		reply: {
			display: "u32",
			width: "u32",
			height: "u32",
			formats: "words",
			edid: "str",
		},
		switch: "always",
	}),
	"display.import": shape({
		says: "hand a buffer of mapped or own pages to the display, without copying; offset and stride in octets",
		ask: {
			display: "u32",
			buffer: "u32",
			pages: "words",
			offset: "u32",
			stride: "u32",
			width: "u32",
			height: "u32",
			format: "u32",
		},
		reply: {},
		switch: "always",
	}),
	"display.show": shape({
		says: "put a buffer on screen at the next frame: events frame, presented, then released of the one before",
		ask: {
			display: "u32",
			buffer: "u32",
			x: "u32",
			y: "u32",
			width: "u32",
			height: "u32",
		},
		reply: {},
		switch: "always",
	}),
	"display.hide": shape({
		says: "take the buffer off the screen",
		ask: { display: "u32" },
		reply: {},
		switch: "always",
	}),
	"display.release": shape({
		says: "ask for a buffer back: 0 when nobody holds it any more, -EBUSY while the consumer does (event released follows)",
		ask: { display: "u32", buffer: "u32" },
		reply: {},
		switch: "always",
	}),
	"display.close": shape({
		says: "let the display go with all its buffers",
		ask: { display: "u32" },
		reply: {},
		switch: "always",
	}),

	// ---- Domain life, by the toolstack (domain 0) alone; `domain.crash` by the domain itself too, `driver.exit` by the kernel of the domain whose driver ended.
	"domain.create": shape({
		says: "XEN_DOMCTL_createdomain, and its introduction to the store",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
	"domain.crash": shape({
		says: "the domain stops running and keeps all it has until destroyed; also asked by the domain itself, whose kernel panics (SHUTDOWN_crash)",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
	"domain.hang": shape({
		says: "the domain runs no more and nobody is told",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
	"domain.resume": shape({
		says: "a hung domain runs on",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
	"domain.destroy": shape({
		says: "mappings dropped, then ports, then pages; pages that another domain maps keep it a zombie",
		ask: { domid: "u32" },
		reply: { zombie: "bool" },
		switch: "always",
	}),
	"driver.exit": shape({
		says: "a user-space driver's process has ended: its kernel unmaps, closes ports and watches, and ends what grants it can",
		ask: { domid: "u32" },
		reply: {},
		switch: "always",
	}),
} as const;

export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as readonly CallName[];

type ValueOf<T extends FieldType> = T extends "str"
	? string
	: T extends "words"
		? ArrayLike<number>
		: T extends "bool"
			? boolean
			: number;
type Fields<F> = {
	-readonly [K in keyof F]: F[K] extends FieldType ? ValueOf<F[K]> : never;
};

/** What a call of this name carries. */
export type Ask<N extends CallName> = Fields<(typeof CALLS)[N]["ask"]>;

/** The answer to a call of this name. */
export type Reply<N extends CallName> = { status: number } & Fields<
	(typeof CALLS)[N]["reply"]
>;

/** One call at the door. */
export type Call = { [N in CallName]: { op: N } & Ask<N> }[CallName];
export type CallOf<N extends CallName> = Extract<Call, { op: N }>;

/** Any reply, before it is known which call it answers. */
export interface AnyReply {
	status: number;
}

/** A body of a task: it yields calls and is resumed with their replies. */
export type Turns<T = void> = Generator<Call, T, AnyReply>;

/**
 * Ask the world one thing: `const { status, port } = yield* ask("evtchn.alloc-unbound", { remote: 1 })`.
 * Keep generators that delegate to this shallow: each level is paid at every call.
 */
export function* ask<N extends CallName>(op: N, args: Ask<N>): Turns<Reply<N>> {
	return (yield call(op, args)) as Reply<N>;
}

/** The call itself, for who drives a task by hand. The argument object becomes the call. */
export function call<N extends CallName>(op: N, args: Ask<N>): Call {
	const made = args as unknown as { op: N };
	made.op = op;
	return made as unknown as Call;
}

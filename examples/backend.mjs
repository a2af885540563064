// A display backend that connects, and makes and destroys buffers of up to 1023 pages.
import * as peer from "xdisp-check/peer";

const { ask } = peer;
export const lacks = ["be-alloc", "edid", "v2", "guests>=2", "devices>=2"];
const HOST_MAP = 2;
const SLEEP = { token: "be", completion: 1, display: false, timeout: 0 };
const [EINVAL, ENOENT, EEXIST, EOPNOTSUPP] = [-22, -2, -17, -95];
const GUEST = 2;
const ANSWERS = { 3: "4", 4: "4", 5: "6", 6: "6" }; // Initialised, Connected, Closing, Closed

export default function backend() {
	const buffers = new Map();
	let [link, stopped] = [undefined, false];
	const read = (path) => ask("xs.read", { tx: 0, path });
	const write = (path, value) => ask("xs.write", { tx: 0, path, value });
	const map = (ref) =>
		ask("grant.map", { granter: link.fe, ref, gfn: 0, flags: HOST_MAP });
	const unmap = function* (pages) {
		for (const { handle, gfn } of pages)
			yield* ask("grant.unmap", { handle, gfn });
	};
	function* connect(remote, front) {
		link = { fe: remote };
		const ref = (yield* read(`${front}/0/req-ring-ref`)).value;
		const port = (yield* read(`${front}/0/req-event-channel`)).value;
		link.page = yield* map(Number(ref));
		link.ring = new peer.BackRing(link.page.gfn);
		const bound = { remote, remote_port: Number(port) };
		link.port = (yield* ask("evtchn.bind-interdomain", bound)).port;
	}
	/** The one device of the one guest: follow its frontend's state. */
	function* follow() {
		const back = `backend/vdispl/${GUEST}/0`;
		const front = (yield* read(`${back}/frontend`)).value;
		const own = (yield* read(`${back}/state`)).value;
		const theirs = (yield* read(`${front}/state`)).value;
		const watch = { path: `${front}/state`, token: "be" };
		const next = own === "5" ? "6" : (ANSWERS[theirs] ?? "2");
		if (next === own || own === "" || own === "6") return;
		if (own === "1") yield* ask("xs.watch", watch);
		if (own === "1") yield* write(`${back}/versions`, "1");
		if (next === "4") yield* connect(GUEST, front);
		if (next === "6" && link) {
			yield* unmap([link.page, ...[...buffers.values()].flat()]);
			yield* ask("evtchn.close", { port: link.port });
			link = undefined;
		}
		if (next === "6") yield* ask("xs.unwatch", watch);
		yield* write(`${back}/state`, next);
	}
	const operations = {
		*DBUF_CREATE({ dbuf_cookie, gref_directory, buffer_sz, flags }) {
			if (buffers.has(dbuf_cookie)) return EEXIST;
			const count = Math.ceil(buffer_sz / 4096);
			if (dbuf_cookie === 0n || flags || count < 1 || count > 1023)
				return EINVAL;
			const pages = [yield* map(gref_directory)];
			const [{ gfn }] = pages;
			const { words } = yield* ask("page.load", { gfn, word: 1, count });
			for (const ref of words) pages.push(yield* map(ref));
			const good = pages.filter(({ status }) => status === 0);
			if (good.length === pages.length) buffers.set(dbuf_cookie, pages);
			else yield* unmap(good);
			return buffers.has(dbuf_cookie) ? 0 : EINVAL;
		},
		*DBUF_DESTROY({ dbuf_cookie }) {
			yield* unmap(buffers.get(dbuf_cookie) ?? []);
			return buffers.delete(dbuf_cookie) ? 0 : ENOENT;
		},
	};
	function* serve({ ring, port }) {
		while ((yield* ring.finalCheck()) > 0) {
			const { id, code, operation, body } = peer.decodeRequest(
				yield* ring.take(),
			);
			const handle = operations[operation];
			const status = handle ? yield* handle(body) : EOPNOTSUPP;
			yield* ring.put(peer.encodeResponse(id, code, status));
			if (yield* ring.push()) yield* ask("evtchn.notify", { port });
		}
	}
	return {
		*main() {
			yield* ask("xs.watch", { path: "backend/vdispl", token: "be" });
			while (!stopped) {
				const ports = link ? [link.port] : [];
				const { cause } = yield* ask("wait", { ...SLEEP, ports, why: "work" });
				if (cause === "port") yield* serve(link);
				else yield* follow();
			}
			yield* ask("xs.unwatch", { path: "backend/vdispl", token: "be" });
		},
		stop() {
			stopped = true;
			return ask("completion.complete", { completion: 1 });
		},
	};
}

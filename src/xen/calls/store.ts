import type { Domain } from "../domain.ts";
import type { World } from "../world.ts";
import type { XsError } from "../xenstore/store.ts";
import { type Handlers, OK, refused, status } from "./handler.ts";

/** A domain that is being torn down has lost its connection; its calls go nowhere. */
const connected = (world: World, domain: Domain) =>
	world.connection(domain.domid);

type Answer<T> = ({ ok: true } & T) | { ok: false; error: XsError };

const done = (answer: Answer<object>) =>
	status(answer.ok ? OK : refused(answer.error));

/** io/xs_wire.h: the store, asked with the rights of the calling domain. */
export const storeCalls: Handlers<"xs."> = {
	"xs.read": (world, domain, { tx, path }) => {
		const answer = world.store.read(connected(world, domain), tx, path);
		return answer.ok
			? { status: OK, value: answer.value }
			: { status: refused(answer.error), value: "" };
	},
	"xs.write": (world, domain, { tx, path, value }) =>
		done(world.store.write(connected(world, domain), tx, path, value)),
	"xs.mkdir": (world, domain, { tx, path }) =>
		done(world.store.mkdir(connected(world, domain), tx, path)),
	"xs.rm": (world, domain, { tx, path }) =>
		done(world.store.rm(connected(world, domain), tx, path)),
	"xs.directory": (world, domain, { tx, path }) => {
		const answer = world.store.directory(connected(world, domain), tx, path);
		return answer.ok
			? { status: OK, names: answer.names.map((name) => `${name}\0`).join("") }
			: { status: refused(answer.error), names: "" };
	},
	"xs.directory-part": (world, domain, { tx, path, offset }) => {
		const answer = world.store.directoryPart(
			connected(world, domain),
			tx,
			path,
			offset,
		);
		return answer.ok
			? { status: OK, generation: answer.generation, names: answer.names }
			: { status: refused(answer.error), generation: "", names: "" };
	},
	"xs.get-perms": (world, domain, { tx, path }) => {
		const answer = world.store.getPerms(connected(world, domain), tx, path);
		return answer.ok
			? { status: OK, perms: answer.perms.map((perm) => `${perm}\0`).join("") }
			: { status: refused(answer.error), perms: "" };
	},
	"xs.set-perms": (world, domain, { tx, path, perms }) =>
		done(
			world.store.setPerms(
				connected(world, domain),
				tx,
				path,
				perms.split("\0").filter((perm) => perm !== ""),
			),
		),
	"xs.watch": (world, domain, { path, token }) =>
		done(world.store.watch(connected(world, domain), path, token)),
	"xs.unwatch": (world, domain, { path, token }) =>
		done(world.store.unwatch(connected(world, domain), path, token)),
	"xs.transaction-start": (world, domain) => {
		const answer = world.store.transactionStart(connected(world, domain), 0);
		return answer.ok
			? { status: OK, tx: answer.tx }
			: { status: refused(answer.error), tx: 0 };
	},
	"xs.transaction-end": (world, domain, { tx, commit }) =>
		done(world.store.transactionEnd(connected(world, domain), tx, commit)),
	"xs.get-domain-path": (world, domain, { domid }) => ({
		status: OK,
		path: world.store.getDomainPath(connected(world, domain), domid).path,
	}),
	"xs.introduce": (world, domain, { domid }) =>
		done(world.store.introduce(connected(world, domain), domid)),
	"xs.reset-watches": (world, domain) =>
		done(world.store.resetWatches(connected(world, domain))),
};

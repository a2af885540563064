/** Changes of more than one node: making, removing, committing. */

import { type Access, type Asker, type Content, ITSELF } from "./access.ts";
import type { XsError } from "./error.ts";
import { ROOT } from "./path.ts";
import type { Perm, Perms } from "./perms.ts";
import type { Transaction } from "./transaction.ts";
import type { Node } from "./tree.ts";
import type { Match } from "./watch.ts";

export const ownerOf = (perms: Perms): number => (perms[0] as Perm).domid;

/** A node's content, for writing it again: permissions that do not work any more stay dead. */
const content = (access: Access, node: Node): Content => ({
	...node,
	perms: access.living(node),
});

const withChild = (access: Access, node: Content, child: number): Content => ({
	...node,
	children: [...node.children, child],
	childLength: node.childLength + access.paths.name(child).length + 1,
});

const withoutChild = (
	access: Access,
	node: Content,
	child: number,
): Content => ({
	...node,
	children: node.children.filter((path) => path !== child),
	childLength: node.childLength - access.paths.name(child).length - 1,
});

/** A new node's permissions: the parent's, but what a guest makes belongs to it. */
function inherited(access: Access, asker: Asker, parent: Node): Perms {
	const perms = access.living(parent);
	const { connection } = asker;
	if (connection === undefined || connection.privileged) return perms;
	return [
		{ ...(perms[0] as Perm), domid: connection.domid },
		...perms.slice(1),
	];
}

/** Make a node that does not exist, and what is missing above it. */
export function create(
	access: Access,
	asker: Asker,
	path: number,
	value: string,
): Node | XsError {
	const missing = [path];
	let above = path;
	let parent: Node | XsError;
	for (;;) {
		above = access.paths.parent(above);
		parent = access.read(asker, above);
		if (typeof parent !== "string") break;
		if (parent !== "ENOENT" || above === ROOT) return parent;
		missing.push(above);
	}
	if (asker.tx !== undefined) asker.tx.creates = true;
	const perms = inherited(access, asker, parent);
	const plan: [number, Content][] = missing.map((at, depth) => {
		const made = {
			value: at === path ? value : "",
			perms,
			children: [],
			childLength: 0,
		};
		const below = missing[depth - 1];
		return [at, below === undefined ? made : withChild(access, made, below)];
	});
	const bottom = missing[missing.length - 1] as number;
	plan.push([above, withChild(access, content(access, parent), bottom)]);
	// Bottom up, so that no parent ever names a child that is not there.
	const { connection } = asker;
	for (const [step, [at, wanted]] of plan.entries()) {
		let error: XsError | undefined;
		if (
			at !== above &&
			access.domains.exceeds(connection, "nodes", nodesOf(access, asker, step))
		)
			error = access.fail("ENOSPC");
		const written = error ?? access.write(asker, at, wanted, true);
		if (
			typeof written !== "string" &&
			at !== above &&
			access.ownerGone(asker, ownerOf(perms), 1)
		) {
			const seen = asker.tx?.accessed.get(at);
			if (seen !== undefined) seen.node = undefined;
			return access.fail("ENOMEM");
		}
		if (typeof written === "string") {
			undo(access, asker, plan.slice(0, step));
			return written;
		}
	}
	access.account(asker, ownerOf(perms), missing.length);
	return access.read(asker, path);
}

function undo(
	access: Access,
	{ tx }: Asker,
	made: readonly [number, Content][],
): void {
	for (const [path] of made) {
		const seen = tx?.accessed.get(path);
		if (seen === undefined) access.tree.delete(path);
		else seen.node = undefined;
	}
	// What a transaction has touched cannot be taken back.
	if (tx !== undefined && made.length > 0) tx.failed = tx.phantom = true;
}

/** Nodes that count against the quota while the `step`th of a path is made. Only the older daemon counts those just made. */
const nodesOf = (access: Access, asker: Asker, step: number): number =>
	(asker.connection?.domain?.nodes ?? 0) +
	(access.manners.countsAtOnce && asker.tx === undefined ? step : 0);

/** Remove a node and all below it. Its parent exists and the asker may do it. */
export function remove(
	access: Access,
	asker: Asker,
	path: number,
): XsError | undefined {
	const above = access.paths.parent(path);
	const parent = access.read(asker, above);
	if (typeof parent === "string")
		return parent === "ENOSPC" ? parent : access.fail("EINVAL");
	if (access.rootFirst) {
		const node = access.read(asker, path);
		if (typeof node !== "string") access.fire(asker, path, node, "subtree");
	}
	const error = removeBelow(
		access,
		asker,
		path,
		access.rootFirst ? undefined : "subtree",
	);
	if (error !== undefined) return error;
	// A transaction may see a parent from before the child was made elsewhere.
	if (!parent.children.includes(path)) return access.fail("EIO");
	const rest = withoutChild(access, content(access, parent), path);
	access.write(asker, above, rest, false);
	access.errno = undefined;
	return undefined;
}

function removeBelow(
	access: Access,
	asker: Asker,
	path: number,
	tell: Match | undefined,
): XsError | undefined {
	let node = access.read(asker, path);
	if (typeof node === "string") return access.fail("EIO");
	for (const child of node.children) {
		const error = removeBelow(access, asker, child, "exact");
		if (error !== undefined) return error;
		// Should the next child fail, a transaction is left with this much done.
		const rest = withoutChild(access, content(access, node), child);
		node = access.write(asker, path, rest, false) as Node;
	}
	if (access.ownerGone(asker, ownerOf(node.perms), -1)) {
		access.tree.generation++;
		return access.fail("EIO");
	}
	access.account(asker, ownerOf(node.perms), -1);
	access.drop(asker, path);
	if (tell !== undefined) access.fire(asker, path, node, tell);
	return undefined;
}

/** End a transaction: apply it whole, or say why not. It is over in any case. */
export function commit(access: Access, tx: Transaction): XsError | undefined {
	const { domains, tree } = access;
	const { asker } = tx;
	if (tx.failed) return "ENOMEM";
	const limited = tx.creates && asker.connection?.privileged === false;
	if (limited || access.manners.countsAtOnce)
		for (const [domid, count] of tx.nodes) {
			const record = domains.recordOfExisting(domid);
			if (record === undefined) {
				if (domains.isLast(domid)) access.fail("ESRCH");
				return "ENOMEM";
			}
			if (limited && domains.nodesExceed(record, count)) return "ENOSPC";
		}
	for (const [path, seen] of tx.accessed)
		if ((tree.get(path)?.generation ?? -1) !== seen.generation) return "EAGAIN";
	for (const [path, seen] of tx.accessed) {
		if (!seen.modified) continue;
		if (seen.node !== undefined) {
			const generation = ++tree.generation;
			// Where the owner was let go since, the newer daemon has nobody to charge and loses the write.
			const owner = domains.get(ownerOf(seen.node.perms));
			if (owner !== undefined || access.manners.countsAtOnce)
				tree.set(path, { ...seen.node, generation });
		} else if (seen.generation !== -1) tree.delete(path);
		if (seen.fires !== undefined)
			access.fireNow(path, undefined, seen.fires, seen.perms);
	}
	for (const [domid, count] of tx.nodes) domains.addNodes(domid, count);
	return undefined;
}

/** A domain is gone: remove what it owns, and where the daemon does so, strike it off every list. */
export function removeOwned(
	access: Access,
	domid: number,
	strike: boolean,
): void {
	const visit = (path: number): void => {
		const node = access.tree.get(path);
		if (node === undefined) return;
		if (ownerOf(node.perms) === domid) {
			// Who gives the root to a guest loses the whole store with it.
			if (path === ROOT) removeBelow(access, ITSELF, path, "subtree");
			else remove(access, ITSELF, path);
			return;
		}
		if (strike && node.perms.some((entry, i) => i > 0 && entry.domid === domid))
			access.tree.set(path, { ...node, perms: without(node.perms, domid) });
		for (const child of node.children) visit(child);
	};
	visit(ROOT);
}

/** A list without a domain that is gone; what it owned goes to domain 0. */
export function without(perms: Perms, domid: number): Perms {
	const [owner, ...others] = perms as [Perm, ...Perm[]];
	return [
		owner.domid === domid ? { ...owner, domid: 0 } : owner,
		...others.filter((entry) => entry.domid !== domid),
	];
}

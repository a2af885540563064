/** The requests about one path, as docs/misc/xenstore.txt lists them. */

import type { Access, Asker } from "./access.ts";
import { create, ownerOf, remove } from "./change.ts";
import { type Done, type No, no, OK, type XsError } from "./error.ts";
import { PAYLOAD_MAX } from "./limits.ts";
import { ROOT } from "./path.ts";
import {
	formatPerm,
	OWNER,
	type Perm,
	parsePerm,
	READ,
	WRITE,
} from "./perms.ts";
import type { Node } from "./tree.ts";

type Answer<T> = ({ ok: true } & T) | No;

function lookup(
	access: Access,
	asker: Asker,
	path: string,
	right: number,
	special = false,
): Node | XsError {
	const at = access.resolve(asker, path, special);
	return typeof at === "string" ? at : access.find(asker, at, right);
}

const names = (access: Access, node: Node): string[] =>
	node.children.map((child) => access.paths.name(child));

/** XS_READ */
export function read(
	access: Access,
	asker: Asker,
	path: string,
): Answer<{ value: string }> {
	const node = lookup(access, asker, path, READ);
	return typeof node === "string" ? no(node) : { ok: true, value: node.value };
}

/** XS_WRITE */
export function write(
	access: Access,
	asker: Asker,
	path: string,
	value: string,
): Done {
	if (path.length + 1 + value.length > PAYLOAD_MAX) return no("E2BIG");
	const at = access.resolve(asker, path);
	if (typeof at === "string") return no(at);
	const known = access.find(asker, at, WRITE);
	if (typeof known === "string" && known !== "ENOENT") return no(known);
	const node =
		known === "ENOENT"
			? create(access, asker, at, value)
			: access.write(
					asker,
					at,
					{
						value,
						perms: access.living(known),
						children: known.children,
						childLength: known.childLength,
					},
					true,
				);
	if (typeof node === "string") return no(node);
	access.fire(asker, at, node, "subtree");
	return OK;
}

/** XS_MKDIR */
export function mkdir(access: Access, asker: Asker, path: string): Done {
	const at = access.resolve(asker, path);
	if (typeof at === "string") return no(at);
	let node = access.find(asker, at, WRITE);
	if (node === "ENOENT") {
		node = create(access, asker, at, "");
		if (typeof node !== "string") access.fire(asker, at, node, "subtree");
	}
	return typeof node === "string" ? no(node) : OK;
}

/** XS_RM */
export function rm(access: Access, asker: Asker, path: string): Done {
	const at = access.resolve(asker, path);
	if (typeof at === "string") return no(at);
	const node = access.find(asker, at, WRITE);
	if (node === "ENOENT") {
		const parent = access.read(asker, access.paths.parent(at));
		return typeof parent === "string" ? no(parent) : OK;
	}
	if (typeof node === "string") return no(node);
	if (at === ROOT) return no("EINVAL");
	const error = remove(access, asker, at);
	return error === undefined ? OK : no(error);
}

/** XS_DIRECTORY */
export function directory(
	access: Access,
	asker: Asker,
	path: string,
): Answer<{ names: string[] }> {
	const node = lookup(access, asker, path, READ);
	if (typeof node === "string") return no(node);
	if (node.childLength > PAYLOAD_MAX) return no("E2BIG");
	return { ok: true, names: names(access, node) };
}

/** XS_DIRECTORY_PART: names from an octet offset on, with one more NUL when the list ends in this part. */
export function directoryPart(
	access: Access,
	asker: Asker,
	path: string,
	offset: number,
): Answer<{ generation: string; names: string }> {
	const node = lookup(access, asker, path, READ);
	if (typeof node === "string") return no(node);
	const generation = String(node.generation);
	if (offset < 0 || offset >= node.childLength)
		return { ok: true, generation, names: "\0" };
	const list = names(access, node)
		.map((name) => `${name}\0`)
		.join("");
	const room = PAYLOAD_MAX - generation.length - 2;
	let end = offset;
	while (end < list.length) {
		const next = list.indexOf("\0", end) + 1;
		if (next - 1 - offset >= room) break;
		end = next;
	}
	const part = list.slice(offset, end);
	const last = end === list.length;
	return { ok: true, generation, names: last ? `${part}\0` : part };
}

/** XS_GET_PERMS */
export function getPerms(
	access: Access,
	asker: Asker,
	path: string,
): Answer<{ perms: string[] }> {
	const special = access.manners.specialNodes;
	const node = lookup(access, asker, path, READ, special);
	if (typeof node === "string") return no(node);
	return { ok: true, perms: node.perms.map(formatPerm) };
}

/** XS_SET_PERMS */
export function setPerms(
	access: Access,
	asker: Asker,
	path: string,
	perms: readonly string[],
): Done {
	const { connection } = asker;
	const { domains } = access;
	if (perms.length === 0) return no("EINVAL");
	if (domains.exceeds(connection, "permissions", perms.length))
		return no("ENOSPC");
	const parsed = perms.map(parsePerm);
	if (!parsed.every((entry): entry is Perm => entry !== undefined))
		return no(access.fail("EINVAL"));
	const wanted = domains.named(parsed, () => access.fail("ESRCH"));
	if (wanted[0]?.ignored === true) return no("ENOENT");
	if (path.startsWith("@") && !access.manners.specialNodes)
		return setSpecialPerms(access, asker, path, wanted);
	const at = access.resolve(asker, path, true);
	if (typeof at === "string") return no(at);
	const known = access.find(asker, at, WRITE | OWNER);
	if (typeof known === "string") return no(known);
	if (
		connection?.privileged === false &&
		ownerOf(wanted) !== ownerOf(known.perms)
	)
		return no("EPERM");
	const before = access.living(known);
	if (access.ownerGone(asker, ownerOf(before), -1)) return no("ENOMEM");
	const node = access.write(asker, at, { ...known, perms: wanted }, true);
	if (typeof node === "string") return no(node);
	access.account(asker, ownerOf(before), -1);
	access.account(asker, ownerOf(wanted), 1);
	access.fire(asker, at, node, "subtree", before);
	return OK;
}

function setSpecialPerms(
	access: Access,
	asker: Asker,
	path: string,
	perms: readonly Perm[],
): Done {
	const at = access.paths.raw(path);
	const needed = WRITE | OWNER;
	if ((access.specialRights(asker.connection, at) & needed) !== needed)
		return no(access.errno ?? "EINVAL");
	access.special.set(at, perms);
	return OK;
}

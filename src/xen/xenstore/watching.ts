/** The requests that begin and end a watch: docs/misc/xenstore.txt, WATCH and UNWATCH. */

import type { Access } from "./access.ts";
import type { StoreConnection } from "./connection.ts";
import { type Done, no, OK, type XsError } from "./error.ts";
import { REL_PATH_MAX } from "./limits.ts";
import type { Watch } from "./watch.ts";

/** XS_WATCH */
export function watch(
	access: Access,
	connection: StoreConnection,
	path: string,
	token: string,
	depth: number,
): Done {
	const at = watchedPath(access, connection, path);
	if (typeof at === "string") return no(at);
	access.errno = undefined;
	const same = (known: Watch) => known.path === at && known.token === token;
	const { watches } = connection;
	if (watches.some(same)) return no("EEXIST");
	if (access.domains.exceeds(connection, "watches", watches.length))
		return no(access.manners.watchQuotaError);
	const relative = !path.startsWith("/") && !path.startsWith("@");
	const prefix = relative ? connection.home.length + 1 : 0;
	const made = { path: at, token, depth, prefix };
	access.watches.add(connection, made);
	access.watches.send(connection, made, at);
	return OK;
}

/** XS_UNWATCH */
export function unwatch(
	access: Access,
	connection: StoreConnection,
	path: string,
	token: string,
): Done {
	// The older daemon does not look at the form of the path.
	const { errno } = access;
	const at = watchedPath(access, connection, path, true);
	if (typeof at === "string") {
		if (access.manners.specialNodes) return no(at);
		access.errno = errno;
		return no("ENOENT");
	}
	const known = connection.watches.find(
		(one) => one.path === at && one.token === token,
	);
	if (known === undefined) return no("ENOENT");
	access.watches.remove(connection, known);
	return OK;
}

/** The older daemon takes any name that starts with @. */
function watchedPath(
	access: Access,
	connection: StoreConnection,
	path: string,
	ending = false,
): number | XsError {
	if (access.manners.specialNodes || !path.startsWith("@"))
		return access.resolve(
			connection.outside,
			path,
			access.manners.specialNodes,
		);
	return ending || path.length <= REL_PATH_MAX
		? access.paths.raw(path)
		: access.fail("EINVAL");
}

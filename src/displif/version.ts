/** Versions of the protocol: the backend offers a list in XenStore, the frontend chooses one of it. */
import { XENDISPL_PROTOCOL_VERSION_INT } from "./constants.ts";
import { parseVersions } from "./nodes.ts";

/** What a side speaks that names no version: the version before there was a second. */
export const UNSTATED_VERSION = 1;

/** Every version that this program knows, ascending. */
export const VERSIONS: readonly number[] = Array.from(
	{ length: XENDISPL_PROTOCOL_VERSION_INT },
	(_, i) => i + 1,
);

/** The highest version of `B/versions` that is also spoken; without the node, 1. Undefined when there is none, or the list is malformed. */
export function chooseVersion(
	list: string | undefined,
	spoken: readonly number[] = VERSIONS,
): number | undefined {
	const offered =
		list === undefined ? [UNSTATED_VERSION] : (parseVersions(list) ?? []);
	const common = offered.filter((version) => spoken.includes(version));
	return common.length === 0 ? undefined : Math.max(...common);
}

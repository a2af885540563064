/**
 * Delta debugging (Zeller and Hildebrandt): from a list whose whole passes the test to a sublist that passes it and from which no single item can be
 * left out, as far as the tests asked for suffice.
 */

/** `passes` is asked of sublists in their order; it may answer false to end early at a bound of its own. */
export async function ddmin<T>(
	items: readonly T[],
	passes: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
	let kept = items;
	// Nothing at all is the best there is, and the halves below never ask for it.
	if (kept.length > 0 && (await passes([]))) return [];
	let parts = 2;
	while (kept.length >= 2) {
		const size = Math.ceil(kept.length / parts);
		let smaller: readonly T[] | undefined;
		// Leave out later pieces first: what a story ends with is seldom what it needs.
		for (let at = (parts - 1) * size; at >= 0; at -= size) {
			if (at >= kept.length) continue;
			const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
			if (await passes(rest)) {
				smaller = rest;
				break;
			}
		}
		if (smaller !== undefined) {
			kept = smaller;
			parts = Math.max(parts - 1, 2);
		} else if (size === 1) break;
		else parts = Math.min(kept.length, parts * 2);
	}
	return kept;
}

/** Things that requests under way name: none is taken away at the backend under them. */
import { ask, type Turns } from "../../xen/call.ts";
import { waitFor } from "./driver.ts";
import { RESPONSE_MS } from "./requests.ts";

/** A request waits for a slot and then for its response. */
const USE_MS = 2 * RESPONSE_MS;

export interface Used {
	/** Requests under way that name it, on whatever ring. */
	uses: number;
	/** The completion that waits for the last of them, 0 for none. */
	unused: number;
}

export const unused = (): Used => ({ uses: 0, unused: 0 });

/** Who names a thing holds it until the answer has come. */
export function* using<T>(thing: Used, sent: Turns<T>): Turns<T> {
	thing.uses += 1;
	const answer = yield* sent;
	thing.uses -= 1;
	if (thing.uses === 0 && thing.unused !== 0)
		yield* ask("completion.complete", { completion: thing.unused });
	return answer;
}

/** The rings keep no order between them: what takes a thing away could overtake what names it. Each use ends by its own time-out. */
export function* untilUnused(thing: Used, completion: () => number): Turns {
	if (thing.uses === 0) return;
	thing.unused = completion();
	yield* waitFor(thing.unused, USE_MS);
	thing.unused = 0;
}

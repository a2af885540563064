/** What a user's module threw, in a line: whatever it is, and whatever reading it does. */
import { basename } from "node:path";
import { NoCall, shown } from "../xen/admit.ts";

/** Longest message that is passed on. */
const LONGEST = 500;

export interface Told {
	/** The message, and the place in the module where one is known. */
	message: string;
	stack: string;
}

export function told(error: unknown): Told {
	try {
		if (!(error instanceof Error))
			return { message: `it threw ${shown(error)}`, stack: "" };
		const { name, message, stack } = error;
		const plain = name === "Error" || error instanceof NoCall;
		const text = plain ? message : `${name}: ${message}`;
		const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
		const place = typeof stack === "string" ? placeIn(stack) : undefined;
		return {
			message: place === undefined ? cut : `${cut} (${place})`,
			stack: typeof stack === "string" ? stack : "",
		};
	} catch {
		return { message: "it threw what cannot be read", stack: "" };
	}
}

/** Our own code, as stacks name it: the bundles, and the library that a module may use. */
const OURS = [import.meta.url, new URL("peer.mjs", import.meta.url).href];

/** The innermost line of a stack that is in neither our code nor the platform's: `backend.mjs:12:3`. */
function placeIn(stack: string): string | undefined {
	for (const line of stack.split("\n").slice(1)) {
		const match = /[ (]((?:file:\/\/)?\/[^()]+):(\d+):(\d+)\)?$/.exec(line);
		if (match?.[1] === undefined || OURS.includes(match[1])) continue;
		// What a package throws, the module has called it for.
		if (match[1].includes("/node_modules/")) continue;
		return `${basename(match[1])}:${match[2]}:${match[3]}`;
	}
	return undefined;
}

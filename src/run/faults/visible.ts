import { CALL_NAMES, CALLS } from "../../xen/call.ts";

/**
 * Calls that another domain could notice. A domain that stops between two of them has done nothing in between as far as anybody can tell, so
 * these are all the places where it matters that it does.
 */
export const VISIBLE = CALL_NAMES.filter(
	(name) =>
		CALLS[name].switch !== "never" &&
		!/^(domain\.|driver\.|memory\.[rwm])/.test(name),
);

import type { StoreConnection } from "./connection.ts";
import type { No } from "./error.ts";
import { atoi, strictDomid } from "./payload.ts";
import type { XenStore } from "./store.ts";

/** A message on its way to the store. */
export interface Request {
	readonly store: XenStore;
	readonly connection: StoreConnection;
	readonly tx: number;
	readonly payload: string;
}

/** The payload of the answer, or the error. */
export type Response = string | No;

/** A domain number as this daemon reads it. */
export function domidOf({ store }: Request, text: string): number | undefined {
	return store.daemon.domidText === "strict" ? strictDomid(text) : atoi(text);
}

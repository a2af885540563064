/** Features and quotas of the newest protocol: XS_GET_FEATURE, XS_SET_FEATURE, XS_GET_QUOTA, XS_SET_QUOTA. */

import type { DomainRecord } from "./domain.ts";
import { type No, no } from "./error.ts";
import type { Quota } from "./manners.ts";
import { atoi, strings } from "./payload.ts";
import { domidOf, type Request, type Response } from "./request.ts";

/** The quotas by the names they have on the wire, in the order in which they are listed. */
export const QUOTA_NAMES: readonly (readonly [string, Quota])[] = [
	["nodes", "nodes"],
	["watches", "watches"],
	["outstanding", "outstanding"],
	["memory", "memory"],
	["soft-memory", "softMemory"],
	["transactions", "transactions"],
	["transaction-nodes", "transactionNodes"],
	["node-permissions", "permissions"],
	["path-max", "pathMax"],
	["node-size", "nodeSize"],
];

const quotaNamed = (name: string): Quota | undefined =>
	QUOTA_NAMES.find(([known]) => known === name)?.[1];

function domainOf(request: Request, text: string): DomainRecord | No {
	const domid = domidOf(request, text);
	if (domid === undefined) return no("EINVAL");
	return request.store.domains.recordOfExisting(domid) ?? no("ENOENT");
}

export function getFeature(request: Request): Response {
	const { store, connection } = request;
	const [domid, ...more] = strings(request.payload);
	if (domid === undefined)
		return `${connection.domain?.features ?? store.daemon.features}\0`;
	if (!connection.privileged) return no("EACCES");
	if (more.length > 0) return no("EINVAL");
	const record = domainOf(request, domid);
	return "ok" in record ? record : `${record.features}\0`;
}

export function setFeature(request: Request): Response {
	const [domid, text, ...more] = strings(request.payload);
	if (domid === undefined || text === undefined || more.length > 0)
		return no("EINVAL");
	const record = domainOf(request, domid);
	if ("ok" in record) return record;
	if (record.introduced) return no("EBUSY");
	const features = atoi(text) >>> 0;
	if ((features & ~request.store.daemon.features) !== 0) return no("EINVAL");
	record.features = features;
	return "OK\0";
}

export function getQuota(request: Request): Response {
	const args = strings(request.payload);
	if (args.length > 2) return no("EINVAL");
	if (args.length === 0)
		return `${QUOTA_NAMES.map(([name]) => name).join(" ")}\0`;
	const [first, second] = args as [string, string?];
	let { quotas } = request.store.domains;
	if (second !== undefined) {
		const record = domainOf(request, first);
		if ("ok" in record) return record;
		quotas = record.quotas;
	}
	const quota = quotaNamed(second ?? first);
	return quota === undefined ? no("EINVAL") : `${quotas[quota]}\0`;
}

export function setQuota(request: Request): Response {
	const args = strings(request.payload);
	if (args.length < 2 || args.length > 3) return no("EINVAL");
	const value = atoi(args[args.length - 1] as string) >>> 0;
	const name = args[args.length - 2] as string;
	let { quotas } = request.store.domains;
	if (args.length === 3) {
		const record = domainOf(request, args[0] as string);
		if ("ok" in record) return record;
		quotas = record.quotas;
	}
	const quota = quotaNamed(name);
	// All ones means "no such quota".
	if (quota === undefined || value === 0xffffffff) return no("EINVAL");
	quotas[quota] = value;
	return "OK\0";
}
